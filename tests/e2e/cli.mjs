// The command line, as a person uses it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Server, binary, freePort, later, run, scratch, slow, thought, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };

test('--version and --help answer on stdout with 0, and help teaches the three commands', limit, async () => {
  const version = await run(binary, ['--version']);
  assert.equal(version.code, 0);
  assert.match(version.out, /\d+\.\d+\.\d+/);
  const help = await run(binary, ['--help']);
  assert.equal(help.code, 0);
  for (const word of ['serve', 'call', 'trace']) assert.match(help.out, new RegExp(word));
  assert.equal((await run(binary, ['serve', '--help'])).code, 0);
});

test('call prints the answer of a tool; a tool that fails and a server that is not there are non-zero', limit, async (t) => {
  const server = await Server.start(t);
  const answer = await run(binary, ['call', 'echo', '{"text":"hello"}', '--url', server.url]);
  assert.equal(answer.code, 0, answer.err);
  assert.match(answer.out, /hello/);
  const invalid = await run(binary, ['call', 'echo', '{"text":7}', '--url', server.url]);
  assert.notEqual(invalid.code, 0);
  const list = await run(binary, ['call', '--url', server.url]);
  assert.equal(list.code, 0);
  assert.match(list.out, /^echo\t.+\nget_task_tree\t.+\nget_trace\t.+\nlist_upstreams\t.+\nrecord_thought\t.+\nsuggest_tools\t.+\n$/);
  const unknown = await run(binary, ['call', 'no_such_tool', '--url', server.url]);
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.err + unknown.out, /no_such_tool/);
  await server.stop();
  const alone = await run(binary, ['call', 'echo', '{}', '--url', server.url]);
  assert.notEqual(alone.code, 0);
  assert.match(alone.err, /127\.0\.0\.1/);
});

test('trace tail prints what is published, as it comes', limit, async (t) => {
  const server = await Server.start(t);
  const tail = spawn(binary, ['trace', 'tail', '--url', server.url], { stdio: ['ignore', 'pipe', 'inherit'] });
  later(t, () => tail.kill('SIGKILL'));
  let out = '';
  tail.stdout.on('data', (text) => { out += text; });
  // Whether it is attached yet shows only in what it prints.
  await until('an envelope', async () => {
    await server.publish(thought(5));
    return out.includes('thought 5');
  });
});

test('descriptors 0 to 2 closed at start are not given to the log', limit, async (t) => {
  const dir = scratch(t);
  const port = await freePort();
  const child = spawn('sh', ['-c', 'exec "$0" serve --port "$1" --trace-dir "$2" 0<&- 1>&- 2>&-', binary, String(port), dir],
    { stdio: 'ignore' });
  later(t, () => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await until('readiness', () => fetch(`${url}/readyz`).then((answer) => answer.ok, () => false));
  const body = JSON.stringify(thought(1));
  const answer = await fetch(`${url}/trace/publish`, { method: 'POST', body, headers: { 'Content-Type': 'application/json' } });
  assert.match((await answer.json()).ids[0], /-1$/);
  assert.equal(fs.readFileSync(path.join(dir, 'trace.log'), 'utf8'), `${body}\n`);
});

test('too few descriptors are refused in one line', limit, async () => {
  const refused = await run('sh', ['-c', 'ulimit -n 20; exec "$0" serve --port 0', binary]);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /ulimit -n/);
});
