// Figures over the rows in memory: per tool, per stretch of time, per name.

import type { Asks, Rates, ToolRow } from '../core/protocol.ts';
import { kFilterKeys } from '../core/filter.ts';
import { percentile } from '../core/percentile.ts';
import { kAction, kKinds, kMark, kObservation, kStatuses } from '../core/types.ts';
import type { Store } from './store.ts';

const kMostValues = 20;
const sorted = (numbers: readonly number[]): Float64Array => Float64Array.from(numbers).sort();

/** A call counts where its action stands; its result where that stands. */
export function toolsOf(store: Store, sinceMs: number): ToolRow[] {
  const { data, ring, end } = store.columns;
  const tools = new Map<string, { row: ToolRow; durations: number[] }>();
  for (let row = store.sinceReset; row < end; ++row) {
    const at = row % ring, kind = data.kind[at]!, timeMs = data.time[at]!;
    if ((kind !== kAction && kind !== kObservation) || timeMs < sinceMs) continue;
    const { tool, server } = store.whatOf(row), key = `${server}\0${tool}`;
    let found = tools.get(key);
    if (!found) {
      const none: ToolRow = { tool, server, calls: 0, running: 0, errors: 0, p50: null, p95: null, p99: null, max: null, lastMs: 0 };
      tools.set(key, found = { row: none, durations: [] });
    }
    found.row.lastMs = Math.max(found.row.lastMs, timeMs);
    // An observation whose action is not here tells of a call too.
    if (kind === kAction || store.pairOf(row) < 0) ++found.row.calls;
    if (kind === kAction) found.row.running += Number(store.isRunning(row));
    else {
      found.row.errors += Number(store.failed(row));
      if (!Number.isNaN(data.duration[at]!)) found.durations.push(data.duration[at]!);
    }
  }
  return [...tools.values()].map(({ row, durations }) => {
    const all = sorted(durations);
    return { ...row, p50: percentile(all, 0.5), p95: percentile(all, 0.95), p99: percentile(all, 0.99), max: percentile(all, 1) };
  });
}

/** Up to now; of a log that is not live, up to its last row. */
export function ratesOf(store: Store, { buckets, bucketMs, tool }: Asks['rates']['ask'], nowMs: number): Rates {
  const { data, ring, end } = store.columns;
  const startMs = (Math.floor(nowMs / bucketMs) - buckets + 1) * bucketMs;
  const zeros = (): number[] => Array<number>(buckets).fill(0);
  const envelopes = zeros(), calls = zeros(), errors = zeros();
  const durations = envelopes.map((): number[] => []);
  for (let row = store.sinceReset; row < end; ++row) {
    const at = row % ring, kind = data.kind[at]!, bucket = Math.floor((data.time[at]! - startMs) / bucketMs);
    if (kind === kMark || bucket < 0 || bucket >= buckets || (tool !== '' && store.whatOf(row).tool !== tool)) continue;
    ++envelopes[bucket]!;
    if (kind === kAction) ++calls[bucket]!;
    if (kind !== kObservation) continue;
    errors[bucket]! += Number(store.failed(row));
    if (!Number.isNaN(data.duration[at]!)) durations[bucket]!.push(data.duration[at]!);
  }
  const all = durations.map(sorted);
  return { bucketMs, startMs, envelopes, calls, errors, p50: all.map((one) => percentile(one, 0.5)), p95: all.map((one) => percentile(one, 0.95)) };
}

/** What stands behind `key:` in this log, most frequent first. */
export function valuesOf(store: Store, key: string, prefix: string): string[] {
  const { data, ring, first, end } = store.columns;
  const counts = new Map<string, number>();
  const count = (value: string, by: number): void => void (value !== '' && value.startsWith(prefix) && counts.set(value, (counts.get(value) ?? 0) + by));
  const over = <Of>(column: Uint32Array | Uint8Array, values: readonly Of[], read: (value: NonNullable<Of>) => string): void => {
    const rows = new Uint32Array(values.length);
    for (let row = first; row < end; ++row) ++rows[column[row % ring]!]!;
    values.forEach((value, at) => { if (rows[at]! > 0) count(read(value!), rows[at]!); });
  };
  switch (key) {
    case '': for (const one of kFilterKeys) count(one, 1); break;
    case 'has': for (const one of ['error', 'stderr', 'thought']) count(one, 1); break;
    case 'type':
      over(data.kind, kKinds, (kind) => kind);
      over(data.name, store.names.values, (name) => name);
      break;
    case 'status':
      for (const one of ['error', 'ok', 'running']) count(one, Infinity);
      over(data.status, kStatuses, (status) => status);
      break;
    case 'tool': over(data.what, store.what.values, ({ tool }) => tool); break;
    case 'server': over(data.what, store.what.values, ({ server }) => server); break;
    case 'task': over(data.who, store.who.values, (who) => who.key); break;
    case 'session': case 'thread': case 'agent': case 'role': case 'phase': case 'speaker':
      over(data.who, store.who.values, (who) => who[key]);
      break;
    default: break;
  }
  return [...counts].sort((a, b) => (b[1] === a[1] ? (a[0] < b[0] ? -1 : 1) : b[1] - a[1])).slice(0, kMostValues).map(([value]) => value);
}
