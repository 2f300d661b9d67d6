// The bodies, verbatim, a line each: what the flight log holds. A gap cannot be said in it
// without inventing a line; the page says it beside the file.

import type { Writer } from './export.ts';
import { compactJson } from './raw_member.ts';

export function makeNdjsonWriter(): Writer {
  return {
    begin: () => '',
    entry: ({ body, matches }) => (matches ? `${compactJson(body)}\n` : ''),
    gap: () => '',
    end: () => '',
    leftOut: () => [],
  };
}
