// Text in bodies. A stretch of bytes becomes one string, in lower case, and the rows in it are
// walked beside the hits: bodies are never strings one by one, unless they hold more than ASCII.

import type { Term } from '../core/filter.ts';

/** Bodies that lie one behind the other. */
export interface Stretch {
  bytes: Uint8Array;
  /** Where in its slab or file `bytes` begins. */
  at: number;
}

/** One term of the filter; any needle is enough. */
export interface TextTerm {
  needles: string[];
  exclude: boolean;
}

const decoder = new TextDecoder();

export function textTerms(terms: readonly Term[]): TextTerm[] {
  return terms.filter(({ key }) => key === '').map(({ exclude, values }) => {
    const needle = (values[0]?.text ?? '').toLowerCase();
    // What is typed as `C:\tmp` stands as `C:\\tmp` in JSON.
    return { needles: [...new Set([needle, JSON.stringify(needle).slice(1, -1)])], exclude };
  });
}

/** A body that is not here holds nothing. */
export const admitsNothing = (terms: readonly TextTerm[]): boolean => terms.every(({ exclude }) => exclude);

const kNotLooked = -2;

/** Tells of one body after the other, in rising order of offsets, whether all terms hold. */
export class TextMatcher {
  readonly #terms: readonly TextTerm[];
  readonly #stretch: Stretch;
  readonly #lower: string;
  /** Characters are bytes. */
  readonly #isAscii: boolean;
  /** Per needle: its next place at or after where we are; -1: none. */
  readonly #next: number[][];

  constructor(stretch: Stretch, terms: readonly TextTerm[]) {
    this.#terms = terms;
    this.#stretch = stretch;
    const text = decoder.decode(stretch.bytes);
    this.#isAscii = text.length === stretch.bytes.length;
    this.#lower = this.#isAscii ? text.toLowerCase() : '';
    this.#next = terms.map(({ needles }) => needles.map(() => kNotLooked));
  }

  admits(offset: number, size: number): boolean {
    const from = offset - this.#stretch.at, to = from + size;
    if (this.#isAscii) return this.#terms.every((term, at) => term.exclude !== term.needles.some((needle, n) => this.#hits(needle, at, n, from, to)));
    const body = decoder.decode(this.#stretch.bytes.subarray(from, to)).toLowerCase();
    return this.#terms.every(({ needles, exclude }) => exclude !== needles.some((needle) => body.includes(needle)));
  }

  #hits(needle: string, term: number, n: number, from: number, to: number): boolean {
    const next = this.#next[term]!;
    if (next[n] === kNotLooked || (next[n]! >= 0 && next[n]! < from)) next[n] = this.#lower.indexOf(needle, from);
    return next[n]! >= 0 && next[n]! + needle.length <= to;
  }
}
