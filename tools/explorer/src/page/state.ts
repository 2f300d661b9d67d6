// What the views share: which store is looked at, filter, selection, pause, settings.
// Everything that a link must bring back is in the address (route.ts); this reads and writes it.

import { computed, effect, signal, type ReadonlySignal } from '@preact/signals';
import { printTerm } from '../core/filter.ts';
import type { EventId, Source } from '../core/protocol.ts';
import { go, route, setParams } from './route.ts';
import { readStored, writeStored } from './stored.ts';
import { ask, tick } from './worker_link.ts';

/** The store on screen. A file or a replay is a mode over any view. */
export const source = signal<Source>('live');
/** Of the file on screen. */
export const fileName = signal('');

/** The text of the filter field, as committed. */
export const filter: ReadonlySignal<string> = computed(() => route.value.params.f ?? '');

/** A committed filter is a place in the history; the same text again is none. */
export function setFilter(text: string): void {
  if (text.trim() !== filter.value) setParams({ f: text.trim() }, false);
}

/**
 * Click on a value adds its term, Alt+click the contrary: `addTerm('tool', 'fs/read', event.altKey)`.
 * In other views it opens Live with it. A term that is there already stays one.
 */
export function addTerm(key: string, value: string, exclude = false): void {
  const term = printTerm(key, value, exclude);
  const old = filter.value;
  if (` ${old} `.includes(` ${term} `)) return;
  const text = old ? `${old} ${term}` : term;
  if (route.value.view === 'live') setFilter(text);
  else go({ view: 'live', params: { f: term } });
}

/** One selected row for all views; `row` -1: known by its id alone (out of a link). */
export interface Selection {
  row: number;
  id: EventId;
}
export const selected = signal<Selection | null>(null);

/** Not null: lists show nothing after the row `through`. Storing goes on; `received` was had by then. */
export const paused = signal<{ through: number; received: number } | null>(null);
/** `through` of an ask. */
export const through: ReadonlySignal<number> = computed(() => paused.value?.through ?? -1);
/** Goes over to another store: rows of one are not those of the other. */
export function lookAt(what: Source): void {
  paused.value = selected.value = null;
  source.value = what;
}
export async function togglePause(): Promise<void> {
  if (paused.value !== null) {
    paused.value = null;
    return;
  }
  const { end } = await ask('rows', { source: source.value, filter: '', from: -1, count: 0, through: -1 });
  paused.value = { through: end - 1, received: tick.value.received };
}

export interface Settings {
  theme: 'system' | 'light' | 'dark';
  density: 'compact' | 'roomy';
  times: 'local' | 'utc' | 'relative';
  newest: 'bottom' | 'top';
  toasts: 'all' | 'errors' | 'off';
  singleKeys: boolean;
  /** Filters dim what does not match instead of hiding it. */
  dim: boolean;
  eventSource: boolean;
  /** The last chosen form of a trace. */
  trace: 'tree' | 'waterfall' | 'turns';
}
const kDefaults: Settings = {
  theme: 'system', density: 'compact', times: 'local', newest: 'bottom', toasts: 'all', singleKeys: true, dim: false,
  eventSource: false, trace: 'tree',
};
const kKey = 'trace-settings';

const kept = readStored(kKey);
export const settings = signal<Settings>({ ...kDefaults, ...(typeof kept === 'object' ? kept : null) });
export function setSetting<Name extends keyof Settings>(name: Name, value: Settings[Name]): void {
  settings.value = { ...settings.value, [name]: value };
  writeStored(kKey, settings.value);
}
effect(() => {
  const { theme, density } = settings.value;
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.density = density;
});
/** Of every list, in pixels; the `--row` of style.css. */
export const rowHeight: ReadonlySignal<number> = computed(() => (settings.value.density === 'roomy' ? 32 : 24));

/** Of the window, in pixels. */
export const width = signal(innerWidth);
addEventListener('resize', () => (width.value = innerWidth));

/** A clock for what is only shown: one timer for the whole page, each 250 ms. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 250);
