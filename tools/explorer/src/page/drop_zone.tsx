// Files may be dropped and logs pasted anywhere; what opens them is a room (opened_file.tsx).

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { roomsNow } from './room.tsx';
import { toast } from './toasts.tsx';

async function open(file: Blob, name: string): Promise<void> {
  const rooms = await roomsNow();
  if (typeof rooms === 'string') toast(rooms, { kind: 'error' });
  else await rooms.openFile(file, name);
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
      if (file) void open(file, file.name);
    };
    const leave = (event: DragEvent): void => { if (event.relatedTarget === null) setOver(false); };
    const paste = (event: ClipboardEvent): void => {
      const file = event.clipboardData?.files[0], text = event.clipboardData?.getData('text') ?? '';
      if (isField(event.target)) return;
      if (file) void open(file, file.name);
      else if (text.trimStart().startsWith('{')) void open(new Blob([text]), 'the pasted log');
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
