// An export, written in pieces between which others are heard.

import { Exporter } from '../core/export.ts';
import type { Asks } from '../core/protocol.ts';
import { kMark } from '../core/types.ts';
import { rowsOf, traceState } from './trace_answer.ts';
import type { View } from './view.ts';

const kPieceMs = 12;
const kRowsAtOnce = 256;

const decoder = new TextDecoder();

export class Exports {
  #cancelled = 0;

  cancel(): void {
    ++this.#cancelled;
  }

  async write(view: View, { format, filter, task }: Asks['export']['ask']): Promise<Asks['export']['answer']> {
    const mine = this.#cancelled;
    const matches = await view.complete(filter);
    const out = new Exporter(format, { filter, exportedAt: new Date().toISOString() });
    const parts: string[] = [out.begin()];
    const rows = rowsFor(view, task);
    let began = performance.now();
    for (let at = 0; at < rows.length; at += kRowsAtOnce) {
      const some = rows.slice(at, at + kRowsAtOnce).filter((row) => row >= view.store.columns.first);
      const bodies = await view.bodies(some);
      for (const row of await view.read(some)) {
        const body = bodies.get(row.row);
        parts.push(out.entry(row, body ? decoder.decode(body) : null, !matches || matches.has(row.row)));
      }
      if (performance.now() - began > kPieceMs) await new Promise((resolve) => setTimeout(resolve));
      if (mine !== this.#cancelled) throw new Error('cancelled');
      began = performance.now();
    }
    parts.push(out.end());
    return { blob: new Blob(parts, { type: out.mime }), entries: out.entries, left: out.left };
  }
}

/** Of one trace, with the gaps that lie in it; else all. */
function rowsFor({ store }: View, task: string): number[] {
  const { columns } = store;
  if (task === '') return Array.from({ length: columns.size }, (_, at) => columns.first + at);
  const trace = traceState(store, task);
  if (!trace) return [];
  const gaps = store.gaps.filter((row) => row > trace.firstRow && row < trace.lastRow && columns.data.kind[row & columns.mask] === kMark);
  return [...rowsOf(store, trace), ...gaps].sort((a, b) => a - b);
}
