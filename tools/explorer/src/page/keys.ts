// The keyboard (explorer.md section 5). A view says its keys while it is on screen; the newest wins.
//
//   useKeys('Trace', { '[': ['collapse all', collapse], 'Shift+G': ['newest', newest], 'g t': ['Tree', tree] });
//
// A key is `event.key`, `Space`, or two with a space between, one after the other. Nothing happens
// in fields and dialogs, nor with Ctrl, Alt or Meta held. Letters and signs can be switched off in
// the settings; `Escape`, arrows, `Enter` and `Home` stay.
// What has the focus comes first: a handler that called preventDefault() has taken the key.

import { useEffect, useRef } from 'preact/hooks';
import { settings } from './state.ts';

/** What it does, in words; and how. An empty text is not listed. */
export type Binding = readonly [says: string, run: (event: KeyboardEvent) => void];
export type Bindings = Readonly<Record<string, Binding>>;

interface Layer {
  title: string;
  bindings: Bindings;
}

const layers: Layer[] = [];
const kPairMs = 1000;
let before = '';
let beforeAt = 0;

export function addKeys(title: string, bindings: Bindings): () => void {
  const layer = { title, bindings };
  layers.push(layer);
  return () => void layers.splice(layers.indexOf(layer), 1);
}
export function useKeys(title: string, bindings: Bindings): void {
  const newest = useRef(bindings);
  newest.current = bindings;
  useEffect(() => {
    const live = Object.fromEntries(Object.entries(bindings).map(([key, [says]]): [string, Binding] =>
      [key, [says, (event) => newest.current[key]?.[1](event)]]));
    return addKeys(title, live);
  }, [title, Object.keys(bindings).join('\n')]);
}
/** For the help: what can be pressed now. */
export function keysNow(): { title: string; keys: { key: string; says: string }[] }[] {
  return layers.map(({ title, bindings }) => ({
    title,
    keys: Object.entries(bindings).filter(([, [says]]) => says !== '').map(([key, [says]]) => ({ key, says })),
  })).filter(({ keys }) => keys.length > 0);
}

const isField = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
const find = (key: string) => layers.filter(({ bindings }) => Object.hasOwn(bindings, key)).at(-1)?.bindings[key];

addEventListener('keydown', (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (isField(event.target) || document.querySelector('dialog[open]') !== null) return;
  const key = event.key === ' ' ? 'Space' : event.key;
  if (!settings.value.singleKeys && (key.length === 1 || key === 'Space')) return;
  // On a button or a link these two are its own.
  if ((key === 'Space' || key === 'Enter') && event.target instanceof Element && event.target.closest('button,a,summary')) return;
  const pair = event.timeStamp - beforeAt < kPairMs ? find(`${before} ${key}`) : undefined;
  const binding = pair ?? find(key);
  before = pair ? '' : key;
  beforeAt = event.timeStamp;
  if (binding === undefined) return;
  event.preventDefault();
  binding[1](event);
});
