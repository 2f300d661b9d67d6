// Exact percentiles by nearest rank: the smallest value that `share` of all do not exceed.

/** `sorted` rises; null: there is nothing. */
export function percentile(sorted: ArrayLike<number>, share: number): number | null {
  return sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
}
