// A log out of a file: dropped, picked or pasted. It is a store of its own, beside the live one.

import { effect, signal, type ReadonlySignal } from '@preact/signals';
import { count, counted } from '../core/units.ts';
import { go } from './route.ts';
import { fileName, lookAt, source } from './state.ts';
import { closeToasts, toast } from './toasts.tsx';
import { ask } from './worker_link.ts';

export interface OpenedFile {
  name: string;
  rows: number;
  bad: number[];
  note: string;
}
const opened = signal<OpenedFile | null>(null);
/** The file on screen, while `source` is `file`. */
export const openedFile: ReadonlySignal<OpenedFile | null> = opened;

function show(what: 'file' | 'live'): void {
  lookAt('live'); // another file is another store too
  lookAt(what);
  go({ view: 'live' });
}
export function closeFile(): void {
  show('live');
}
// Whoever goes elsewhere has closed it.
effect(() => {
  if (source.value === 'live') opened.value = null;
});

export const entriesOf = (n: number): string => (n === 1 ? '1 entry' : `${count(n)} entries`);

/** In words; empty: all of it could be read. */
export function complaintOf({ bad, note }: OpenedFile): string {
  const some = bad.slice(0, 20).join(', ') + (bad.length > 20 ? ', …' : '');
  return [bad.length ? `${counted(bad.length, 'line')} could not be read: ${some}` : '', note].filter(Boolean).join('; ');
}

export async function openFile(file: Blob, name: string): Promise<void> {
  toast(`Reading ${name}`, { like: 'file', seconds: 600 });
  try {
    const got = { name, ...(await ask('import', { file, name })) };
    if (got.rows === 0) throw new Error(complaintOf(got) || 'no envelope is in it');
    fileName.value = name;
    show('file');
    opened.value = got;
    const words = complaintOf(got);
    toast(`${name}: ${entriesOf(got.rows)}${words ? `; ${words}` : ''}`, { like: 'file', kind: words ? 'warning' : 'info' });
  } catch (error) {
    closeToasts('file');
    toast(`${name} was not opened: ${error instanceof Error ? error.message : String(error)}`, { like: 'file', kind: 'error' });
  }
}
