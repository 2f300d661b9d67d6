// tools/smoke_test.sh says PASS only when it is true, and leaves nothing behind.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';
import { binary, freePort, later, plainEnv, root, run, scratch, slow } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const smoke = (t, program, port) => {
  const tmp = scratch(t);
  const env = plainEnv({ MCP_PORT: String(port), DEVS_BINARY: program, TMPDIR: tmp });
  return run('bash', [path.join(root, 'tools/smoke_test.sh')], { env, ms: 40_000 }).then((done) => ({ ...done, left: fs.readdirSync(tmp) }));
};
const program = (t, text) => {
  const file = path.join(scratch(t), 'program');
  fs.writeFileSync(file, text, { mode: 0o755 });
  return file;
};

test('[S0.11] the smoke test passes on the given port and leaves nothing behind', limit, async (t) => {
  const port = await freePort();
  const { code, out, err, left } = await smoke(t, binary, port);
  assert.equal(code, 0, out + err);
  assert.equal(out.trim().split('\n').at(-1), 'PASS');
  assert.deepEqual(left, []);
  const probe = net.connect(port, '127.0.0.1');
  const [why] = await once(probe, 'error');
  assert.equal(why.code, 'ECONNREFUSED', 'the server is gone');
});

test('[S0.11] [D0.10] a server that does not start is FAIL with its reason', limit, async (t) => {
  const { code, out, left } = await smoke(t, program(t, '#!/bin/sh\necho "no disk today" >&2\nexit 3\n'), await freePort());
  assert.notEqual(code, 0);
  assert.match(out, /^FAIL: .*\n?[^]*no disk today/m);
  assert.deepEqual(left, []);
});

test('[S0.11] a port that is taken is FAIL', limit, async (t) => {
  const taken = net.createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  later(t, () => taken.close());
  const { code, out } = await smoke(t, binary, taken.address().port);
  assert.notEqual(code, 0);
  assert.match(out, /^FAIL: /m);
});

// What the script must not believe: a server that answers as it should, and then
// streams or records other bytes.
const liar = (t, streamed, recorded) => program(t, `#!${process.execPath}
const fs = require('node:fs');
const dir = process.argv[process.argv.indexOf('--trace-dir') + 1];
const readers = [];
const server = require('node:http').createServer((request, answer) => {
  if (request.method === 'POST') {
    let body = '';
    request.on('data', (text) => { body += text; }).on('end', () => {
      fs.writeFileSync(dir + '/trace.log', body.replace(...${recorded}) + '\\n');
      for (const one of readers) one.write('id: e-1\\ndata: ' + body.replace(...${streamed}) + '\\n\\n');
      answer.end('{"accepted":1,"ids":["e-1"]}');
    });
  } else if (request.url.startsWith('/trace/stream')) {
    answer.writeHead(200, { 'Content-Type': 'text/event-stream' });
    answer.write(': connected\\n\\n');
    readers.push(answer);
  } else answer.end('ok');
}).listen(Number(process.env.MCP_PORT), '127.0.0.1', () => console.log('listening on http://127.0.0.1:' + server.address().port));
process.on('SIGTERM', () => process.exit(0));
`);

for (const [what, streamed, recorded] of [
  ['records other bytes', '["", ""]', '["smoke-test", "smoke-tesT"]'],
  ['streams other bytes', '["smoke-test", "smoke-tesT"]', '["", ""]'],
]) {
  test(`[S0.11] a server that ${what} is FAIL`, limit, async (t) => {
    const { code, out, left } = await smoke(t, liar(t, streamed, recorded), await freePort());
    assert.notEqual(code, 0, out);
    assert.match(out, /^FAIL: /m);
    assert.deepEqual(left, []);
  });
}

test('[S0.11] an honest server passes whoever wrote it', limit, async (t) => {
  const { code, out, err } = await smoke(t, liar(t, '["", ""]', '["", ""]'), await freePort());
  assert.equal(code, 0, out + err);
});
