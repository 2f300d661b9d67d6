// What the declarations allow and what they forbid. Compiled, never run: each line below
// `@ts-expect-error` must be an error.

import {
  scopedTokens,
  StreamClient,
  taskStream,
  type ConsoleEvents,
  type DebateEvents,
  type ChannelEvents,
  type ChannelMessage,
  type Envelope,
  type ExplorerEvents,
  type GraphEvents,
  type LifecycleEnvelope,
  type SocketMessage,
  type SocketRequest,
  type TaskOrder,
  type Topic,
  type TraceEvents,
} from '../../tools/types/src/index.js';

const server = 'http://127.0.0.1:3100';

// --- the events of a client are those of its stream, and the control events

const trace = new StreamClient<TraceEvents>({ url: `${server}/trace/stream`, token: scopedTokens(server, ['all']) });
trace.on('message', ({ data }) => {
  if (data.type === 'action') data.payload.tool_call.tool_name.toUpperCase();
  if (data.type === 'observation') data.exit_code.toFixed();
  // @ts-expect-error: a thought has none
  if (data.type === 'thought') data.exit_code;
  // @ts-expect-error: a lifecycle entry has a name, and comes as such
  if (data.type === 'lifecycle') return;
});
trace.on('TASK_FAILED', ({ data }) => data.payload.error?.toUpperCase());
trace.on('HITL_GATE_REQUIRED', ({ data, id }) => [data.payload.gate_id.length, id.length]);
trace.on('gap', ({ data }) => data.count.toFixed());
trace.on('goodbye', ({ data }) => data.retry_ms.toFixed());
// @ts-expect-error: of another stream
trace.on('edge_created', () => {});
// @ts-expect-error: no such member
trace.on('gap', ({ data }) => data.missing);
trace.onAny((event) => {
  if (event.name === 'evicted') event.data.reason satisfies 'stalled' | 'token_expired' | 'token_revoked' | 'admin';
});

const task = taskStream({ server, org: 'acme', agent: 'writer', taskId: 't-42' }, { headers: { Authorization: 'Bearer x' } });
task.on('agent_stream_chunk', ({ data }) => data.chunk.metadata.progress?.toFixed());
task.on('agent_stream_error', ({ data }) => data.error.toUpperCase());
task.on('polled_message', ({ data }) => data.messageType satisfies string);
task.closed.then((end) => {
  if (end.reason === 'refused') end.error;
  // @ts-expect-error: only a refusal has one
  if (end.reason === 'over') end.error;
});
// @ts-expect-error: the address is made of the coordinates
taskStream({ server, org: 'acme', agent: 'writer', taskId: 't-42' }, { url: server });
// @ts-expect-error: a task has an agent
taskStream({ server, org: 'acme', taskId: 't-42' });

const graph = new StreamClient<GraphEvents>({ url: `${server}/events/stream`, heartbeatMs: 30_000 });
graph.on('edge_updated', ({ data }) => data.new_confidence - data.old_confidence);
// @ts-expect-error: an edge that is new has no old confidence
graph.on('edge_created', ({ data }) => data.old_confidence);

const console_ = new StreamClient<ConsoleEvents>({ url: `${server}/agent-console/stream` });
console_.on('message', ({ data }) => data.display.summary.length);

const explorer = new StreamClient<ExplorerEvents>({ url: `${server}/api/analytics/traces/stream`, heartbeatMs: 30_000, wrappedBy: 'type' });
explorer.on('gap', ({ data }) => data.count.toFixed());
explorer.on('message', ({ data }) => {
  if (data.type === 'trace') data.data.trace_id.length;
  if (data.type === 'gap') data.data.count.toFixed();
  // @ts-expect-error: a change need not name its trace
  if (data.type === 'trace_update') data.data.trace_id.length;
});

const debate = new StreamClient<DebateEvents>({ url: `${server}/api/debates/42/stream`, endsWith: ['complete'] });
debate.on('pause', ({ data }) => data.debateId.length);
debate.on('connected', ({ data }) => data.clientId.length);
interface Step { step: string }
const runs = new StreamClient<ChannelEvents & { step: Step }>({ url: `${server}/api/channels/runs/42/stream` });
runs.on('step', ({ data }) => data.step.length);
runs.on('pause', ({ data }) => data.id.length);
// @ts-expect-error: a channel has an id, a debate a debateId
runs.on('pause', ({ data }) => data.debateId.length);
export function wrapped(message: ChannelMessage<DebateEvents>) {
  if (message.event === 'connected') return message.data.message;
  // @ts-expect-error: only the first has a message
  return message.data.message;
}

// --- values

export const topics: Topic[] = ['all', 'graph', 'task:t-42', 'owner:u1', 'channel:debates/42'];
// @ts-expect-error: not a topic
export const notTopic: Topic = 'everything';
export const least: Envelope = { type: 'thought', turn_index: 1, payload: { analysis: { reasoning_chain: 'x' } }, timestamp_ns: '0' };
// @ts-expect-error: nanoseconds are a string
export const stamped: Envelope = { type: 'thought', timestamp_ns: 0, payload: {} };
export const started: LifecycleEnvelope<'TASK_STARTED'> = { type: 'lifecycle', task_id: 't', payload: { event: 'TASK_STARTED', title: 'x' } };
// @ts-expect-error: another event
export const notStarted: LifecycleEnvelope<'TASK_STARTED'> = { type: 'lifecycle', payload: { event: 'TASK_FAILED' } };
export const order: TaskOrder = { tool: 'echo', arguments: { text: 'x' } };
// @ts-expect-error: camelCase on these routes
export const notOrder: TaskOrder = { task_id: 't-42' };
export const requests: SocketRequest[] = [{ subscribe: '*' }, { type: 'SYNC_REQUEST', sinceCheckpointId: '5f3a9c01d2-1' }];
export function ofSocket(message: SocketMessage) {
  if (message.type === undefined) return message.envelope.type;
  if (message.type === 'gap') return message.data.count;
  return message.type;
}
