// Named filters, kept in this browser (E22): storage key `trace-filter-presets`.

import { readStored, writeStored } from './stored.ts';

export interface Preset {
  name: string;
  filter: string;
}

export const kKey = 'trace-filter-presets';
export const kMaxPresets = 50;
export const kMaxName = 40;

/** Always there, after one's own. */
export const kBuiltIn: readonly Preset[] = [
  { name: 'Errors of the last hour', filter: 'status:error time:1h' },
  { name: 'Slow calls', filter: 'type:action dur:>1s,>p95' },
  { name: 'Failed with a word on stderr', filter: 'has:stderr status:error' },
  { name: 'Thoughts', filter: 'type:thought' },
];

/** What can be kept of anything that was read; null: it is no list of presets. */
export function readPresets(from: unknown): Preset[] | null {
  if (!Array.isArray(from)) return null;
  const presets: Preset[] = [];
  for (const one of from as unknown[]) {
    if (typeof one !== 'object' || one === null) continue;
    const { name, filter } = one as Partial<Record<keyof Preset, unknown>>;
    if (typeof name === 'string' && typeof filter === 'string') addTo(presets, { name, filter });
  }
  return presets;
}
/** Of the same name: takes its place. False: there are 50, or the name is empty. */
export function addTo(presets: Preset[], { name, filter }: Preset): boolean {
  const short = name.trim().slice(0, kMaxName);
  const old = presets.findIndex((one) => one.name === short);
  if (short === '' || (old === -1 && presets.length >= kMaxPresets)) return false;
  presets[old === -1 ? presets.length : old] = { name: short, filter };
  return true;
}
export function moveIn(presets: readonly Preset[], at: number, by: number): Preset[] {
  const to = Math.min(presets.length - 1, Math.max(0, at + by));
  const rest = presets.filter((_, index) => index !== at);
  return [...rest.slice(0, to), presets[at]!, ...rest.slice(to)];
}

/** Null: there is something, but nobody can read it. */
export function loadPresets(): Preset[] | null {
  const kept = readStored(kKey);
  return kept === undefined ? [] : readPresets(kept);
}
export const keepPresets = (presets: readonly Preset[]): boolean => writeStored(kKey, presets);
