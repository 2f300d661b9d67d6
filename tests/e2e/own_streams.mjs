// Kinds of stream that are the user's own: of the config file, and of a program that
// embeds the server, as docs/api/adding_a_stream.md tells it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Server, binary, curl, eventSource, later, plainEnv, root, run, scratch, slow, thought, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const read = (name) => fs.readFileSync(path.join(root, 'docs', name), 'utf8');
const page = read('api/adding_a_stream.md');
const [, documented] = /```json\n([^]*?)```/.exec(page);
const observed = (task, call, exit_code) => ({ type: 'observation', schema_version: '1.0.0', tool_call_id: call, task_id: task,
  timestamp_ns: '1', exit_code, stdout: '', stderr: '', duration_ms: 1, metadata: { tool_name: 'apply' } });
const ended = (task, event) => ({ type: 'lifecycle', task_id: task, payload: { event } });

test('a stream of the config file shows its topic, resumes, beats, and has its cap', limit, async (t) => {
  const config = JSON.parse(documented);
  Object.assign(config.streams[0], { max_clients: 1, heartbeat_ms: 100 });
  const server = await Server.start(t, { config });
  const [, route] = /curl -N http:\/\/127\.0\.0\.1:3100(\S+)/.exec(page);
  const reader = await curl(t, server, { route });
  const refused = await fetch(server.url + route);
  assert.equal(refused.status, 503);
  assert.deepEqual(await refused.json(), { error: 'Too many clients', max: 1 });
  await server.publish({ ...thought(1), task_id: 'b-1' });
  await server.publish({ ...thought(2), task_id: 'b-2' });
  await server.publish({ ...thought(3), task_id: 'b-1' });
  await until('both', () => reader.data().length === 2);
  assert.deepEqual(reader.data().map((data) => JSON.parse(data).turn_index), [1, 3]);
  await until('heartbeats', () => reader.text.split(': heartbeat\n\n').length > 2);
  const shown = await (await fetch(`${server.url}/trace/readers`)).json();
  assert.equal(shown[0].profile, 'builds');
  const ids = [...reader.text.matchAll(/^id: (\S+)\ndata/gm)].map(([, id]) => id);
  reader.kill();
  await until('the slot', async () => (await (await fetch(`${server.url}/trace/readers`)).json()).length === 0);
  const again = await curl(t, server, { route, args: ['-H', `Last-Event-ID: ${ids[0]}`] });
  await until('what was missed', () => again.data().length === 1);
  assert.ok(again.text.includes(`id: ${ids[1]}\ndata: `));
});

test('a stream that is none refuses the start, and says which and why', limit, async (t) => {
  const dir = scratch(t), file = path.join(dir, 'config.json');
  const good = JSON.parse(documented).streams[0];
  for (const [change, said] of [[{ path: '/api/metrics', topic: 'all' }, /two routes look alike/], [{ topic: 'all:{id}' }, /topic .*stream 0/],
    [{ heartbeat_ms: 5 }, /heartbeat_ms a number from 100 to 30000/], [{ cap: 3 }, /no member but/]]) {
    fs.writeFileSync(file, JSON.stringify({ streams: [{ ...good, ...change }] }));
    const { code, err } = await run(binary, ['serve', '--port', '0', '--trace-dir', dir, '--config', file]);
    assert.equal(code, 2, err);
    assert.match(err, said);
  }
});

test('a program adds a sixth system with one row and one class', limit, async (t) => {
  const source = read('examples/sixth_system.cpp');
  for (const [, code] of page.matchAll(/```cpp\n([^]*?)```/g)) assert.ok(source.includes(code), code);
  const child = spawn(process.env.DEVS_SIXTH, [scratch(t)], { env: plainEnv(), stdio: ['pipe', 'pipe', 'inherit'] });
  later(t, () => child.kill('SIGKILL'));
  let out = '';
  child.stdout.on('data', (text) => { out += text; });
  const [, url] = await until('the address', () => /listening on (\S+)/.exec(out));
  const server = { url };
  const publish = (envelope) => fetch(`${url}/trace/publish`,
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(envelope) });
  const names = ['connected', 'step', 'done'];
  const follow = await eventSource(t, server, { route: '/deployments/d-1/stream', names });
  await publish(observed('d-1', 'c-1', 0));
  await publish(observed('d-2', 'c-2', 0));
  await publish(observed('d-1', 'c-3', 1));
  await publish(ended('d-1', 'TASK_COMPLETED'));
  await until('the end', () => follow.seen.some(({ type }) => type === 'done'));
  assert.deepEqual(follow.seen.slice(0, 4).map(({ type, data }) => [type, JSON.parse(data)]), [['connected', { deployment: 'd-1' }],
    ['step', { step: 'apply', ok: true }], ['step', { step: 'apply', ok: false }], ['done', {}]]);
  child.stdin.end();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
