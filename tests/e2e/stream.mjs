// The trace stream as `curl` and the npm `eventsource` client see it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, createParser, curl, eventSource, rawGet, scratch, slow, thought, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const minimal = '{"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"smoke-test"}},"timestamp_ns":"0"}';
const json = { 'Content-Type': 'application/json' };
const post = (server, body, type = json) => fetch(`${server.url}/trace/publish`, { method: 'POST', body, headers: type });

test('[S0.1] the head and `: connected` are there before any publish', limit, async (t) => {
  const server = await Server.start(t);
  const reader = await curl(t, server, { args: ['-i'] });
  const [head, body] = reader.text.split('\r\n\r\n');
  const [status, ...fields] = head.split('\r\n');
  assert.equal(status, 'HTTP/1.1 200 OK');
  const headers = new Map(fields.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]));
  assert.equal(headers.get('content-type'), 'text/event-stream');
  assert.equal(headers.get('cache-control'), 'no-cache');
  assert.equal(headers.get('connection'), 'keep-alive');
  assert.equal(headers.get('x-accel-buffering'), 'no');
  assert.equal(headers.get('content-encoding'), undefined);
  assert.equal(body, ': connected\n\nretry: 2000\n\n');
});

test('[S0.2] a published envelope arrives with the same bytes within 200 ms', limit, async (t) => {
  const server = await Server.start(t);
  const source = await eventSource(t, server);
  const reader = await curl(t, server);
  const started = performance.now();
  const told = await (await post(server, minimal)).json();
  await until('both have it', () => source.seen.length === 1 && reader.data().length === 1);
  const took = performance.now() - started;
  assert.ok(took < 200 * slow, `${took} ms`);
  assert.equal(source.seen[0].data, minimal);
  assert.equal(source.seen[0].id, told.ids[0]);
  assert.equal(reader.text, `: connected\n\nretry: 2000\n\nid: ${told.ids[0]}\ndata: ${minimal}\n\n`);
});

test('[S0.4] three clients each get every envelope, in order', limit, async (t) => {
  const server = await Server.start(t);
  const clients = [await eventSource(t, server), await eventSource(t, server), await eventSource(t, server)];
  for (let n = 0; n < 50; ++n) assert.equal((await server.publish(thought(n))).status, 200);
  await until('all have 50', () => clients.every((one) => one.seen.length === 50));
  for (const one of clients) {
    assert.deepEqual(one.seen.map((event) => JSON.parse(event.data).turn_index), Array.from({ length: 50 }, (_, n) => n));
  }
});

test('[S0.10] 3 publishes are 3 lines, 100 concurrent ones 100 whole lines, each there when it is acknowledged', limit, async (t) => {
  const server = await Server.start(t);
  for (let n = 0; n < 3; ++n) {
    await server.publish(thought(n));
    assert.deepEqual(server.logLines(), Array.from({ length: n + 1 }, (_, k) => JSON.stringify(thought(k))));
  }
  await Promise.all(Array.from({ length: 100 }, async (_, n) => {
    await (await server.publish(thought(1000 + n))).json();
    assert.ok(server.logLines().includes(JSON.stringify(thought(1000 + n))));
  }));
  const turns = server.logLines().slice(3).map((line) => JSON.parse(line).turn_index);
  assert.deepEqual(turns.sort((a, b) => a - b), Array.from({ length: 100 }, (_, n) => 1000 + n));
});

test('publish takes one envelope, an array, or lines, and refuses other types', limit, async (t) => {
  const server = await Server.start(t);
  assert.equal((await (await post(server, JSON.stringify([thought(1), thought(2)]))).json()).accepted, 2);
  const lines = `${JSON.stringify(thought(3))}\n\nnot json\n${JSON.stringify(thought(4))}\n`;
  const told = await (await post(server, lines, { 'Content-Type': 'application/x-ndjson' })).json();
  assert.deepEqual([told.accepted, told.rejected, told.errors[0].line], [2, 1, 3]);
  assert.equal((await post(server, minimal, { 'Content-Type': 'text/plain' })).status, 415);
  const refused = await post(server, '{"turn_index":1}');
  assert.equal(refused.status, 400);
  assert.equal((await refused.json()).error, 'SAOP_REFUSED');
  assert.equal(server.logLines().length, 4);
});

test('[S0.13] filters choose what a reader sees, bad ones are 400', limit, async (t) => {
  const server = await Server.start(t);
  const task = '7d444840-9dc0-11d1-b245-5ffdce74fad2';
  const mine = await eventSource(t, server, { route: `/stream?taskId=${task}` });
  const kinds = await eventSource(t, server, { route: '/trace/stream?types=action,observation' });
  for (const [type, task_id] of [['thought', task], ['action', 'other'], ['action', task], ['thought', 'other']]) {
    await server.publish({ type, task_id, turn_index: 0, payload: {}, timestamp_ns: '1' });
  }
  await until('both have theirs', () => mine.seen.length >= 2 && kinds.seen.length >= 2);
  const told = (source) => source.seen.map((event) => { const one = JSON.parse(event.data); return `${one.type} ${one.task_id === task}`; });
  assert.deepEqual(told(mine), ['thought true', 'action true']);
  assert.deepEqual(told(kinds), ['action false', 'action true']);
  for (const query of ['/trace/stream?taskId=a%20b', '/stream?taskId=not-a-uuid', '/trace/stream?taskId=']) {
    const answer = await fetch(server.url + query);
    assert.equal(answer.status, 400, query);
    assert.equal((await answer.json()).error, 'BAD_REQUEST');
  }
});

test('[S0.15] /trace/trace/stream is 404, POST on /trace/stream is 405', limit, async (t) => {
  const server = await Server.start(t);
  assert.equal((await fetch(`${server.url}/trace/trace/stream`)).status, 404);
  const answer = await fetch(`${server.url}/trace/stream`, { method: 'POST', body: '{}', headers: json });
  assert.equal(answer.status, 405);
  assert.equal(answer.headers.get('allow'), 'GET, HEAD, OPTIONS');
});

test('[SX.2] [D0.9] a client that names an id gets what it missed, then live; an unknown id is a reset, never an error', limit, async (t) => {
  const server = await Server.start(t);
  const ids = [];
  for (let n = 0; n < 5; ++n) ids.push((await (await server.publish(thought(n))).json()).ids[0]);
  const frame = (n) => `id: ${ids[n]}\ndata: ${JSON.stringify(thought(n))}\n\n`;
  const first = ': connected\n\nretry: 2000\n\n';

  const resumed = await curl(t, server, { args: ['-H', `Last-Event-ID: ${ids[2]}`] });
  const byQuery = await curl(t, server, { route: `/trace/stream?lastEventId=${ids[3]}` });
  const earliest = await curl(t, server, { route: '/trace/stream?lastEventId=earliest' });
  await until('replays', () => resumed.data().length === 2 && byQuery.data().length === 1 && earliest.data().length === 5);
  assert.equal(resumed.text, first + frame(3) + frame(4));
  assert.equal(byQuery.text, first + frame(4));
  assert.equal(earliest.text, first + [0, 1, 2, 3, 4].map(frame).join(''));

  const reset = (reason, requested) =>
    `${first}event: reset\ndata: {"reason":"${reason}","requested":"${requested}","now":"${ids[4]}"}\n\n`;
  const epoch = ids[0].split('-')[0];
  for (const [reason, asked] of [['epoch', 'aaaaaaaaaa-3'], ['future', `${epoch}-900`], ['malformed', 'x']]) {
    const reader = await curl(t, server, { args: ['-H', `Last-Event-ID: ${asked}`] });
    await until(reason, () => reader.data().length === 1);
    assert.equal(reader.text, reset(reason, asked));
  }
});

test('[SX.12] [DX.3] no stream is compressed, whatever the client accepts', limit, async (t) => {
  const server = await Server.start(t);
  await server.publish(thought(1));
  const accepts = 'Accept-Encoding: gzip, br, deflate, zstd, *;q=1, identity;q=0\r\n';
  for (const route of ['/trace/stream', '/stream', '/agent-console/stream', '/trace/replay?speed=max']) {
    const socket = await rawGet(server, `${route}${route.includes('?') ? '&' : '?'}lastEventId=earliest`, accepts);
    await until('the first entry', () => socket.text.includes('\ndata: {"type":"thought"'));
    assert.match(socket.text, /^HTTP\/1\.1 200 /, route);
    assert.doesNotMatch(socket.text, /content-encoding/i, route);
    assert.match(socket.text, /: connected\n\n/, route);
    socket.destroy();
  }
});

test('[SX.11] the npm parser reads what a stream sent, split anywhere', limit, async (t) => {
  const server = await Server.start(t);
  await post(server, JSON.stringify({ type: 'system', payload: { event: 'UPSTREAM_UP' } }));
  for (const text of ['a\r\n\u0000 \u{1F600} data: id: event:', 'x'.repeat(300)]) {
    assert.equal((await server.publish({ type: 'thought', turn_index: 2, payload: { text }, timestamp_ns: '1' })).status, 200);
  }
  const route = '/trace/replay?speed=max';
  const answer = await fetch(server.url + route, { headers: { 'Last-Event-ID': 'x' } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  const parsed = (...pieces) => {
    const seen = [];
    const parser = createParser({
      onEvent: (event) => seen.push([event.id ?? '', event.event ?? 'message', event.data]),
      onRetry: (ms) => seen.push(['retry', ms]),
      onError: (error) => { throw error; },
    });
    const decoder = new TextDecoder();
    for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }));
    return seen;
  };
  const expected = parsed(bytes);
  assert.deepEqual(expected.map(([id, event]) => event === 2000 ? id : event),
    ['retry', 'reset', 'UPSTREAM_UP', 'message', 'message', 'replay_end']);
  const lines = server.logLines();
  assert.deepEqual(expected.slice(2, 5).map(([, , data]) => data), lines);
  for (let at = 0; at <= bytes.length; ++at) {
    assert.deepEqual(parsed(bytes.subarray(0, at), bytes.subarray(at)), expected, `split at ${at}`);
  }
  assert.deepEqual(parsed(...[...bytes].map((byte) => Buffer.of(byte))), expected);
});

test('[T29] a filter by tool picks the same entries live, from the ring, from disk, in replay and in a question', limit, async (t) => {
  const dir = scratch(t);
  const filter = 'tool=x';
  const said = (text) => [...text.matchAll(/^data: (\{"type".*)$/gm)].map((found) => found[1]);
  const first = await Server.start(t, { dir });
  const live = await curl(t, first, { route: `/trace/stream?${filter}` });
  const action = (n, tool) => ({ type: 'action', turn_index: n, tool_call_id: `c-${n}`, payload: { tool_call: { tool_name: tool } }, timestamp_ns: '1' });
  const observation = (n, tool) => ({ type: 'observation', turn_index: n, tool_call_id: `c-${n}`, payload: {}, metadata: { tool_name: tool, status: 'SUCCESS' }, timestamp_ns: '2' });
  for (let n = 0; n < 30; ++n) {
    const tool = ['x', 'y', 'xx'][n % 3];
    assert.equal((await post(first, JSON.stringify([action(n, tool), thought(n), observation(n, tool)]))).status, 200);
  }
  const wanted = first.logLines().filter((line) => line.includes('"tool_name":"x"'));
  assert.equal(wanted.length, 20);
  await until('all of them live', () => live.data().length >= wanted.length);
  assert.deepEqual(said(live.text), wanted);
  const ring = await curl(t, first, { route: `/trace/stream?${filter}&lastEventId=earliest` });
  await until('all of them from the ring', () => ring.data().length >= wanted.length);
  assert.deepEqual(said(ring.text), wanted);
  await first.stop();

  const second = await Server.start(t, { dir });  // its ring is empty
  const disk = await curl(t, second, { route: `/trace/stream?${filter}&lastEventId=earliest` });
  await until('all of them from disk', () => disk.data().length >= wanted.length);
  assert.deepEqual(said(disk.text), wanted);
  const replay = await (await fetch(`${second.url}/trace/replay?${filter}&speed=max`)).text();
  assert.deepEqual(said(replay), wanted);
  const page = await until('the index', async () => {
    const told = await (await fetch(`${second.url}/trace/envelopes?${filter}&limit=500&order=asc`)).json();
    return told.envelopes.length >= wanted.length && told;
  });
  assert.deepEqual(page.envelopes.map((one) => JSON.stringify(one.envelope)), wanted);
});

test('[S0.12] the console stream annotates what the raw stream shows', limit, async (t) => {
  const server = await Server.start(t);
  const raw = await curl(t, server);
  const console = await curl(t, server, { route: '/agent-console/stream' });
  await post(server, minimal);
  await until('both', () => raw.data().length === 1 && console.data().length === 1);
  assert.equal(raw.data()[0], minimal);
  assert.equal(console.data()[0], minimal.slice(0, -1) +
    ',"semantic_class":"thought","highlight_color":"#A8D8EA","display":{"summary":"smoke-test","icon":"\u{1F4AD}"}}');
});
