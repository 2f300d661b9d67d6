// When a line that broke, went silent or slept is tried again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/worker/transport.ts';
import { rig, settle } from './line_support.ts';
import { frame, kGreeting } from './stream_frames.ts';

/** So many tries that fail; the last one is waited for, if `retried`. */
async function failing({ stream, clock, last }: ReturnType<typeof rig>, count: number, retried: boolean): Promise<void> {
  for (let n = 1; n <= count; ++n) {
    await last().refuse(new TypeError('failed'));
    if (n < count || retried) await clock.pass(stream.connection.nextTryAt - clock.now());
  }
}

test('[S2.8] [S2.10] [E5] tries come after 2, 4, 8, 16, 30, 30 s, and never end', async () => {
  const { stream, opened, last, clock } = rig();
  stream.start();
  await settle();
  for (const delay of [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]) {
    const before = opened.length;
    await last().refuse(new TypeError('failed'));
    assert.equal(stream.connection.nextTryAt - clock.now(), delay);
    await clock.pass(delay - 1);
    assert.equal(opened.length, before);
    await clock.pass(1);
    assert.equal(opened.length, before + 1);
  }
  assert.equal(stream.connection.tries, 7);
});
test('[S2.8] [S2.10] [E5] Retry-After wins', async () => {
  const { stream, last, clock } = rig({ random: () => 0 });
  stream.start();
  await settle();
  await last().refuse(new Refusal(503, '', 12_000));
  assert.equal(stream.connection.nextTryAt - clock.now(), 12_000);
});
test('[S2.8] [S2.10] [E5] back to the start after 10 s of live, not before', async () => {
  const it = rig();
  const { stream, last, clock } = it;
  stream.start();
  await settle();
  await failing(it, 3, true);
  await last().say(kGreeting);
  await clock.pass(9_000);
  await last().end();
  assert.equal(stream.connection.nextTryAt - clock.now(), 16_000);
  await clock.pass(16_000);
  await last().say(kGreeting);
  await clock.pass(10_000);
  assert.equal(stream.connection.tries, 0);
  await last().end();
  assert.equal(stream.connection.nextTryAt - clock.now(), 2000);
});
const kAtOnce: [string, (it: ReturnType<typeof rig>) => void][] = [
  ['Retry', ({ stream }) => stream.start()],
  ['a hidden tab that is shown', ({ stream }) => stream.shown()],
  ['the network coming back', ({ stream }) => { stream.setOnline(false); stream.setOnline(true); }],
];
for (const [name, cause] of kAtOnce) {
  test(`[S2.8] [S2.10] [E5] ${name} tries at once, with the delay at its start`, async () => {
    const it = rig();
    it.stream.start();
    await settle();
    await failing(it, 4, false);
    const before = it.opened.length;
    cause(it);
    await settle();
    assert.equal(it.opened.length, before + 1);
    await it.last().refuse(new TypeError('failed'));
    assert.equal(it.stream.connection.nextTryAt - it.clock.now(), 2000);
  });
}
test('[S2.8] [S2.10] [E5] a tab that is shown leaves a stream that runs alone', async () => {
  const { stream, opened, last } = rig();
  stream.start();
  await settle();
  await last().say(kGreeting);
  stream.shown();
  await settle();
  assert.equal(opened.length, 1);
});
test('[S2.9] [E3] 90 s without a byte reconnect by themselves, a comment counts', async () => {
  const { stream, opened, last, clock } = rig({ head: () => 'e-1' });
  stream.start();
  await settle();
  await last().say(kGreeting + frame(1));
  for (let n = 0; n < 10; ++n) {
    await clock.pass(60_000);
    await last().say(': heartbeat\n\n');
  }
  assert.equal(opened.length, 1);
  const [first] = opened;
  await clock.pass(89_000);
  assert.equal(opened.length, 1);
  await clock.pass(2_000);
  assert.equal(opened.length, 2);
  assert.ok(first!.closed);
  await last().say(kGreeting + frame(2));
  assert.match(stream.reconnects[0]!.cause, /no sign of life for 9\d s/);
  assert.deepEqual([stream.reconnects[0]!.sentId, stream.reconnects[0]!.firstId], ['e-1', 'e-2']);
});
test('[S2.9] [E3] EventSource hides heartbeats, so its silence is no reason to reconnect', async () => {
  const { stream, opened, last, clock } = rig({ kind: 'eventsource' });
  stream.start();
  await settle();
  await last().say(kGreeting);
  await clock.pass(3_600_000);
  assert.equal(opened.length, 1);
});
test('a laptop that slept reconnects at once', async () => {
  const { stream, opened, last, clock, state } = rig();
  stream.start();
  await settle();
  await last().say(kGreeting);
  await clock.pass(5_000);
  await clock.sleep(3 * 3_600_000);
  await clock.pass(2_000);
  assert.equal(opened.length, 2);
  await last().say(kGreeting);
  assert.equal(state(), 'live');
});
test('a laptop that slept while a try was due does not wait for the rest', async () => {
  const it = rig();
  const { stream, opened, clock } = it;
  stream.start();
  await settle();
  await failing(it, 5, false);
  const before = opened.length;
  await clock.sleep(3_600_000);
  await clock.pass(1_500);
  assert.equal(opened.length, before + 1);
});
