// What memory does not hold (E16): how much older the server may have, and a thousand of it.

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { clock, count } from '../core/units.ts';
import { now, settings, source } from './state.ts';
import { toast } from './toasts.tsx';
import { useAnswer } from './use_answer.ts';
import { ask } from './worker_link.ts';

const kAtOnce = 1000;

/** Memory begins there, and so many may be before it; each `load` changes both. */
export const older = signal({ sinceMs: Infinity, before: 0, loads: 0 });

export function OlderLine() {
  const [loading, setLoading] = useState(false);
  /** What the server had nothing before. It keeps what memory loses later. */
  const [noneBefore, setNoneBefore] = useState('');
  const oldest = useAnswer('rows', { source: source.value, filter: '', from: 0, count: 1, through: -1 })?.items[0];
  const none = oldest !== undefined && oldest.id === noneBefore;
  // Sequences of a reader have holes by right, so this is what there can be at most.
  const before = source.value !== 'live' || none ? 0 : Number(/-(\d+)$/.exec(oldest?.id ?? '')?.[1] ?? 1) - 1;
  useEffect(() => { older.value = { ...older.value, sinceMs: oldest?.timeMs ?? Infinity, before }; }, [oldest?.timeMs, before]);
  if (source.value !== 'live' || oldest === undefined) return null;
  const load = async () => {
    setLoading(true);
    const came = await ask('older', { count: kAtOnce }).catch((error: Error) => error);
    setLoading(false);
    older.value = { ...older.value, loads: older.value.loads + 1 };
    if (came instanceof Error) toast(`Older entries did not come: ${came.message}`, { kind: 'warning', like: 'older' });
    else if (came === 0) setNoneBefore(oldest.id);
  };
  return (
    <span class="older muted">
      in memory since {clock(oldest.timeMs, settings.value.times, now.value)}
      {before > 0 && <> · up to {count(before)} older on the server <button type="button" disabled={loading} onClick={() => void load()}>{loading ? 'Loading' : `Load ${count(kAtOnce)}`}</button></>}
      {none && ' · the server keeps no older ones'}
    </span>
  );
}
