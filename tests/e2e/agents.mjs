// Tasks of agents on a real server: creation, streams by `eventsource` and curl, polling,
// webhooks, tokens, owners, and a server that is killed.
//
// DEVS_FULL=1 runs the load of the issue (200 tasks, 3 readers each) instead of a tenth of it.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { EventSource, Server, curl, eventSource, metrics, root, run, scratch, slow, until } from './support.mjs';

const limit = { timeout: 120_000 * slow };
const config = { builtin: { tools: 'all' } };
const boss = 'boss-token-0123456789abcdef', ann = 'ann-token-0123456789abcdef', bob = 'bob-token-0123456789abcdef';
const row = (name, token, role) => ({ name, role, sha256: createHash('sha256').update(token).digest('hex') });
const closed = { config: { ...config, auth: { tokens: [row('ann', ann, 'user'), row('bob', bob, 'user')] } },
  env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: boss } };
const names = ['agent_stream_chunk', 'agent_stream_complete', 'agent_stream_error', 'task_progress'];
const greeting = '"Stream connected"}\n\n';

async function ask(server, method, route, body, token) {
  const answer = await fetch(server.url + route, { method, body: body === undefined ? undefined : JSON.stringify(body),
    headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), ...(token ? { Authorization: `Bearer ${token}` } : {}) } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
}
const tasks = '/agent-to-agent/acme/writer/tasks';
async function create(server, task, token) {
  const made = await ask(server, 'POST', tasks, task, token);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.payload;
}
const progress = async (server, id, body, token) => assert.equal((await ask(server, 'PUT', `/tasks/${id}/progress`, body, token)).status, 200);
const complete = async (server, id, body = { status: 'completed' }, token) =>
  assert.equal((await ask(server, 'POST', `${tasks}/${id}/complete`, body, token)).status, 200);
// All a stream says until it ends.
async function whole(server, route, headers = {}) {
  const answer = await fetch(server.url + route, { headers });
  return { status: answer.status, text: await answer.text() };
}
const ids = (text) => [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id);
const frames = (text) => [...text.matchAll(/^(?:id: (.+)\n)?event: (.+)\ndata: (.+)$/gm)].map(([, id, event, data]) => ({ id, event, data: JSON.parse(data) }));
const bearer = (token) => ({ Authorization: `Bearer ${token}` });
// The status of a stream, without following it.
async function opens(server, route, headers = {}) {
  const stop = new AbortController();
  const answer = await fetch(server.url + route, { headers, signal: stop.signal });
  stop.abort();
  return answer.status;
}

test('[S1.1] a creation tells where to stream: by Host, by a listed proxy, by nobody else', limit, async (t) => {
  const post = (server, headers) => new Promise((resolve, reject) => {
    const request = http.request(`${server.url}${tasks}`, { method: 'POST', headers: { 'Content-Type': 'application/json', ...headers } }, (answer) => {
      let text = '';
      answer.on('data', (part) => { text += part; }).on('end', () => resolve(JSON.parse(text).payload.metadata.streaming.streamUrl));
    });
    request.on('error', reject).end('{}');
  });
  const forwarded = { 'X-Forwarded-Host': 'tasks.example', 'X-Forwarded-Proto': 'https' };
  const plain = await Server.start(t, { config });
  const { metadata } = await create(plain, { taskId: 't-42', conversationId: 'c-9' });
  assert.deepEqual(metadata.streaming, {
    streamEndpoint: `${tasks}/t-42/stream`, streamTokenEndpoint: `${tasks}/t-42/stream-token`,
    streamUrl: `${plain.url}${tasks}/t-42/stream`, streamTokenUrl: `${plain.url}${tasks}/t-42/stream-token`,
    streamId: 't-42', conversationId: 'c-9' });
  assert.equal(metadata.streamEndpoint, metadata.streaming.streamEndpoint);
  assert.ok((await post(plain, { Host: `localhost:${plain.port}` })).startsWith(`http://localhost:${plain.port}/`));
  assert.ok((await post(plain, forwarded)).startsWith(plain.url));
  const behind = await Server.start(t, { config: { ...config, http: { trusted_proxies: ['127.0.0.1'] } } });
  assert.ok((await post(behind, forwarded)).startsWith('https://tasks.example/agent-to-agent/'));

  const rpc = await ask(plain, 'POST', tasks, { jsonrpc: '2.0', id: 7, method: 'tasks/create', params: { taskId: 't-43' } });
  assert.equal(rpc.body.id, 7);
  assert.equal(rpc.body.result.payload.content.taskId, 't-43');
  const refused = (params) => ask(plain, 'POST', tasks, { jsonrpc: '2.0', id: 'a', method: 'tasks/create', params });
  const taken = await refused({ taskId: 't-43' });
  assert.equal(taken.status, 409);
  assert.deepEqual(taken.body, { jsonrpc: '2.0', id: 'a', error: { code: -32602, message: 'Conflict', data: { error: 'CONFLICT', reason: 'task' } } });
  const malformed = await refused({ taskId: 'a b' });
  assert.equal(malformed.status, 400);
  assert.equal(malformed.body.error.data.field, 'taskId');
  assert.equal((await ask(plain, 'POST', tasks, { taskId: 't-42' })).status, 409);
  assert.equal((await ask(plain, 'POST', tasks, { taskId: 'a b' })).body.field, 'taskId');
  assert.equal((await ask(plain, 'GET', '/agent-to-agent/acme/writer/health')).body.ok, true);
});

test('[S1.2] [S1.3] [S1.9] a reader who came before the task hears its life and its end; a late one the same', limit, async (t) => {
  const server = await Server.start(t, { config });
  const early = await eventSource(t, server, { route: `${tasks}/t-1/stream`, names });
  const printed = await curl(t, server, { route: `${tasks}/t-1/stream`, greeting });
  await create(server, { taskId: 't-1', conversationId: 'c-9', userMessage: 'write', metadata: { model: 'm-1' } });
  await progress(server, 't-1', { progress: 40, message: 'half', step: 'read_file' });
  await complete(server, 't-1', { status: 'completed', result: 'done' });
  await until('the end', () => early.seen.some(({ type }) => type === 'agent_stream_complete'));
  assert.deepEqual(JSON.parse(early.seen[0].data), { event_type: 'connected', taskId: 't-1', message: 'Stream connected' });
  const story = early.seen.slice(1).map(({ type }) => type);
  assert.deepEqual(story, ['agent_stream_chunk', 'agent_stream_chunk', 'task_progress', 'agent_stream_chunk', 'agent_stream_complete']);
  const [begun, half] = early.seen.slice(1).map(({ data }) => JSON.parse(data));
  assert.deepEqual(Object.keys(begun), ['context', 'streamId', 'mode', 'userMessage', 'timestamp', 'chunk']);
  assert.deepEqual(begun.context, { orgSlug: 'acme', userId: 'local', conversationId: 'c-9', taskId: 't-1',
    planId: '00000000-0000-0000-0000-000000000000', deliverableId: '00000000-0000-0000-0000-000000000000',
    agentSlug: 'writer', agentType: '', provider: '', model: 'm-1' });
  assert.deepEqual(half.chunk, { type: 'progress', content: 'half', metadata: { progress: 40, step: 'read_file', message: 'half',
    status: 'running', hookEventType: 'agent.progress', payload: {} } });
  await printed.ended;
  // `eventsource` comes back with the last id, is told 204, and stays away.
  await until('a closed source', () => early.readyState === EventSource.CLOSED);

  const late = await whole(server, `${tasks}/t-1/stream`);
  assert.equal(late.text, printed.text);
  const last = ids(late.text).at(-1);
  assert.equal((await whole(server, `${tasks}/t-1/stream`, { 'Last-Event-ID': last })).status, 204);
  assert.equal((await whole(server, `/tasks/t-1/progress`, { 'Last-Event-ID': last })).status, 204);
  const middle = await whole(server, `${tasks}/t-1/stream`, { 'Last-Event-ID': ids(late.text)[0] });
  assert.deepEqual(ids(middle.text), ids(late.text).slice(1));

  await create(server, { taskId: 't-2' });
  await complete(server, 't-2', { status: 'failed', error: 'no disk' });
  const failed = frames((await whole(server, `${tasks}/t-2/stream`)).text);
  assert.equal(failed.at(-1).event, 'agent_stream_error');
  assert.equal(failed.at(-1).data.error, 'no disk');
  assert.equal(await opens(server, '/agent-to-agent/acme/editor/tasks/t-1/stream'), 404);
  assert.equal(await opens(server, `${tasks}/t-1/stream?streamId=other`), 400);
  assert.equal(await opens(server, `${tasks}/t-1/stream?conversationId=c-8`), 400);
});

test('[S1.9] a stream begins with the newest entries of the task, and goes on without a gap or a repeat', limit, async (t) => {
  const server = await Server.start(t, { config, env: { OBSERVABILITY_EVENT_BUFFER: '20' } });
  await create(server, { taskId: 't-1' });
  const steps = 200;
  const readers = [];
  const follow = async () => readers.push((await fetch(`${server.url}${tasks}/t-1/stream`)).text());
  for (let n = 1; n <= steps; ++n) {
    await progress(server, 't-1', { progress: 1, message: `step ${n}` });
    if (n % 10 === 0) await follow();  // it is open, and reads while the next ones come
  }
  await complete(server, 't-1');
  for (const [n, text] of (await Promise.all(readers)).entries()) {
    const said = frames(text).filter(({ event }) => event === 'task_progress').map(({ data }) => data.message);
    const first = Math.max(1, (n + 1) * 10 - 19);
    assert.deepEqual(said, Array.from({ length: steps - first + 1 }, (_, at) => `step ${first + at}`));
  }
  assert.equal(ids((await whole(server, `${tasks}/t-1/stream`)).text).length, 20);
});

test('[S1.11] the current state, then each change; and polling goes on where a stream was left', limit, async (t) => {
  const server = await Server.start(t, { config });
  await create(server, { taskId: 't-1', title: 'Write' });
  await progress(server, 't-1', { progress: 10, message: 'one' });
  const source = await eventSource(t, server, { route: '/tasks/t-1/progress' });
  await progress(server, 't-1', { progress: 20, message: 'two' });
  await until('two states', () => source.seen.length === 2);
  const [now, next] = source.seen.map(({ data }) => JSON.parse(data));
  assert.deepEqual({ ...now, timestamp: 0 }, { taskId: 't-1', status: 'running', progress: 10, message: 'one', timestamp: 0 });
  assert.equal(source.seen[0].id, '');
  assert.deepEqual({ ...next, timestamp: 0 }, { taskId: 't-1', status: 'running', progress: 20, message: 'two', timestamp: 0 });
  const left = source.seen[1].id;
  source.close();
  await progress(server, 't-1', { progress: 30, message: 'three' });
  await complete(server, 't-1', { status: 'completed', result: { words: 7 } });
  const { body: rest } = await ask(server, 'GET', `/tasks/t-1/messages?since=${left}`);
  assert.deepEqual(rest.map(({ messageType, content, progressPercentage }) => [messageType, content, progressPercentage]),
    [['progress', 'three', 30], ['status', '{"words":7}', 100]]);
  assert.deepEqual(Object.keys(rest[0]), ['id', 'taskId', 'userId', 'content', 'messageType', 'progressPercentage', 'metadata', 'createdAt', 'expiresAt']);
  assert.equal(Date.parse(rest[0].expiresAt) - Date.parse(rest[0].createdAt), 3_600_000);
  const { body: status } = await ask(server, 'GET', '/tasks/t-1/status');
  assert.deepEqual(Object.keys(status), ['taskId', 'userId', 'status', 'progress', 'result', 'metadata', 'createdAt', 'updatedAt', 'taskType']);
  assert.deepEqual(status.result, { words: 7 });

  await create(server, { taskId: 't-2' });
  const ended = await ask(server, 'GET', '/tasks?status=completed&limit=1');
  assert.deepEqual([ended.body.tasks.map(({ taskId }) => taskId), ended.body.total, ended.body.limit, ended.body.offset], [['t-1'], 1, 1, 0]);
  assert.deepEqual((await ask(server, 'GET', '/tasks/active')).body.tasks.map(({ taskId }) => taskId), ['t-2']);
  assert.deepEqual((await ask(server, 'GET', '/tasks/metrics')).body, { pending: 1, running: 0, completed: 1, failed: 0, cancelled: 0, hitl_waiting: 0, total: 2 });
  const edited = await ask(server, 'PUT', '/tasks/t-2', { title: 'new', metadata: { a: 1 } });
  assert.deepEqual([edited.body.title, edited.body.metadata], ['new', { a: 1 }]);
  for (const [method, route, body, field] of [
    ['GET', '/tasks?limit=501', undefined, 'limit'], ['GET', '/tasks?status=x', undefined, 'status'],
    ['GET', '/tasks/t-1/messages?since=x', undefined, 'since'], ['PUT', '/tasks/t-2/progress', { progress: 101 }, 'progress'],
    ['POST', `${tasks}/t-2/complete`, { status: 'running' }, 'status']]) {
    const refused = await ask(server, method, route, body);
    assert.deepEqual([refused.status, refused.body.field], [400, field], route);
  }
  for (const route of ['/tasks/t-9', '/tasks/t-9/status', '/tasks/t-9/messages']) assert.equal((await ask(server, 'GET', route)).status, 404);
});

test('[S1.12] a webhook becomes message, status and stream; one that is not whole becomes nothing', limit, async (t) => {
  const server = await Server.start(t, { config });
  await create(server, { taskId: 't-1' });
  const context = { orgSlug: 'acme', userId: 'u', conversationId: 'c', taskId: 't-1', planId: 'p', deliverableId: 'd',
    agentSlug: 'writer', agentType: 'graph', provider: 'x', model: 'm' };
  const hook = async (body) => assert.equal((await ask(server, 'POST', '/webhooks/status', body)).status, 204);
  const source = await eventSource(t, server, { route: `${tasks}/t-1/stream`, names });
  await hook({ taskId: 't-1', status: 'running', context, message: 'drafting', progress: 30, step: 'draft', sequence: 2, totalSteps: 5, payload: { k: 1 } });
  await until('the progress', () => source.seen.some(({ type }) => type === 'task_progress'));
  const chunk = JSON.parse(source.seen.filter(({ type }) => type === 'agent_stream_chunk').at(-1).data);
  assert.deepEqual(chunk.context, context);
  assert.deepEqual(chunk.chunk.metadata, { progress: 30, step: 'draft', message: 'drafting', status: 'running',
    hookEventType: 'agent.progress', payload: { k: 1 }, sequence: 2, totalSteps: 5 });
  assert.equal((await ask(server, 'GET', '/tasks/t-1/status')).body.progress, 30);
  assert.equal((await ask(server, 'GET', '/tasks/t-1/messages')).body.at(-1).content, 'drafting');

  const before = (await ask(server, 'GET', '/tasks/t-1/messages')).body.length;
  await hook({ status: 'running', context });
  await hook({ taskId: 't-1', status: 'running', context: { taskId: 't-1' } });
  await hook({ taskId: 't-9', status: 'running', context: { ...context, taskId: 't-9' } });
  await hook({ taskId: 't-1', status: 'running', context: { ...context, agentSlug: 'editor' } });
  assert.equal((await ask(server, 'GET', '/tasks/t-1/messages')).body.length, before);
  assert.equal((await metrics(server)).get('agent_webhooks_dropped_total'), 4);
  await until('their lines', () => (server.err.match(/webhook_dropped/g) ?? []).length === 4);
  await hook({ taskId: 't-1', status: 'completed', context, payload: { done: true } });
  assert.deepEqual((await ask(server, 'GET', '/tasks/t-1/status')).body.result, { done: true });
});

test('[S1.16] a task that is a tool call: its story, and a cancel that reaches the tool', limit, async (t) => {
  const server = await Server.start(t, { config });
  await create(server, { taskId: 't-1', tool: 'echo', arguments: { text: 'hello' } });
  const story = frames((await whole(server, `${tasks}/t-1/stream`)).text);
  assert.deepEqual(story.map(({ event, data }) => data.chunk?.type ?? event), ['progress', 'progress', 'partial', 'final', 'agent_stream_complete']);
  assert.equal(story[2].data.chunk.content, 'hello');
  assert.equal(story[2].data.chunk.metadata.payload.type, 'observation');
  await create(server, { taskId: 't-2', tool: 'sleep', arguments: { ms: 600_000 } });
  const source = await eventSource(t, server, { route: `${tasks}/t-2/stream`, names });
  await until('the action', () => source.seen.some(({ data }) => data.includes('"step":"sleep"')));
  const cancelled = await ask(server, 'DELETE', '/tasks/t-2');
  assert.deepEqual(cancelled.body, { success: true, message: 'Task cancelled' });
  await until('the end', () => source.seen.some(({ type }) => type === 'agent_stream_error'));
  assert.equal(JSON.parse(source.seen.at(-1).data).error, 'cancelled');
  assert.ok(source.seen.some(({ data }) => data.includes('"status":"CANCELLED"')), 'the observation of the tool');
  assert.equal((await ask(server, 'DELETE', '/tasks/t-2')).status, 409);
  assert.equal((await ask(server, 'GET', '/tasks/t-2/status')).body.status, 'cancelled');
});

test('[S1.4] [S1.5] [S1.14] tokens of a task: its path alone, five in 30 s, revoked streams end', limit, async (t) => {
  const server = await Server.start(t, closed);
  await create(server, { taskId: 't-1', conversationId: 'c-9' }, ann);
  await create(server, { taskId: 't-2' }, ann);
  const mint = (id, token = ann, agent = 'writer') => ask(server, 'POST', `/agent-to-agent/acme/${agent}/tasks/${id}/stream-token`, {}, token);
  const made = await mint('t-1');
  assert.deepEqual([made.status, Object.keys(made.body), made.headers.get('cache-control')], [201, ['success', 'token', 'expiresAt'], 'no-store']);
  const claims = JSON.parse(Buffer.from(made.body.token.split('.')[1], 'base64url'));
  assert.deepEqual([claims.sub, claims.scp, claims.taskId, claims.agentSlug, claims.organizationSlug, claims.streamId, claims.conversationId],
    ['ann', ['task:t-1'], 't-1', 'writer', 'acme', 't-1', 'c-9']);
  const with_token = (route) => `${route}?token=${made.body.token}`;
  assert.equal(await opens(server, with_token(`${tasks}/t-1/stream`)), 200);
  assert.equal(await opens(server, with_token('/tasks/t-1/progress')), 200);
  for (const route of [`${tasks}/t-2/stream`, '/agent-to-agent/acme/editor/tasks/t-1/stream', '/agent-to-agent/other/writer/tasks/t-1/stream',
    '/tasks/t-2/progress', '/trace/stream']) assert.equal(await opens(server, with_token(route)), 401, route);
  assert.equal(await opens(server, with_token('/observability/stream')), 403);
  assert.equal((await ask(server, 'GET', with_token('/tasks/t-1/status'))).status, 401);
  assert.equal((await mint('t-1', ann, 'editor')).status, 401);
  assert.equal((await mint('t-9')).status, 404);
  assert.equal((await mint('t-1', bob)).status, 404);
  for (let n = 0; n < 4; ++n) assert.equal((await mint('t-1')).status, 201);
  const sixth = await mint('t-1');
  assert.deepEqual([sixth.status, sixth.body], [429, { error: 'RATE_LIMITED', limit: 5, window_ms: 30000 }]);
  assert.ok(Number(sixth.headers.get('retry-after')) > 0);
  assert.equal((await mint('t-2')).status, 201);
  assert.equal((await mint('t-1', boss)).status, 201);

  const source = await eventSource(t, server, { route: with_token(`${tasks}/t-1/stream`), names: ['evicted'] });
  assert.equal((await ask(server, 'DELETE', `/api/stream-tokens/${claims.jti}`, undefined, ann)).status, 204);
  await until('the eviction', () => source.seen.some(({ type, data }) => type === 'evicted' && data.includes('token_revoked')), 30_000);
});

test('[S1.13] a task of another owner is as one there never was', limit, async (t) => {
  const server = await Server.start(t, closed);
  await create(server, { taskId: 't-1', userMessage: 'secret of ann' }, ann);
  const waiting = fetch(`${server.url}${tasks}/t-2/stream`, { headers: bearer(bob) });
  await create(server, { taskId: 't-2', userMessage: 'secret of ann' }, ann);
  for (const [method, route, body] of [
    ['GET', '/tasks/ID'], ['GET', '/tasks/ID/status'], ['GET', '/tasks/ID/messages'], ['PUT', '/tasks/ID', { title: 'x' }], ['DELETE', '/tasks/ID'],
    ['PUT', '/tasks/ID/progress', { progress: 1 }], ['POST', `${tasks}/ID/complete`, { status: 'completed' }], ['POST', `${tasks}/ID/stream-token`, {}]]) {
    const [theirs, none] = await Promise.all(['t-1', 't-9'].map((id) => ask(server, method, route.replace('ID', id), body, bob)));
    assert.deepEqual([theirs.status, theirs.body], [none.status, none.body], route);
    assert.equal(theirs.status, 404, route);
  }
  assert.equal(await opens(server, `${tasks}/t-1/stream`, bearer(bob)), 404);
  assert.equal(await opens(server, '/tasks/t-1/progress', bearer(bob)), 404);
  assert.deepEqual((await ask(server, 'GET', '/tasks', undefined, bob)).body.tasks, []);
  assert.equal((await ask(server, 'GET', '/tasks/metrics', undefined, bob)).body.total, 0);
  assert.deepEqual((await ask(server, 'GET', '/observability/history', undefined, bob)).body, { events: [], count: 0 });
  assert.equal(await opens(server, '/observability/stream', bearer(bob)), 403);
  await ask(server, 'POST', '/webhooks/status', { taskId: 't-1', status: 'completed', context: {} }, bob);
  // The operator may, and what it does is the owner's.
  await progress(server, 't-1', { progress: 5 }, boss);
  assert.equal((await ask(server, 'GET', '/tasks/t-1/status', undefined, ann)).body.progress, 5);
  assert.equal((await ask(server, 'GET', '/tasks', undefined, boss)).body.total, 2);
  await complete(server, 't-2', { status: 'completed' }, ann);
  // Whoever waited for an id that became another's hears nothing of it.
  const reader = (await waiting).body.getReader();
  const { value } = await reader.read();
  assert.ok(!Buffer.from(value).toString().includes('secret'));
  await reader.cancel();
});

test('[S1.15] the admin stream: filters, the newest first, and history with its bounds', limit, async (t) => {
  const server = await Server.start(t, { config });
  await create(server, { taskId: 't-1', conversationId: 'c-1' });
  await ask(server, 'POST', '/agent-to-agent/acme/editor/tasks', { taskId: 't-2', conversationId: 'c-2' });
  await progress(server, 't-1', { progress: 40, message: 'half', step: 'read_file' });
  const all = await eventSource(t, server, { route: '/observability/stream' });
  const one = await eventSource(t, server, { route: '/observability/stream?agentSlug=editor' });
  const talk = await eventSource(t, server, { route: '/observability/stream?conversationId=c-1' });
  await complete(server, 't-1');
  await until('all of it', () => all.seen.length === 4 && one.seen.length === 1 && talk.seen.length === 3);
  const record = JSON.parse(all.seen[2].data);
  assert.deepEqual(Object.keys(record), ['context', 'source_app', 'hook_event_type', 'status', 'message', 'progress', 'step', 'payload', 'timestamp']);
  assert.deepEqual([record.hook_event_type, record.status, record.message, record.progress, record.step, record.payload.task_id],
    ['agent.progress', 'running', 'half', 40, 'read_file', 't-1']);
  assert.equal(JSON.parse(one.seen[0].data).context.taskId, 't-2');
  assert.equal(await opens(server, '/observability/stream?agentSlug=a%20b'), 400);

  const { body: history } = await ask(server, 'GET', '/observability/history');
  assert.equal(history.count, 4);
  assert.deepEqual(history.events, all.seen.map(({ data }) => JSON.parse(data)));
  assert.equal((await ask(server, 'GET', '/observability/history?limit=0')).body.count, 1);
  assert.equal((await ask(server, 'GET', '/observability/history?limit=2')).body.count, 2);
  assert.equal((await ask(server, 'GET', '/observability/history?limit=99999')).body.count, 4);
  assert.equal((await ask(server, 'GET', `/observability/history?since=${Date.now() + 60_000}`)).body.count, 0);
  assert.equal((await ask(server, 'GET', `/observability/history?until=${Date.now() - 60_000}`)).body.count, 0);
  assert.equal((await ask(server, 'GET', '/observability/history?since=x')).body.field, 'since');
});

test('[S1.11] a server that is killed keeps what it told, and folds nothing twice', limit, async (t) => {
  const dir = scratch(t);
  const first = await Server.start(t, { dir, config });
  await create(first, { taskId: 't-1', title: 'Write' });
  await create(first, { taskId: 't-2', tool: 'sleep', arguments: { ms: 600_000 } });
  for (let n = 1; n <= 20; ++n) await progress(first, 't-1', { progress: n, message: `step ${n}` });
  await until('the action', async () => (await ask(first, 'GET', '/tasks/t-2/messages')).body.length >= 2);
  const before = (await ask(first, 'GET', '/tasks/t-1/messages')).body;
  await first.kill();
  for (let life = 0; life < 2; ++life) {
    const again = await Server.start(t, { dir, config });
    assert.deepEqual((await ask(again, 'GET', '/tasks/t-1/messages')).body, before);
    assert.equal((await ask(again, 'GET', '/tasks/t-1/status')).body.progress, 20);
    const { body: lost } = await ask(again, 'GET', '/tasks/t-2/status');
    assert.deepEqual([lost.status, lost.error], ['failed', 'The orchestrator stopped before the task ended.']);
    const story = frames((await whole(again, `${tasks}/t-2/stream`)).text);
    assert.equal(story.filter(({ event }) => event === 'agent_stream_error').length, 1);
    assert.ok(story.some(({ data }) => data.chunk?.metadata.payload.metadata?.status === 'ABANDONED'));
    await again.kill();
  }
});

test('[S1.13] a reader whose connection drops again and again gets each event once, in order', limit, async (t) => {
  const server = await Server.start(t, { config });
  await create(server, { taskId: 't-1' });
  const steps = 150;
  let last = '', text = '', drops = 0;
  const reading = (async () => {
    for (;;) {
      const stop = new AbortController();
      const answer = await fetch(`${server.url}${tasks}/t-1/stream`, { headers: last ? { 'Last-Event-ID': last } : {}, signal: stop.signal });
      if (answer.status === 204) return;
      let part = '';
      try {
        for await (const bytes of answer.body) {
          part += Buffer.from(bytes).toString();
          if (part.length > 3000 + (drops * 977) % 5000) { stop.abort(); break; }
        }
      } catch (error) { assert.equal(error.name, 'AbortError'); }
      // Of what was cut off only whole entries count, as for EventSource: those whose id has come.
      const seen = part.lastIndexOf('id: ');
      const end = part.indexOf('\n\n', seen);
      const whole_part = seen < 0 ? '' : end < 0 ? part.slice(0, part.lastIndexOf('id: ', seen - 1) < 0 ? 0 : part.indexOf('\n\n', part.lastIndexOf('id: ', seen - 1)) + 2) : part.slice(0, end + 2);
      text += whole_part;
      last = ids(whole_part).at(-1) ?? last;
      ++drops;
    }
  })();
  for (let n = 1; n <= steps; ++n) await progress(server, 't-1', { progress: 1, message: `step ${n}` });
  await complete(server, 't-1');
  await reading;
  assert.ok(drops > 10, `${drops} drops`);
  const said = frames(text).filter(({ event }) => event === 'task_progress').map(({ data }) => data.message);
  assert.deepEqual(said, Array.from({ length: steps }, (_, at) => `step ${at + 1}`));
  assert.equal(frames(text).at(-1).event, 'agent_stream_complete');
});

test('[S1.13] tasks side by side: each reader gets its own task whole, and no other', { timeout: 600_000 * slow }, async (t) => {
  const [count, readers, steps] = process.env.DEVS_FULL ? [200, 3, 20] : [50, 1, 6];
  const server = await Server.start(t, { config });
  const sum = (lines) => createHash('sha256').update(lines.join('\n')).digest('hex');
  const all = [];
  for (let n = 0; n < count; ++n) {
    for (let reader = 0; reader < readers; ++reader) all.push({ n, told: whole(server, `${tasks}/t-${n}/stream`) });
  }
  await until('the readers', async () => [...await metrics(server)]
    .reduce((sum_, [name, value]) => sum_ + (name.startsWith('stream_readers') ? value : 0), 0) === count * readers);
  await Promise.all(Array.from({ length: count }, async (_, n) => {
    await create(server, { taskId: `t-${n}` });
    for (let step = 1; step <= steps; ++step) await progress(server, `t-${n}`, { progress: step, message: `${n}: step ${step}` });
    await complete(server, `t-${n}`);
  }));
  const expected = (n) => sum(Array.from({ length: steps }, (_, at) => `${n}: step ${at + 1}`));
  for (const { n, told } of all) {
    const { text } = await told;
    assert.equal(sum(frames(text).filter(({ event }) => event === 'task_progress').map(({ data }) => data.message)), expected(n), `task ${n}`);
    assert.ok(frames(text).every(({ data }) => data.context.taskId === `t-${n}`));
    assert.equal(frames(text).at(-1).event, 'agent_stream_complete');
  }
});

test('[S1.17] docs/api/agent_tasks.md: every route and event, its curl and JavaScript lines run', limit, async (t) => {
  const page = fs.readFileSync(path.join(root, 'docs/api/agent_tasks.md'), 'utf8');
  for (const name of [...names, 'TASK_STARTED', 'TASK_COMPLETED']) assert.ok(page.includes(`\`${name}\``), name);
  const server = await Server.start(t, { config });
  for (const [, script] of page.matchAll(/```sh\n([^]*?)```/g)) {
    for (const line of script.replaceAll('\\\n', ' ').split('\n').filter((text) => text.startsWith('curl '))) {
      const command = line.replaceAll('http://127.0.0.1:3100', server.url).replace(/^curl /, 'curl -sS --max-time 2 -o /dev/null -w "%{http_code}" ');
      const { out, err } = await run('sh', ['-c', command]);
      assert.match(out, /^20[0-4]$/, `${line}: ${out} ${err}`);
    }
  }
  const [, code] = /```js\n([^]*?)```/.exec(page);
  const followTask = new Function('EventSource', 'fetch', `${code.replace(/^import .*$/m, '')}\nreturn followTask;`)(EventSource, fetch);
  const { metadata } = await create(server, { taskId: 't-js' });
  const told = [];
  const stop = await followTask(metadata.streaming, (name, data) => told.push([name, data]));
  t.after(() => stop());
  await progress(server, 't-js', { progress: 50, message: 'half' });
  await complete(server, 't-js');
  await until('the end', () => told.some(([name]) => name === 'agent_stream_complete'));
  assert.ok(told.some(([name, data]) => name === 'task_progress' && data.progress === 50));
  const series = (await (await fetch(`${server.url}/metrics`)).text());
  for (const [, name] of page.matchAll(/`((?:streams?|agent)_[a-z_]+_(?:total|readers|kept))`/g)) assert.ok(series.includes(name), name);
});
