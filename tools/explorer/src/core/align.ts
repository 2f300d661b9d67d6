// Two sequences side by side: what both have stands in one row, by the longest common subsequence.

/** Each pair is a row; null where the other has something that this one has not. */
export function align<A, B>(a: readonly A[], b: readonly B[], same: (a: A, b: B) => boolean): [A | null, B | null][] {
  let start = 0;
  while (start < a.length && start < b.length && same(a[start]!, b[start]!)) ++start;
  let cut = 0;
  while (cut < a.length - start && cut < b.length - start && same(a[a.length - 1 - cut]!, b[b.length - 1 - cut]!)) ++cut;

  const rows: [A | null, B | null][] = [];
  for (let i = 0; i < start; ++i) rows.push([a[i]!, b[i]!]);
  rows.push(...middle(a.slice(start, a.length - cut), b.slice(start, b.length - cut), same));
  for (let i = cut; i > 0; --i) rows.push([a[a.length - i]!, b[b.length - i]!]);
  return rows;
}

// Lengths need two rows only; of the way back one bit per cell: go down in `a`, else along `b`.
// (Where both are the same, taking both is never worse.)
function middle<A, B>(a: readonly A[], b: readonly B[], same: (a: A, b: B) => boolean): [A | null, B | null][] {
  const n = a.length, m = b.length;
  const down = new Uint8Array(((n * m) >> 3) + 1);
  let below = new Uint32Array(m + 1), here = new Uint32Array(m + 1);
  for (let i = n - 1; i >= 0; --i) {
    [below, here] = [here, below];
    here[m] = 0;
    for (let j = m - 1; j >= 0; --j) {
      if (same(a[i]!, b[j]!)) here[j] = below[j + 1]! + 1;
      else if (below[j]! >= here[j + 1]!) {
        here[j] = below[j]!;
        const at = i * m + j;
        down[at >> 3]! |= 1 << (at & 7);
      } else here[j] = here[j + 1]!;
    }
  }
  const rows: [A | null, B | null][] = [];
  let i = 0, j = 0;
  while (i < n && j < m) {
    const at = i * m + j;
    if (same(a[i]!, b[j]!)) rows.push([a[i++]!, b[j++]!]);
    else if (down[at >> 3]! & (1 << (at & 7))) rows.push([a[i++]!, null]);
    else rows.push([null, b[j++]!]);
  }
  while (i < n) rows.push([a[i++]!, null]);
  while (j < m) rows.push([null, b[j++]!]);
  return rows;
}
