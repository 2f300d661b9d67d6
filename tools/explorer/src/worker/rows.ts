// The rows of one log as they lie in memory: who they are, and what is known of each.

import { kindName } from '../core/envelope.ts';
import { parseId } from '../core/event_id.ts';
import type { EventId, Row } from '../core/protocol.ts';
import type { TraceState } from '../core/roll_up.ts';
import { kAction, kFailed, kNoExit, kNoId, kNoStatus, kRunning, kStamped, kStatuses } from '../core/types.ts';
import { Columns } from './columns.ts';
import { Dictionary } from './dictionary.ts';
import type { Frame } from './frames.ts';
import { Slabs } from './slabs.ts';

/** Whose entry it is; rows of one agent in one task share it. */
export interface Who {
  task: string;
  session: string;
  thread: string;
  agent: string;
  role: string;
  speaker: string;
  phase: string;
  /** The key of its trace: task, else trace id, else session. */
  key: string;
  /** null: none since the last reset; one without rows has left. */
  trace: TraceState | null;
}
export interface What {
  tool: string;
  server: string;
}
/** Ids count anew here: the log is another one, or was not what we took it for. */
export interface Segment {
  epoch: string;
  from: number;
}

export class Rows {
  readonly columns: Columns;
  readonly slabs = new Slabs();
  readonly who = new Dictionary<Who>();
  readonly what = new Dictionary<What>();
  readonly names = new Dictionary<string>();
  /** Of actions that have any: the number of the call that made it (0: none), and of those it waits for. */
  links = new Map<number, number[]>();
  protected segments: Segment[] = [{ epoch: '', from: 0 }];

  constructor(mostRows: number) {
    this.columns = new Columns(mostRows + 1);
  }

  holds(row: number): boolean {
    return row >= this.columns.first && row < this.columns.end;
  }
  has(id: EventId): boolean {
    const place = parseId(id);
    return place !== null && place.epoch === this.segment.epoch && this.hasSequence(place.sequence);
  }
  get lastId(): EventId {
    for (let row = this.columns.end - 1; row >= this.sinceReset; --row) if (this.id(row) !== '') return this.id(row);
    return '';
  }
  get firstId(): EventId {
    for (let row = this.sinceReset; row < this.columns.end; ++row) if (this.id(row) !== '') return this.id(row);
    return '';
  }
  /** The first row after the last reset (the divider itself included). */
  get sinceReset(): number {
    return Math.max(this.columns.first, this.segment.from);
  }

  since(id: EventId, count: number): Frame[] {
    const place = parseId(id);
    const from = place?.epoch === this.segment.epoch ? this.lowerBound(place.sequence + 1) : this.sinceReset;
    const frames: Frame[] = [];
    for (let row = from; row < this.columns.end && frames.length < count; ++row) {
      const body = this.body(row);
      if (body) frames.push({ id: this.id(row), event: this.nameOf(row), body });
    }
    return frames;
  }

  id(row: number): EventId {
    const { data, ring } = this.columns;
    if (data.flags[row % ring]! & kNoId) return '';
    const epoch = this.epochOf(row);
    return epoch === '' ? '' : `${epoch}-${data.sequence[row % ring]}`;
  }

  /** -1: not here. The newest, when an id was used twice. */
  rowOf(id: EventId): number {
    const place = parseId(id);
    if (!place) return -1;
    for (let at = this.segments.length - 1; at >= 0; --at) {
      if (this.segments[at]!.epoch !== place.epoch) continue;
      const end = this.segments[at + 1]?.from ?? this.columns.end;
      const row = this.lowerBound(place.sequence, Math.max(this.columns.first, this.segments[at]!.from), end);
      if (row < end && this.id(row) === id) return row;
    }
    return -1;
  }

  nameOf(row: number): string {
    return this.names.values[this.columns.data.name[row % this.columns.ring]!] ?? '';
  }
  whoOf(row: number): Who {
    return this.who.values[this.columns.data.who[row % this.columns.ring]!]!;
  }
  whatOf(row: number): What {
    return this.what.values[this.columns.data.what[row % this.columns.ring]!]!;
  }
  pairOf(row: number): number {
    const pair = this.columns.data.pair[row % this.columns.ring]!;
    return pair >= this.columns.first ? pair : -1;
  }
  isRunning(row: number): boolean {
    const { data, ring } = this.columns, at = row % ring;
    return data.kind[at] === kAction && data.status[at] === kNoStatus && data.pair[at]! < 0 && row >= this.segment.from;
  }
  failed(row: number): boolean {
    return (this.columns.data.flags[row % this.columns.ring]! & kFailed) !== 0;
  }

  /** A view of the bytes; undefined: not in a slab (any more). */
  body(row: number): Uint8Array | undefined {
    const { data, ring } = this.columns, at = row % ring;
    return this.slabs.get(data.slab[at]!)?.subarray(data.offset[at]!, data.offset[at]! + data.size[at]!);
  }

  /** All but the summary, which needs the body. */
  row(row: number, hasBody: boolean): Row {
    const { data, ring } = this.columns, at = row % ring;
    const { task, session, thread, agent, role } = this.whoOf(row), { tool, server } = this.whatOf(row);
    const exit = data.exit[at]!, duration = data.duration[at]!, flags = data.flags[at]!;
    return {
      row, id: this.id(row), kind: kindName(data.kind[at]!), name: this.nameOf(row),
      timeMs: data.time[at]!, stamped: (flags & kStamped) !== 0,
      task, session, thread, agent, role, tool, server, turn: data.turn[at]!,
      status: this.isRunning(row) ? kRunning : kStatuses[data.status[at]!]!, failed: (flags & kFailed) !== 0,
      exit: exit === kNoExit ? null : exit, durationMs: Number.isNaN(duration) ? null : duration,
      size: data.size[at]!, summary: '', pair: this.pairOf(row), hasBody,
    };
  }

  protected get segment(): Segment {
    return this.segments[this.segments.length - 1]!;
  }
  protected get lastSequence(): number {
    const { end, data, ring } = this.columns;
    return end > this.sinceReset ? data.sequence[(end - 1) % ring]! : -1;
  }

  protected lowerBound(sequence: number, from = this.sinceReset, end = this.columns.end): number {
    const { data, ring } = this.columns;
    while (from < end) {
      const mid = (from + end) >>> 1;
      if (data.sequence[mid % ring]! < sequence) from = mid + 1;
      else end = mid;
    }
    return from;
  }

  // Marks without an id stand at the sequence of the row before them.
  protected hasSequence(sequence: number): boolean {
    const { data, ring, end } = this.columns;
    for (let row = this.lowerBound(sequence); row < end && data.sequence[row % ring] === sequence; ++row)
      if (!(data.flags[row % ring]! & kNoId)) return true;
    return false;
  }

  epochOf(row: number): string {
    let at = this.segments.length - 1;
    while (at > 0 && this.segments[at]!.from > row) --at;
    return this.segments[at]!.epoch;
  }
}
