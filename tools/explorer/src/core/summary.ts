// What one line says best of an entry.

import { outputIn } from './envelope.ts';
import { isObject, kAction, kHitl, kKinds, kLifecycle, kMark, kObservation, kThought, member, numberOf, textOf } from './types.ts';

const kMostLength = 200;
const kLongLength = 4096;

function oneLine(text: string): string {
  const line = text.slice(0, 4 * kMostLength).replace(/\s+/g, ' ').trim();
  const cut = line.slice(0, line.length > kMostLength && /[\ud800-\udbff]/.test(line[kMostLength - 1]!) ? kMostLength - 1 : kMostLength);
  // A slice of a long string would keep all of it: what is joined anew does not.
  return text.length > kLongLength ? [...cut].join('') : cut;
}

/** `value`: the parsed body; undefined with an `error`: it could not be parsed. */
export function summaryOf(kind: number, name: string, failed: boolean, value: unknown, error: string): string {
  if (kind === kMark) return oneLine(markWords(name, value));
  if (error !== '') return oneLine(error);
  const payload = member(value, 'payload');
  switch (kind) {
    case kThought: return oneLine(thoughtOf(payload));
    case kAction: return oneLine(argumentsOf(member(member(payload, 'tool_call'), 'arguments')));
    case kObservation: return oneLine(resultOf(value, failed));
    case kHitl: return oneLine(first(payload, ['question', 'reason', 'feedback', 'resolution', 'gate_id']));
    case kLifecycle: return oneLine(first(payload, ['error', 'reason', 'message', 'title', 'result', 'client_name', 'status']));
    default: break;
  }
  if (kKinds[kind] === 'channel') {
    const speaker = textOf(payload, 'speaker'), said = first(payload, ['content', 'response', 'error', 'reason', 'phase', 'finalPhase', 'title']);
    return oneLine(speaker === '' ? said : `${speaker}: ${said}`);
  }
  if (kKinds[kind] === 'graph' && textOf(payload, 'from_tool_id') !== '') return oneLine(`${textOf(payload, 'from_tool_id')} to ${textOf(payload, 'to_tool_id')}`);
  return oneLine(argumentsOf(payload ?? value));
}

function first(payload: unknown, names: readonly string[]): string {
  for (const name of names) {
    const found = member(payload, name);
    if (found !== undefined && found !== null && found !== '') return plain(found);
  }
  return argumentsOf(payload);
}

const plain = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

function thoughtOf(payload: unknown): string {
  const analysis = member(payload, 'analysis');
  return textOf(analysis, 'reasoning_chain') || textOf(payload, 'content') || textOf(member(payload, 'intent'), 'current_strategy') ||
    textOf(analysis, 'state_assessment') || textOf(analysis, 'observation_reflection');
}

/** `path: src/a.cc, lines: 20` */
function argumentsOf(value: unknown): string {
  if (!isObject(value)) return value === undefined ? '' : plain(value);
  let text = '';
  for (const [name, one] of Object.entries(value)) {
    text += `${text === '' ? '' : ', '}${name}: ${plain(one)}`;
    if (text.length > 4 * kMostLength) break;
  }
  return text;
}

function resultOf(observation: unknown, failed: boolean): string {
  const stdout = outputIn(observation, 'stdout'), stderr = outputIn(observation, 'stderr');
  if (member(observation, 'encoding') === 'base64') return `base64, ${Math.floor(((stdout || stderr).replace(/=+$/, '').length * 3) / 4)} bytes`;
  const text = failed ? stderr || stdout : stdout || stderr;
  if (text.trim() !== '') return text;
  const result = member(member(observation, 'payload'), 'result'), content = member(result, 'content');
  const blocks = Array.isArray(content) ? content.map((block) => textOf(block, 'mimeType') || textOf(block, 'type')).filter((type) => type !== '' && type !== 'text') : [];
  return blocks.length > 0 ? blocks.join(', ') : argumentsOf(member(result, 'structured_content'));
}

function markWords(name: string, data: unknown): string {
  const reason = textOf(data, 'reason'), count = numberOf(data, 'count') ?? 0;
  switch (name) {
    case 'gap': {
      const why = reason === 'corrupt' ? 'could not be read' : reason === 'recorder' ? 'were not stored' : 'are no longer kept';
      const one = count === 1 ? why.replace('are', 'is').replace('were', 'was') : why;
      return `gap: ${count} ${count === 1 ? 'entry' : 'entries'} ${one} (${textOf(data, 'from')} to ${textOf(data, 'to')})`;
    }
    case 'reset': {
      const why = reason === 'epoch' ? 'the log is another one' : reason === 'future' ? 'the log is shorter than what was seen' : 'the id was not understood';
      return `reset: ${why}; what is above is of before`;
    }
    case 'evicted': return `the server ended the stream: ${reason}`;
    case 'goodbye': return `the server says goodbye: ${reason}`;
    case 'envelope_oversize': return `an envelope of ${numberOf(data, 'bytes') ?? 0} bytes, too large for the stream`;
    default: return reason || (typeof data === 'string' ? data : argumentsOf(data)) || name;
  }
}
