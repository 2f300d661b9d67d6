// One trace out of the store: its sum, and its entries as a tree.

import { parseBody, readEnvelope } from '../core/envelope.ts';
import type { Trace, TraceRow } from '../core/protocol.ts';
import type { TraceState } from '../core/roll_up.ts';
import { summaryOf } from '../core/summary.ts';
import { treeOf, type Leaf } from '../core/tree.ts';
import type { Store } from './store.ts';

/** Bodies that are not in a slab, by row. */
export type Bodies = ReadonlyMap<number, Uint8Array>;

const decoder = new TextDecoder();

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

export function traceOf(store: Store, key: string, bodies: Bodies): Trace | null {
  const trace = traceState(store, key);
  if (!trace) return null;
  const summary = traceRow(store, trace);
  const rows = rowsOf(store, trace);
  const leaves = rows.map((at): Leaf => {
    const bytes = store.body(at) ?? bodies.get(at);
    const row = store.row(at, bytes !== undefined);
    if (!bytes) return { row, callId: '', parentCallId: '', dependsOn: [] };
    const { value, error } = parseBody(decoder.decode(bytes));
    const read = readEnvelope(value, '');
    row.summary = summaryOf(read.kind, row.name, row.failed, value, error);
    return { row, callId: read.callId, parentCallId: read.parentCallId, dependsOn: read.dependsOn };
  });
  // Without its body an entry still knows the other half of its call.
  const alone = leaves.filter(({ row, callId }) => callId === '' && row.pair >= 0);
  const byRow = new Map(alone.length > 0 ? leaves.map((leaf) => [leaf.row.row, leaf]) : []);
  for (const leaf of alone) leaf.callId = byRow.get(leaf.row.pair)?.callId || `row ${Math.min(leaf.row.row, leaf.row.pair)}`;
  const nodes = treeOf(summary, leaves);
  const lost = nodes.filter(({ node }) => node === 'missing').length;
  const missing = [
    ...(summary.incomplete ? ['a gap lies inside'] : []),
    ...(lost > 0 ? [`${lost} ${lost === 1 ? 'action is' : 'actions are'} not here`] : []),
    ...(trace.left > 0 ? [`${trace.left} older ${trace.left === 1 ? 'entry has' : 'entries have'} left memory`] : []),
  ];
  return { summary, nodes, missing: missing.join(', ') };
}
