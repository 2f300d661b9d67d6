// How a stream is opened, and what it is said to be from then on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/worker/transport.ts';
import { rig, settle } from './line_support.ts';
import { control, frame, kGreeting } from './stream_frames.ts';

test('[E16] the first open asks for the newest 5000 entries', async () => {
  const { stream, last } = rig({ head: () => 'e-98310' });
  stream.start();
  await settle();
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-93310');
  assert.equal(last().url.searchParams.get('topics'), 'all,graph');
});
test('[E16] a server that does not say its head is asked by a reset, which is no row', async () => {
  const { stream, opened, ingest, last } = rig({ head: () => '' });
  stream.start();
  await settle();
  assert.equal(last().url.searchParams.get('lastEventId'), '?');
  await last().say(kGreeting + control('reset', { reason: 'malformed', requested: '?', now: 'e-9000' }));
  assert.equal(opened.length, 2);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-4000');
  assert.deepEqual(ingest.marks, []);
});

test('[E1] live only after the first byte, be it a comment', async () => {
  const { stream, last, state } = rig();
  stream.start();
  assert.equal(state(), 'connecting');
  await settle();
  assert.equal(state(), 'connecting', 'headers alone are not enough');
  await last().say(':');
  assert.equal(state(), 'live');
});
test('[S2.8] [E2] catching up until the head that was known at the open', async () => {
  const { stream, last, state } = rig({ head: () => 'e-3' });
  stream.start();
  await settle();
  await last().say(kGreeting + frame(1));
  assert.equal(state(), 'catching_up');
  assert.deepEqual([stream.connection.caughtUp, stream.connection.catchUpTo], [1, 3]);
  await last().say(frame(2) + frame(3));
  assert.equal(state(), 'live');
});
test('[S2.8] [E2] a head that these topics never show does not hold "catching up" for ever', async () => {
  const { stream, last, state, clock } = rig({ head: () => 'e-3' });
  stream.start();
  await settle();
  await last().say(kGreeting + frame(1));
  await clock.pass(900);
  assert.equal(state(), 'catching_up');
  await clock.pass(100);
  assert.equal(state(), 'live');
});
test('[S2.8] [E2] live off is off, and nothing comes any more', async () => {
  const { stream, last, state, ingest, clock } = rig();
  stream.start();
  await settle();
  await last().say(kGreeting);
  stream.stop();
  await last().say(frame(1));
  await clock.pass(600_000);
  assert.equal(state(), 'off');
  assert.equal(ingest.rows.length, 0);
});

const kRefusals: [number, string, string, RegExp][] = [
  [503, 'Too many clients, at most 100', 'full', /^HTTP 503 \(Too many clients, at most 100\)$/],
  [429, 'Too many streams, at most 64', 'full', /^HTTP 429/],
  [500, 'INTERNAL', 'retrying', /^HTTP 500 \(INTERNAL\)$/],
  [502, '', 'retrying', /^HTTP 502$/],
  [404, 'NOT_FOUND', 'failed', /^HTTP 404 \(NOT_FOUND\) on the stream: wrong address or prefix\?$/],
  [204, '', 'failed', /^HTTP 204/],
  [200, 'not a stream but text/html', 'failed', /^HTTP 200 on the stream, not a stream but text\/html/],
  [403, 'FORBIDDEN, origin', 'failed', /^HTTP 403 \(FORBIDDEN, origin\).*own address$/],
];
for (const [status, said, state, words] of kRefusals) {
  test(`[S2.8] [E2] HTTP ${status} (${said}) is ${state}, with the status, the server's words and what to do`, async () => {
    const it = rig();
    it.stream.start();
    await settle();
    await it.last().refuse(new Refusal(status, said, null));
    assert.equal(it.state(), state);
    assert.match(it.stream.connection.reason, words);
  });
}
test('[S2.8] [E2] failed stays failed until somebody says so', async () => {
  const { stream, opened, state, last, clock } = rig();
  stream.start();
  await settle();
  await last().refuse(new Refusal(404, '', null));
  await clock.pass(3_600_000);
  assert.equal(opened.length, 1);
  stream.start();
  await settle();
  await last().say(kGreeting);
  assert.equal(state(), 'live');
});
test('[S2.8] [E2] offline is said while nothing comes, and only then', async () => {
  const { stream, last, state, clock } = rig();
  stream.start();
  await settle();
  await last().say(kGreeting);
  stream.setOnline(false);
  assert.equal(state(), 'live', 'a server on this machine needs no network');
  await last().refuse(new TypeError('network error'));
  assert.equal(state(), 'offline');
  assert.equal(stream.connection.reason, 'the connection broke');
  stream.setOnline(true);
  await clock.pass(0);
  assert.equal(state(), 'connecting');
});

test('[S2.14] [E8] two opens in a row without a byte lead to polling; a byte between them does not', async () => {
  const { stream, opened, last, clock } = rig();
  stream.start();
  await settle();
  await clock.pass(20_000);
  assert.match(stream.connection.reason, /not a byte in 20 s/);
  await clock.pass(2_000);
  await last().say(kGreeting);
  await last().end();
  await clock.pass(4_000);
  assert.equal(opened.length, 3);
  await clock.pass(20_000);
  assert.equal(stream.connection.transport, 'fetch');
  await clock.pass(8_000);
  assert.equal(opened.length, 4);
  await clock.pass(20_000);
  assert.equal(stream.connection.transport, 'poll');
});
