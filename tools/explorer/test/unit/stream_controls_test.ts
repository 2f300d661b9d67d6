// What the stream says of itself: goodbye, reset, evicted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig, settle } from './line_support.ts';
import { control, frame, kGreeting } from './stream_frames.ts';

test('[E9] goodbye is a row, its retry: is kept, and the id is sent again', async () => {
  const { stream, last, clock, ingest, state } = rig({ head: () => 'e-1' });
  stream.start();
  await settle();
  await last().say(`${kGreeting}${frame(1)}retry: 3172\n${control('goodbye', { reason: 'shutdown', retry_ms: 3172, last_id: 'e-1' })}`);
  assert.deepEqual(ingest.marks.map(({ name }) => name), ['goodbye']);
  await last().end();
  assert.equal(state(), 'retrying');
  assert.match(stream.connection.reason, /goodbye \(shutdown\)/);
  assert.equal(stream.connection.nextTryAt - clock.now(), 3172);
  await clock.pass(3172);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-1');
});
test('[E10] reset: old rows stay, and the newest of the other log are asked for', async () => {
  const { stream, opened, last, ingest, state } = rig({ head: () => 'e-2' });
  stream.start();
  await settle();
  await last().say(kGreeting + frame(1) + frame(2) + control('reset', { reason: 'epoch', requested: 'e-2', now: 'f-7000' }));
  assert.equal(opened.length, 2);
  assert.equal(last().url.searchParams.get('lastEventId'), 'f-2000');
  await last().say(`${kGreeting}id: f-2001\ndata: {}\n\n`);
  assert.equal(state(), 'live');
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'e-2', 'f-2001']);
  assert.deepEqual(ingest.marks.map(({ name }) => name), ['reset']);
});
test('[E10] a server that resets every time is not asked in a loop', async () => {
  const { stream, opened, last, state } = rig({ head: () => 'e-2' });
  stream.start();
  await settle();
  for (let n = 0; n < 3; ++n) await last().say(kGreeting + control('reset', { reason: 'epoch', requested: 'x', now: 'f-7000' }));
  assert.equal(opened.length, 2);
  assert.equal(state(), 'retrying');
});
const kEvicted: [string, string, RegExp][] = [
  ['stalled', 'retrying', /evicted: stalled/], ['token_revoked', 'auth', /revoked/], ['admin', 'failed', /operator/],
];
for (const [reason, expected, words] of kEvicted) {
  test(`[E10] evicted, ${reason}: a row, and ${expected}`, async () => {
    const { stream, last, ingest, state } = rig();
    stream.start();
    await settle();
    await last().say(kGreeting + control('evicted', { reason, last_id: 'e-0' }));
    await last().end();
    assert.equal(state(), expected);
    assert.match(stream.connection.reason, words);
    assert.deepEqual(ingest.marks.map(({ name }) => name), ['evicted']);
  });
}
test('[E10] another epoch that nobody announced is a reset too', async () => {
  const { stream, last, ingest } = rig({ head: () => 'e-2' });
  stream.start();
  await settle();
  await last().say(`${kGreeting}${frame(1)}id: f-1\ndata: {}\n\nid: f-2\ndata: {}\n\n`);
  assert.deepEqual(ingest.marks.map(({ name }) => name), ['reset']);
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'f-1', 'f-2']);
});
