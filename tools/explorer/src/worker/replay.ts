// A log once more, at its own pace or another: its entries go one by one into a store of their
// own, so that what ran at that moment runs there too.

import type { Command, Tick } from '../core/protocol.ts';
import { kMark } from '../core/types.ts';
import { kClock, type Clock } from './clock.ts';
import { kLiveOptions, Store } from './store.ts';
import { View } from './view.ts';

// Nobody waits longer than this for the next entry.
const kMostWaitMs = 2000;
// Others are heard between so many.
const kRowsAtOnce = 1024;

const decoder = new TextDecoder();

export class Replay {
  view = new View(new Store());
  #from: View | null = null;
  #filter = '';
  /** Rows of the source, and their times. What comes there later is not replayed. */
  #rows = new Uint32Array();
  #times = new Float64Array();
  /** So many of them are in the view, or had their turn; and so many will be. */
  #done = 0;
  #to = 0;
  /** 0: it stands still. */
  #speed = 0;
  /** What was ordered last counts. */
  #order = 0;
  readonly #changed: () => void;
  readonly #clock: Clock;

  constructor(changed: () => void, clock = kClock) {
    this.#changed = changed;
    this.#clock = clock;
  }

  get place(): Omit<NonNullable<Tick['replay']>, 'came' | 'left'> | undefined {
    if (!this.#from) return undefined;
    return { at: this.#to, of: this.#rows.length, timeMs: this.#times[this.#to - 1] ?? 0, plays: this.#speed > 0 };
  }

  async obey({ on, filter, at, step, speed }: Extract<Command, { do: 'replay' }>, source: View): Promise<void> {
    const order = ++this.#order;
    const matches = on && (this.#from !== source || this.#filter !== filter) ? await source.complete(filter) : undefined;
    if (order !== this.#order) return;
    if (matches !== undefined || !on) {
      const { first, end } = matches ?? source.store.columns;
      if (this.#from) this.#from.store.held = new Uint32Array();
      this.#from = on ? source : null;
      this.#filter = filter;
      this.#rows = Uint32Array.from({ length: on ? end - first : 0 }, (_, n) => (matches ? matches.row(first + n) : first + n));
      const { data, ring } = source.store.columns;
      this.#times = Float64Array.from(this.#rows, (row) => data.time[row % ring]!);
      source.store.held = this.#rows;
      this.#to = 0;
      this.#begin(0);
    }
    this.#to = Math.min(this.#rows.length, Math.max(0, at < 0 ? this.#to + step : at));
    if (speed >= 0) this.#speed = speed;
    // More than that would have left again.
    if (this.#to < this.#done || this.#to - this.#done > kLiveOptions.mostRows) this.#begin(Math.max(0, this.#to - kLiveOptions.mostRows));
    this.#changed();
    if (await this.#feed(order) && this.#speed > 0) await this.#play(order);
  }

  #begin(at: number): void {
    this.view = new View(new Store());
    this.#done = at;
  }

  /** Up to `#to`; false: another order has come. */
  async #feed(order: number): Promise<boolean> {
    while (this.#done < this.#to) {
      const { store } = this.#from!;
      const rows = [...this.#rows.subarray(this.#done, Math.min(this.#to, this.#done + kRowsAtOnce))];
      const bodies = await this.#from!.bodies(rows.filter((row) => row >= store.columns.first));
      if (order !== this.#order) return false;
      for (const row of rows) {
        const body = bodies.get(row), { data, ring } = store.columns;
        if (!body) continue;
        const id = store.id(row), event = store.nameOf(row), cameAt = data.time[row % ring]!;
        if (data.kind[row % ring] === kMark) this.view.store.mark(event, decoder.decode(body), id, cameAt);
        else this.view.store.add([{ id, event, body, cameAt }]);
      }
      this.#done += rows.length;
      this.#changed();
      if (!await this.#waited(0, order)) return false;
    }
    return true;
  }

  async #play(order: number): Promise<void> {
    let due = this.#clock.now();
    while (this.#to < this.#rows.length) {
      const most = Math.min(this.#rows.length, this.#to + kRowsAtOnce);
      let wait = 0;
      while (this.#to < most) {
        const next = due + (this.#to > 0 ? Math.min(kMostWaitMs, Math.max(0, this.#times[this.#to]! - this.#times[this.#to - 1]!) / this.#speed) : 0);
        wait = next - this.#clock.now();
        if (wait > 0) break;
        due = next;
        ++this.#to;
      }
      if (!await (this.#done < this.#to ? this.#feed(order) : this.#waited(wait, order))) return;
    }
    this.#speed = 0;
    this.#changed();
  }

  async #waited(ms: number, order: number): Promise<boolean> {
    await new Promise<void>((resolve) => void this.#clock.after(ms, resolve));
    return order === this.#order;
  }
}
