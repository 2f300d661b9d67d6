// A store as it is looked at: lists under filters, rows with their summaries, bodies wherever
// they lie.

import { parseBody } from '../core/envelope.ts';
import { isOfTrace, parseFilter, type Term } from '../core/filter.ts';
import type { Row, Stretch, StretchOf, TraceRow } from '../core/protocol.ts';
import type { TraceState } from '../core/roll_up.ts';
import { summaryOf } from '../core/summary.ts';
import { kFirstRow } from './columns.ts';
import { traceAdmits } from './match.ts';
import { Matches } from './matches.ts';
import type { Store } from './store.ts';
import { fileStretches, slabStretches } from './stretches.ts';
import { traceRow } from './trace_answer.ts';

// Filters in use: of the lists on screen, and a few that one comes back to.
const kMostFilters = 6;
const kMostSummaries = 1024;
// A list is answered after this long, with what was found by then.
const kPieceMs = 24;

type Bad = Stretch<never>['bad'];
type Listed = Omit<Stretch<never>, 'items' | 'matches'>;

interface Filtered {
  bad: Bad;
  /** null: everything. */
  matches: Matches | null;
  /** Terms that are asked of whole traces, in a list of traces. */
  ofTraces: Term[];
  /** The traces of the last answer, and the index of the first. */
  traces: TraceState[];
  firstTrace: number;
}

const decoder = new TextDecoder();

export class View {
  readonly store: Store;
  readonly file: Blob | null;
  readonly #filtered = new Map<string, Filtered>();
  readonly #summaries = new Map<number, string>();
  #shape = 0;

  constructor(store: Store, file: Blob | null = null) {
    this.store = store;
    this.file = file;
  }

  async rows(ask: StretchOf): Promise<Stretch<Row>> {
    const { matches, bad } = this.#of(ask.filter);
    const complete = !matches || await matches.refresh(performance.now() + kPieceMs);
    const all = !matches || ask.dim === true;
    const { columns } = this.store;
    const place = (row: number): number => (all ? Math.min(Math.max(row, columns.first), columns.end) : matches.indexFrom(row));
    const listed = this.#listed(ask, all ? columns : matches, place, complete, bad);
    const rows: number[] = [];
    for (let index = listed.at; index < listed.end && rows.length < ask.count; ++index) rows.push(all ? index : matches.row(index));
    const items = await this.read(rows);
    if (ask.dim && matches) for (const item of items) item.dim = !matches.has(item.row);
    return { ...listed, items, ...(ask.dim ? { matches: matches ? matches.end - matches.first : listed.end - listed.first } : {}) };
  }

  async traces(ask: StretchOf): Promise<Stretch<TraceRow>> {
    const filtered = this.#of(ask.filter, true);
    const complete = !filtered.matches || await filtered.matches.refresh(performance.now() + kPieceMs);
    const old = filtered.traces;
    const now = (filtered.matches ? this.#tracesOf(filtered.matches) : [...this.store.traces.values()]).filter(traceAdmits(filtered.ofTraces, Date.now()));
    now.sort((a, b) => a.order - b.order);
    // What has left in front counts on; what was put in front counts back.
    if (old.length > 0 && now.length > 0)
      filtered.firstTrace += old.filter(({ order }) => order < now[0]!.order).length - now.filter(({ order }) => order < old[0]!.order).length;
    filtered.traces = now;
    const shown = now.filter(({ lastRow, order }) => lastRow > (ask.after ?? -1) && (ask.through < 0 || order <= ask.through));
    const listed = this.#listed({ ...ask, through: -1, after: -1 }, { first: filtered.firstTrace, end: filtered.firstTrace + shown.length }, Number, complete, filtered.bad);
    const from = listed.at - listed.first;
    return { ...listed, of: this.store.traces.size, items: shown.slice(from, from + ask.count).map((trace) => traceRow(this.store, trace)) };
  }

  /** All of a filter's rows, however long it takes; null: every row. */
  async complete(filter: string): Promise<Matches | null> {
    const { matches } = this.#of(filter);
    // Others are heard between the pieces.
    while (matches && !await matches.refresh(performance.now() + kPieceMs)) await new Promise((resolve) => setTimeout(resolve));
    return matches;
  }

  async read(rows: readonly number[]): Promise<Row[]> {
    if (this.#shape !== this.store.shape) {
      this.#summaries.clear();
      this.#shape = this.store.shape;
    }
    const bodies = await this.bodies(rows.filter((row) => !this.#summaries.has(row)));
    return rows.map((at) => {
      const row = this.store.row(at, this.file !== null || this.store.body(at) !== undefined);
      row.summary = this.#summaries.get(at) ?? this.summary(at, bodies.get(at));
      return row;
    });
  }

  summary(row: number, body: Uint8Array | undefined): string {
    if (!body) return '';
    const { data, ring } = this.store.columns;
    const { value, error } = parseBody(decoder.decode(body));
    const summary = summaryOf(data.kind[row % ring]!, this.store.nameOf(row), this.store.failed(row), value, error);
    if (this.#summaries.size >= kMostSummaries) this.#summaries.clear();
    this.#summaries.set(row, summary);
    return summary;
  }

  /** Of those rows whose body is here. */
  async bodies(rows: readonly number[]): Promise<Map<number, Uint8Array>> {
    const bodies = new Map<number, Uint8Array>();
    const { data, ring } = this.store.columns;
    if (this.file === null) {
      for (const row of rows) {
        const body = this.store.body(row);
        if (body) bodies.set(row, body);
      }
      return bodies;
    }
    const stretchFrom = fileStretches(this.store, this.file);
    for (let at = 0; at < rows.length;) {
      // Rows that follow each other are read at once.
      let end = at + 1;
      while (end < rows.length && rows[end] === rows[end - 1]! + 1) ++end;
      const found = await stretchFrom(rows[at]!, rows[end - 1]! + 1);
      if (!found) break;
      for (; at < end && rows[at]! < found.end; ++at) {
        const from = data.offset[rows[at]! % ring]! - found.stretch.at;
        bodies.set(rows[at]!, found.stretch.bytes.subarray(from, from + data.size[rows[at]! % ring]!));
      }
    }
    return bodies;
  }

  #of(filter: string, listsTraces = false): Filtered {
    const key = `${listsTraces} ${filter}`;
    let found = this.#filtered.get(key);
    this.#filtered.delete(key);
    if (!found) {
      const { terms: all, bad } = parseFilter(filter);
      const ofTraces = listsTraces ? all.filter(isOfTrace) : [];
      const terms = all.filter((term) => !ofTraces.includes(term));
      const stretches = this.file ? fileStretches(this.store, this.file) : slabStretches(this.store);
      found = { bad, ofTraces, matches: terms.length > 0 ? new Matches(this.store, terms, stretches) : null, traces: [], firstTrace: kFirstRow };
    }
    this.#filtered.set(key, found);
    for (const [oldest] of this.#filtered) if (this.#filtered.size > kMostFilters) this.#filtered.delete(oldest);
    return found;
  }

  #listed(ask: StretchOf, list: { first: number; end: number }, place: (row: number) => number, complete: boolean, bad: Bad): Listed {
    const end = ask.through < 0 ? list.end : Math.min(list.end, place(ask.through + 1));
    const first = Math.min(end, (ask.after ?? -1) < 0 ? list.first : Math.max(list.first, place(ask.after! + 1)));
    const at = ask.from < 0 ? Math.max(first, end - ask.count) : Math.min(Math.max(ask.from, first), end);
    return { first, end, at, of: this.store.columns.size, complete, bad, extras: [...this.store.extras] };
  }

  /** Those that have a row the filter admits. */
  #tracesOf(matches: Matches): TraceState[] {
    const found = new Set<TraceState>();
    for (let index = matches.first; index < matches.end; ++index) {
      const row = matches.row(index), { trace } = this.store.whoOf(row);
      if (trace && row >= this.store.sinceReset) found.add(trace);
    }
    return [...found];
  }
}
