// What the indicator says of the connection: state, words, what one can do about it.

import type { Connection, ConnectionState } from './protocol.ts';
import { count } from './units.ts';

const kStaleMs = 60_000;

/** The four words that seed 002 has for a connection. */
export type DataStatus = 'connected' | 'connecting' | 'disconnected' | 'error';
export type Offer =
  | 'go_live' | 'cancel' | 'pause' | 'refresh' | 'reconnect' | 'retry' | 'who' | 'enter_token' | 'try_streaming' | 'back_to_live' | 'take_over';

/** Heartbeats are comments, and those reach nobody through `EventSource`. */
const seesHeartbeats = (connection: Connection): boolean => connection.transport === 'fetch';

/** The state to show at that time: silence needs no message to grow old. */
export function shownState(connection: Connection, now: number): ConnectionState {
  const { state, lastByteAt } = connection;
  if (state !== 'live' && state !== 'catching_up') return state;
  return seesHeartbeats(connection) && lastByteAt > 0 && now - lastByteAt >= kStaleMs ? 'stale' : state;
}

const kStatus: Record<ConnectionState, DataStatus> = {
  off: 'disconnected', connecting: 'connecting', catching_up: 'connected', live: 'connected', stale: 'error', retrying: 'connecting',
  full: 'connecting', offline: 'error', auth: 'error', failed: 'error', polling: 'connected', file: 'disconnected', replay: 'disconnected',
};
export const dataStatus = (state: ConnectionState): DataStatus => kStatus[state];

const kOffers: Record<ConnectionState, readonly Offer[]> = {
  off: ['go_live'], connecting: ['cancel'], catching_up: ['cancel'], live: ['pause', 'refresh'], stale: ['reconnect'], retrying: ['retry'],
  full: ['retry', 'who'], offline: ['retry'], auth: ['enter_token'], failed: ['retry'], polling: ['try_streaming'],
  file: ['back_to_live'], replay: ['back_to_live'],
};
export function offers(state: ConnectionState, role: Connection['role']): readonly Offer[] {
  return role === 'follower' && state !== 'off' ? [...kOffers[state], 'take_over'] : kOffers[state];
}

const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1000))} s`;

function own(connection: Connection, perSecond: number, now: number): string {
  const { reason, tries, nextTryAt, lastByteAt, caughtUp, catchUpTo } = connection;
  const silence = seconds(Math.floor((now - lastByteAt) / 1000) * 1000);
  const next = nextTryAt > now ? `in ${seconds(nextTryAt - now)}` : 'now';
  switch (shownState(connection, now)) {
    case 'off': return 'Live off';
    case 'connecting': return reason === '' ? 'Connecting' : `Connecting: ${reason}`;
    case 'catching_up': return `Catching up, ${count(caughtUp)} of ${count(catchUpTo)}`;
    case 'live': return `Live ${count(Math.round(perSecond))}/s, ${seesHeartbeats(connection) ? `${silence} ago` : 'heartbeats cannot be seen here'}`;
    case 'stale': return `No sign of life for ${silence}`;
    case 'retrying': return `Reconnecting ${next} (try ${tries}): ${reason}`;
    case 'full': return `Server full, ${reason}; next try ${next}`;
    case 'offline': return reason === '' ? 'Offline' : `Offline: ${reason}`;
    case 'auth': return reason === '' ? 'Token needed' : reason;
    case 'failed': return reason;
    case 'polling': return reason;
    case 'file': return `${reason === '' ? 'A file' : reason}, not live`;
    case 'replay': return 'Replay, not live';
  }
}

/** `now`: Date.now() or what a monotonic clock makes of it. */
export function words(connection: Connection, perSecond: number, now: number): string {
  const text = own(connection, perSecond, now);
  if (connection.role === 'follower' && connection.state !== 'off') return `${text}, via another tab`;
  const manyAlone = connection.role === 'alone' && connection.tabs >= 3;
  return manyAlone ? `${text}; each of ${connection.tabs} tabs has a connection of its own` : text;
}
