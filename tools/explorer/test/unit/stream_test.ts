import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseScanner } from '../../src/core/sse.ts';
import { Refusal } from '../../src/worker/transport.ts';
import { FakeIngest, rig, settle } from './line_support.ts';
import { Applied } from '../../src/worker/applied.ts';

const kGreeting = ': connected\n\nretry: 2000\n\n';
const frame = (n: number, data = `{"n":${n}}`): string => `id: e-${n}\ndata: ${data}\n\n`;
const control = (name: string, data: object, id = ''): string => `${id && `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

// --- E4: cuts ---

/** A log with all that a stream can carry. */
const kLog: { sequence: number; bytes: string }[] = [
  { sequence: 1, bytes: frame(1) },
  { sequence: 2, bytes: frame(2, '{"text":"h\u00e9 \u{1f600} \u202e"}') },
  { sequence: 3, bytes: `id: e-3\nevent: TASK_STARTED\ndata: {"type":"lifecycle"}\n\n` },
  { sequence: 7, bytes: control('gap', { from: 'e-4', to: 'e-7', count: 4, reason: 'corrupt' }, 'e-7') },
  { sequence: 8, bytes: control('envelope_oversize', { id: 'e-8', bytes: 1_048_577 }, 'e-8') },
  { sequence: 9, bytes: `: heartbeat\n\n${frame(9)}` },
  { sequence: 12, bytes: 'id: e-12\n\n' },
  { sequence: 13, bytes: 'id: e-13\nevent: error\ndata: {"an":"entry"}\n\n' },
  { sequence: 14, bytes: frame(14, '{}') },
];
const kIds = ['e-1', 'e-2', 'e-3', 'e-9', 'e-13', 'e-14'];
const after = (id: string | null): string => kGreeting + kLog.filter(({ sequence }) => sequence > Number(/\d+$/.exec(id ?? '0')![0])).map(({ bytes }) => bytes).join('');

for (const end of ['\n', '\r\n', '\r']) {
  test(`[E4] cut at every byte, then resumed: all once, in order (${JSON.stringify(end)})`, () => {
    const whole = new TextEncoder().encode(after(null).replaceAll('\n', end));
    for (let cut = 0; cut <= whole.length; ++cut) {
      const ingest = new FakeIngest();
      const applied = new Applied(ingest);
      const read = (bytes: Uint8Array, piece: number): void => {
        const frames: Parameters<Applied['take']>[0][number][] = [];
        const scanner = new SseScanner({ frame: (one) => frames.push(one), retry: () => {} });
        for (let at = 0; at < bytes.length; at += piece) {
          scanner.push(bytes.slice(at, at + piece));
          applied.take(frames.splice(0));
        }
      };
      read(whole.slice(0, cut), 1 + (cut % 97));
      read(new TextEncoder().encode(after(applied.lastId || null).replaceAll('\n', end)), 50);
      assert.deepEqual(ingest.rows.map(({ id }) => id), kIds, `cut at ${cut}`);
      assert.deepEqual(ingest.marks.map(({ name }) => name), ['gap', 'envelope_oversize'], `cut at ${cut}`);
      assert.deepEqual(ingest.twice, []);
      assert.equal(ingest.rows[1]!.text, '{"text":"h\u00e9 \u{1f600} \u202e"}');
      assert.equal(applied.lastId, 'e-14');
    }
  });
}

test('[E4] a stream cut in a frame asks for what comes after the last whole one', async () => {
  const { stream, opened, clock, ingest, last } = rig({ head: () => 'e-14' });
  stream.start();
  await settle();
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-0');
  await last().say(`${kGreeting}${frame(1)}${frame(2)}id: e-3\nda`);
  await last().end();
  await clock.pass(2000);
  assert.equal(opened.length, 2);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-2');
  await last().say(kGreeting + frame(3));
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'e-2', 'e-3']);
});
test('[E4] a checkpoint moves the resume point and is no row', async () => {
  const { stream, clock, ingest, last } = rig({ head: () => 'e-5' });
  stream.start();
  await settle();
  await last().say(`${kGreeting}${frame(5)}id: e-900\n\n`);
  await last().end();
  await clock.pass(2000);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-900');
  assert.equal(ingest.rows.length, 1);
});
test('[E4] what a server sends again is not taken again', async () => {
  const { stream, ingest, last } = rig();
  stream.start();
  await settle();
  await last().say(kGreeting + frame(1) + frame(2) + frame(1) + frame(2) + frame(3));
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'e-2', 'e-3']);
});

// --- first open ---

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

// --- E1, E2: states ---

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

// --- E5: when ---

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

// --- E6, E63: tokens ---

const token = (n: number, expiresAt: number) => ({ do: 'token', token: `t${n}`, expiresAt, topics: ['all', 'graph'] }) as const;

test('[E63] one token serves every open until 80 % of its life', async () => {
  const { stream, clock, tokens, needs, last, opened } = rig({ grant: false });
  stream.start();
  await settle();
  assert.deepEqual(needs, [{ needs: 'token', after: 'start', topics: ['all', 'graph'] }]);
  assert.equal(opened.length, 0);
  tokens.obey(token(1, clock.now() + 600_000));
  await settle();
  for (let n = 0; n < 20; ++n) {
    assert.equal(last().url.searchParams.get('token'), 't1');
    await last().say(kGreeting);
    await clock.pass(10_000);
    await last().end();
    await clock.pass(2_000);
  }
  assert.equal(needs.length, 1);
  await last().say(kGreeting);
  await clock.pass(60_000);
  await last().say(': heartbeat\n\n');
  await clock.pass(60_000);
  await last().say(': heartbeat\n\n');
  await clock.pass(60_000);
  await last().say(': heartbeat\n\n');
  await clock.pass(60_000);
  await last().end();
  await clock.pass(2_000);
  assert.equal(needs.length, 2);
  assert.equal((needs[1] as { after: string }).after, 'expired');
});
test('[S2.10] [E6] a 401 is answered by one new token, at once and with the last id', async () => {
  const { stream, clock, tokens, needs, last, state, opened } = rig({ grant: false });
  stream.start();
  await settle();
  tokens.obey(token(1, clock.now() + 600_000));
  await settle();
  await last().say(kGreeting + frame(1));
  await last().end();
  await clock.pass(2_000);
  await last().refuse(new Refusal(401, 'UNAUTHORIZED, expired_stream_token', null));
  assert.equal((needs[1] as { after: string }).after, 'refused');
  assert.equal(state(), 'connecting');
  tokens.obey(token(2, clock.now() + 600_000));
  await settle();
  assert.equal(opened.length, 3);
  assert.equal(last().url.searchParams.get('token'), 't2');
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-1');
});
test('[S2.8] [E2] a second 401 in a row is "not accepted", and waits for a person', async () => {
  const { stream, clock, tokens, last, state, opened } = rig({ grant: false });
  stream.start();
  for (const n of [1, 2]) {
    await settle();
    tokens.obey(token(n, clock.now() + 600_000));
    await settle();
    await last().refuse(new Refusal(401, 'UNAUTHORIZED, invalid_stream_token', null));
  }
  assert.equal(state(), 'auth');
  assert.equal(stream.connection.reason, 'Token not accepted: HTTP 401 (UNAUTHORIZED, invalid_stream_token)');
  await clock.pass(3_600_000);
  assert.equal(opened.length, 2);
  tokens.obey(token(3, clock.now() + 600_000));
  stream.tokenCame();
  await settle();
  assert.equal(opened.length, 3);
});
test('[E62] a house that wants a token and gets none says so, with the server\'s reason', async () => {
  const { stream, tokens, last, state } = rig({ grant: false });
  stream.start();
  await settle();
  tokens.obey({ do: 'token', token: null, expiresAt: 0, topics: [] });
  await settle();
  await last().refuse(new Refusal(401, 'UNAUTHORIZED, missing_bearer_token', null));
  tokens.obey({ do: 'no_token', status: 401, reason: 'Token needed' });
  await settle();
  assert.equal(state(), 'auth');
  assert.equal(stream.connection.reason, 'Token needed: HTTP 401 (UNAUTHORIZED, missing_bearer_token)');
});
test('[S2.8] [E2] a mint that is rationed waits and tries again', async () => {
  const { stream, tokens, state, clock, needs } = rig({ grant: false });
  stream.start();
  await settle();
  tokens.obey({ do: 'no_token', status: 429, reason: 'HTTP 429 (RATE_LIMITED)' });
  await settle();
  assert.equal(state(), 'full');
  await clock.pass(2_000);
  assert.equal(needs.length, 2);
});

// --- E9, E10: what the stream says of itself ---

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
test('[S2.10] [E6] evicted, token_expired: a new token and a new stream at once', async () => {
  const { stream, clock, tokens, needs, last, opened } = rig({ grant: false });
  stream.start();
  await settle();
  tokens.obey(token(1, clock.now() + 600_000));
  await settle();
  await last().say(kGreeting + frame(1) + control('evicted', { reason: 'token_expired', last_id: 'e-1' }));
  assert.equal((needs[1] as { after: string }).after, 'expired');
  tokens.obey(token(2, clock.now() + 600_000));
  await settle();
  assert.equal(opened.length, 2);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-1');
});
test('[E10] another epoch that nobody announced is a reset too', async () => {
  const { stream, last, ingest } = rig({ head: () => 'e-2' });
  stream.start();
  await settle();
  await last().say(`${kGreeting}${frame(1)}id: f-1\ndata: {}\n\nid: f-2\ndata: {}\n\n`);
  assert.deepEqual(ingest.marks.map(({ name }) => name), ['reset']);
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'f-1', 'f-2']);
});
