// Bodies that lie together, for the text search: of slabs as they are, of a file read when needed.

import type { StretchFrom } from './matches.ts';
import type { Store } from './store.ts';

const kFileBytes = 1 << 20;

/** Rows from `row` on whose bodies follow each other in one slab. */
export function slabStretches(store: Store): StretchFrom {
  return (row, end) => {
    const { data, ring } = store.columns;
    const slab = data.slab[row % ring]!, at = data.offset[row % ring]!;
    const bytes = store.slabs.get(slab);
    if (!bytes) return undefined;
    let to = at, next = row;
    for (; next < end && data.slab[next % ring] === slab && data.offset[next % ring]! >= to; ++next) to = data.offset[next % ring]! + data.size[next % ring]!;
    return { stretch: { bytes: bytes.subarray(at, to), at }, end: next };
  };
}

/** The same of a file: about a mebibyte at a time. */
export function fileStretches(store: Store, file: Blob): StretchFrom {
  return async (row, end) => {
    const { data, ring } = store.columns;
    const at = data.offset[row % ring]!;
    let to = at, next = row;
    for (; next < end && (next === row || data.offset[next % ring]! + data.size[next % ring]! - at <= kFileBytes); ++next)
      to = data.offset[next % ring]! + data.size[next % ring]!;
    return { stretch: { bytes: new Uint8Array(await file.slice(at, to).arrayBuffer()), at }, end: next };
  };
}
