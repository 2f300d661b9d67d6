// Rows for an export, a piece at a time; the page writes the file.

import type { Asks } from '../core/protocol.ts';
import { kMark } from '../core/types.ts';
import { rowsOf, traceState } from './trace_answer.ts';
import type { View } from './view.ts';

const kRowsAtOnce = 512;

const decoder = new TextDecoder();

export async function exportPiece(view: View, { filter, task, from }: Asks['export']['ask']): Promise<Asks['export']['answer']> {
  const matches = await view.complete(filter);
  const rows = rowsFrom(view, task, from);
  const some = rows.slice(0, kRowsAtOnce);
  const bodies = await view.bodies(some);
  const items = (await view.read(some)).map((row) => {
    const body = bodies.get(row.row);
    return { row, body: body ? decoder.decode(body) : null, matches: !matches || matches.has(row.row) };
  });
  return { items, next: rows[kRowsAtOnce] ?? -1 };
}

/** Of one trace, with the gaps that lie in it; else all. One more than is read, to know where to go on. */
function rowsFrom({ store }: View, task: string, from: number): number[] {
  const { columns } = store;
  if (task === '') {
    const first = Math.max(from, columns.first), left = columns.first + columns.size - first;
    return Array.from({ length: Math.max(0, Math.min(left, kRowsAtOnce + 1)) }, (_, at) => first + at);
  }
  const trace = traceState(store, task);
  if (!trace) return [];
  const gaps = store.gaps.filter((row) => row > trace.firstRow && row < trace.lastRow && columns.data.kind[row % columns.ring] === kMark);
  return [...rowsOf(store, trace), ...gaps].filter((row) => row >= from && row >= columns.first).sort((a, b) => a - b);
}
