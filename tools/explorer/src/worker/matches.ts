// The rows that a filter admits, kept up as rows come, change and leave.

import type { Term } from '../core/filter.ts';
import { kFirstRow } from './columns.ts';
import { compile, type Compiled } from './match.ts';
import { admitsNothing, TextMatcher, type Stretch } from './search.ts';
import type { Store } from './store.ts';

/** Bytes from this row on that lie together, and the row behind them; undefined: nothing of it is here. */
export type StretchFrom = (row: number, end: number) => Promise<{ stretch: Stretch; end: number }> | { stretch: Stretch; end: number } | undefined;

// Rows between two looks at the clock.
const kRowsAPiece = 4096;
// "The last hour" is looked at anew this often.
const kDriftMs = 2000, kDriftOfTextMs = 30_000;

export class Matches {
  /** Rising. Those before `#head` have left. */
  #rows: number[] = [];
  #head = 0;
  /** Index of the first, as lists count: evicted ones count on. */
  #first = kFirstRow;
  /** Rows in here have been looked at. */
  #low: number;
  #high: number;
  #touchedAt = 0;
  #shape = -1;
  #madeAt = 0;
  #compiled: Compiled | undefined;
  #busy: Promise<unknown> = Promise.resolve();
  readonly #store: Store;
  readonly #terms: readonly Term[];
  readonly #stretchFrom: StretchFrom;

  constructor(store: Store, terms: readonly Term[], stretchFrom: StretchFrom) {
    this.#store = store;
    this.#terms = terms;
    this.#stretchFrom = stretchFrom;
    this.#low = this.#high = store.columns.first;
  }

  get first(): number {
    return this.#first;
  }
  get end(): number {
    return this.#first + this.#rows.length - this.#head;
  }
  row(index: number): number {
    return this.#rows[index - this.#first + this.#head]!;
  }
  /** Index of the first that is not before this row. */
  indexFrom(row: number): number {
    return this.#place(row) - this.#head + this.#first;
  }
  has(row: number): boolean {
    return this.#rows[this.#place(row)] === row;
  }

  /** Looks at what it has not seen yet; false: the time was not enough, there is more. */
  refresh(untilMs: number): Promise<boolean> {
    const done = this.#busy.then(() => this.#refresh(untilMs));
    this.#busy = done;
    return done;
  }

  async #refresh(untilMs: number): Promise<boolean> {
    const { columns } = this.#store;
    this.#renew();
    this.#leave();
    if (this.#compiled!.changes) await this.#look(this.#changed());
    if (columns.first < this.#low) await this.#before(columns.first);
    while (this.#high < columns.end) {
      const end = Math.min(columns.end, this.#high + kRowsAPiece), shape = this.#shape;
      const found = await this.#admitted(this.#high, end);
      if (shape !== this.#store.shape) return false;
      this.#rows.push(...found);
      this.#high = end;
      if (performance.now() > untilMs) break;
    }
    return this.#high >= columns.end;
  }

  /** Begins anew where the past counts no longer. */
  #renew(): void {
    const { shape, columns, touchedFrom, touched } = this.#store;
    const now = Date.now(), old = this.#compiled;
    const lost = old?.changes && this.#touchedAt < touchedFrom;
    const drifted = old?.drifts && now - this.#madeAt > (old.texts.length > 0 ? kDriftOfTextMs : kDriftMs);
    if (old && this.#shape === shape && !lost && !drifted) return;
    this.#compiled = compile(this.#store, this.#terms, now);
    [this.#rows, this.#head, this.#shape, this.#madeAt] = [[], 0, shape, now];
    this.#low = this.#high = columns.first;
    this.#touchedAt = touchedFrom + touched.length;
  }

  #leave(): void {
    const { first } = this.#store.columns;
    const gone = this.#place(first) - this.#head;
    this.#head += gone;
    this.#first += gone;
    if (this.#head > 4096 && this.#head * 2 > this.#rows.length) [this.#rows, this.#head] = [this.#rows.slice(this.#head), 0];
    this.#low = Math.max(this.#low, first);
    this.#high = Math.max(this.#high, this.#low);
  }

  /** Rows that were looked at, and have changed since. */
  #changed(): number[] {
    const { touched, touchedFrom, columns } = this.#store;
    const rows = [...new Set(touched.slice(this.#touchedAt - touchedFrom))].filter((row) => row >= columns.first && row >= this.#low && row < this.#high);
    this.#touchedAt = touchedFrom + touched.length;
    return rows.sort((a, b) => a - b);
  }

  async #look(rows: readonly number[]): Promise<void> {
    const come: number[] = [], go = new Set<number>();
    for (const row of rows) {
      const admits = this.#compiled!.texts.length === 0 ? this.#compiled!.admits(row) : (await this.#admitted(row, row + 1)).length > 0;
      if (admits && !this.has(row)) come.push(row);
      else if (!admits && this.has(row)) go.add(row);
    }
    if (come.length === 0 && go.size === 0) return;
    const merged: number[] = [];
    let at = 0;
    for (const row of this.#rows.slice(this.#head)) {
      while (at < come.length && come[at]! < row) merged.push(come[at++]!);
      if (!go.has(row)) merged.push(row);
    }
    [this.#rows, this.#head] = [[...merged, ...come.slice(at)], 0];
  }

  async #before(first: number): Promise<void> {
    const found: number[] = [];
    for (let row = first; row < this.#low; row += kRowsAPiece) found.push(...await this.#admitted(row, Math.min(this.#low, row + kRowsAPiece)));
    this.#rows = [...found, ...this.#rows.slice(this.#head)];
    this.#head = 0;
    this.#first -= found.length;
    this.#low = first;
  }

  async #admitted(from: number, end: number): Promise<number[]> {
    const { admits, texts } = this.#compiled!;
    const rows: number[] = [];
    if (texts.length === 0) {
      for (let row = from; row < end; ++row) if (admits(row)) rows.push(row);
      return rows;
    }
    const { columns } = this.#store;
    for (let row = from; row < end;) {
      if (!admits(row)) {
        ++row;
        continue;
      }
      const waited = this.#stretchFrom(row, end);
      const found = waited instanceof Promise ? await waited : waited;
      if (!found) {
        if (admitsNothing(texts)) rows.push(row);
        ++row;
        continue;
      }
      const matcher = new TextMatcher(found.stretch, texts);
      for (; row < found.end; ++row) {
        const at = row % columns.ring;
        if (admits(row) && matcher.admits(columns.data.offset[at]!, columns.data.size[at]!)) rows.push(row);
      }
    }
    return rows;
  }

  #place(row: number): number {
    let from = this.#head, end = this.#rows.length;
    while (from < end) {
      const mid = (from + end) >>> 1;
      if (this.#rows[mid]! < row) from = mid + 1;
      else end = mid;
    }
    return from;
  }
}
