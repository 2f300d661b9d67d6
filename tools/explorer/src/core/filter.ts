// The filter language (explorer.md section 6): text to terms and back.
//
//   term = ["-"] key ":" value {"," value}   or   ["-"] word   or   ["-"] "quoted text"
//
// Terms all have to hold, values of one term are alternatives. A value in quotes stands for
// itself; without, `*` at its end makes it a prefix, and where numbers or times are compared it
// may begin with > >= < <= or be a range a..b.

export interface Value {
  text: string;
  prefix: boolean;
}

export interface Term {
  /** As it was typed, and where. */
  text: string;
  from: number;
  to: number;
  exclude: boolean;
  /** Empty: text that the body contains. */
  key: string;
  values: Value[];
}

export interface BadTerm {
  from: number;
  to: number;
  why: string;
}

/** Both ends belong to it, unless `open`. */
export interface Range {
  low: number;
  high: number;
  lowOpen: boolean;
  highOpen: boolean;
  /** Instead of `low`: that percentile of the tool's durations. */
  lowPercentile: number;
}

const kNames: readonly string[] = ['type', 'task', 'session', 'thread', 'agent', 'role', 'tool', 'server', 'status', 'phase', 'speaker', 'has'];
const kNumbers: readonly string[] = ['dur', 'share', 'exit', 'turn', 'seq', 'time', 'size', 'cost', 'quality'];
export const kFilterKeys: readonly string[] = [...kNames, ...kNumbers];
export const isNumberKey = (key: string): boolean => kNumbers.includes(key);
const kHas: readonly string[] = ['error', 'stderr', 'thought'];

const kTimeUnits = new Map([['ms', 1], ['s', 1e3], ['m', 6e4], ['h', 36e5], ['d', 864e5]]);
const kSizeUnits = new Map([['B', 1], ['KB', 1024], ['MB', 1024 ** 2]]);
const kPercentiles = new Map([['p50', 0.5], ['p95', 0.95], ['p99', 0.99]]);
const kDay = /^\d{4}-\d\d-\d\d$/;
const kInstant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/;

export function parseFilter(text: string): { terms: Term[]; bad: BadTerm[] } {
  const terms: Term[] = [], bad: BadTerm[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(text[at] ?? '')) ++at;
    if (at >= text.length) return { terms, bad };
    const from = at;
    const read = readTerm(text, from);
    at = read.to;
    if (read.why === '') terms.push({ text: text.slice(from, at), from, to: at, exclude: read.exclude, key: read.key, values: read.values });
    else bad.push({ from, to: at, why: read.why });
  }
}

interface Read {
  to: number;
  exclude: boolean;
  key: string;
  values: Value[];
  why: string;
}

function readTerm(text: string, from: number): Read {
  const exclude = text[from] === '-' && !/^(\s|$)/.test(text.slice(from + 1, from + 2));
  let at = from + Number(exclude);
  const key = /^[A-Za-z]+(?=:)/.exec(text.slice(at, at + 64))?.[0].toLowerCase() ?? '';
  if (key !== '') at += key.length + 1;
  const values: Value[] = [];
  let why = '';
  for (;;) {
    const value = readValue(text, at, key !== '');
    at = value.to;
    if (!value.closed) why ||= 'the quote is not closed';
    else if (key === '' ? value.text === '' : value.text === '' && !value.quoted && !value.prefix) why ||= key === '' ? 'no text' : `${key}: needs a value`;
    else if (key !== '') why ||= meaningless(key, value.text);
    values.push({ text: value.text, prefix: value.prefix && key !== '' });
    if (key === '' || text[at] !== ',') break;
    ++at;
  }
  // What stands right behind a closing quote belongs to nothing.
  if (at < text.length && !/\s/.test(text[at]!)) {
    while (at < text.length && !/\s/.test(text[at]!)) ++at;
    why ||= 'a space is missing behind the quote';
  }
  return { to: at, exclude, key, values, why };
}

function readValue(text: string, from: number, inKey: boolean): { text: string; to: number; prefix: boolean; quoted: boolean; closed: boolean } {
  let at = from;
  if (text[at] !== '"') {
    while (at < text.length && !/\s/.test(text[at]!) && !(inKey && text[at] === ',')) ++at;
    const word = text.slice(from, at);
    const prefix = inKey && word.endsWith('*');
    return { text: prefix ? word.slice(0, -1) : word, to: at, prefix, quoted: false, closed: true };
  }
  let value = '';
  for (++at; at < text.length && text[at] !== '"'; ++at) {
    if (text[at] === '\\' && at + 1 < text.length) ++at;
    value += text[at];
  }
  const closed = at < text.length;
  const prefix = inKey && text[at + 1] === '*';
  return { text: value, to: Math.min(text.length, at + 1 + Number(prefix)), prefix, quoted: true, closed };
}

function meaningless(key: string, value: string): string {
  if (!kFilterKeys.includes(key)) return `there is no key ${key}; quotes make it a text to look for`;
  if (isNumberKey(key) && readRange(key, value, 0) === null) return `${key}: cannot be ${value}`;
  if (key === 'has' && !kHas.includes(value)) return `has: knows ${kHas.join(', ')}`;
  return '';
}

/** Asked of a whole trace, where traces are listed: did it fail, does it run, when did it begin, how long did it take, what did it cost. */
export function isOfTrace({ key, values }: Pick<Term, 'key' | 'values'>): boolean {
  const [{ text, prefix } = { text: '', prefix: true }] = values;
  if (values.length !== 1 || prefix) return false;
  return key === 'time' || key === 'cost' || key === 'quality' || (key === 'dur' && readRange(key, text, 0)?.lowPercentile === 0) ||
    (key === 'status' && text === 'running') || ((key === 'status' || key === 'has') && text === 'error');
}
/** The whole numbers in it, both ends included. */
export const wholeIn = ({ low, high, lowOpen, highOpen }: Range): [number, number] =>
  [lowOpen ? Math.floor(low) + 1 : Math.ceil(low), highOpen ? Math.ceil(high) - 1 : Math.floor(high)];

/** null: that is no number (time, size) of this key. Durations count back from `nowMs` in `time`. */
export function readRange(key: string, text: string, nowMs: number): Range | null {
  const range: Range = { low: -Infinity, high: Infinity, lowOpen: false, highOpen: false, lowPercentile: 0 };
  const compared = /^(>=|<=|>|<)(.*)$/.exec(text);
  if (compared) {
    const [, how = '', value = ''] = compared;
    const share = key === 'dur' && how.startsWith('>') ? kPercentiles.get(value) : undefined;
    if (share !== undefined) return { ...range, lowPercentile: share, lowOpen: how === '>' };
    const number = readNumber(key, value, nowMs);
    if (number === null) return null;
    return how.startsWith('>') ? { ...range, low: number, lowOpen: how === '>' } : { ...range, high: number, highOpen: how === '<' };
  }
  const dots = text.indexOf('..');
  if (dots >= 0) {
    const [left, right] = [text.slice(0, dots), text.slice(dots + 2)];
    const low = left === '' ? -Infinity : readNumber(key, left, nowMs), high = right === '' ? Infinity : readNumber(key, right, nowMs);
    return low === null || high === null || left + right === '' ? null : { ...range, low, high };
  }
  const number = readNumber(key, text, nowMs);
  if (number === null) return null;
  // `time:1h` is the last hour, `time:2026-11-21` that day.
  if (key === 'time' && /[a-z]$/.test(text)) return { ...range, low: number };
  if (key === 'time' && kDay.test(text)) return { ...range, low: number, high: number + 864e5, highOpen: true };
  return { ...range, low: number, high: number };
}

function readNumber(key: string, text: string, nowMs: number): number | null {
  if (key === 'time') return readTime(text, nowMs);
  if (key === 'seq') {
    const id = /^(?:[0-9a-f]{10}-)?(\d{1,15})$/.exec(text);
    return id ? Number(id[1]) : null;
  }
  const [, digits = '', unit = ''] = /^(-?\d+(?:\.\d+)?)([A-Za-z%]*)$/.exec(text) ?? [];
  if (digits === '') return null;
  const number = Number(digits);
  if (unit === '') return number;
  if (key === 'share') return unit === '%' ? number : null;
  const scale = key === 'dur' ? kTimeUnits.get(unit) : key === 'size' ? kSizeUnits.get(unit.toUpperCase()) : undefined;
  return scale === undefined ? null : number * scale;
}

/** ISO (UTC, where no zone is said), ns or ms since 1970, or so long ago. */
function readTime(text: string, nowMs: number): number | null {
  const [, ago = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (ago !== '') return nowMs - Number(ago) * kTimeUnits.get(unit)!;
  if (/^\d{1,19}$/.test(text)) return text.length > 15 ? Number(text) / 1e6 : Number(text);
  const instant = kInstant.exec(text);
  if (!instant && !kDay.test(text)) return null;
  const ms = Date.parse(instant && !instant[3] ? `${text}Z` : text);
  return Number.isNaN(ms) ? null : ms;
}

/** `parseFilter(printFilter(terms))` has the same terms. */
export function printFilter(terms: readonly Pick<Term, 'exclude' | 'key' | 'values'>[]): string {
  return terms.map(({ exclude, key, values }) =>
    `${exclude ? '-' : ''}${key === '' ? printText(values[0]?.text ?? '') : `${key}:${values.map((value) => printValue(key, value)).join(',')}`}`).join(' ');
}

export function printTerm(key: string, value: string, exclude = false): string {
  return printFilter([{ exclude, key, values: [{ text: value, prefix: false }] }]);
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
const printText = (text: string): string => (text === '' || /^[-"]|\s|^[A-Za-z]+:/.test(text) ? quote(text) : text);
const printValue = (key: string, { text, prefix }: Value): string => {
  const plain = isNumberKey(key) || !(text === '' && !prefix || /^"|[\s,]|\*$/.test(text));
  return `${plain ? text : quote(text)}${prefix ? '*' : ''}`;
};
