import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dataStatus, offers, shownState, words } from '../../src/core/connection.ts';
import type { Connection, ConnectionState } from '../../src/core/protocol.ts';

const kNow = 1_795_224_245_000;
const connection = (more: Partial<Connection>): Connection => ({
  state: 'live', reason: '', transport: 'fetch', role: 'leader', tabs: 1, lastByteAt: kNow - 2300, nextTryAt: 0, tries: 0,
  caughtUp: 0, catchUpTo: 0, lastId: 'e-1', ...more,
});
const says = (more: Partial<Connection>): string => words(connection(more), 41.6, kNow).replaceAll('\u00a0', ' ').replaceAll('\u202f', ' ');

test('[S2.8] [E2] every state has its words', () => {
  const kWords: [Partial<Connection>, string][] = [
    [{ state: 'off' }, 'Live off'],
    [{ state: 'connecting' }, 'Connecting'],
    [{ state: 'catching_up', caughtUp: 12400, catchUpTo: 30000 }, 'Catching up, 12 400 of 30 000'],
    [{ state: 'live' }, 'Live 42/s, 2 s ago'],
    [{ state: 'live', lastByteAt: kNow - 63_400 }, 'No sign of life for 63 s'],
    [{ state: 'retrying', reason: 'the connection broke', nextTryAt: kNow + 4000, tries: 3 }, 'Reconnecting in 4 s (try 3): the connection broke'],
    [{ state: 'full', reason: 'HTTP 503 (Too many clients, at most 100)', nextTryAt: kNow + 12_000 },
      'Server full, HTTP 503 (Too many clients, at most 100); next try in 12 s'],
    [{ state: 'offline' }, 'Offline'],
    [{ state: 'auth', reason: 'Token needed: HTTP 401 (UNAUTHORIZED, missing_bearer_token)' }, 'Token needed: HTTP 401 (UNAUTHORIZED, missing_bearer_token)'],
    [{ state: 'failed', reason: 'HTTP 404 on the stream: wrong address or prefix?' }, 'HTTP 404 on the stream: wrong address or prefix?'],
    [{ state: 'polling', reason: 'A proxy holds the stream back' }, 'A proxy holds the stream back'],
    [{ state: 'file', reason: 'trace.log' }, 'trace.log, not live'],
    [{ state: 'replay' }, 'Replay, not live'],
  ];
  for (const [more, text] of kWords) assert.equal(says(more), text);
});
test('[S2.8] [E2] every state offers something to do and has one of the four words of seed 002', () => {
  const kStates: ConnectionState[] = ['off', 'connecting', 'catching_up', 'live', 'stale', 'retrying', 'full', 'offline', 'auth', 'failed', 'polling', 'file', 'replay'];
  for (const state of kStates) {
    assert.ok(offers(state, 'leader').length > 0, state);
    assert.ok(['connected', 'connecting', 'disconnected', 'error'].includes(dataStatus(state)), state);
  }
});
test('[S2.8] [E2] a follower says whose state it is, and offers to take over', () => {
  assert.equal(says({ role: 'follower' }), 'Live 42/s, 2 s ago, via another tab');
  assert.ok(offers('live', 'follower').includes('take_over'));
  assert.ok(!offers('live', 'leader').includes('take_over'));
});
test('[S2.14] [E7] tabs that each have a connection say so from the third on', () => {
  assert.equal(says({ role: 'alone', tabs: 2 }), 'Live 42/s, 2 s ago');
  assert.match(says({ role: 'alone', tabs: 3 }), /each of 3 tabs has a connection of its own/);
});
test('[S2.9] [E3] silence grows old by itself: stale at 60 s, before that live', () => {
  assert.equal(shownState(connection({ lastByteAt: kNow }), kNow + 59_999), 'live');
  assert.equal(shownState(connection({ lastByteAt: kNow }), kNow + 60_000), 'stale');
  assert.equal(shownState(connection({ state: 'retrying', lastByteAt: kNow }), kNow + 60_000), 'retrying');
});
test('[S2.9] [E3] what cannot see heartbeats says that, and is never stale', () => {
  const blind = connection({ transport: 'eventsource', lastByteAt: kNow - 3_600_000 });
  assert.equal(shownState(blind, kNow), 'live');
  assert.equal(words(blind, 0, kNow), 'Live 0/s, heartbeats cannot be seen here');
});
test('[S2.9] [E3] a clock that was set back shows no negative age', () => {
  assert.equal(says({ lastByteAt: kNow + 5000 }), 'Live 42/s, 0 s ago');
});
