// The StreamClient of tools/types against a real server, through networks that break.
// ctest sets DEVS_TYPES, where the built package is.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { openPage } from './chromium.mjs';
import { CuttableProxy } from './cuttable_proxy.mjs';
import { boss, config, connected, documented, env, follow, followTrace, limit, order, page, Publisher, quick, types } from './stream_follower.mjs';
import { Server, freePort, later, root, scratch, slow, until } from './support.mjs';

const { HttpRefusal, scopedTokens } = types;

test('states come in order, events are typed by name, and close() is the end', limit, async (t) => {
  const server = await Server.start(t, { config });
  const told = followTrace(t, server.url);
  const named = [];
  told.client.on('TASK_STARTED', ({ data, id, text }) => named.push({ data, id, text }));
  await connected(told);
  const publisher = new Publisher(server);
  await publisher.publish(2);
  const started = { type: 'lifecycle', task_id: 't-1', payload: { event: 'TASK_STARTED', title: 'x' } };
  const { ids: [id] } = await (await server.publish(started)).json();
  await until('all three', () => told.events.length === 3);
  assert.deepEqual(told.events.map(({ name }) => name), ['message', 'message', 'TASK_STARTED']);
  assert.deepEqual(named, [{ data: started, id, text: JSON.stringify(started) }]);
  assert.equal(told.client.lastEventId, id);
  told.client.close();
  assert.deepEqual(await told.client.closed, { reason: 'closed' });
  assert.deepEqual(order(told), ['connecting', 'connected', 'disconnecting', 'disconnected']);
  assert.throws(() => told.client.open(), /opened once/);
  await until('no reader left', async () => (await (await fetch(`${server.url}/trace/readers`)).json()).length === 0);
});

test('a signal closes it, in whatever it is doing', limit, async (t) => {
  const server = await Server.start(t, { config });
  for (const when of ['connected', 'error']) {
    const stop = new AbortController();
    const told = followTrace(t, when === 'error' ? `http://127.0.0.1:${await freePort()}` : server.url, { signal: stop.signal });
    await until(when, () => told.client.state === when);
    stop.abort();
    assert.deepEqual(await told.client.closed, { reason: 'closed' });
    assert.deepEqual(order(told).slice(-2), ['disconnecting', 'disconnected']);
  }
});

test('a listener that throws is reported, and loses nothing for anybody', limit, async (t) => {
  const server = await Server.start(t, { config });
  const reported = [];
  const take = (error) => reported.push(error.message);
  process.setUncaughtExceptionCaptureCallback(take);
  later(t, () => process.setUncaughtExceptionCaptureCallback(null));
  const told = followTrace(t, server.url);
  told.client.on('message', () => { throw new Error('of the listener'); });
  await connected(told);
  const publisher = new Publisher(server);
  await publisher.publish(2);
  await publisher.arrived(told);
  await until('both reports', () => reported.length === 2);
  assert.deepEqual(reported, ['of the listener', 'of the listener']);
  assert.deepEqual(told.ids, publisher.ids);
});

test('[S1.8] a token revoked in mid-stream: a fresh one, no event lost, none twice', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const minted = [];
  const mint = scopedTokens(server.url, ['all'], { headers: boss, ttlSeconds: 60 });
  const token = async (signal) => { minted.push(await mint(signal)); return minted.at(-1); };
  const told = followTrace(t, server.url, { token });
  await connected(told);
  const publisher = new Publisher(server, boss);
  await publisher.publish(5);
  const { jti } = JSON.parse(Buffer.from(minted[0].split('.')[1], 'base64url'));
  assert.equal((await fetch(`${server.url}/api/stream-tokens/${jti}`, { method: 'DELETE', headers: boss })).status, 204);
  await until('a stream with a fresh token', async () => {
    await publisher.publish();
    return told.states.filter(({ state }) => state === 'connected').length === 2;
  });
  await publisher.publish(5);
  await publisher.arrived(told);
  assert.deepEqual(told.ids, publisher.ids);
  assert.equal(minted.length, 2);
  const [evicted] = told.events.filter(({ name }) => name === 'evicted');
  assert.equal(evicted.data.reason, 'token_revoked');
  assert.deepEqual(order(told), ['connecting', 'connected', 'connecting', 'connected'], 'the server had said so: no error');
  assert.equal(told.states[2].reason, 'evicted');
});

test('control events in the messages of a stream come out as what they are, and count as such', limit, async (t) => {
  let server = await Server.start(t, { dir: scratch(t), config });
  const states = [];
  const client = new types.StreamClient({ url: `${server.url}/api/analytics/traces/stream`, ...quick, wrappedBy: 'type', onState: (change) => states.push(change) });
  const told = follow(t, client, states);
  const typed = [];
  client.on('goodbye', ({ data, text }) => typed.push([data.reason, JSON.parse(text).type]));
  client.on('reset', ({ data }) => typed.push([data.reason, data.now]));
  await connected(told);
  await new Publisher(server).publish(2);
  await until('both rows', () => told.events.filter(({ data }) => data.type === 'trace').length === 2);
  await server.stop();
  await until('the way back', () => states.length >= 3);
  assert.deepEqual([states[2].state, states[2].reason, states[2].error], ['connecting', 'goodbye', undefined], 'the server had said so: no error');
  server = await Server.start(t, { config, port: server.port }); // another log
  await until('reset', () => typed.length === 2);
  assert.deepEqual(typed, [['shutdown', 'goodbye'], ['epoch', client.lastEventId]]);
  assert.ok(told.events.every(({ name, data }) => name !== 'message' || !['goodbye', 'reset'].includes(data.type)));
});

test('who may not, and whose token is refused twice, ends; a refusal names its status', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const bad = followTrace(t, server.url, { headers: { Authorization: 'Bearer no-such-bearer-0123456789' } });
  const field = followTrace(t, server.url, { url: `${server.url}/trace/stream?taskId=a%20b`, headers: boss });
  const scope = followTrace(t, server.url, { url: `${server.url}/trace/stream`, token: scopedTokens(server.url, ['all'], { headers: {} }) });
  for (const [told, status] of [[bad, 401], [field, 400], [scope, 401]]) {
    const end = await told.client.closed;
    assert.equal(end.reason, 'refused');
    assert.ok(end.error instanceof HttpRefusal);
    assert.equal(end.error.status, status);
    assert.deepEqual(order(told).slice(-3), ['error', 'disconnecting', 'disconnected']);
  }
  assert.equal(bad.states.filter(({ state }) => state === 'connecting').length, 2, 'a token may just have expired');
  assert.equal(field.states.filter(({ state }) => state === 'connecting').length, 1);
  assert.equal(field.end.error.body.field, 'taskId');
});

test('[SX.5] a server that stops says goodbye; one that is killed does not; nothing is lost', limit, async (t) => {
  const dir = scratch(t);
  let server = await Server.start(t, { dir, config });
  const told = followTrace(t, server.url);
  await connected(told);
  const publisher = new Publisher(server);
  await publisher.publish(3);
  await publisher.arrived(told);
  await server.stop();
  await until('the way back', () => told.states.length >= 3);
  assert.equal(told.states[2].state, 'connecting');
  assert.equal(told.states[2].reason, 'goodbye');
  const [{ data: goodbye }] = told.events.filter(({ name }) => name === 'goodbye');
  assert.ok(goodbye.retry_ms >= 1_000 && told.states[2].retryInMs >= goodbye.retry_ms, JSON.stringify([goodbye, told.states[2]]));
  server = await Server.start(t, { dir, config, port: server.port });
  publisher.server = server;
  await publisher.publish(3); // before it is back
  await connected(told, 2);
  await publisher.publish(3);
  await server.kill();
  await until('an error', () => told.states.some(({ state }) => state === 'error'));
  server = await Server.start(t, { dir, config, port: server.port });
  publisher.server = server;
  await publisher.publish(3);
  await connected(told, 3);
  await publisher.arrived(told);
  assert.deepEqual(told.ids, publisher.ids);
});

test('[SX.2] another log under the same address: reset is told, and what comes then', limit, async (t) => {
  let server = await Server.start(t, { config });
  const told = followTrace(t, server.url);
  await connected(told);
  await new Publisher(server).publish(2);
  await until('both', () => told.ids.length === 2);
  await server.kill();
  server = await Server.start(t, { config, port: server.port });
  await connected(told, 2);
  const publisher = new Publisher(server);
  await publisher.publish(2);
  await until('both', () => told.ids.length === 4);
  const [reset] = told.events.filter(({ name }) => name === 'reset');
  assert.equal(reset.data.reason, 'epoch');
  assert.equal(reset.id, reset.data.now);
  assert.deepEqual(told.ids.slice(2), publisher.ids);
});

test('[SX.9] a full server is asked again after its Retry-After, not before', limit, async (t) => {
  const server = await Server.start(t, { config: { sse: { ...config.sse, max_clients: 1 } } });
  const first = followTrace(t, server.url);
  await connected(first);
  const second = followTrace(t, server.url);
  const refused = await until('the refusal', () => second.states.find(({ state }) => state === 'error'));
  assert.equal(refused.error.status, 503);
  assert.deepEqual(refused.error.body, { error: 'Too many clients', max: 1 });
  assert.ok(refused.retryInMs >= 5_000, `${refused.retryInMs}`);
  const asked = Date.now();
  first.client.close();
  await connected(second);
  assert.ok(Date.now() - asked > 4_000, 'not at once');
  assert.deepEqual(order(second), ['connecting', 'error', 'connecting', 'connected']);
});

test('[SX.1] a network that is cut, between events and before the first: nothing lost, nothing twice', limit, async (t) => {
  const server = await Server.start(t, { config });
  const proxy = await CuttableProxy.start(t, server.port);
  const told = followTrace(t, proxy.url);
  await connected(told);
  const publisher = new Publisher(server);
  proxy.cut(); // it has seen no event yet
  await publisher.publish(3);
  await connected(told, 2);
  await publisher.arrived(told);
  for (let round = 3; round < 8; ++round) {
    const publishing = publisher.publish(20);
    proxy.cut();
    await publishing;
    await connected(told, round);
  }
  await publisher.arrived(told);
  assert.deepEqual(told.ids, publisher.ids);
  assert.ok(told.states.filter(({ state }) => state === 'error').every(({ retryInMs, error }) => retryInMs > 0 && error));
});

test('a stream on which nothing comes, not even heartbeats, is opened anew', limit, async (t) => {
  const server = await Server.start(t, { config: { sse: { ...config.sse, heartbeat_ms: 500 } } });
  const proxy = await CuttableProxy.start(t, server.port);
  const told = followTrace(t, proxy.url, { heartbeatMs: 500 * slow, connectMs: 1_500 * slow });
  await connected(told);
  const publisher = new Publisher(server);
  await publisher.publish(2);
  await publisher.arrived(told);
  proxy.pause();
  await publisher.publish(2);
  const error = await until('the silence is noticed', () => told.states.find(({ state }) => state === 'error'));
  assert.match(error.reason, new RegExp(`no byte for ${1_500 * slow} ms`));
  proxy.paused = false;
  await connected(told, 2);
  await publisher.arrived(told);
  assert.deepEqual(told.ids, publisher.ids);
});

test('an event that ends the stream is the end, though the response ends with it', limit, async (t) => {
  const server = await Server.start(t, { config });
  const post = (route, body) => fetch(server.url + route, { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
  const all = Array.from({ length: 20 }, (_, n) => followTrace(t, server.url, { url: `${server.url}/api/debates/${n}/stream`, endsWith: ['complete'] }));
  await Promise.all(all.map((told) => connected(told)));
  for (const n of all.keys())
    assert.equal((await post(`/api/debates/${n}/events`, { event: 'complete', data: { debateId: `${n}`, totalDurationMs: 1, finalPhase: 'x', timestamp: 1 } })).status, 201);
  await until('every end', () => all.every(({ end }) => end));
  for (const told of all) {
    assert.deepEqual(told.end, { reason: 'over' });
    assert.deepEqual(order(told), ['connecting', 'connected', 'disconnecting', 'disconnected']);
  }
});

test('what is no event stream is no answer', limit, async (t) => {
  const server = await Server.start(t, { config });
  const told = followTrace(t, server.url, { url: `${server.url}/health` });
  const error = await until('an error', () => told.states.find(({ state }) => state === 'error'));
  assert.match(error.reason, /no event stream but application\/json/);
});

test('client.md: its code follows the trace; its options and states are those there are', limit, async (t) => {
  const server = await Server.start(t, { config, env });
  const told = [];
  const client = documented('followTrace')(server.url, boss, (...words) => told.push(words));
  later(t, () => client.close());
  await until('a stream', () => client.state === 'connected');
  const publisher = new Publisher(server, boss);
  await publisher.publish(2);
  await server.publish({ type: 'lifecycle', task_id: 't-1', payload: { event: 'TASK_COMPLETED' } }, { headers: boss });
  await until('the end of a task', () => told.length === 5);
  assert.deepEqual(told.map(([first, second]) => [first, second]), [['connecting', undefined], ['connected', undefined],
    ['thought', publisher.ids[0]], ['thought', publisher.ids[1]], ['completed', 't-1']]);
  const source = fs.readFileSync(path.join(root, 'tools/types/src/stream_options.ts'), 'utf8');
  for (const [, option] of page.matchAll(/`(\w+Ms|endsWith|signal|token)`/g))
    if (option !== 'retryInMs') assert.match(source, new RegExp(`^  ${option}\\?: `, 'm'), option);
  const [, rows] = /^\| state \| means \|\n.*\n((?:\|.*\n)+)/m.exec(page);
  const names = [...rows.matchAll(/^\| `(\w+)`/gm)].map(([, state]) => `'${state}'`);
  assert.ok(source.includes(`type StreamState = ${names.join(' | ')};`), `${names}`);
});

test('in a browser, on a page of another origin: fresh tokens, a network that is cut, each entry once', limit, async (t) => {
  const server = await Server.start(t, { env, config: { sse: { ...config.sse, max_clients: 2 }, cors: { origins: ['http://127.0.0.1:*'] } } });
  const proxy = await CuttableProxy.start(t, server.port);
  const app = http.createServer((request, answer) => { // the page's own server hands out the package
    const file = path.join(process.env.DEVS_TYPES, path.basename(request.url));
    answer.setHeader('Content-Type', request.url.endsWith('.js') ? 'text/javascript' : 'text/html');
    answer.end(request.url.endsWith('.js') ? fs.readFileSync(file) : '<!doctype html><title>a page</title>');
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  later(t, () => { app.close(); app.closeAllConnections(); });
  const page = await openPage(t, `http://127.0.0.1:${app.address().port}/`);
  await page.run(`import('/index.js').then(({ StreamClient, scopedTokens }) => {
    window.told = { ids: [], states: [] };
    const token = scopedTokens('${proxy.url}', ['all'], { headers: ${JSON.stringify(boss)} });
    window.follow = (told) => new StreamClient({ url: '${proxy.url}/trace/stream', firstRetryMs: 20, maxRetryMs: 200, token,
      onState: ({ state, retryInMs }) => told.states.push(state) && (told.retryInMs = retryInMs) }).open();
    follow(told).on('message', ({ id }) => told.ids.push(id));
  })`);
  const told = async () => JSON.parse(await page.run('JSON.stringify(told)'));
  const opened = (times) => until(`connect number ${times}`, async () => (await told()).states.filter((state) => state === 'connected').length === times);
  const publisher = new Publisher(server, boss);
  await opened(1);
  proxy.cut(); // it has seen no event yet
  await publisher.publish(3);
  await opened(2);
  await publisher.publish(3);
  await until('all', async () => (await told()).ids.length >= 6);
  assert.deepEqual((await told()).ids, publisher.ids);
  // Retry-After is read across origins too.
  const wait = await page.run(`new Promise((resolve) => {
    for (const told of [{ states: [] }, { states: [] }])
      follow(told).onAny(() => {}) && setInterval(() => { if (told.states.includes('error')) resolve(told.retryInMs); }, 10);
  })`);
  assert.ok(wait >= 5_000, `${wait}`);
});
