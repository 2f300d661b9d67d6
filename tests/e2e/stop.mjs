// Stopping by signal: what is owed is paid, then the process ends with 0.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, allTools, alive, curl, descendants, eventSource, npmServers, rawGet, scratch, sdkClient, slow, thought, until }
  from './support.mjs';

const limit = { timeout: 120_000 * slow };
const long = 'everything__trigger-long-running-operation';

test('[J5] [SX.5] [DX.4] every reader is told goodbye with a retry of its own, and the exit code is 0', limit, async (t) => {
  const server = await Server.start(t);
  const source = await eventSource(t, server, { names: ['goodbye'] });
  const readers = await Promise.all(Array.from({ length: 20 }, () => curl(t, server)));
  const { ids: [id] } = await (await server.publish(thought(1))).json();

  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  await Promise.all(readers.map((reader) => reader.ended));
  await until('goodbye in the event source', () => source.seen.some((event) => event.type === 'goodbye'));
  const retries = readers.map((reader) => {
    const found = /retry: (\d+)\nevent: goodbye\ndata: (.*)\n\n$/.exec(reader.text);
    assert.ok(found, reader.text);
    assert.deepEqual(JSON.parse(found[2]), { reason: 'shutdown', retry_ms: Number(found[1]), last_id: id });
    assert.ok(found[1] >= 1000 && found[1] <= 5000, found[1]);
    return found[1];
  });
  assert.ok(new Set(retries).size > 1, `they differ: ${retries}`);
});

test('[J5] a call in flight at the stop is answered, children are gone, the log is complete', limit, async (t) => {
  const server = await Server.start(t, { config: npmServers(scratch(t)) });
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  await allTools(client);
  const children = descendants(server.pid);
  let stopped;
  const answer = await client.callTool({ name: long, arguments: { duration: 2, steps: 20 } }, undefined,
    { onprogress: () => { stopped ??= server.stop(); } });
  assert.match(answer.content[0].text, /completed/);
  assert.deepEqual(await stopped, { code: 0, signal: null });
  assert.ok(!children.some(alive), 'children reaped');
  const last = JSON.parse(server.logLines().at(-1));
  assert.deepEqual([last.type, last.metadata.status], ['observation', 'SUCCESS']);
});

test('[J5] idle and half-sent connections do not hold the stop up', limit, async (t) => {
  const server = await Server.start(t);
  const idle = await rawGet(server, '/readyz');
  await until('an answer', () => idle.text.includes('200 OK'));
  const half = await rawGet(server, '/trace/stream', 'X-Unfinished: ');
  const started = Date.now();
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - started < 12_000 * slow, 'within the drain time');
  idle.destroy();
  half.destroy();
});
