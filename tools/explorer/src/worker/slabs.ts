// Bodies as the bytes they came in, many to a slab, outside the heap of objects.

const kSlabBytes = 1 << 20;

interface Slab {
  bytes: Uint8Array;
  used: number;
  /** Bodies of rows that are still here. */
  rows: number;
}

export interface Place {
  slab: number;
  offset: number;
}

/** No slab: a body that lives elsewhere (in a file), or nowhere. */
export const kNoSlab = 0;

export class Slabs {
  /** Of bodies, and of the memory they take. */
  bodyBytes = 0;
  bytes = 0;
  readonly #slabs = new Map<number, Slab>();
  #made = kNoSlab;
  #filling = kNoSlab;

  add(body: Uint8Array): Place {
    let slab = this.#slabs.get(this.#filling);
    if (!slab || slab.used + body.length > slab.bytes.length) {
      slab = { bytes: new Uint8Array(Math.max(kSlabBytes, body.length)), used: 0, rows: 0 };
      this.#slabs.set(this.#filling = ++this.#made, slab);
      this.bytes += slab.bytes.length;
    }
    const offset = slab.used;
    slab.bytes.set(body, offset);
    slab.used += body.length;
    ++slab.rows;
    this.bodyBytes += body.length;
    return { slab: this.#filling, offset };
  }

  /** What is added next does not lie beside what was added last. */
  turnPage(): void {
    this.#filling = kNoSlab;
  }

  /** The bytes of a whole slab; undefined when it has left. */
  get(slab: number): Uint8Array | undefined {
    return this.#slabs.get(slab)?.bytes;
  }

  /** One row of it has left; the last takes the slab along. */
  release(slab: number): void {
    const found = this.#slabs.get(slab);
    if (found && --found.rows === 0 && slab !== this.#filling) this.drop(slab);
  }

  drop(slab: number): void {
    const found = this.#slabs.get(slab);
    if (!found) return;
    this.#slabs.delete(slab);
    this.bytes -= found.bytes.length;
    this.bodyBytes -= found.used;
  }
}
