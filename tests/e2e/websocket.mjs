// `/trace/ws` of a real server: Node's own WebSocket, a client that breaks the rules byte by
// byte, restarts, tokens, and the code of docs/api/websocket.md.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { Server, later, root, scratch, slow, thought, until } from './support.mjs';

const limit = { timeout: 120_000 * slow };
const page = fs.readFileSync(path.join(root, 'docs/api/websocket.md'), 'utf8');

// A connected client: {messages, closed (the code), say(object), entries()}.
async function connect(t, server, query = '') {
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/trace/ws${query}`);
  const client = { socket, messages: [], closed: 0, say: (message) => socket.send(JSON.stringify(message)) };
  socket.onmessage = ({ data }) => client.messages.push(JSON.parse(data));
  socket.onclose = ({ code }) => { client.closed = code; };
  client.entries = () => client.messages.flatMap((message) => message.events ?? (message.type === undefined ? [message] : []));
  later(t, () => socket.close());
  await until('connected', () => client.messages[0]?.type === 'connected' || client.closed);
  return client;
}
const answers = (client, type) => client.messages.filter((message) => message.type === type);
async function publish(server, from, to, more = {}) {
  for (let at = from; at <= to; at += 100) {
    const some = Array.from({ length: Math.min(100, to - at + 1) }, (_, n) => ({ ...thought(at + n), ...more }));
    assert.equal((await server.publish(some)).status, 200);
  }
}

// A client that says any bytes after its handshake: {socket, head, frames, ended}.
async function raw(t, server, { fields = '', target = '/trace/ws' } = {}) {
  const socket = net.connect(server.port, '127.0.0.1');
  const client = { socket, head: '', frames: [], ended: false, read: true };
  later(t, () => socket.destroy());
  let bytes = Buffer.alloc(0);
  socket.on('error', () => { client.ended = true; });
  socket.on('close', () => { client.ended = true; });
  socket.on('data', (some) => {
    bytes = Buffer.concat([bytes, some]);
    if (!client.head) {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      client.head = bytes.subarray(0, end).toString();
      bytes = bytes.subarray(end + 4);
    }
    for (;;) {
      if (bytes.length < 2) return;
      const more = [0, 2, 8][Math.max(0, (bytes[1] & 0x7f) - 125)];
      if (bytes.length < 2 + more) return;
      const length = more === 0 ? bytes[1] : more === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
      if (bytes.length < 2 + more + length) return;
      client.frames.push({ opcode: bytes[0] & 0x0f, payload: bytes.subarray(2 + more, 2 + more + length) });
      bytes = bytes.subarray(2 + more + length);
    }
  });
  client.code = () => client.frames.find(({ opcode }) => opcode === 8)?.payload.readUInt16BE(0);
  const key = crypto.randomBytes(16).toString('base64');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
    + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${fields}\r\n`);
  await until('an answer', () => client.head || client.ended);
  const accept = crypto.createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  if (client.head.startsWith('HTTP/1.1 101')) assert.ok(client.head.includes(`Sec-WebSocket-Accept: ${accept}`));
  return client;
}
function frame(payload, { first = 0x81, masked = true } = {}) {
  const body = Buffer.from(payload);
  const mask = crypto.randomBytes(4);
  const head = body.length < 126 ? Buffer.from([first, body.length]) : body.length < 65536
    ? Buffer.from([first, 126, body.length >> 8, body.length & 255]) : Buffer.alloc(10);
  if (body.length >= 65536) {
    head[0] = first;
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(body.length), 2);
  }
  if (!masked) return Buffer.concat([head, body]);
  head[1] |= 0x80;
  return Buffer.concat([head, mask, body.map((byte, n) => byte ^ mask[n % 4])]);
}

test('[S0.16] Node\'s WebSocket: connected, entries as published, subscribe and unsubscribe', limit, async (t) => {
  const server = await Server.start(t);
  const { ids: [first] } = await (await server.publish(thought(0))).json();
  const all = await connect(t, server), one = await connect(t, server, '?taskId=nobody');
  assert.deepEqual(all.messages[0], { type: 'connected', id: first });
  one.say({ subscribe: 't-1' });
  await until('subscribed', () => answers(one, 'subscribed').length === 1);
  assert.deepEqual(answers(one, 'subscribed')[0].topics, ['task:t-1']);
  await publish(server, 1, 3);
  await publish(server, 4, 6, { task_id: 't-1' });
  await until('all of them', () => all.entries().length === 6);
  assert.deepEqual(all.entries().map(({ envelope }) => envelope),
    [1, 2, 3, 4, 5, 6].map((n) => (n < 4 ? thought(n) : { ...thought(n), task_id: 't-1' })));
  await until('those of its task', () => one.entries().length === 3);
  assert.deepEqual(one.entries(), all.entries().slice(3));
  one.say({ unsubscribe: 't-1' });
  await until('nothing is followed', () => answers(one, 'subscribed').length === 2);
  assert.deepEqual(answers(one, 'subscribed')[1].topics, []);
  one.say({ subscribe: '*' });
  await until('all is followed', () => answers(one, 'subscribed').length === 3);
  await publish(server, 7, 7);
  await until('the last', () => one.entries().length === 4);
  const readers = await (await fetch(`${server.url}/trace/readers`)).json();
  assert.deepEqual(readers.map(({ profile, topics }) => ({ profile, topics })),
    [{ profile: 'WS', topics: ['all'] }, { profile: 'WS', topics: ['all'] }]);
  one.socket.close(1000);
  await until('the close is answered', () => one.closed === 1000);
  assert.deepEqual(Object.keys(all.entries()[0]), ['id', 'name', 'envelope']);
});

test('[S0.16] SYNC_REQUEST over a restart: pieces of 500, then live', limit, async (t) => {
  const dir = scratch(t);
  const before = await Server.start(t, { dir });
  const { ids: [since] } = await (await before.publish(thought(0))).json();
  await publish(before, 1, 1200);
  await before.stop();
  const server = await Server.start(t, { dir });
  const client = await connect(t, server);
  client.say({ type: 'SYNC_REQUEST', sinceCheckpointId: since });
  await until('what was missed', () => client.entries().length === 1200);
  assert.deepEqual(answers(client, 'SYNC_REPLAY').map(({ events }) => events.length), [500, 500, 200]);
  await publish(server, 1201, 1201);
  await until('live again', () => client.entries().length === 1201);
  assert.equal(client.messages.at(-1).type, undefined);
  client.entries().forEach(({ envelope }, n) => assert.deepEqual(envelope, thought(n + 1)));
  client.say({ type: 'SYNC_REQUEST', sinceCheckpointId: client.entries().at(-1).id });
  await until('nothing was missed', () => answers(client, 'SYNC_REPLAY').length === 4);
  assert.deepEqual(answers(client, 'SYNC_REPLAY')[3].events, []);
});

test('[S0.16] ?batch=16: thoughts come together, nothing is dropped, the order stays', limit, async (t) => {
  const server = await Server.start(t);
  const client = await connect(t, server, '?batch=16');
  await publish(server, 1, 250);
  assert.equal((await server.publish({ type: 'note', n: 251 })).status, 200);
  await until('everything', () => client.entries().length === 251);
  client.entries().slice(0, 250).forEach(({ envelope }, n) => assert.deepEqual(envelope, thought(n + 1)));
  const batches = answers(client, 'THOUGHT_STREAM_BATCH').map(({ events }) => events.length);
  assert.ok(batches.length < 50 && Math.max(...batches) <= 100, `${batches}`);
  assert.equal(client.messages.at(-1).envelope.type, 'note');
});

test('[S0.16] who breaks the rules is closed with the code that says why', limit, async (t) => {
  const server = await Server.start(t);
  const endless = [frame('', { first: 0x01 }), ...Array.from({ length: 1024 }, () => frame('', { first: 0x00 }))];
  const wrongs = [
    ['unmasked', [frame('{}', { masked: false })], 1002],
    ['a reserved bit', [frame('{}', { first: 0xc1 })], 1002],
    ['binary', [frame('{}', { first: 0x82 })], 1003],
    ['not JSON', [frame('hello')], 1007],
    ['bad UTF-8', [frame(Buffer.from([0x22, 0xc3, 0x28, 0x22]))], 1007],
    ['too long', [frame(Buffer.alloc(65537, 0x20))], 1009],
    ['fragments for ever', endless, 1009],
  ];
  for (const [what, frames, code] of wrongs) {
    const client = await raw(t, server);
    client.socket.write(Buffer.concat(frames));
    await until(`${what}: closed`, () => client.code());
    assert.equal(client.code(), code, what);
    await until(`${what}: ended`, () => client.ended);
  }
  const half = await raw(t, server);
  half.socket.write(frame('{"subscribe":"t-1"}').subarray(0, 9));
  half.socket.destroy();
  for (const [fields, status] of [['Sec-WebSocket-Key: again\r\n', 400], ['Origin: https://evil.example\r\n', 403]])
    assert.match((await raw(t, server, { fields })).head, new RegExp(`^HTTP/1.1 ${status}`));
  assert.equal((await fetch(`${server.url}/trace/ws`)).status, 426);
  await until('nobody is left', async () => (await (await fetch(`${server.url}/trace/readers`)).json()).length === 0);
});

test('[S0.16] no pong for two heartbeats is the end; who answers stays', limit, async (t) => {
  const server = await Server.start(t, { config: { sse: { heartbeat_ms: 1000 } } });
  const good = await connect(t, server), dead = await raw(t, server);
  await until('the end of the mute one', () => dead.code());
  assert.equal(dead.code(), 1013);
  assert.ok(dead.frames.filter(({ opcode }) => opcode === 9).length >= 2);
  await until('it is gone', () => dead.ended);
  await publish(server, 1, 1);
  await until('the other one listens', () => good.entries().length === 1);
});

test('[S0.16] a reader that stops reading loses nothing and delays nobody', limit, async (t) => {
  const server = await Server.start(t);
  const slowOne = await raw(t, server), quick = await connect(t, server);
  slowOne.socket.pause();
  const text = 'x'.repeat(20_000);
  for (let n = 1; n <= 500; ++n) await server.publish({ ...thought(n), text });
  await until('the quick one has all', () => quick.entries().length === 500);
  slowOne.socket.resume();
  await until('the slow one has all', () => slowOne.frames.filter(({ opcode }) => opcode === 1).length === 501);
  const seen = slowOne.frames.slice(1).map(({ payload }) => JSON.parse(payload).id);
  assert.deepEqual(seen, quick.entries().map(({ id }) => id));
});

test('[S0.16] [SX.13] with authentication: a stream token opens, its end is 1008', limit, async (t) => {
  const bearer = 'the-bearer-of-the-socket-test';
  const headers = { Authorization: `Bearer ${bearer}`, 'Content-Type': 'application/json' };
  const server = await Server.start(t, { env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: bearer } });
  assert.match((await raw(t, server)).head, /^HTTP\/1.1 401/);
  assert.match((await raw(t, server, { target: `/trace/ws?token=${bearer}` })).head, /^HTTP\/1.1 401/);
  assert.match((await raw(t, server, { fields: `Authorization: Bearer ${bearer}\r\n` })).head, /^HTTP\/1.1 101/);
  const made = await (await fetch(`${server.url}/api/stream-tokens`,
    { method: 'POST', headers, body: JSON.stringify({ scope: ['all'] }) })).json();
  const client = await connect(t, server, `?token=${made.token}`);
  client.say({ subscribe: 'graph' });
  await until('refused', () => answers(client, 'error').length === 1);
  assert.equal(answers(client, 'error')[0].data.reason, 'stream_token_scope');
  const { jti } = JSON.parse(Buffer.from(made.token.split('.')[1], 'base64url'));
  assert.equal((await fetch(`${server.url}/api/stream-tokens/${jti}`, { method: 'DELETE', headers })).status, 204);
  await until('the end', () => client.closed, 45_000);
  assert.equal(client.closed, 1008);
  assert.equal(client.messages.at(-1).data.reason, 'token_revoked');
});

test('[S0.16] a server that stops says goodbye with 1001', limit, async (t) => {
  const server = await Server.start(t);
  const client = await connect(t, server);
  const { ids: [last] } = await (await server.publish(thought(1))).json();
  await until('the entry', () => client.entries().length === 1);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await until('closed', () => client.closed);
  assert.equal(client.closed, 1001);
  assert.equal(client.messages.at(-1).type, 'goodbye');
  assert.equal(client.messages.at(-1).data.last_id, last);
});

test('[S0.16] the code of websocket.md follows over a restart', limit, async (t) => {
  const dir = scratch(t);
  const first = await Server.start(t, { dir });
  const [, code] = /```js\n([^]*?)```/.exec(page);
  const seen = [];
  const following = new Function(`${code}; return followTrace;`)()(first.url, (id, envelope) => seen.push({ id, envelope }));
  later(t, () => following.close());
  await until('it listens', async () => (await (await fetch(`${first.url}/trace/readers`)).json()).length === 1);
  await publish(first, 1, 10);
  await until('ten', () => seen.length === 10);
  await first.stop();
  const second = await Server.start(t, { dir, port: first.port });
  await publish(second, 11, 20);
  await until('twenty', () => seen.length === 20);
  assert.deepEqual(seen.map(({ envelope }) => envelope), Array.from({ length: 20 }, (_, n) => thought(n + 1)));
  following.subscribe('t-1');
});
