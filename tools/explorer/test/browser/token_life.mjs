// The shortest life that the real server gives a token is a minute: a test of its own.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow, until as untilThen } from '../../../../tests/e2e/patience.mjs';
import { publish, startGuarded } from '../support/binary.mjs';
import { answered, kLineLost, openPage } from '../support/chromium.mjs';
import { thought } from '../support/envelopes.mjs';
import { FaultProxy } from '../support/fault_proxy.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';
import { giveBearer, idsOf, stateOf } from '../support/worker.mjs';

const until = (what, condition, ms = 20_000) => untilThen(what, condition, ms);
const isState = (page, state) => until(state, async () => (await stateOf(page)).state === state);

test('[S2.10] [E6] sixty seconds of the real server: the token ends, the line is cut, nobody notices', { timeout: 180_000 }, async (t) => {
  const server = await startGuarded(t, { env: { STREAM_TOKEN_TTL_SECONDS: '60' }, config: { sse: { retry_ms: 500 } } });
  const front = await ScriptedServer.start(t, { behind: server.url });
  front.stream = undefined;
  const proxy = await FaultProxy.start(t, front);
  const ids = await publish(server, [thought('one'), thought('two')]);
  const { page } = await openPage(t, proxy.url, { expect: [answered(401), kLineLost] });
  await isState(page, 'auth');
  await giveBearer(page, { bearer: server.bearer });
  await isState(page, 'live');
  await until('two rows', async () => (await idsOf(page)).length === 2);
  const old = front.streams().at(-1).query.get('token');
  await until('its end', async () => {
    await new Promise((turn) => setTimeout(turn, 500));
    return (await fetch(`${server.url}/trace/stream?token=${old}`, { method: 'HEAD' })).status === 401;
  }, 90_000);
  assert.equal((await stateOf(page)).state, 'live');
  ids.push(...await publish(server, thought('three')));
  await until('the open stream goes on', async () => (await idsOf(page)).length === 3);
  const begun = performance.now();
  proxy.cut();
  ids.push(...await publish(server, thought('four')));
  await until('all', async () => (await idsOf(page)).length === 4);
  await isState(page, 'live');
  assert.ok(performance.now() - begun < 1000 * slow, `${performance.now() - begun} ms`);
  assert.deepEqual(await idsOf(page), ids);
  assert.notEqual(front.streams().at(-1).query.get('token'), old);
  assert.equal(front.streams().at(-1).query.get('lastEventId'), ids[2]);
});
