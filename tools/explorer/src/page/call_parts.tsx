// Small things that every view says of an entry the same way.
//
//   <Kind kind={row.kind} />      its letter, with the word for those who hear it
//   <Status row={row} />          icon, word, exit code; a running one grows

import type { Row, RowKind } from '../core/protocol.ts';
import { duration } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { SafeText } from './safe_text.tsx';
import { now, source } from './state.ts';

const kLetters: Readonly<Record<RowKind, string>> = {
  thought: 'T', action: 'A', observation: 'O', lifecycle: 'L', hitl: 'H', system: 'S', graph: 'G', channel: 'C', mark: '!', other: '?',
};

export function Kind({ kind }: { kind: RowKind }) {
  return <span class="kind" data-kind={kind} title={kind}><span aria-hidden="true">{kLetters[kind]}</span><span class="sr">{kind}</span></span>;
}

export type State = 'ok' | 'error' | 'running' | 'cancelled' | 'none';

export function stateOf({ status, failed }: Pick<Row, 'status' | 'failed'>): State {
  if (status === 'running' || status === 'CANCELLED') return status === 'running' ? 'running' : 'cancelled';
  if (failed) return 'error';
  return status === '' ? 'none' : 'ok';
}

/** In a file or a replay nothing goes on: what runs there ran until its end. */
export const isGrowing = (row: Pick<Row, 'status'>): boolean => row.status === 'running' && source.value === 'live';

export function Duration({ row, startMs = row.timeMs }: { row: Pick<Row, 'status' | 'timeMs' | 'durationMs'>; startMs?: number }) {
  if (isGrowing(row)) return <>{duration(Math.max(0, now.value - startMs))} ~</>;
  return <>{row.durationMs === null ? '' : duration(row.durationMs)}</>;
}

export function Status({ row }: { row: Pick<Row, 'status' | 'failed' | 'exit'> }) {
  const state = stateOf(row);
  if (state === 'none') return null;
  return (
    <span class="status" data-status={state}>
      <Icon name={state} /><span class="cut"><SafeText text={state === 'ok' ? 'ok' : row.status} /></span>
      {row.exit !== null && row.exit !== 0 && <span class="muted exit">exit {row.exit}</span>}
    </span>
  );
}
