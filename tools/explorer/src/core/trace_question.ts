// A filter as a question to `GET /api/analytics/traces/list` (E20): the terms that a parameter of
// it means just as they are meant here. What is left is for what is loaded.

import { isOfTrace, readRange, wholeIn, type Term } from './filter.ts';

export interface TraceQuestion {
  params: URLSearchParams;
  asked: Term[];
  left: Term[];
  /** Traces begun before this are of no interest; -Infinity: all are. */
  sinceMs: number;
}

const kOfASpan = new Map([['task', 'workflow'], ['session', 'session_tag'], ['agent', 'meta.agent_id'], ['role', 'meta.agent_role'],
  ['thread', 'meta.thread_id'], ['tool', 'meta.tool_name'], ['server', 'meta.server'], ['turn', 'meta.turn_index']]);
const kMostBytes = 128;
const utf8 = new TextEncoder();

/** Parameters that say what this term says; null: none do. */
function paramsOf(term: Term, terms: readonly Term[], nowMs: number): [string, string][] | null {
  const { key, values: [value], exclude } = term;
  if (!value) return null;
  const { text } = value;
  if (isOfTrace(term)) {
    if (key === 'status' && text === 'running') return exclude ? null : [['status', text]];
    if (key === 'status' || key === 'has') return [['has_error', String(!exclude)]];
    const range = exclude ? null : readRange(key, text, nowMs);
    return range && rangeParams(key, range, terms);
  }
  const name = kOfASpan.get(key);
  if (name === undefined || exclude || term.values.length !== 1 || value.prefix) return null;
  if (key === 'turn') return /^\d{1,15}$/.test(text) ? [[name, String(Number(text))]] : null;
  // `tool:files/read` may be a tool of that name, or one server's; a channel is a task here alone.
  if (text === '' || text.includes('\0') || utf8.encode(text).length > kMostBytes || (key === 'tool' && text.includes('/')) || (key === 'task' && text.startsWith('channel:'))) return null;
  return [[name, text]];
}

function rangeParams(key: string, range: NonNullable<ReturnType<typeof readRange>>, terms: readonly Term[]): [string, string][] | null {
  const isWhole = key === 'time' || key === 'dur';
  // The score is asked of the one span that has the names too: together they would mean another thing.
  if (key === 'quality' && (range.high !== Infinity || terms.some(({ key: other }) => kOfASpan.has(other)))) return null;
  if (!isWhole && (range.lowOpen && range.low !== -Infinity || range.highOpen && range.high !== Infinity)) return null;
  const [low, high] = isWhole ? wholeIn(range) : [range.low, range.high];
  if (high < 0) return null;
  const [least, most] = key === 'time' ? ['start_date', 'end_date'] : key === 'dur' ? ['min_duration', 'max_duration'] : key === 'cost' ? ['min_cost', 'max_cost'] : ['min_quality_score', ''];
  return [...(low === -Infinity ? [] : [[least, String(Math.max(0, low))] as [string, string]]), ...(high === Infinity ? [] : [[most, String(high)] as [string, string]])];
}

export function questionOf(terms: readonly Term[], nowMs: number): TraceQuestion {
  const question: TraceQuestion = { params: new URLSearchParams(), asked: [], left: [], sinceMs: -Infinity };
  for (const term of terms) {
    const made = paramsOf(term, terms, nowMs);
    // A parameter is said once.
    const can = made !== null && made.length > 0 && made.every(([name]) => name !== '' && !question.params.has(name));
    (can ? question.asked : question.left).push(term);
    if (!can) continue;
    for (const [name, value] of made) question.params.set(name, value);
    question.sinceMs = Number(question.params.get('start_date') ?? -Infinity);
  }
  return question;
}
