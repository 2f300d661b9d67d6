import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff, retryAfterMs } from '../../src/core/backoff.ts';

const delays = (backoff: Backoff, count: number): number[] => Array.from({ length: count }, () => backoff.next());

test('[S2.8] [S2.10] [E5] the delay doubles from 2 s to 30 s', () => {
  assert.deepEqual(delays(new Backoff(() => 1), 7), [2000, 4000, 8000, 16000, 30000, 30000, 30000]);
});
test('[S2.8] [S2.10] [E5] the delay is a random half to whole of that', () => {
  assert.deepEqual(delays(new Backoff(() => 0), 3), [1000, 2000, 4000]);
  assert.deepEqual(delays(new Backoff(() => 0.5), 3), [1500, 3000, 6000]);
});
test('[S2.8] [S2.10] [E5] the server\'s retry: is where it begins', () => {
  const backoff = new Backoff(() => 1);
  backoff.retry(3172);
  assert.deepEqual(delays(backoff, 2), [3172, 6344]);
});
test('[S2.8] [S2.10] [E5] Retry-After wins, and is at most 120 s', () => {
  const backoff = new Backoff(() => 0);
  assert.equal(backoff.next(5000), 5000);
  assert.equal(backoff.next(3_600_000), 120_000);
  assert.equal(backoff.next(0), 0);
  assert.equal(backoff.tries, 3);
});
test('[S2.8] [S2.10] [E5] back at the start it is short again', () => {
  const backoff = new Backoff(() => 1);
  delays(backoff, 5);
  backoff.reset();
  assert.equal(backoff.tries, 0);
  assert.equal(backoff.next(), 2000);
});
test('[S2.8] [S2.10] [E5] after years of failing the delay is 30 s', () => {
  const backoff = new Backoff(() => 1);
  assert.equal(delays(backoff, 5000).at(-1), 30_000);
});
test('[S2.8] [S2.10] [E5] Retry-After is seconds, or a date', () => {
  const now = Date.parse('2026-11-21T01:24:05Z');
  assert.equal(retryAfterMs('5', now), 5000);
  assert.equal(retryAfterMs(' 0 ', now), 0);
  assert.equal(retryAfterMs('Sat, 21 Nov 2026 01:24:25 GMT', now), 20_000);
  assert.equal(retryAfterMs('Sat, 21 Nov 2026 01:24:00 GMT', now), 0);
  assert.equal(retryAfterMs('soon', now), null);
  assert.equal(retryAfterMs('-5', now), null);
  assert.equal(retryAfterMs(null, now), null);
});
