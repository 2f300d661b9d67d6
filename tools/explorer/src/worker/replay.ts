// A log once more, at its own pace or another: rows of a view go one by one into a store of
// their own, so that what runs at that moment runs there too.

import type { Command } from '../core/protocol.ts';
import { Store } from './store.ts';
import { View } from './view.ts';

// Nobody waits longer than this for the next entry.
const kMostWaitMs = 2000;
const kRowsAtOnce = 512;

const decoder = new TextDecoder();

export class Replay {
  view = new View(new Store());
  #from: View | null = null;
  /** The next row to come. */
  #next = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What was ordered last counts. */
  #order = 0;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** `at`: the row to stand at, -1 where it stands. `speed` 0: stand still. */
  async obey(command: Extract<Command, { do: 'replay' }>, source: View): Promise<void> {
    const order = ++this.#order;
    clearTimeout(this.#timer);
    if (!command.on || this.#from !== source || (command.at >= 0 && command.at < this.#next - 1)) {
      this.view = new View(new Store());
      this.#from = command.on ? source : null;
      this.#next = source.store.columns.first;
      this.#changed();
    }
    if (!command.on) return;
    if (command.at >= this.#next) await this.#upTo(command.at, order);
    if (command.step) await this.#upTo(this.#next, order);
    else if (command.speed > 0) this.#play(command.speed, order);
  }

  async #upTo(row: number, order: number): Promise<void> {
    while (this.#from && order === this.#order) {
      const { columns } = this.#from.store;
      this.#next = Math.max(this.#next, columns.first);
      const end = Math.min(row + 1, columns.end, this.#next + kRowsAtOnce);
      if (this.#next >= end) return;
      const rows = Array.from({ length: end - this.#next }, (_, at) => this.#next + at);
      const bodies = await this.#from.bodies(rows);
      if (order !== this.#order) return;
      for (const at of rows) this.#feed(this.#from, at, bodies.get(at));
      this.#next = end;
      this.#changed();
    }
  }

  #feed({ store }: View, row: number, body: Uint8Array | undefined): void {
    if (!body) return;
    const { kind } = store.row(row, true), id = store.id(row), name = store.nameOf(row);
    if (kind === 'mark') this.view.store.mark(name, decoder.decode(body), id);
    else this.view.store.add([{ id, event: name, body }]);
  }

  #play(speed: number, order: number): void {
    const source = this.#from;
    if (!source || order !== this.#order) return;
    const { data, ring, first, end } = source.store.columns;
    if (this.#next >= end) return;
    const time = (row: number): number => data.time[row % ring]!;
    const waits = this.#next > first ? (time(this.#next) - time(this.#next - 1)) / speed : 0;
    this.#timer = setTimeout(() => void this.#upTo(this.#next, order).then(() => this.#play(speed, order)), Math.min(kMostWaitMs, Math.max(0, waits)));
  }
}
