// `<epoch>-<sequence>`: the epoch names a log, the sequence a place in it.

import type { EventId } from './protocol.ts';

export interface Place {
  epoch: string;
  sequence: number;
}

export function parseId(id: EventId): Place | null {
  const dash = id.lastIndexOf('-');
  const sequence = id.slice(dash + 1);
  return dash > 0 && /^\d{1,15}$/.test(sequence) ? { epoch: id.slice(0, dash), sequence: Number(sequence) } : null;
}

/** The id `count` places before; never before the start of the log. */
export function before(place: Place, count: number): EventId {
  return `${place.epoch}-${Math.max(0, place.sequence - count)}`;
}

/** Below 0: `a` lies before `b`; NaN: they are of two logs, or no ids. */
export function compareIds(a: EventId, b: EventId): number {
  const [left, right] = [parseId(a), parseId(b)];
  return left !== null && left.epoch === right?.epoch ? left.sequence - right.sequence : NaN;
}
