// What the explorer reads in an envelope (saop.md 3, 4). Hosts may publish anything: what is not
// of the right type counts as absent.

import type { RowKind } from './protocol.ts';
import { isObject, kAction, kGraph, kKinds, kLifecycle, kNoStatus, kObservation, kOther, kSystem, kThought, member, numberOf, statusIndex, statusOfExit, textOf } from './types.ts';

export interface Facts {
  kind: number;
  name: string;
  /** null: no stamp, or `"0"`. */
  timeMs: number | null;
  task: string;
  session: string;
  thread: string;
  agent: string;
  role: string;
  tool: string;
  server: string;
  speaker: string;
  phase: string;
  traceId: string;
  turn: number;
  status: number;
  exit: number | null;
  durationMs: number | null;
  hasStderr: boolean;
  /** Of a span: USD; of a span or a result: a score. null: not said. */
  cost: number | null;
  quality: number | null;
  callId: string;
  parentCallId: string;
  thoughtId: string;
  /** Of an action: the thought it follows from. */
  because: string;
  /** The call may not begin before these end. */
  dependsOn: string[];
}

// Longer than the grammar of ids allows twice over; a name of a megabyte is kept as its beginning.
const kMostNameLength = 256;
const kStamp = /^[0-9]{1,19}$/;
const kKindOfType = new Map(kKinds.map((kind, at) => [kind as string, at]));
kKindOfType.delete('mark'); // the stream's own, never an envelope's

// A slice of a long string would keep all of it.
const nameOf = (value: unknown, name: string): string => {
  const text = textOf(value, name);
  return text.length <= kMostNameLength ? text : Array.from(text.slice(0, kMostNameLength)).join('');
};

/** Nanoseconds as text, to milliseconds with a fraction. */
function millisOf(stamp: string): number | null {
  if (!kStamp.test(stamp)) return null;
  const ms = stamp.length <= 15 ? Number(stamp) / 1e6 : Number(stamp.slice(0, -6)) + Number(stamp.slice(-6)) / 1e6;
  return ms > 0 ? ms : null;
}

/** `event`: the name of the entry on the stream; empty: none. */
export function readEnvelope(envelope: unknown, event: string): Facts {
  const kind = kKindOfType.get(textOf(envelope, 'type')) ?? kOther;
  const payload = member(envelope, 'payload');
  const facts: Facts = {
    kind,
    name: (event || nameOf(payload, 'event')).slice(0, kMostNameLength),
    timeMs: millisOf(textOf(envelope, 'timestamp_ns')),
    task: nameOf(envelope, 'task_id') || nameOf(envelope, 'taskId'),
    session: nameOf(envelope, 'session_id') || nameOf(envelope, 'sessionId'),
    thread: nameOf(envelope, 'thread_id'),
    agent: nameOf(envelope, 'agent_id') || nameOf(envelope, 'agentId'),
    role: nameOf(envelope, 'agent_role'),
    tool: '', server: '', speaker: '', phase: '',
    traceId: nameOf(envelope, 'trace_id'),
    turn: turnOf(envelope, kind),
    status: kNoStatus, exit: null, durationMs: null, hasStderr: false, cost: null, quality: null,
    callId: '', parentCallId: '', thoughtId: '', because: '', dependsOn: [],
  };
  if (kind === kAction) readAction(envelope, member(payload, 'tool_call'), facts);
  else if (kind === kObservation) readObservation(envelope, payload, facts);
  else if (kind === kThought) facts.thoughtId = nameOf(envelope, 'thought_id');
  else if (textOf(envelope, 'type') === 'span') readSpan(envelope, member(payload, 'span'), facts);
  else if (kKinds[kind] === 'hitl') facts.tool = nameOf(payload, 'tool_name');
  else if (kKinds[kind] === 'channel') {
    // A channel has no task; it is a trace of its own all the same.
    const channel = nameOf(envelope, 'channel');
    if (facts.task === '' && channel !== '') facts.task = `channel:${channel}`;
    facts.name ||= nameOf(envelope, 'event');
    facts.speaker = nameOf(payload, 'speaker');
    facts.phase = nameOf(payload, 'phase');
  }
  return facts;
}

function turnOf(envelope: unknown, kind: number): number {
  const turn = numberOf(envelope, 'turn_index');
  if (turn === null || !Number.isInteger(turn) || turn < 0 || turn >= 2 ** 31) return -1;
  // Every envelope of the house has the member; what is no part of a turn has 0 in it.
  return turn === 0 && (kind === kLifecycle || kind === kSystem || kind === kGraph) ? -1 : turn;
}

function readAction(envelope: unknown, call: unknown, facts: Facts): void {
  facts.tool = nameOf(call, 'tool_name');
  facts.server = nameOf(call, 'server');
  facts.callId = nameOf(envelope, 'tool_call_id') || nameOf(call, 'tool_call_id');
  facts.parentCallId = nameOf(call, 'parent_tool_call_id') || nameOf(envelope, 'parent_tool_call_id');
  facts.because = nameOf(envelope, 'source_thought_id');
  const dependsOn = member(call, 'depends_on');
  if (Array.isArray(dependsOn)) facts.dependsOn = dependsOn.filter((id): id is string => typeof id === 'string');
}

/** Sent by a host to `/api/analytics/traces`. */
function readSpan(envelope: unknown, span: unknown, facts: Facts): void {
  facts.callId = nameOf(envelope, 'span_id');
  facts.cost = numberOf(span, 'cost_usd');
  facts.quality = numberOf(member(span, 'metadata'), 'quality_score');
}

function readObservation(envelope: unknown, payload: unknown, facts: Facts): void {
  const metadata = member(envelope, 'metadata'), observation = member(payload, 'observation');
  facts.tool = nameOf(metadata, 'tool_name') || nameOf(observation, 'tool_name');
  facts.server = nameOf(metadata, 'server');
  facts.callId = nameOf(envelope, 'tool_call_id') || nameOf(observation, 'tool_call_id');
  const exit = numberOf(envelope, 'exit_code');
  facts.exit = exit !== null && Number.isInteger(exit) ? exit | 0 : null;
  const duration = numberOf(envelope, 'duration_ms');
  facts.durationMs = duration !== null && duration >= 0 ? duration : null;
  facts.status = statusIndex(textOf(metadata, 'status') || textOf(observation, 'status'));
  if (facts.status === kNoStatus && facts.exit !== null) facts.status = statusOfExit(facts.exit);
  facts.hasStderr = outputIn(envelope, 'stderr') !== '';
  facts.quality = numberOf(metadata, 'quality_score');
}

/** Of an observation, from the first of the three places that has it (saop.md 4.5). */
export function outputIn(envelope: unknown, name: 'stdout' | 'stderr'): string {
  const payload = member(envelope, 'payload');
  return textOf(envelope, name) || textOf(member(payload, 'result'), name) || textOf(member(payload, 'observation'), name);
}

export const kindName = (kind: number): RowKind => kKinds[kind] ?? 'other';

/** The value, or why the text is none. An envelope that is no object is read like an empty one. */
export function parseBody(text: string): { value: unknown; error: string } {
  try {
    const value: unknown = JSON.parse(text);
    return { value, error: isObject(value) ? '' : 'not an object' };
  } catch (error) {
    return { value: undefined, error: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
