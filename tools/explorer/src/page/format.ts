// Numbers, sizes and times as people read them.

import type { Settings } from './state.ts';

/** 98 310 */
export const count = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ' ');
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  return n < 1024 * 1024 ? `${(n / 1024).toFixed(n < 10 * 1024 ? 1 : 0)} KB` : `${(n / 1024 / 1024).toFixed(n < 10 * 1024 * 1024 ? 1 : 0)} MB`;
}

/** 0.4 ms, 11 ms, 3.2 s, 2 m 05 s, 1 h 03 m, 2 d 4 h */
export function duration(ms: number): string {
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0');
  if (ms < 10) return `${Number(Math.max(0, ms).toFixed(1))} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 60) return `${s.toFixed(1)} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two((s % 3600) / 60)} m`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

const kParts: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' };
const kOfZone = {
  local: [new Intl.DateTimeFormat('en-GB', kParts), new Intl.DateTimeFormat('sv-SE')],
  utc: [new Intl.DateTimeFormat('en-GB', { ...kParts, timeZone: 'UTC' }), new Intl.DateTimeFormat('sv-SE', { timeZone: 'UTC' })],
} as const;

/** 12:04:05.120; of another day 11-29 12:04:05; relative: 3 s ago. */
export function clock(ms: number, times: Settings['times'], nowMs: number): string {
  if (times === 'relative') return `${age(nowMs - ms)} ago`;
  const [time, day] = kOfZone[times];
  const text = time.format(ms);
  return day.format(ms) === day.format(nowMs) ? text : `${day.format(ms).slice(5)} ${text.slice(0, 8)}`;
}
/** Whole, for titles. */
export const moment = (ms: number, times: Settings['times']): string =>
  times === 'utc' || times === 'relative' ? new Date(ms).toISOString() : `${kOfZone.local[1].format(ms)} ${kOfZone.local[0].format(ms)}`;

/** 2 s, 5 m, 3 h, 2 d: one unit. */
export function age(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m`;
  return s < 86400 ? `${Math.floor(s / 3600)} h` : `${Math.floor(s / 86400)} d`;
}
