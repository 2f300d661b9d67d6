// What is known of each row, as numbers, column by column. A ring: rows come and leave at both
// ends, and the place of a row in every column is `row % ring`.

const kColumns = {
  sequence: Float64Array,
  /** ms since 1970. */
  time: Float64Array,
  /** ms, of the call; NaN: not known. */
  duration: Float64Array,
  /** `callNumber` of the tool_call_id of an action or observation; 0: none. */
  call: Float64Array,
  /** Numbers of dictionaries: who, which tool, the name of the entry. */
  who: Uint32Array,
  what: Uint32Array,
  name: Uint32Array,
  turn: Int32Array,
  /** `kNoExit`: none. */
  exit: Int32Array,
  /** Row of the other half of the call; -1: none. */
  pair: Int32Array,
  slab: Uint32Array,
  offset: Uint32Array,
  size: Uint32Array,
  kind: Uint8Array,
  status: Uint8Array,
  flags: Uint8Array,
} as const;

type Data = { [Name in keyof typeof kColumns]: InstanceType<(typeof kColumns)[Name]> };

/** The first row of all: others may come before it, and numbers stay far from -1, which is "none". */
export const kFirstRow = 2 ** 29;
const kLeastRing = 4096;

const make = (capacity: number): Data =>
  Object.fromEntries(Object.entries(kColumns).map(([name, Kind]) => [name, new Kind(capacity)])) as Data;

export class Columns {
  data: Data = make(kLeastRing);
  ring = kLeastRing;
  readonly #most: number;
  /** Rows from `first` up to and without `end` are here. */
  first = kFirstRow;
  end = kFirstRow;

  /** `most` rows are usual; for more it grows bit by bit. */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.end - this.first;
  }

  /** Place for one more after the last; its row. */
  push(): number {
    this.#reserve(1);
    return this.end++;
  }

  shift(): void {
    ++this.first;
  }

  /** Place for `count` in front of row `before`: rows in front of it move down. */
  open(before: number, count: number): void {
    this.#reserve(count);
    const moved = this.first - count;
    for (const column of Object.values(this.data)) {
      for (let row = this.first; row < before; ++row) column[(row - count) % this.ring] = column[row % this.ring]!;
    }
    this.first = moved;
    if (before === moved + count) return;
    const { pair } = this.data;
    for (let row = moved; row < this.end; ++row) {
      const other = pair[row % this.ring]!;
      if (other >= 0 && other < before) pair[row % this.ring] = other - count;
    }
  }

  #reserve(count: number): void {
    const size = this.size + count;
    if (size <= this.ring) return;
    const ring = size <= this.#most ? Math.min(this.#most, Math.max(size, 2 * this.ring)) : size + kLeastRing;
    const bigger = make(ring);
    for (const name of Object.keys(kColumns) as (keyof Data)[]) {
      const from = this.data[name], to = bigger[name];
      for (let row = this.first; row < this.end; ++row) to[row % ring] = from[row % this.ring]!;
    }
    this.data = bigger;
    this.ring = ring;
  }
}
