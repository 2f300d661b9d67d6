// Copying, also where the page is no secure context (plain http on a LAN address): there a selected
// text area does it.

import { toast } from './toasts.tsx';

/** `what` names it in the toast that says whether it worked. */
export async function copy(text: string, what: string): Promise<void> {
  const done = await navigator.clipboard?.writeText(text).then(() => true, () => false) || copyBySelection(text);
  toast(done ? `${what} copied` : `${what} could not be copied: the browser refused`, { like: 'copy', kind: done ? 'info' : 'warning' });
}

function copyBySelection(text: string): boolean {
  const area = document.createElement('textarea');
  const from = document.activeElement;
  area.value = text;
  area.className = 'sr';
  // Beside an open dialog everything is inert.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (from instanceof HTMLElement) from.focus();
  return done;
}
