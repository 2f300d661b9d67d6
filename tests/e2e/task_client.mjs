// The client of one task: a fresh token at each connect, its end, entries of several frames,
// and polling while the stream cannot be had.

import assert from 'node:assert/strict';
import test from 'node:test';
import { CuttableProxy } from './cuttable_proxy.mjs';
import { boss, config, connected, documented, env, follow, limit, order, quick, types } from './stream_follower.mjs';
import { Server, until } from './support.mjs';

const { taskStream } = types;
const agentPath = '/agent-to-agent/acme/writer/tasks';
async function json(server, method, route, body, headers = boss) {
  const answer = await fetch(server.url + route, { method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json', ...headers } });
  assert.ok(answer.ok, `${method} ${route}: ${answer.status} ${await answer.clone().text()}`);
  return answer.json();
}
// A task that is driven from outside, and what its client tells.
async function followTask(t, server, url, taskId, options = {}) {
  await json(server, 'POST', agentPath, { taskId, userMessage: 'write' });
  const states = [];
  const client = taskStream({ server: url, org: 'acme', agent: 'writer', taskId },
    { headers: boss, ...quick, onState: (change) => states.push(change), ...options });
  return follow(t, client, states);
}
const report = (server, taskId, progress) => json(server, 'PUT', `/tasks/${taskId}/progress`, { progress, message: `at ${progress}` });
const complete = (server, taskId) => json(server, 'POST', `${agentPath}/${taskId}/complete`, { status: 'completed', result: 'done' });
// Every entry of the task once, in order, by stream or by polling.
async function sawAll(server, told, taskId) {
  assert.deepEqual(await told.client.closed, { reason: 'over' });
  const messages = await json(server, 'GET', `/tasks/${taskId}/messages?limit=1000`);
  const entries = told.events.filter(({ name }) => !['message', 'polled_status', 'evicted', 'goodbye'].includes(name));
  const ids = entries.map(({ id }) => id).filter((id, at, all) => id !== all[at - 1]); // frames of one entry share it
  assert.deepEqual(ids, messages.map(({ id }) => id));
  const steps = entries.map(({ name, data }) => (name === 'task_progress' ? data.progress : undefined)).filter((step) => step !== undefined);
  assert.equal(new Set(steps).size, steps.length, `${steps}`);
}

test('[S1.8] a task is followed with a fresh stream token at each connect, to its end', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const proxy = await CuttableProxy.start(t, server.port);
  const told = await followTask(t, server, proxy.url, 't-1');
  await connected(told);
  await report(server, 't-1', 10);
  for (const times of [2, 3]) {
    proxy.cut();
    await report(server, 't-1', 10 * times);
    await connected(told, times);
  }
  await complete(server, 't-1');
  await sawAll(server, told, 't-1');
  assert.equal(told.events[0].data.event_type, 'connected');
  assert.equal(told.events.at(-1).name, 'agent_stream_complete');
  const streams = proxy.requests.filter((line) => line.startsWith('GET '));
  assert.equal(proxy.requests.filter((line) => line.startsWith(`POST ${agentPath}/t-1/stream-token `)).length, 3);
  assert.equal(new Set(streams.map((line) => /token=([^ ]+)/.exec(line)[1])).size, 3, 'each another');
  assert.deepEqual(order(told).slice(-3), ['connected', 'disconnecting', 'disconnected']);
});

test('[S1.3] who comes late is told all of it; who has seen the end is told it is over', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const first = await followTask(t, server, server.url, 't-1');
  await report(server, 't-1', 50);
  await complete(server, 't-1');
  await sawAll(server, first, 't-1');
  const coordinates = { server: server.url, org: 'acme', agent: 'writer', taskId: 't-1' };
  const late = follow(t, taskStream(coordinates, { headers: boss, ...quick }), []);
  await sawAll(server, late, 't-1');
  assert.deepEqual(late.events.map(({ name, id }) => [name, id]), first.events.map(({ name, id }) => [name, id]));
  const again = follow(t, taskStream(coordinates, { headers: boss, ...quick, lastEventId: late.client.lastEventId }), []);
  assert.deepEqual(await again.client.closed, { reason: 'over' });
  assert.deepEqual(again.events, []);
});

test('an entry of several frames that is torn between them is handed over once, whole', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const proxy = await CuttableProxy.start(t, server.port);
  const told = await followTask(t, server, proxy.url, 't-1');
  await connected(told);
  proxy.tearAt('event: task_progress');
  await report(server, 't-1', 10);
  await connected(told, 2);
  proxy.tearAt('event: agent_stream_complete');
  await complete(server, 't-1');
  await sawAll(server, told, 't-1');
  assert.equal(proxy.torn, 2);
  const chunks = told.events.filter(({ name, data }) => name === 'agent_stream_chunk' && data.chunk.metadata.progress === 10);
  assert.equal(chunks.length, 1);
  assert.equal(told.events.filter(({ name, data }) => name === 'agent_stream_chunk' && data.chunk.type === 'final').length, 1);
});

test('[S1.11] polling while the stream cannot be had, the stream when it can be again: each entry once', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const proxy = await CuttableProxy.start(t, server.port);
  // A token may be made five times in 30 s: of what is blocked here none is used up.
  const token = async () => 'blocked';
  let blocked = false;
  const told = await followTask(t, server, proxy.url, 't-1', { pollEveryMs: 50, pollAfterFailures: 2,
    token: (signal) => (blocked ? token() : types.taskTokens({ server: proxy.url, org: 'acme', agent: 'writer', taskId: 't-1' }, boss)(signal)) });
  await connected(told);
  await report(server, 't-1', 10);
  for (const round of [1, 2]) {
    const polled = () => told.states.filter(({ state, via }) => state === 'connected' && via === 'polling').length;
    blocked = true;
    proxy.blocks = (line) => /\/stream\?/.test(line);
    proxy.cut();
    for (let n = 1; n <= 3; ++n) await report(server, 't-1', 20 * round + n);
    await until('polling', () => polled() === round);
    await until('what was reported', () => told.events.some(({ name, data }) => name === 'polled_message' && data.progressPercentage === 20 * round + 3));
    await until('its status', () => told.events.some(({ name, data }) => name === 'polled_status' && data.progress === 20 * round + 3));
    blocked = false;
    proxy.blocks = () => false;
    await until('the stream', () => told.states.filter(({ via }) => via === 'stream').length === round + 1);
    await report(server, 't-1', 20 * round + 5);
  }
  await complete(server, 't-1');
  await sawAll(server, told, 't-1');
  assert.equal(told.events.at(-1).name, 'agent_stream_complete');
  assert.deepEqual(told.states.filter(({ state }) => state === 'connected').map(({ via }) => via), ['stream', 'polling', 'stream', 'polling', 'stream']);
});

test('[S1.11] a task that ends while it is polled is over', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const proxy = await CuttableProxy.start(t, server.port);
  proxy.blocks = (line) => /\/stream\?/.test(line);
  const told = await followTask(t, server, proxy.url, 't-1', { pollEveryMs: 50, pollAfterFailures: 2, token: async () => 'blocked' });
  for (let n = 0; n < 60; ++n) await report(server, 't-1', n);
  await until('polling', () => told.client.state === 'connected');
  for (let n = 0; n < 150; ++n) await report(server, 't-1', n / 2);
  await complete(server, 't-1');
  await sawAll(server, told, 't-1');
  assert.equal(told.events.at(-1).name, 'polled_status');
  assert.equal(told.events.at(-1).data.status, 'completed');
});

test('client.md: its code follows a task to its end', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  await json(server, 'POST', agentPath, { taskId: 't-1' });
  const told = [];
  const closed = documented('followTask')({ server: server.url, org: 'acme', agent: 'writer', taskId: 't-1' }, boss, (...words) => told.push(words));
  await until('the first chunk', () => told.length === 1);
  await report(server, 't-1', 40);
  await complete(server, 't-1');
  assert.deepEqual(await closed, { reason: 'over' });
  assert.deepEqual(told.slice(1), [['progress', 'at 40'], ['progress', 40], ['final', 'done']]);
});
