// What Live remembers while another view is on screen.

import { effect, signal } from '@preact/signals';
import { ask, tick } from './worker_link.ts';
import { count } from '../core/units.ts';
import { source } from './state.ts';
import { toast } from './toasts.tsx';

/** The newest edge stays on screen. */
export const follow = signal(true);
/** Clear (E13) empties the view alone: rows up to this one are not shown; -1: all are. */
export const clearedTo = signal(-1);
effect(() => {
  if (source.value) follow.value = true;
  clearedTo.value = -1;
});
/** What the list on screen says of itself. */
export const listed = signal({ shown: 0, of: 0, complete: true, extras: [] as string[] });
/** Said behind that count where memory does not hold everything. */
export const beyond = signal('');

export async function clear(): Promise<void> {
  const { end } = await ask('rows', { source: source.value, filter: '', from: -1, count: 0, through: -1 });
  const before = clearedTo.value;
  clearedTo.value = end - 1;
  follow.value = true;
  toast(`Cleared; ${count(tick.value.rows)} rows are still in memory`, { seconds: 10, like: 'clear', action: { label: 'Undo', run: () => (clearedTo.value = before) } });
}

/** Up to three traces to lay side by side. */
export const toCompare = signal<readonly string[]>([]);
