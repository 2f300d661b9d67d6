// A log out of a file: dropped anywhere, picked, or pasted. It is a store of its own, beside the live one.

import { signal, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { count, counted } from '../core/units.ts';
import { go } from './route.ts';
import { paused, selected, source } from './state.ts';
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
  source.value = what;
  paused.value = null;
  selected.value = null;
  go({ view: 'live' });
}
export function closeFile(): void {
  opened.value = null;
  show('live');
}

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
    opened.value = got;
    show('file');
    const words = complaintOf(got);
    toast(`${name}: ${entriesOf(got.rows)}${words ? `; ${words}` : ''}`, { like: 'file', kind: words ? 'warning' : 'info' });
  } catch (error) {
    closeToasts('file');
    toast(`${name} was not opened: ${error instanceof Error ? error.message : String(error)}`, { like: 'file', kind: 'error' });
  }
}

const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false;
const isField = (target: EventTarget | null): boolean => target instanceof Element && target.closest('input,textarea,select,dialog') !== null;

/** Around everything: a file dropped anywhere is opened, and so is a pasted log. */
export function DropZone({ children }: { children: ComponentChildren }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const drag = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault(); // else the browser leaves the page for the file
      setOver(event.type === 'dragover');
      const file = event.type === 'drop' ? event.dataTransfer?.files[0] : undefined;
      if (file) void openFile(file, file.name);
    };
    const leave = (event: DragEvent): void => { if (event.relatedTarget === null) setOver(false); };
    const paste = (event: ClipboardEvent): void => {
      const file = event.clipboardData?.files[0], text = event.clipboardData?.getData('text') ?? '';
      if (isField(event.target)) return;
      if (file) void openFile(file, file.name);
      else if (text.trimStart().startsWith('{')) void openFile(new Blob([text]), 'the pasted log');
    };
    addEventListener('dragover', drag);
    addEventListener('drop', drag);
    addEventListener('dragleave', leave);
    addEventListener('paste', paste);
    return () => {
      removeEventListener('dragover', drag);
      removeEventListener('drop', drag);
      removeEventListener('dragleave', leave);
      removeEventListener('paste', paste);
    };
  }, []);
  return <>{children}{over && <div class="drop-here" aria-hidden="true">Drop a log to read it here. Nothing is sent anywhere.</div>}</>;
}
