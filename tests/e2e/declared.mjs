// What the server sends is what tools/types declares: real frames and answers become a
// TypeScript file that must compile.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { Server, allTools, descendants, later, npmServers, scratch, sdkClient, slow, thought, until } from './support.mjs';
import { TypeFixture, built } from './type_fixture.mjs';

const { StreamClient, taskStream, taskTokens } = await import(pathToFileURL(path.join(built, 'index.js')).href);

const limit = { timeout: 120_000 * slow };
const bearer = 'bearer-of-the-boss-0123456789';
const headers = { Authorization: `Bearer ${bearer}` };
const fixture = new TypeFixture();
// Declared for hosts that publish them; the orchestrator does not yet.
const neverSent = ['SESSION_STARTED', 'SESSION_ENDED', 'ORCHESTRATOR_PAUSED', 'ORCHESTRATOR_RESUMED'];

async function ask(server, type, route, { status = 200, ...init } = {}) {
  const answer = await fetch(server.url + route, { ...init, headers: { 'Content-Type': 'application/json', ...init.headers } });
  const value = await answer.json();
  assert.equal(answer.status, status, JSON.stringify(value));
  fixture.add(type, value);
  return value;
}
const post = (server, type, route, body, init) => ask(server, type, route, { method: 'POST', body: JSON.stringify(body), ...init });

// A client whose every event goes into the fixture; `names` in order of arrival.
async function follow(t, server, route, events, options = {}) {
  const client = fixture.follow(new StreamClient({ url: server.url + route, firstRetryMs: 20, maxRetryMs: 200, ...options }), events);
  client.names = [];
  client.onAny(({ name }) => client.names.push(name));
  later(t, async () => { client.close(); await client.closed; });
  client.open();
  await until('a stream', () => client.state === 'connected');
  return client;
}
const sees = (client, name, times = 1) => until(name, () => client.names.filter((one) => one === name).length >= times);

test('the trace streams: calls that end in every way, entries with a name, control events', limit, async (t) => {
  const dir = scratch(t);
  const config = { ...npmServers(dir), builtin: { tools: 'all' }, tools: { timeout_ms: 1_000 * slow }, sse: { retry_ms: 20 } };
  let server = await Server.start(t, { dir, config });
  const trace = await follow(t, server, '/trace/stream', 'T.TraceEvents');
  const agents = await follow(t, server, '/agent-console/stream', 'T.ConsoleEvents');
  const client = await sdkClient(t, server);
  await allTools(client);
  const call = (name, args, context) => client.callTool({ name, arguments: args, _meta: context && { 'devs.saop/context': context } }).catch(() => {});
  await call('echo', { text: 'x' }, { task_id: 't-1', agent_id: 'dev-1', agent_role: 'developer', session_id: 's-1', tool_call_id: 'c-1',
    thought: { reasoning_chain: 'why', intent: { current_strategy: 'a', predicted_outcome: 'b' } } });
  await call('echo', { text: 'x' }, { task_id: 't-1', tool_call_id: 'c-2', depends_on: ['c-1'], parent_tool_call_id: 'c-1', thought: 'why' });
  await call('echo', { wrong: 1 });
  await call('no_such_tool', {});
  await call('sleep', { ms: 60_000 });
  await call('record_thought', { thought: 'x' });
  await call('files__read_text_file', { path: path.join(dir, 'absent') });
  const statuses = ['SUCCESS', 'VALIDATION_FAILED', 'UNKNOWN_TOOL', 'TIMEOUT_EXCEEDED', 'TOOL_ERROR'];
  await until('each status', () => statuses.every((status) => fixture.lines.some((line) => line.includes(`"status":"${status}"`))));

  for (const [type, event, more] of [
    ['hitl', 'HITL_GATE_REQUIRED', { gate_id: 'g-1', reason: 'x', priority: 'BLOCKING', tool_name: 'echo', arguments: {}, timeout_ms: 1, expires_at: 'x' }],
    ['hitl', 'HITL_GATE_RESOLVED', { gate_id: 'g-1', resolution: 'approved', by: 'ann' }],
    ['hitl', 'USER_CLARIFICATION_REQUIRED', { gate_id: 'g-1', question: 'x', options: [] }],
    ...['TASK_STARTED', 'TASK_PROGRESS', 'TASK_INPUT_REQUIRED', 'TASK_COMPLETED', 'TASK_FAILED', 'TASK_CANCELLED'].map((name) => ['lifecycle', name, {}]),
  ]) {
    assert.equal((await server.publish({ type, task_id: 't-1', payload: { event, ...more } })).status, 200);
    await sees(trace, event);
  }
  for (const pid of descendants(server.pid)) process.kill(pid, 'SIGKILL'); // its npm servers
  for (const name of ['UPSTREAM_DOWN', 'UPSTREAM_UP']) await sees(trace, name);
  await server.publish({ type: 'system', payload: { text: 'x'.repeat(1_048_577) } });
  await sees(trace, 'envelope_oversize');
  const [reader] = await (await fetch(`${server.url}/trace/readers`)).json();
  await fetch(`${server.url}/trace/readers/${reader.reader ?? reader.id}`, { method: 'DELETE' });
  await until('an eviction', () => [...trace.names, ...agents.names].includes('evicted'));
  await until('both again', () => trace.state === 'connected' && agents.state === 'connected');
  const { port } = server;
  await client.close();
  await server.stop();
  await sees(trace, 'goodbye');
  server = await Server.start(t, { config: { sse: { retry_ms: 20 } }, port }); // another log
  await sees(trace, 'reset');
  const replay = fixture.follow(new StreamClient({ url: `${server.url}/trace/replay?speed=max`, endsWith: ['replay_end'] }), 'T.ReplayEvents').open();
  assert.deepEqual(await replay.closed, { reason: 'over' });
  fixture.allOf('T.TraceEvents', [...neverSent, 'TOOLS_CHANGED', 'RECORDER_GAP']);
  fixture.allOf('T.ConsoleEvents');
});

test('what retention took is told as a gap, and the client goes on behind it', limit, async (t) => {
  const config = { trace: { segment_bytes: 1 << 20, ring_entries: 64, ring_bytes: 1 << 20 }, retention: { entries: 1 } };
  const server = await Server.start(t, { dir: scratch(t), config });
  const publish = async (text) => (await (await server.publish({ ...thought(1), payload: { analysis: { reasoning_chain: text } } })).json()).ids[0];
  const first = await publish('first');
  await until('the first is gone', async () => {
    await publish('x'.repeat(500_000));
    return (await fetch(`${server.url}/trace/envelopes/${first}`)).status === 410;
  });
  const client = new StreamClient({ url: `${server.url}/trace/stream`, lastEventId: first });
  const gaps = [];
  client.on('gap', ({ data, id }) => { fixture.add('T.EventsOf<T.TraceEvents>["gap"]', data); gaps.push({ data, id }); });
  later(t, async () => { client.close(); await client.closed; });
  client.open();
  await until('a gap', () => gaps.length > 0); // more of them when retention took more since
  assert.equal(gaps[0].data.reason, 'expired');
  assert.equal(gaps[0].id, gaps[0].data.to, 'from here it would go on');
  const last = await publish('last');
  await until('the last', () => client.lastEventId === last);
});

test('the tool graph: its events and its questions', limit, async (t) => {
  const dir = scratch(t);
  const config = { builtin: { tools: 'all' }, sse: { heartbeat_ms: 200, retry_ms: 20 } };
  let server = await Server.start(t, { dir, config });
  const graph = await follow(t, server, '/events/stream', 'T.GraphEvents', { heartbeatMs: 30_000 });
  const client = await sdkClient(t, server);
  for (const task of ['t-1', 't-2']) {
    for (const name of ['echo', 'list_upstreams'])
      await client.callTool({ name, arguments: name === 'echo' ? { text: 'x' } : {}, _meta: { 'devs.saop/context': { task_id: task } } });
    await server.publish({ type: 'lifecycle', task_id: task, payload: { event: 'TASK_COMPLETED' } });
    await sees(graph, 'workflow_executed', task === 't-1' ? 1 : 2);
  }
  for (const name of ['edge_created', 'edge_updated', 'metrics_updated', 'heartbeat']) await sees(graph, name);
  for (const [type, route] of [['GraphSnapshot', 'graph/snapshot'], ['GraphPath', 'graph/path?from=echo&to=list_upstreams'],
    ['RelatedTools', 'graph/related?tool_id=echo'], ['ToolNeighbors', 'graph/neighbors?node_id=echo'],
    ['ToolCommunity', 'graph/community?node_id=echo'], ['GraphMetrics', 'metrics?range=1h'], ['GraphStats', 'graph/stats']])
    await ask(server, `T.${type}`, `/api/${route}`);
  const { port } = server;
  await client.close();
  await server.stop();
  server = await Server.start(t, { dir, config, port });
  await sees(graph, 'graph_synced');
  fixture.allOf('T.GraphEvents');
});

test('the trace explorer: rows, their changes, pages of them, control events in its own frames', limit, async (t) => {
  const dir = scratch(t);
  const config = { builtin: { tools: 'all' }, sse: { heartbeat_ms: 200, retry_ms: 20 } };
  let server = await Server.start(t, { dir, config });
  const seen = new Set();
  const rows = await follow(t, server, '/api/analytics/traces/stream', 'T.ExplorerEvents', { heartbeatMs: 30_000 });
  rows.on('message', ({ data }) => seen.add(data.type));
  const unwrapped = await follow(t, server, '/api/analytics/traces/stream', 'T.ExplorerEvents', { heartbeatMs: 30_000, wrappedBy: 'type' });
  const client = await sdkClient(t, server);
  await client.callTool({ name: 'echo', arguments: { text: 'x' }, _meta: { 'devs.saop/context': { task_id: 't-1', thought: 'why' } } });
  await client.callTool({ name: 'echo', arguments: { wrong: 1 } });
  const span = { trace_id: 'a', span_id: 'b', span_name: 'c', operation_type: 'retrieval' };
  await post(server, 'T.SpanTaken', '/api/analytics/traces', span, { status: 201 });
  await post(server, 'T.SpanTaken', '/api/analytics/traces', { ...span, input_tokens: 3, cost_usd: 0.1, metadata: { a: 1 }, status: 'completed' }, { status: 201 });
  await until('each kind of message', () => ['trace', 'trace_update', 'ping'].every((type) => seen.has(type)));
  await until('pages', async () => (await ask(server, 'T.TracesPage', '/api/analytics/traces/list')).total >= 2);
  await ask(server, 'T.TracesPage<T.TraceRow>', '/api/analytics/traces?trace_id=a');
  await client.close();
  const { port } = server;
  await server.stop();
  await until('goodbye', () => seen.has('goodbye'));
  await sees(unwrapped, 'goodbye');
  server = await Server.start(t, { config, port }); // another log
  await until('reset', () => seen.has('reset'));
  await sees(unwrapped, 'reset');
});

test('debates and channels: events in both framings, catch-up, answers', limit, async (t) => {
  const dir = scratch(t);
  const server = await Server.start(t, { dir, config: { sse: { retry_ms: 20 } } });
  const debate = '/api/debates/42';
  await post(server, 'T.DebateCreated', '/api/debates', { debateId: '42', title: 'x' }, { status: 201 });
  const live = await follow(t, server, `${debate}/stream`, 'T.DebateEvents', { endsWith: ['complete'] });
  const wrapped = fixture.follow(new StreamClient({ url: `${server.url}${debate}/stream?framing=message` }), '{ message: T.ChannelMessage<T.DebateEvents & T.ControlEvents> }');
  const frames = [];
  wrapped.on('message', ({ data }) => frames.push(data.event));
  later(t, async () => { wrapped.close(); await wrapped.closed; });
  wrapped.open();
  await until('both streams', () => wrapped.state === 'connected');
  const tell = (event, data) => post(server, 'T.EventAccepted', `${debate}/events`, { event, data }, { status: 201 });
  for (const n of [1, 2]) await tell('utterance', { id: `u-${n}`, timestamp: n, phase: 'opening', speaker: 'ann', content: 'x', turnNumber: n });
  await tell('phase_transition', { phase: 'rebuttal', timestamp: 3, fromPhase: 'opening', toPhase: 'rebuttal' });
  await post(server, 'T.InterventionQueued', `${debate}/interventions`, { type: 'question', content: 'why?', directedTo: 'ann' }, { status: 201 });
  await post(server, 'T.InterventionQueued', `${debate}/interventions`, { type: 'challenge', content: 'why?' }, { status: 201 });
  await tell('intervention_response', { interventionId: 'i-1', debateId: '42', speaker: 'ann', response: 'so', timestampMs: 4 });
  await post(server, 'T.DebatePaused', `${debate}/pause`, { reason: 'a break' });
  await post(server, 'T.DebateResumed', `${debate}/resume`, {});
  await tell('error', { debateId: '42', error: 'x', code: 'y', timestamp: 5 });
  const late = await follow(t, server, `${debate}/stream?lastTurnNumber=1`, 'T.DebateEvents');
  await sees(late, 'catchup_complete');
  await ask(server, 'T.DebateState', debate);
  await ask(server, 'T.UtterancesPage', `${debate}/utterances`);
  await ask(server, 'T.Transcript', `${debate}/transcript`);
  await tell('complete', { debateId: '42', totalDurationMs: 6, finalPhase: 'rebuttal', timestamp: 6 });
  assert.deepEqual(await live.closed, { reason: 'over' });
  await until('complete in a message', () => frames.includes('complete'));
  fixture.allOf('T.DebateEvents');

  const runs = await follow(t, server, '/api/channels/runs/7/stream', 'T.ChannelEvents', { endsWith: ['complete'] });
  for (const [event, data] of [['utterance', { id: 'u', timestamp: 1, phase: 'a', speaker: 'b', content: 'c' }], ['pause', { id: '7', timestamp: 1 }],
    ['resume', { id: '7', timestamp: 1 }], ['complete', { id: '7', totalDurationMs: 1, finalPhase: 'a', timestamp: 1 }]])
    await post(server, 'T.EventAccepted', '/api/channels/runs/7/events', { event, data }, { status: 201 });
  assert.deepEqual(await runs.closed, { reason: 'over' });
});

test('the WebSocket: entries, answers, batches, control messages', limit, async (t) => {
  const dir = scratch(t);
  const server = await Server.start(t, { dir, config: { builtin: { tools: 'all' } } });
  const seen = [];
  const connect = async (query = '') => {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trace/ws${query}`);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      fixture.add('T.SocketMessage', message);
      seen.push(message);
    };
    later(t, () => socket.close());
    await until('the socket', () => socket.readyState === WebSocket.OPEN);
    return (request) => { fixture.add('T.SocketRequest', request); socket.send(JSON.stringify(request)); };
  };
  const say = await connect(), batched = await connect('?batch=16');
  const ids = [];
  for (let n = 0; n < 3; ++n) ids.push(...(await (await server.publish({ ...thought(n), task_id: 't-1' })).json()).ids);
  const client = await sdkClient(t, server);
  await client.callTool({ name: 'echo', arguments: { text: 'x' } });
  say({ subscribe: 't-1' });
  say({ unsubscribe: 't-1' });
  say({ subscribe: '*' });
  say({ type: 'SYNC_REQUEST', sinceCheckpointId: ids[0] });
  say({ type: 'SYNC_REQUEST', sinceCheckpointId: 'aaaaaaaaaa-1' });
  batched({ subscribe: 'not a topic' });
  const kinds = [undefined, 'connected', 'subscribed', 'SYNC_REPLAY', 'THOUGHT_STREAM_BATCH', 'error', 'reset'];
  await until('each kind of message', () => kinds.every((kind) => seen.some(({ type }) => type === kind)));
  await server.stop();
  await until('goodbye', () => seen.some(({ type }) => type === 'goodbye'));
});

test('tasks of agents: their streams, requests and answers', limit, async (t) => {
  const dir = scratch(t);
  const server = await Server.start(t, { dir, config: { builtin: { tools: 'all' } } });
  const agent = '/agent-to-agent/acme/writer';
  const say = (type, body, route, init) => { fixture.add(type, body); return post(server, init.answer, route, body, init); };
  const create = (order) => say('T.TaskOrder', order, `${agent}/tasks`, { answer: 'T.TaskCreated', status: 201 });
  const stream = (taskId) => fixture.follow(taskStream({ server: server.url, org: 'acme', agent: 'writer', taskId },
    { token: taskTokens({ server: server.url, org: 'acme', agent: 'writer', taskId }) }), 'T.TaskStreamEvents');
  const admin = await follow(t, server, '/observability/stream', 'T.AdminEvents', { heartbeatMs: 30_000 });

  await create({ taskId: 't-1', conversationId: 'c-1', streamId: 's-1', mode: 'converse', userMessage: 'hi', title: 'x', metadata: { a: 1 } });
  const first = stream('t-1').open();
  let context;
  first.on('agent_stream_chunk', ({ data }) => { context = data.context; });
  const progress = await follow(t, server, '/tasks/t-1/progress', 'T.TaskProgressEvents', { fresh: 'history' });
  await post(server, 'T.TaskStreamToken', `${agent}/tasks/t-1/stream-token`, {}, { status: 201 });
  await say('T.ProgressReport', { progress: 40, message: 'half', step: 'read' }, '/tasks/t-1/progress', { answer: 'T.TaskDone', method: 'PUT' });
  await until('a chunk', () => context);
  const webhook = { taskId: 't-1', status: 'running', context, message: 'x', progress: 50, step: 'y', sequence: 1, totalSteps: 2, payload: { b: 1 } };
  fixture.add('T.StatusWebhook', webhook);
  assert.equal((await fetch(`${server.url}/webhooks/status`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(webhook) })).status, 204);
  assert.equal((await server.publish({ ...thought(1), task_id: 't-1' })).status, 200);
  assert.equal((await server.publish({ type: 'hitl', task_id: 't-1', payload: { event: 'HITL_GATE_REQUIRED', gate_id: 'g', reason: 'why' } })).status, 200);
  await sees(admin, 'message', 5);
  await say('T.TaskEnd', { status: 'completed', result: { text: 'done' } }, `${agent}/tasks/t-1/complete`, { answer: 'T.TaskDone' });
  assert.deepEqual(await first.closed, { reason: 'over' });

  await create({ taskId: 't-2', tool: 'echo', arguments: { text: 'x' } });
  assert.deepEqual(await stream('t-2').open().closed, { reason: 'over' });
  await create({ taskId: 't-3' });
  await ask(server, 'T.TaskList', '/tasks/active');
  await ask(server, 'T.TaskDone', '/tasks/t-3', { method: 'DELETE' });
  assert.deepEqual(await stream('t-3').open().closed, { reason: 'over' });
  await create({ taskId: 't-4' });
  await say('T.TaskEnd', { status: 'failed', error: 'why' }, `${agent}/tasks/t-4/complete`, { answer: 'T.TaskDone' });

  for (const [type, route] of [['TaskList', '/tasks?limit=10'], ['TaskCounts', '/tasks/metrics'], ['TaskMessage[]', '/tasks/t-1/messages'],
    ['ObservabilityHistory', '/observability/history'], ['AgentHealth', `${agent}/health`]]) await ask(server, `T.${type}`, route);
  for (const id of ['t-1', 't-2', 't-3', 't-4']) {
    await ask(server, 'T.TaskSummary', `/tasks/${id}/status`);
    await ask(server, 'T.TaskDetail', `/tasks/${id}`);
  }
  await ask(server, 'T.NotFound', '/tasks/t-9', { status: 404 });
  fixture.allOf('T.TaskStreamEvents');
});

test('tokens, publishing, and what is refused', limit, async (t) => {
  const env = { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: bearer };
  const server = await Server.start(t, { env, config: { sse: { max_clients: 1 } } });
  await ask(server, 'T.Unauthorized', '/trace/stream', { status: 401 });
  await ask(server, 'T.Unauthorized', '/trace/stream?token=x', { status: 401 });
  await ask(server, 'T.Forbidden', '/trace/stream', { status: 403, headers: { ...headers, Origin: 'http://evil.test' } });
  await ask(server, 'T.BadRequest', '/trace/stream?taskId=a%20b', { status: 400, headers });
  await follow(t, server, '/trace/stream', 'T.TraceEvents', { headers });
  await ask(server, 'T.TooMany', '/trace/stream', { status: 503, headers });
  for (let n = 0; n < 5; ++n) await post(server, 'T.ScopedStreamToken', '/api/stream-tokens', { scope: ['task:t-1', 'all'] }, { status: 201, headers });
  await post(server, 'T.RateLimited', '/api/stream-tokens', { scope: ['all'] }, { status: 429, headers });
  await post(server, 'T.Published', '/trace/publish', thought(1), { headers });
});

test('each value is exactly of its declared type', limit, async (t) => {
  fixture.allOf('T.ControlEvents');
  assert.deepEqual(await fixture.complaints(scratch(t)), []);
  const payloads = ['agent_tasks.ts', 'answers.ts', 'channels.ts', 'envelopes.ts', 'tool_graph.ts', 'traces.ts', 'web_socket.ts', 'wire.ts'];
  assert.deepEqual(fixture.unseen(payloads), [], 'nothing received is of these');
});

test('the comparison with the declarations can fail', limit, async (t) => {
  const wrong = new TypeFixture();
  const edge = { from_tool_id: 'a', to_tool_id: 'b', confidence_score: 1, timestamp: 'x', observed_count: 1, edge_type: 'sequence', edge_source: 'observed' };
  wrong.add('T.EdgeCreated', edge);
  wrong.add('T.EdgeCreated', { ...edge, added: 1 });
  wrong.add('T.EdgeCreated', { ...edge, timestamp: undefined });
  wrong.add('T.EdgeCreated', { ...edge, edge_type: 'another' });
  wrong.add('T.EventsOf<T.GraphEvents>["edge_created"]', edge);
  wrong.allOf('T.GraphEvents', ['edge_updated']);
  const complaints = await wrong.complaints(scratch(t));
  assert.equal(complaints.length, 4, complaints.join('\n'));
  ['added', 'timestamp', 'another', 'not all were seen'].forEach((word, at) => assert.ok(complaints[at].includes(word), complaints[at]));
  assert.ok(wrong.unseen(['tool_graph.ts']).includes('GraphStats'));
  assert.ok(!wrong.unseen(['tool_graph.ts']).includes('EdgeCreated'));
});
