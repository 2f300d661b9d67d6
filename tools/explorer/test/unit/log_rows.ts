// Rows of a log as the worker would hand them to an export, with the facts an export looks at.

import type { Row, RowKind } from '../../src/core/protocol.ts';

const kKinds = new Set(['thought', 'action', 'observation', 'lifecycle', 'hitl', 'system', 'graph', 'channel']);

export function rowOf(body: string, row: number, id: string): Row {
  const of = JSON.parse(body);
  const call = of.payload?.tool_call;
  return {
    row, id, kind: (kKinds.has(of.type) ? of.type : 'other') as RowKind, name: of.payload?.event ?? '',
    timeMs: Number(BigInt(of.timestamp_ns ?? '0') / 1_000_000n), stamped: of.timestamp_ns !== undefined,
    task: of.task_id ?? '', session: of.session_id ?? '', thread: of.thread_id ?? '', agent: of.agent_id ?? '', role: of.agent_role ?? '',
    tool: call?.tool_name ?? of.metadata?.tool_name ?? '', server: call?.server ?? of.metadata?.server ?? '', turn: of.turn_index ?? -1,
    status: of.metadata?.status ?? '', failed: (of.exit_code ?? 0) !== 0, exit: of.exit_code ?? null, durationMs: of.duration_ms ?? null,
    size: body.length, summary: of.payload?.analysis?.reasoning_chain ?? of.stdout ?? call?.tool_name ?? '', pair: -1, hasBody: true,
  };
}

/** A mark of the stream, as the worker keeps it: its data is the body. */
export function markOf(name: string, row: number): Row {
  return { ...rowOf('{"type":"mark"}', row, ''), kind: 'mark', name };
}
