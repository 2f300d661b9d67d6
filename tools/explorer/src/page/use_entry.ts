// One envelope with its body. An envelope never changes, so it is asked for once; only a call
// without its observation, and what is not here yet, is asked for again when the worker rings.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Entry, EventId, Source } from '../core/protocol.ts';
import type { Json } from '../core/output.ts';
import { ask, tick } from './worker_link.ts';

const isSettled = (entry: Entry | null) =>
  entry !== null && (entry.body !== null || entry.gone !== '') && !(entry.row.kind === 'action' && entry.row.pair === -1);

/** undefined: not answered yet; null: there is none. */
export function useEntry(source: Source, row: number, id: EventId): Entry | null | undefined {
  const key = `${source} ${row} ${id}`;
  const [got, setGot] = useState<{ key: string; entry: Entry | null }>();
  useEffect(() => {
    if (row < 0 && id === '') return;
    let here = true, out = false, settled = false, version = -1;
    const pull = async (): Promise<void> => {
      if (out || settled || version === tick.peek().version) return;
      out = true;
      version = tick.peek().version;
      let entry = await ask('entry', { source, row, id }).catch(() => null);
      if (entry === null && row >= 0 && id !== '') entry = await ask('entry', { source, row: -1, id }).catch(() => null);
      out = false;
      if (!here) return;
      settled = source !== 'replay' && isSettled(entry); // a replay goes back too
      setGot({ key, entry });
      await pull();
    };
    const stop = tick.subscribe(() => void pull());
    return () => { here = false; stop(); };
  }, [key]);
  if (row < 0 && id === '') return null;
  return got?.key === key ? got.entry : undefined;
}

/** null: no body, or none that is JSON. */
export function useJson(entry: Entry | null | undefined): Json {
  const body = entry?.body ?? null;
  return useMemo(() => {
    try {
      return body === null ? null : (JSON.parse(body) as Json);
    } catch {
      return null;
    }
  }, [body]);
}
