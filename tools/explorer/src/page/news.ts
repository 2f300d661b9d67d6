// What is new: the badge and the title (E14), toasts (E15), the warning of silence (E3).

import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { shownState, words } from '../core/connection.ts';
import type { Notice } from '../core/protocol.ts';
import { count, counted } from '../core/units.ts';
import { go, route } from './route.ts';
import { now, settings } from './state.ts';
import { announce, say } from './status_line.tsx';
import { closeToasts, toast } from './toasts.tsx';
import { onNotices, tick } from './worker_link.ts';

const kMergeMs = 2000;
const kMostShown = 999;

/** Traces that have been looked at; what is there at the first open is not news. */
const seen = signal(0);
let opened = false;
let caughtUp = false;
export const unseen: ReadonlySignal<number> = computed(() => Math.max(0, tick.value.traces - seen.value));
export const badge = (n: number): string => (n > kMostShown ? `${kMostShown}+` : String(n));
/** The newest edge is on screen in a visible tab, or somebody clicked. Nothing else takes the badge away. */
export function markSeen(): void {
  seen.value = tick.value.traces;
}
effect(() => {
  const { connection: { state }, traces } = tick.value;
  // The notices of the tick that ends the first catching up are of that still.
  opened ||= caughtUp;
  if (opened) return;
  seen.value = traces;
  caughtUp = state === 'live' || state === 'polling';
});
effect(() => {
  document.title = `${unseen.value > 0 ? `(${badge(unseen.value)}) ` : ''}mcp-orchestrator`;
});

// Toasts of one kind: the first at once, then those of 2 s as one.
function merged(kind: 'trace' | 'error', many: (n: number) => string) {
  let waiting: Notice[] = [];
  let timer = 0;
  const show = () => {
    timer = 0;
    if (waiting.length === 0) return;
    const [one] = waiting;
    const open = () => go({ view: 'trace', path: [one!.task] });
    toast(waiting.length === 1 ? one!.text : many(waiting.length), {
      kind: kind === 'error' ? 'error' : 'info',
      ...(kind === 'error' && { like: 'errors' }),
      action: waiting.length === 1 && one!.task !== '' ? { label: 'Open', run: open }
        : { label: 'Show', run: () => go({ view: 'live', params: kind === 'error' ? { f: 'status:error' } : {} }) },
    });
    waiting = [];
    timer = setTimeout(show, kMergeMs);
  };
  return (notice: Notice) => {
    waiting.push(notice);
    if (timer === 0) show();
  };
}
const newTrace = merged('trace', (n) => `${count(n)} new traces`);
const newError = merged('error', (n) => `${count(n)} new errors`);
const wanted = { all: ['trace', 'error', 'info', 'gate'], errors: ['error'], off: [] } as const;

onNotices((notices) => {
  if (!opened) return;
  for (const notice of notices) {
    if (notice.kind === 'trace') announce('traces', 1, (n) => counted(n, 'new trace'));
    if (notice.kind === 'error') announce('errors', 1, (n) => counted(n, 'error'));
    if (document.hidden || !(wanted[settings.value.toasts] as readonly string[]).includes(notice.kind)) continue;
    if (notice.kind === 'trace') newTrace(notice);
    else if (notice.kind === 'error') newError(notice);
    else toast(notice.text);
  }
});

/** As it is shown: silence grows old without a message. */
export const state = computed(() => shownState(tick.value.connection, now.value));
let before = state.peek();
/** When it became live; the rows of catching up are on screen a moment later. */
export let liveSince = Infinity;
effect(() => {
  const is = state.value;
  if (is === before) return;
  liveSince = is === 'live' ? Date.now() : Infinity;
  const { connection, perSecond } = tick.peek();
  const text = words(connection, perSecond, now.peek());
  if (is === 'stale') toast(`${text}: the rows here may be old`, { kind: 'warning', like: 'stale' });
  else closeToasts('stale');
  say(is === 'live' ? 'Live' : text);
  before = is;
});

/** Live is on screen at its newest edge: said by the view. */
export const atEdge = signal(false);
effect(() => {
  if (route.value.view === 'live' && atEdge.value && tick.value && !document.hidden) markSeen();
});
addEventListener('visibilitychange', () => {
  if (!document.hidden && route.value.view === 'live' && atEdge.value) markSeen();
});
