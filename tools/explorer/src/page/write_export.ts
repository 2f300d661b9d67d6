// An export of the store on screen: the worker gives rows some at a time, the file is written here
// between frames.

import { Exporter } from '../core/export.ts';
import type { ExportFormat, Source } from '../core/protocol.ts';
import { ask } from './worker_link.ts';

export interface Written {
  blob: Blob;
  entries: number;
  /** In words; empty: all is in it. */
  left: string;
}

export async function writeExport(of: { source: Source; filter: string; task: string }, format: ExportFormat, signal: AbortSignal): Promise<Written> {
  const out = new Exporter(format, { filter: of.filter, exportedAt: new Date().toISOString() });
  const parts: string[] = [out.begin()];
  for (let from = -1; ;) {
    const { items, next } = await ask('export', { ...of, from });
    signal.throwIfAborted();
    for (const item of items) parts.push(out.entry(item));
    if (next < 0) break;
    from = next;
  }
  parts.push(out.end());
  return { blob: new Blob(parts, { type: out.mime }), entries: out.entries, left: out.left };
}

/** This page and its rooms in one file, which opens logs without a server. The policy admits both scripts. */
export async function wholePage(): Promise<Blob> {
  const [page, rooms] = await Promise.all(['./', 'explorer/rooms.js'].map(async (path) => (await fetch(path, { headers: { Accept: 'text/html' } })).text()));
  const end = page!.lastIndexOf('</body>');
  return new Blob([page!.slice(0, end), '<script>', rooms!, '</script>', page!.slice(end)], { type: 'text/html' });
}
