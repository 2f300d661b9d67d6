// Text in bodies. A stretch of bytes becomes one string, and the rows in it are walked beside the
// hits: bodies are never strings one by one, unless they hold more than ASCII. The hits are those
// of a regular expression, which skips where a plain search for a text without case cannot.

import type { Term } from '../core/filter.ts';

/** Bodies that lie one behind the other. */
export interface Stretch {
  bytes: Uint8Array;
  /** Where in its slab or file `bytes` begins. */
  at: number;
}

/** One term of the filter. */
export interface TextTerm {
  pattern: RegExp;
  exclude: boolean;
}

const decoder = new TextDecoder();
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

export function textTerms(terms: readonly Term[]): TextTerm[] {
  return terms.filter(({ key }) => key === '').map(({ exclude, values }) => {
    const text = values[0]?.text ?? '';
    // What is typed as `C:\tmp` stands as `C:\\tmp` in JSON.
    const spellings = new Set([text, JSON.stringify(text).slice(1, -1)]);
    return { pattern: new RegExp([...spellings].map(escaped).join('|'), 'gi'), exclude };
  });
}

/** A body that is not here holds nothing. */
export const admitsNothing = (terms: readonly TextTerm[]): boolean => terms.every(({ exclude }) => exclude);

/** Tells of one body after the other, in rising order of offsets, whether all terms hold. */
export class TextMatcher {
  readonly #terms: readonly TextTerm[];
  readonly #stretch: Stretch;
  readonly #text: string;
  /** Characters are bytes. */
  readonly #isAscii: boolean;
  /** Per term its next hit at or after where we are: its place and its end. */
  readonly #hits: { at: number; end: number }[];

  constructor(stretch: Stretch, terms: readonly TextTerm[]) {
    this.#terms = terms;
    this.#stretch = stretch;
    this.#text = decoder.decode(stretch.bytes);
    this.#isAscii = this.#text.length === stretch.bytes.length;
    this.#hits = terms.map(() => ({ at: -1, end: -1 }));
  }

  admits(offset: number, size: number): boolean {
    const from = offset - this.#stretch.at, to = from + size;
    if (this.#isAscii) return this.#terms.every((term, n) => term.exclude !== this.#holds(term.pattern, this.#hits[n]!, from, to));
    const body = decoder.decode(this.#stretch.bytes.subarray(from, to));
    return this.#terms.every(({ pattern, exclude }) => exclude !== (body.search(pattern) >= 0));
  }

  #holds(pattern: RegExp, hit: { at: number; end: number }, from: number, to: number): boolean {
    if (hit.at < from) {
      pattern.lastIndex = from;
      const found = pattern.exec(this.#text);
      hit.at = found ? found.index : Infinity;
      hit.end = found ? pattern.lastIndex : Infinity;
    }
    return hit.end <= to;
  }
}
