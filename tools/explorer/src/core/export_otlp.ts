// OTLP/JSON, one `resourceSpans` (saop.md 11): a call is one SERVER span, a thought a span of
// no duration with the event `saop.thought`, so that the parent its calls name is in the file;
// a gap is a span too. The resource follows the spans: its counts are known only then.

import { counted, type ExportOptions, type Writer } from './export.ts';
import { isFailure, OpenCalls, PartsReader, startOf, type OpenCall, type Parts } from './export_parts.ts';
import { sha256 } from './sha256.ts';

// The conventions are in development: this pins the version, as the server's otel_names.h does.
const kSchema = 'https://opentelemetry.io/schemas/1.40.0';
const kErrorTypes: ReadonlyMap<string, string> = new Map([
  ['TOOL_ERROR', 'tool_error'], ['VALIDATION_FAILED', 'validation_failed'], ['UPSTREAM_UNAVAILABLE', 'upstream_unavailable'],
  ['TIMEOUT_EXCEEDED', 'timeout'], ['ACCESS_DENIED', 'access_denied'], ['UNKNOWN_TOOL', '-32602'], ['CANCELLED', 'cancelled'], ['ABANDONED', 'abandoned'],
]);
const kInternal = 1, kServer = 2;
// Said although it may be left out when it is 0: receivers are stricter than protobuf.
const kUnset = 0, kError = 2;

type Attribute = readonly [key: string, value: string | number | boolean | null];
/** 64-bit integers are strings of digits; what is empty or unknown is left out. */
function attributes(pairs: readonly Attribute[]): unknown[] {
  return pairs.filter(([, value]) => value !== '' && value !== null).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : typeof value === 'boolean' ? { boolValue: value } : { intValue: String(value) },
  }));
}
/** For what came without an id: the same in every export. */
const idOf = (text: string, digits: number): string => sha256(text).slice(0, digits);

interface Span {
  head: Parts;
  /** Makes its id, when it has none. */
  seed: string;
  name: string;
  kind: number;
  startNs: bigint;
  endNs: bigint;
  more: Attribute[];
  event?: Attribute[];
  failed?: boolean;
}

function spanOf({ head, seed, name, kind, startNs, endNs, more, event, failed }: Span): unknown {
  const task = `${head.epoch}:${head.task}`;
  const spanId = head.spanId || idOf(`${task}:${seed}`, 16);
  return {
    traceId: head.traceId || idOf(task, 32),
    spanId,
    ...(head.parentSpanId && head.parentSpanId !== spanId ? { parentSpanId: head.parentSpanId } : {}),
    name,
    kind,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(endNs),
    attributes: attributes([
      ['gen_ai.agent.id', head.agent], ['gen_ai.agent.name', head.role], ['gen_ai.conversation.id', head.session],
      ['saop.task_id', head.task], ['saop.thread_id', head.thread], ['saop.event_id', head.id], ['saop.turn_index', head.turn], ...more,
    ]),
    ...(event ? { events: [{ timeUnixNano: String(startNs), name, attributes: attributes(event) }] } : {}),
    status: { code: failed ? kError : kUnset },
  };
}

export function makeOtlpWriter({ filter }: ExportOptions): Writer {
  const reader = new PartsReader(), calls = new OpenCalls<null>();
  let spans = 0, gaps = 0, lost = 0, unfinished = 0, others = 0, epoch = '';
  const print = (span: unknown): string => (spans++ ? ',\n' : '') + JSON.stringify(span);
  const giveUp = ({ matches }: OpenCall<null>): void => void (unfinished += matches ? 1 : 0);

  function callSpan(action: Parts | undefined, end: Parts): unknown {
    const head = action ?? end, tool = head.tool || end.tool, failed = isFailure(end);
    return spanOf({
      head, failed, seed: head.call || head.id, kind: kServer, name: tool ? `tools/call ${tool}` : 'tools/call', startNs: startOf(action, end), endNs: end.timeNs,
      more: [
        ['mcp.method.name', 'tools/call'], ['gen_ai.operation.name', 'execute_tool'], ['gen_ai.tool.type', 'function'], ['gen_ai.tool.name', tool],
        ['gen_ai.tool.call.id', head.call], ['jsonrpc.request.id', head.request], ['saop.server', head.server || end.server],
        ['saop.status', end.status], ['saop.call_index', head.callIndex],
        ...(action ? [['saop.observation_event_id', end.id], ['gen_ai.tool.call.arguments', action.text]] as Attribute[] : [['saop.orphan', true]] as Attribute[]),
        ['gen_ai.tool.call.result', end.text], ['error.type', failed ? (kErrorTypes.get(end.status) ?? '_OTHER') : ''],
      ],
    });
  }

  return {
    begin: () => `{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"mcp-orchestrator"},"schemaUrl":"${kSchema}","spans":[\n`,
    entry({ row, body, matches }) {
      const parts = reader.read(row, body);
      epoch = parts.epoch;
      if (parts.type === 'action') {
        calls.open({ action: parts, matches, mark: null }).forEach(giveUp);
        return '';
      }
      if (parts.type === 'observation') {
        const call = calls.take(parts.call);
        return matches || call?.matches ? print(callSpan(call?.action, parts)) : '';
      }
      if (!matches) return '';
      if (parts.type === 'thought') {
        return print(spanOf({ head: parts, seed: parts.id || `row ${row.row}`, name: 'saop.thought', kind: kInternal, startNs: parts.timeNs, endNs: parts.timeNs, more: [], event: [['saop.text', parts.text]] }));
      }
      others++;
      return '';
    },
    gap({ from, to, count, reason }) {
      gaps++;
      lost += count;
      const [of = '', sequence = ''] = from.split('-'), seed = `${of}:gap:${sequence}`, at = String(reader.lastNs);
      return print({
        traceId: idOf(seed, 32), spanId: idOf(seed, 16), name: 'saop.gap', kind: kInternal, startTimeUnixNano: at, endTimeUnixNano: at,
        attributes: attributes([['saop.gap.from', from], ['saop.gap.to', to], ['saop.gap.count', count], ['saop.gap.reason', reason]]), status: { code: kUnset },
      });
    },
    end() {
      calls.rest().forEach(giveUp);
      const resource = attributes([
        ['service.name', 'mcp-orchestrator'], ['saop.epoch', epoch], ['saop.export.filter', filter], ['saop.export.gaps', gaps],
        ['saop.export.lost_entries', lost], ['saop.export.unfinished_calls', unfinished], ['saop.export.other_entries', others],
      ]);
      return `\n]}],"resource":{"attributes":${JSON.stringify(resource)}},"schemaUrl":"${kSchema}"}]}\n`;
    },
    leftOut: () => [
      ...(unfinished ? [counted(unfinished, 'call without an end', 'calls without an end')] : []),
      ...(others ? [counted(others, 'entry that is no call and no thought', 'entries that are no call and no thought')] : []),
    ],
  };
}
