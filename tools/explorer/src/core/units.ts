// Numbers in words.

const kMs = 1, kSecond = 1000, kMinute = 60_000, kHour = 3_600_000, kDay = 86_400_000;
const trim = (value: number, digits: number) => value.toFixed(digits).replace(/\.?0+$/, '');

/** `840 ms`, `3.4 s`, `2 min 5 s`, `1 h 4 min`, `12 us`; empty for null. */
export function duration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '';
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < kMs) return ms === 0 ? '0 ms' : ms < 0.1 ? `${Math.max(1, Math.round(ms * 1000))} us` : `${trim(ms, 2)} ms`;
  if (ms < kSecond - 0.5) return ms < 10 ? `${trim(ms, 1)} ms` : `${Math.round(ms)} ms`;
  if (ms < kMinute - 50) return `${trim(ms / kSecond, ms < 10 * kSecond ? 2 : 1)} s`;
  const pair = (big: number, bigName: string, small: number, smallName: string) => {
    const all = Math.round(ms / small);
    const rest = all % (big / small);
    return `${Math.floor(all / (big / small))} ${bigName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
  };
  if (ms < kHour - kSecond / 2) return pair(kMinute, 'min', kSecond, 's');
  if (ms < kDay - kMinute / 2) return pair(kHour, 'h', kMinute, 'min');
  return pair(kDay, 'd', kHour, 'h');
}

/** `98 310`: the gap does not break (a narrow one would be named by hidden_chars.ts). */
export const count = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, '\u00a0');

export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  return n < 1 << 20 ? `${trim(n / 1024, 1)} KB` : `${trim(n / (1 << 20), 1)} MB`;
}

/** `files/read_file`: the name the server gives its tool, without the prefix that says so again. */
export function toolName({ server, tool }: { server: string; tool: string }): string {
  if (server === '' || tool === '') return tool;
  return `${server}/${tool.startsWith(`${server}__`) ? tool.slice(server.length + 2) : tool}`;
}

/** `1 call`, `7 calls` */
export const counted = (n: number, what: string): string => `${count(n)} ${what}${n === 1 ? '' : 's'}`;

export type Times = 'local' | 'utc' | 'relative';
const zoned = (ms: number, times: Times): string => {
  const at = new Date(ms - (times === 'local' ? new Date(ms).getTimezoneOffset() * kMinute : 0));
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
};

/** `12:04:05.120`; of another day `11-29 12:04:05`; relative: `3 s ago`. */
export function clock(ms: number, times: Times, nowMs: number): string {
  if (times === 'relative') return nowMs - ms < kSecond ? 'now' : `${duration(Math.floor((nowMs - ms) / kSecond) * kSecond)} ago`;
  const text = zoned(ms, times);
  return text.slice(0, 10) === zoned(nowMs, times).slice(0, 10) ? text.slice(11, 23) : `${text.slice(5, 10)} ${text.slice(11, 19)}`.trim();
}
/** Whole, for titles. */
export const moment = (ms: number, times: Times): string => zoned(ms, times === 'local' ? 'local' : 'utc');
