// The end of a test run: the planted secret (canary.mjs) came back nowhere, and would have
// been found.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { canary, seen, sweep } from './canary.mjs';
import { root, run, scratch } from './support.mjs';

const reports = process.env.DEVS_CANARY_DIR;

test('a leak is found in a file, in a sealed segment, in a stream that cuts it in two', async (t) => {
  const dir = scratch(t);
  const found = () => seen.leaks.splice(0);
  const half = canary.slice(0, 9), rest = canary.slice(9);
  fs.mkdirSync(path.join(dir, 'deep'));
  fs.writeFileSync(path.join(dir, 'deep', 'trace.log'), `{"url":"/trace/stream?token=${canary}"}\n`);
  sweep(dir);
  assert.deepEqual(found(), [path.join(dir, 'deep', 'trace.log')]);
  const sealed = path.join(dir, 'deep', 'trace.log');
  fs.writeFileSync(sealed, Buffer.concat([zstdCompressSync(Buffer.from('a'.repeat(1000))), zstdCompressSync(Buffer.from(`${canary} `.repeat(100)))]));
  assert.ok(!fs.readFileSync(sealed).subarray(20).includes(` ${canary} `));
  sweep(dir);
  assert.deepEqual(found(), [sealed]);
  fs.rmSync(sealed);

  const server = net.createServer((socket) => {
    socket.write(`: ${half}`);
    setImmediate(() => socket.end(`${rest}\n\n`));
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => server.on('listening', listening));
  const client = net.connect(server.address().port, '127.0.0.1');
  let text = '';
  for await (const some of client) text += some;
  server.close();
  assert.ok(text.includes(canary));
  assert.deepEqual(found(), ['what a test received']);

  // And whoever saw one does not pass.
  const guilty = path.join(dir, 'guilty.mjs');
  fs.writeFileSync(guilty, `import ${JSON.stringify(path.join(root, 'tests/e2e/canary.mjs'))};\n` +
    `import { spawnSync } from 'node:child_process';\nimport net from 'node:net';\n` +
    `const server = net.createServer((socket) => socket.end(${JSON.stringify(`${half}" + "${rest}`).replace('\\" + \\"', '" + "')})).listen(0, () => {\n` +
    `  net.connect(server.address().port).resume().on('close', () => server.close());\n});\n`);
  const { code, err } = await run(process.execPath, [guilty]);
  assert.equal(code, 1, err);
  assert.match(err, /a planted secret came back in: what a test received/);
});

test('the secret planted in every server of this run came back nowhere', { skip: !reports && 'no DEVS_CANARY_DIR' }, () => {
  const all = fs.readdirSync(reports).map((name) => [name, JSON.parse(fs.readFileSync(path.join(reports, name), 'utf8'))]);
  const sum = (what) => all.reduce((total, [, report]) => total + report[what], 0);
  assert.ok(sum('servers') > 0 && sum('files') > 0 && sum('bytes') > 0, 'something was looked at');
  for (const [name, { leaks }] of all) assert.deepEqual(leaks, [], name);
  // What ctest kept of every test, C++ ones included.
  sweep(process.env.DEVS_TEST_LOGS);
  assert.deepEqual(seen.leaks, []);
  console.log(`# ${sum('servers')} servers, ${sum('files')} files, ${sum('bytes')} bytes`);
});
