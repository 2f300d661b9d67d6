// The process is killed with SIGKILL in the middle of its work, and then read.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { Server, alive, allTools, descendants, eventSource, npmServers, scratch, sdkClient, slow, thought, until } from './support.mjs';

const limit = { timeout: 120_000 * slow };

test('[J3] [S0.9] [D0.5] a client resumes over kill -9 and sees every acknowledged envelope exactly once, in order', limit, async (t) => {
  const dir = scratch(t);
  let server = await Server.start(t, { dir });
  const source = await eventSource(t, server);
  const acknowledged = [];  // {id, n}
  let next = 0;

  for (let round = 0; round < 3; ++round) {
    // Four publishers at once, cut off by the kill wherever they are.
    let killed = false;
    const enough = acknowledged.length + 150;
    const publishers = Array.from({ length: 4 }, async () => {
      while (!killed) {
        const n = next++;
        try {
          const answer = await server.publish(thought(n));
          const told = await answer.json();
          assert.equal(answer.status, 200, JSON.stringify(told));
          acknowledged.push({ id: told.ids[0], n });
        } catch (why) {
          if (!killed) throw why;  // only the kill may break a publish
        }
      }
    });
    await until('150 more envelopes', () => acknowledged.length >= enough);
    killed = true;
    await server.kill();
    await Promise.all(publishers);

    // Nobody saw what the log lacks (a torn last line is not in it).
    const stored = new Set(server.logLines());
    for (const event of source.seen) assert.ok(stored.has(event.data), `in the log: ${event.data}`);

    server = await Server.start(t, { dir, port: server.port });
  }

  const last = await (await server.publish(thought(next))).json();
  await until('the last envelope', () => source.seen.at(-1)?.id === last.ids[0], 30_000);

  const ids = source.seen.map((event) => event.id);
  const sequences = ids.map((id) => Number(id.split('-')[1]));
  assert.equal(new Set(ids.map((id) => id.split('-')[0])).size, 1, 'one epoch');
  assert.deepEqual(sequences, sequences.map((_, n) => n + 1), 'dense, in order, each once');
  const seen = new Map(source.seen.map((event) => [event.id, JSON.parse(event.data).turn_index]));
  for (const { id, n } of acknowledged) assert.equal(seen.get(id), n, `acknowledged ${id}`);
  assert.deepEqual(source.seen.map((event) => event.data), server.logLines(), 'the stream is the log');
});

test('[J3] a torn last line is kept aside and the log goes on after it', limit, async (t) => {
  const dir = scratch(t);
  let server = await Server.start(t, { dir });
  await server.publish(thought(1));
  await server.kill();
  fs.appendFileSync(server.log, '{"type":"thought","turn_in');

  server = await Server.start(t, { dir });
  const source = await eventSource(t, server, { route: '/trace/stream?lastEventId=earliest' });
  await server.publish(thought(2));
  await until('two events', () => source.seen.length === 2);
  assert.deepEqual(source.seen.map((event) => JSON.parse(event.data).turn_index), [1, 2]);
  assert.deepEqual(server.logLines(), source.seen.map((event) => event.data));
  assert.ok(fs.readdirSync(dir).some((name) => name.startsWith('trace.log.torn-')), 'the torn bytes are kept');
});

test('[J4] kill -9 of the orchestrator leaves no child behind', limit, async (t) => {
  const server = await Server.start(t, { config: npmServers(scratch(t)) });
  const client = await sdkClient(t, server);
  await allTools(client);
  const children = descendants(server.pid);
  assert.ok(children.length >= 2, `children: ${children}`);
  client.transportUsed.onerror = () => {};  // its stream breaks, as it must
  await server.kill();
  await until(`the end of ${children}`, () => !children.some(alive), 2_000);
});

test('a second server on the same trace directory is refused', limit, async (t) => {
  const server = await Server.start(t);
  await assert.rejects(Server.start(t, { dir: server.dir }), /ended with \{"code":[1-9]/);
  assert.equal((await server.publish(thought(1))).status, 200);
});

test('[J3] a call cut off by kill -9 is an action without an observation, answered ABANDONED at the next start', limit, async (t) => {
  const dir = scratch(t);
  let server = await Server.start(t, { dir, config: { builtin: { tools: 'all' } } });
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  client.callTool({ name: 'sleep', arguments: { ms: 60_000 } }).catch(() => {});
  await until('its action', () => server.logLines().some((line) => line.includes('"type":"action"')));
  await server.kill();
  assert.equal(server.logLines().length, 1, 'the action alone');
  const action = JSON.parse(server.logLines()[0]);

  server = await Server.start(t, { dir });
  const lines = await until('its observation', () => server.logLines().length === 2 && server.logLines());
  const observation = JSON.parse(lines[1]);
  assert.equal(observation.span_id, action.span_id);
  assert.equal(observation.metadata.status, 'ABANDONED');
  assert.equal(observation.metadata.recovered, true);
  await server.stop();
  server = await Server.start(t, { dir });
  assert.equal(server.logLines().length, 2, 'answered once, not at every start');
});
