// Tokens of the stream: asked for, renewed, refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refusal } from '../../src/worker/transport.ts';
import { rig, settle } from './line_support.ts';
import { control, frame, kGreeting } from './stream_frames.ts';

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
