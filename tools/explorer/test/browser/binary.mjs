// The real server as browser tests get it, straight and through a line that fails.

import assert from 'node:assert/strict';
import test from 'node:test';
import { allTools, publish, sdkClient, startBinary, startGuarded, until } from '../support/binary.mjs';
import { call, thought } from '../support/envelopes.mjs';
import { FaultProxy } from '../support/fault_proxy.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

// What arrives of `url` until it ends or breaks.
async function hear(url, headers = {}) {
  const heard = { text: '', over: '' };
  const answer = await fetch(url, { headers });
  assert.equal(answer.status, 200);
  (async () => {
    try {
      for await (const bytes of answer.body) heard.text += Buffer.from(bytes).toString();
      heard.over = 'ended';
    } catch {
      heard.over = 'broke';
    }
  })();
  return heard;
}

test('our envelopes are what the server takes without a word, and real calls are in the stream', async (t) => {
  const server = await startBinary(t, { upstreams: true });
  const heard = await hear(`${server.url}/trace/stream`);
  const ids = await publish(server, [thought('look'), ...call('c-1', 'read_file', { path: 'a' })]);
  assert.equal(ids.length, 3);
  const text = await (await fetch(`${server.url}/metrics`)).text();
  assert.doesNotMatch(text, /^saop_(incomplete|bad_id|bad_observation|orphan)_total(\{.*\})? [1-9]/m);
  const client = await sdkClient(t, server);
  await allTools(client);
  await client.callTool({ name: 'everything__echo', arguments: { message: 'from a host' } });
  await until('the call in the stream', () => heard.text.includes('from a host'));
});

test('a line through the proxy breaks at a byte, is held, stalls and flows again', async (t) => {
  const server = await startBinary(t);
  const proxy = await FaultProxy.start(t, server);
  await publish(server, thought('first'));
  proxy.cutAt(300);
  const torn = await hear(`${proxy.url}trace/stream?lastEventId=earliest`);
  await until('it broke', () => torn.over === 'broke');
  assert.ok(torn.text.length > 200 && !torn.text.includes('\n\n', 50), torn.text);
  const whole = await hear(`${proxy.url}trace/stream?lastEventId=earliest`);
  await until('all', () => whole.text.includes('first'));
  proxy.stall();
  await publish(server, thought('second'));
  const straight = await hear(`${server.url}/trace/stream?lastEventId=earliest`);
  await until('straight', () => straight.text.includes('second'));
  assert.ok(!whole.text.includes('second'));
  proxy.flow();
  await until('what was held', () => whole.text.includes('second'));
  assert.equal(proxy.streams, 1);
  proxy.reset();
  await until('it broke too', () => whole.over === 'broke');
  assert.equal(proxy.requests.length, 2);
});

test('behind a scripted server stands the real one, with authentication when it is on', async (t) => {
  const server = await startGuarded(t);
  const front = await ScriptedServer.start(t, { behind: server.url, prefix: '/tools/trace' });
  front.stream = undefined;
  assert.equal((await fetch(`${front.url}trace/stream`)).status, 401);
  const heard = await hear(`${front.url}trace/stream`, server.headers);
  await publish(server, thought('seen through both'));
  await until('it', () => heard.text.includes('seen through both'));
  assert.equal((await fetch(`${front.url}health`)).status, 200);
});
