// Everything that is known of one log: a row per entry, in bus order, each once.

import { callNumber } from '../core/call_number.ts';
import { parseBody, readEnvelope, type Facts } from '../core/envelope.ts';
import { parseId } from '../core/event_id.ts';
import { Pairing } from '../core/pairing.ts';
import type { EventId } from '../core/protocol.ts';
import { TraceState, type Part } from '../core/roll_up.ts';
import { kAction, kCancelled, kFailed, kHasStderr, kHasThought, kHitl, kMark, kNoExit, kNoId, kObservation, kStamped, kSuccess, kThought } from '../core/types.ts';
import { kFirstRow } from './columns.ts';
import type { Frame, Ingest } from './frames.ts';
import { Rows, type Who } from './rows.ts';
import { kNoSlab } from './slabs.ts';

/** Happened while the page looked on. */
export interface News {
  kind: 'trace' | 'error' | 'gate';
  trace: TraceState | null;
  row: number;
}

export interface StoreOptions {
  mostRows: number;
  mostBodyBytes: number;
}
export const kLiveOptions: StoreOptions = { mostRows: 100_000, mostBodyBytes: 48 << 20 };

// Older history that a person asked for may be had on top of the caps.
const kMoreRows = 31_072;
const kMoreBodyBytes = 16 << 20;
const kMostNews = 100;
const kMostTouched = 1 << 16;
// Of one call; a body may name as many as it has room for.
const kMostLinks = 64;
const kSweepEvery = 1 << 15;

interface Item extends Frame {
  sequence: number;
  isMark: boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const kNobody: Facts = readEnvelope({}, '');

export class Store extends Rows implements Ingest {
  /** Since the last reset, by key. */
  readonly traces = new Map<string, TraceState>();
  /** Rows of gaps since the last reset. */
  gaps: number[] = [];
  /** Grows with each change. */
  version = 0;
  /** Grows when row numbers or what lies before the last reset changed: what was made of them is void. */
  shape = 0;
  /** Rows whose columns have changed since they came; `touchedFrom` is the place of the first of these. */
  touched: number[] = [];
  touchedFrom = 0;
  /** Row numbers that a replay has: they stay true. */
  held = new Uint32Array();
  news: News[] = [];
  received = 0;
  evicted = 0;
  tracesMade = 0;
  errors = 0;
  gapsSeen = 0;
  running = 0;
  parseMs = 0;
  /** Members that not all logs have, and this one has. */
  readonly extras = new Set<'cost' | 'quality'>();
  readonly #options: StoreOptions;
  readonly #pairing = new Pairing();
  #bodyFrom = kFirstRow;
  #moreRows = 0;
  #moreBytes = 0;
  #sweptAt = 0;

  constructor(options: StoreOptions = kLiveOptions) {
    super(options.mostRows);
    this.#options = options;
  }

  // --- What comes in -------------------------------------------------------------------------

  add(frames: readonly Frame[], older = false): void {
    const began = performance.now();
    const late: Item[] = [];
    for (const frame of frames) {
      const place = parseId(frame.id);
      if (place && this.segment.epoch !== place.epoch) this.#enter(place.epoch);
      const last = this.lastSequence, sequence = place?.sequence ?? last;
      if (!place || sequence > last) this.#append({ ...frame, sequence, isMark: false }, older);
      else if (!this.hasSequence(sequence)) late.push({ ...frame, sequence, isMark: false });
    }
    if (late.length > 0) this.#insert(late, older);
    this.parseMs += performance.now() - began;
  }

  mark(name: string, text: string, id: EventId, cameAt = Date.now()): void {
    const item: Item = { id, event: name, body: encoder.encode(text), cameAt, sequence: -1, isMark: true };
    if (name === 'reset') this.#begin('');
    else {
      const place = parseId(id);
      if (place && this.segment.epoch !== place.epoch) this.#enter(place.epoch);
      item.sequence = place?.sequence ?? this.lastSequence;
      if (place && item.sequence <= this.lastSequence) {
        if (!this.hasSequence(item.sequence)) this.#insert([item], true);
        return;
      }
    }
    this.#append(item, false);
  }

  /** An envelope whose body stays where it is, at that place of a file. False: it is none, or was here before. */
  addOfFile(frame: Frame, line: number, at: number): boolean {
    const parsed = parseBody(decoder.decode(frame.body));
    if (parsed.error !== '') return false;
    const place = parseId(frame.id);
    if (place && this.segment.epoch !== place.epoch) this.#enter(place.epoch);
    const sequence = place?.sequence ?? line;
    if (sequence <= this.lastSequence || this.columns.size >= this.#options.mostRows) return false;
    const row = this.columns.push();
    this.#write(row, { ...frame, sequence, isMark: false }, kNoSlab, at, readEnvelope(parsed.value, frame.event), false);
    return true;
  }

  /** Is a row of a gap between these two? */
  gapBetween(first: number, last: number): boolean {
    return this.gaps.some((gap) => gap > first && gap < last);
  }

  // --- How it is written ---------------------------------------------------------------------

  /** Ids of that epoch come now. */
  #enter(epoch: string): void {
    if (this.segment.epoch === '') this.segment.epoch = epoch;
    else this.#begin(epoch);
  }

  #begin(epoch: string): void {
    this.segments.push({ epoch, from: this.columns.end });
    this.traces.clear();
    this.#pairing.clear();
    for (const who of this.who.values) if (who) who.trace = null;
    this.gaps = [];
    this.running = 0;
    ++this.shape;
    ++this.version;
  }

  #append(item: Item, older: boolean): void {
    if (!older && !item.isMark) ++this.received;
    this.#fill(this.columns.push(), item, !older);
    this.#trim();
  }

  /** `late` is in the middle, or before everything: other rows make room. */
  #insert(late: Item[], older: boolean): void {
    late.sort((a, b) => a.sequence - b.sequence);
    let end = late.length;
    while (end > 0) {
      const before = this.lowerBound(late[end - 1]!.sequence);
      const lowest = before > this.sinceReset ? this.columns.data.sequence[(before - 1) % this.columns.ring]! : -Infinity;
      let from = end - 1;
      while (from > 0 && late[from - 1]!.sequence > lowest) --from;
      this.#insertRun(late.slice(from, end).filter((item, at, all) => item.sequence !== all[at - 1]?.sequence), before, older);
      end = from;
    }
    this.#bodyFrom = this.columns.first;
    this.#trim();
  }

  #insertRun(run: Item[], before: number, older: boolean): void {
    const room = this.#options.mostRows + kMoreRows - this.columns.size;
    const items = room < run.length ? run.slice(run.length - Math.max(0, room)) : run;
    if (older) {
      this.#moreRows = Math.min(kMoreRows, this.#moreRows + items.length);
      this.#moreBytes = Math.min(kMoreBodyBytes, this.#moreBytes + items.reduce((sum, { body }) => sum + body.length, 0));
    } else this.received += items.length;
    const moves = before > this.columns.first, by = items.length;
    this.columns.open(before, by);
    if (moves) {
      for (const one of this.segments) if (one.from > 0 && one.from < before) one.from -= by;
      for (const trace of this.traces.values()) trace.shift(before, by);
      this.#pairing.shift(before, by);
      this.gaps = this.gaps.map((row) => (row < before ? row - by : row));
      this.links = new Map([...this.links].map(([row, links]) => [row < before ? row - by : row, links]));
      this.held.forEach((row, at, held) => { if (row < before) held[at] = row - by; });
      this.touched = [];
      ++this.shape;
    }
    this.slabs.turnPage();
    items.forEach((item, at) => this.#fill(before - by + at, item, false));
    this.slabs.turnPage();
  }

  #fill(row: number, item: Item, isNews: boolean): void {
    const { slab, offset } = this.slabs.add(item.body);
    const facts = item.isMark ? kNobody : readEnvelope(parseBody(decoder.decode(item.body)).value, item.event);
    this.#write(row, item, slab, offset, facts, isNews);
  }

  #write(row: number, item: Item, slab: number, offset: number, facts: Facts, isNews: boolean): void {
    const { data, ring } = this.columns, at = row % ring;
    const kind = item.isMark ? kMark : facts.kind;
    const failed = facts.status > kSuccess || facts.name === 'TASK_FAILED';
    const who = this.#whoNumber(facts);
    data.sequence[at] = item.sequence;
    // Without a stamp it happened when it came; in history, with what stands before it.
    data.time[at] = facts.timeMs ?? item.cameAt ?? (isNews || row === this.columns.first ? Date.now() : data.time[(row - 1) % ring]!);
    data.duration[at] = facts.durationMs ?? NaN;
    data.call[at] = callNumber(facts.callId);
    data.who[at] = who;
    data.what[at] = this.what.number(`${facts.server}\0${facts.tool}`, () => ({ tool: facts.tool, server: facts.server }));
    data.name[at] = this.#nameNumber(item.isMark ? item.event : facts.name);
    data.turn[at] = facts.turn;
    data.exit[at] = facts.exit ?? kNoExit;
    data.pair[at] = -1;
    data.slab[at] = slab;
    data.offset[at] = offset;
    data.size[at] = item.body.length;
    data.kind[at] = kind;
    data.status[at] = facts.status;
    data.flags[at] = (facts.timeMs !== null ? kStamped : 0) | (failed ? kFailed : 0) | (facts.hasStderr ? kHasStderr : 0) |
      (kind === kThought || facts.because !== '' ? kHasThought : 0) | (item.id === '' ? kNoId : 0);
    if (facts.parentCallId !== '' || facts.dependsOn.length > 0)
      this.links.set(row, [facts.parentCallId, ...facts.dependsOn].slice(0, kMostLinks).map(callNumber));
    ++this.version;
    if (kind === kMark && item.event === 'gap') {
      this.gaps.push(row);
      ++this.gapsSeen;
    }
    const trace = this.#traceOf(this.who.values[who]!, row, isNews);
    if (trace) {
      trace.add(this.#part(row), !isNews);
      trace.traceId ||= facts.traceId;
      trace.session ||= facts.session;
      trace.agent ||= facts.agent;
      const { cost, quality } = facts;
      if (cost !== null || quality !== null) trace.tell(data.call[at]!, cost, quality, !isNews);
      if (cost !== null) this.extras.add('cost');
      if (quality !== null) this.extras.add('quality');
    }
    if (kind === kAction) this.#count(trace, 1);
    if ((kind === kAction || kind === kObservation) && facts.callId !== '') this.#pair(row, kind === kAction, trace, facts.callId);
    if (kind === kObservation && failed) ++this.errors;
    if (isNews && ((kind === kObservation && failed) || (kind === kHitl && facts.name === 'HITL_GATE_REQUIRED')))
      this.#tell({ kind: kind === kHitl ? 'gate' : 'error', trace, row });
  }

  #whoNumber(facts: Facts): number {
    const { task, session, thread, agent, role, speaker, phase } = facts;
    const key = task || facts.traceId || session;
    return this.who.number(`${key}\0${task}\0${session}\0${thread}\0${agent}\0${role}\0${speaker}\0${phase}`,
      () => ({ task, session, thread, agent, role, speaker, phase, key, trace: null }));
  }
  #nameNumber(name: string): number {
    return this.names.number(name, () => name);
  }

  #traceOf(who: Who, row: number, isNews: boolean): TraceState | null {
    if (who.key === '') return null;
    let trace = who.trace && who.trace.rows > 0 ? who.trace : this.traces.get(who.key);
    if (!trace) {
      this.traces.set(who.key, trace = new TraceState(who.key, row));
      if (isNews) {
        ++this.tracesMade;
        this.#tell({ kind: 'trace', trace, row });
      }
    }
    return (who.trace = trace);
  }

  #tell(news: News): void {
    if (this.news.length < kMostNews) this.news.push(news);
  }

  #pair(row: number, isAction: boolean, trace: TraceState | null, callId: string): void {
    let other = this.#pairing.meet(isAction, trace?.key ?? '', callId, row);
    // What had waited has left memory: now this one waits.
    if (other >= 0 && other < this.columns.first) other = this.#pairing.meet(isAction, trace?.key ?? '', callId, row);
    if (other < 0) return;
    const { data, ring } = this.columns;
    const [action, observation] = isAction ? [row, other] : [other, row];
    const to = action % ring, from = observation % ring;
    data.pair[to] = observation;
    data.pair[from] = action;
    data.status[to] = data.status[from]!;
    data.exit[to] = data.exit[from]!;
    data.duration[to] = data.duration[from]!;
    data.flags[to]! |= data.flags[from]! & (kFailed | kHasStderr);
    const { tool, server } = this.whatOf(observation);
    if (tool === '' || server === '') data.what[from] = data.what[to]!;
    this.#count(trace, -1);
    this.#touch(action);
    this.#touch(observation);
  }

  #count(trace: TraceState | null, by: 1 | -1): void {
    this.running += by;
    if (trace) trace.running += by;
  }

  #touch(row: number): void {
    if (this.touched.length >= kMostTouched) {
      this.touchedFrom += this.touched.length;
      this.touched = [];
    }
    this.touched.push(row);
  }

  #part(row: number): Part {
    const { data, ring } = this.columns, at = row % ring;
    return {
      row, timeMs: data.time[at]!, kind: data.kind[at]!, name: this.nameOf(row), failed: this.failed(row),
      cancelled: data.status[at] === kCancelled, tool: this.whatOf(row).tool,
    };
  }

  // --- How it leaves -------------------------------------------------------------------------

  #trim(): void {
    while (this.columns.size > this.#options.mostRows + this.#moreRows) this.#evict();
    while (this.slabs.bytes > this.#options.mostBodyBytes + this.#moreBytes) this.#dropOldestBodies();
    if (this.evicted - this.#sweptAt >= kSweepEvery) this.#sweep();
  }

  #dropOldestBodies(): void {
    const { data, ring, end } = this.columns;
    let row = Math.max(this.#bodyFrom, this.columns.first);
    while (row < end && !this.slabs.get(data.slab[row % ring]!)) ++row;
    this.#bodyFrom = row;
    this.slabs.drop(data.slab[row % ring]!);
    ++this.version;
  }

  #evict(): void {
    const { data, ring, first } = this.columns, at = first % ring;
    const trace = first >= this.segment.from ? this.whoOf(first).trace : null;
    if (this.isRunning(first)) this.#count(trace, -1);
    if (trace) {
      trace.remove(this.#part(first));
      if (trace.rows === 0) this.traces.delete(trace.key);
    }
    if (this.gaps[0] === first) this.gaps.shift();
    this.slabs.release(data.slab[at]!);
    this.links.delete(first);
    this.columns.shift();
    ++this.evicted;
    ++this.version;
    if (this.segments.length > 1 && this.segments[1]!.from <= this.columns.first) this.segments.shift();
  }

  /** Names that no row uses any more. */
  #sweep(): void {
    this.#sweptAt = this.evicted;
    this.#pairing.forget(this.columns.first);
    const { data, ring, first, end } = this.columns;
    for (const [column, dictionary] of [[data.who, this.who], [data.what, this.what], [data.name, this.names]] as const) {
      const used = new Uint8Array(dictionary.values.length);
      for (let row = first; row < end; ++row) used[column[row % ring]!] = 1;
      dictionary.keep((number) => used[number] === 1);
    }
  }
}
