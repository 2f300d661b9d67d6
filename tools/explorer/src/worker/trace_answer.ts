// One trace out of the store: its sum, and what the columns say of its rows. No body is read.

import type { TraceRow, TraceRows } from '../core/protocol.ts';
import type { TraceState } from '../core/roll_up.ts';
import type { Dictionary } from './dictionary.ts';
import type { Store } from './store.ts';

/** By its key, or by a trace id that its envelopes carry. */
export function traceState(store: Store, key: string): TraceState | undefined {
  const known = store.traces.get(key);
  if (known || key === '') return known;
  for (const trace of store.traces.values()) if (trace.traceId === key) return trace;
  return undefined;
}

export function traceRow(store: Store, trace: TraceState): TraceRow {
  // Its first rows may have left, never all of them.
  trace.firstRow = Math.max(trace.firstRow, store.columns.first);
  while (trace.firstRow < trace.lastRow && store.whoOf(trace.firstRow).trace !== trace) ++trace.firstRow;
  const { key, session, agent, firstRow, lastRow, startMs, lastMs, calls, running, errors, thoughts, tool, status } = trace;
  return {
    task: key, session, agent, firstRow, lastRow, startMs, lastMs, calls, running, errors, thoughts, tool, status,
    // What runs may have ended in a gap.
    incomplete: store.gapBetween(firstRow, running > 0 ? store.columns.end : lastRow),
  };
}

/** Rising. */
export function rowsOf(store: Store, trace: TraceState): number[] {
  const rows: number[] = [];
  for (let row = Math.max(trace.firstRow, store.sinceReset); row <= trace.lastRow; ++row) if (store.whoOf(row).trace === trace) rows.push(row);
  return rows;
}

const meanings = <Value>(column: Uint32Array, { values }: Dictionary<Value>): Map<number, Value> =>
  new Map([...new Set(column)].map((number) => [number, values[number]!]));

export function traceOf(store: Store, key: string, had = ''): TraceRows | null | undefined {
  const trace = traceState(store, key);
  if (!trace) return null;
  const stamp = `${trace.change} ${store.shape} ${store.gapsSeen}`;
  if (stamp === had) return undefined;
  const rows = rowsOf(store, trace), { data, ring } = store.columns;
  const of = <Column extends (typeof data)[keyof typeof data]>(column: Column): Column => {
    const mine = column.slice(0, rows.length) as Column;
    for (let at = 0; at < rows.length; ++at) mine[at] = column[rows[at]! % ring]!;
    return mine;
  };
  const { sequence, time, duration, call, who, what, name, turn, exit, pair, kind, status, flags } = data;
  const columns = {
    sequence: of(sequence), time: of(time), duration: of(duration), call: of(call), who: of(who), what: of(what), name: of(name),
    turn: of(turn), exit: of(exit), pair: of(pair), kind: of(kind), status: of(status), flags: of(flags),
  };
  const people = [...meanings(columns.who, store.who)].map(([number, { task, thread }]) => [number, { task, thread }] as const);
  return {
    summary: traceRow(store, trace), stamp, left: trace.left, epoch: store.epochOf(trace.lastRow), rows: Uint32Array.from(rows), columns,
    who: new Map(people), what: meanings(columns.what, store.what), names: meanings(columns.name, store.names),
    links: new Map(rows.flatMap((row) => { const links = store.links.get(row); return links ? [[row, links] as const] : []; })),
  };
}
