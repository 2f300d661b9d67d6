// What a span, a slice or a HAR entry takes from an envelope. The rules are the server's
// (orchestrator/export/envelope_parts.cpp), so that both exports of one log say the same.

import type { EventId, Row } from './protocol.ts';
import { rawMember } from './raw_member.ts';

/** A JSON object from outside. */
export type Members = Record<string, unknown>;

export interface Parts {
  id: EventId;
  /** The 10 digits before the sequence; `file` for rows without ids. */
  epoch: string;
  timeNs: bigint;
  type: string;
  name: string;
  task: string;
  session: string;
  agent: string;
  role: string;
  thread: string;
  call: string;
  tool: string;
  server: string;
  request: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  status: string;
  turn: number | null;
  callIndex: number | null;
  exit: number | null;
  durationMs: number | null;
  dependsOn: string[];
  /** A thought's words, an action's arguments as JSON, an observation's output; cut. */
  text: string;
  /** `text` is base64 of what is no text. */
  isBinary: boolean;
}

const kMaxTextBytes = 32 * 1024;
const scratch = new Uint8Array(kMaxTextBytes);
const encoder = new TextEncoder();

function cut(text: string): string {
  return text.length * 3 <= kMaxTextBytes ? text : text.slice(0, encoder.encodeInto(text, scratch).read);
}
export function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const integerOf = (value: unknown): number | null => (Number.isInteger(value) ? (value as number) : null);
const idOf = (value: unknown): string => (/^[A-Za-z0-9._:@-]{1,128}$/.test(textOf(value)) ? (value as string) : '');
const hexOf = (value: unknown, digits: number): string => {
  const text = textOf(value);
  return text.length === digits && /^(?!0+$)[0-9a-f]+$/.test(text) ? text : '';
};
const either = (snake: unknown, camel: unknown): unknown => (snake === undefined ? camel : snake);

/** Reads the entries of one log, in order: one without a time happened when it came. */
export class PartsReader {
  /** Of the entry read last; 0: of none yet. */
  lastNs = 0n;

  /** REQUIRES: body is a JSON object. */
  read(row: Row, body: string): Parts {
    const of = membersOf(JSON.parse(body));
    const payload = membersOf(of.payload), metadata = membersOf(of.metadata);
    const call = membersOf(payload.tool_call), seen = membersOf(payload.observation);
    const type = textOf(of.type), stamp = textOf(of.timestamp_ns);
    if (/^[1-9][0-9]{0,18}$/.test(stamp)) this.lastNs = BigInt(stamp);
    else if (row.timeMs > 0) this.lastNs = BigInt(Math.trunc(row.timeMs)) * 1_000_000n;
    const pick = (name: string): unknown => (type === 'observation' ? (typeof metadata[name] === 'string' ? metadata[name] : seen[name]) : undefined);
    const chain = membersOf(payload.analysis).reasoning_chain;
    const ms = of.duration_ms;
    return {
      id: row.id,
      epoch: row.id.slice(0, Math.max(0, row.id.lastIndexOf('-'))) || 'file',
      timeNs: this.lastNs,
      type,
      name: row.name,
      task: idOf(either(of.task_id, of.taskId)),
      session: idOf(either(of.session_id, of.sessionId)),
      agent: idOf(either(of.agent_id, of.agentId)),
      role: idOf(of.agent_role),
      thread: idOf(of.thread_id),
      call: idOf(of.tool_call_id),
      tool: type === 'action' ? textOf(call.tool_name) : textOf(pick('tool_name')),
      server: cut(textOf(either(call.server, metadata.server))),
      request: cut(textOf(call.jsonrpc_request_id)),
      traceId: hexOf(of.trace_id, 32),
      spanId: hexOf(of.span_id, 16),
      parentSpanId: hexOf(of.parent_span_id, 16),
      status: textOf(pick('status')),
      turn: integerOf(of.turn_index),
      callIndex: integerOf(of.call_index),
      exit: integerOf(of.exit_code),
      durationMs: typeof ms === 'number' && ms >= 0 ? ms : null,
      dependsOn: Array.isArray(call.depends_on) ? call.depends_on.filter((id) => typeof id === 'string') : [],
      text: cut(
        type === 'thought' ? textOf(either(chain, payload.content))
        : type === 'action' ? (rawMember(body, 'payload', 'tool_call', 'arguments') ?? '')
        : type === 'observation' ? textOf(of.stdout) || textOf(of.stderr)
        : ''),
      isBinary: of.encoding === 'base64',
    };
  }
}

/** A call that ended otherwise than well. */
export function isFailure(observation: Parts): boolean {
  return observation.exit === null ? observation.status !== '' && observation.status !== 'SUCCESS' : observation.exit !== 0;
}

/** As its action says, else as long before its end as it lasted; never after its end. */
export function startOf(action: Parts | undefined, observation: Parts): bigint {
  const end = observation.timeNs;
  if (action) return action.timeNs < end ? action.timeNs : end;
  const ns = BigInt(Math.trunc((observation.durationMs ?? 0) * 1e6));
  return ns >= end ? 0n : end - ns;
}

export interface OpenCall<Mark> {
  action: Parts;
  matches: boolean;
  mark: Mark;
}

// A log in which nothing ever ends is exported all the same.
const kMaxOpen = 20_000;

/** Brings an action and its observation together. */
export class OpenCalls<Mark> {
  readonly #calls = new Map<string, OpenCall<Mark>>();

  /** Returns the calls that have to be told without their end. */
  open(call: OpenCall<Mark>): OpenCall<Mark>[] {
    const id = call.action.call, given: OpenCall<Mark>[] = [];
    if (id === '') return [call];
    const same = this.take(id);
    if (same) given.push(same);
    this.#calls.set(id, call);
    if (this.#calls.size > kMaxOpen) for (const [oldest] of this.#calls) {
      given.push(this.take(oldest)!);
      break;
    }
    return given;
  }
  take(id: string): OpenCall<Mark> | undefined {
    const call = this.#calls.get(id);
    this.#calls.delete(id);
    return call;
  }
  /** Those still open, in the order of the log. */
  rest(): OpenCall<Mark>[] {
    return [...this.#calls.values()];
  }
}
