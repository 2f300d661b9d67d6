// Mistakes of the operator are told in a sentence that names the place, exit code 2.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { canary } from './canary.mjs';
import { Server, binary, plainEnv, run, scratch, slow } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const serve = (t, args, env) => run(binary, ['serve', '--port', '0', '--trace-dir', scratch(t), ...args], { env: plainEnv(env) });

const mistakes = [
  { name: 'not JSON', text: '{"mcpServers": {', says: [/JSON/i] },
  { name: 'not an object', text: '[]', says: [/object/] },
  { name: 'mcpServers of the wrong type', text: '{"mcpServers": []}', says: [/mcpServers/, /object/] },
  { name: 'a server without a command', text: '{"mcpServers": {"files": {"args": []}}}', says: [/files/, /command/] },
  { name: 'a command of the wrong type', text: '{"mcpServers": {"files": {"command": 7}}}', says: [/files\/command/, /expected/] },
  { name: 'args of the wrong type', text: '{"mcpServers": {"files": {"command": "x", "args": "y"}}}', says: [/files.*args/, /array/] },
  { name: 'an arg of the wrong type', text: '{"mcpServers": {"files": {"command": "x", "args": ["y", 1]}}}', says: [/files.*args/, /string/] },
  { name: 'env of the wrong type', text: '{"mcpServers": {"files": {"command": "x", "env": {"A": 1}}}}', says: [/files.*env/, /string/] },
  { name: 'an unknown key', text: '{"mcpServer": {}}', says: [/mcpServer\b/] },
];
for (const { name, text, says } of mistakes) {
  test(`[J6] config: ${name} names file, key and expectation`, limit, async (t) => {
    const file = path.join(scratch(t), 'mistaken.json');
    fs.writeFileSync(file, text);
    const { code, err, out } = await serve(t, ['--config', file]);
    assert.equal(code, 2, err + out);
    assert.match(err, /mistaken\.json/);
    for (const word of says) assert.match(err, word);
    assert.equal(err.trim().split('\n').length, 1, `one line: ${err}`);
  });
}

test('[J6] a config file that is not there is named', limit, async (t) => {
  const { code, err } = await serve(t, ['--config', 'absent.json']);
  assert.equal(code, 2);
  assert.match(err, /absent\.json/);
});

for (const args of [['--port', '70000'], ['--port', 'x'], ['--no-such-flag'], ['--host', 'example.com']]) {
  test(`[J6] command line: ${args.join(' ')} is refused with 2`, limit, async (t) => {
    const { code, err } = await run(binary, ['serve', '--trace-dir', scratch(t), ...args]);
    assert.equal(code, 2, err);
    assert.match(err, new RegExp(args[0].slice(2)));
  });
}

for (const value of ['TRUE', '1', ' true', 'yes', 'False']) {
  test(`[S0.6] AUTH_ENABLED='${value}' is refused with 2`, limit, async (t) => {
    const { code, err } = await serve(t, [], { AUTH_ENABLED: value, MCP_BEARER_TOKEN: 'secret-token' });
    assert.equal(code, 2, err);
    assert.match(err, /AUTH_ENABLED/);
    assert.doesNotMatch(err, /secret-token/);
  });
}

for (const token of [undefined, '']) {
  test(`[S0.6] AUTH_ENABLED=true with ${token === '' ? 'an empty' : 'no'} token is refused with 2`, limit, async (t) => {
    const { code, err } = await serve(t, [], { AUTH_ENABLED: 'true', ...(token === '' ? { MCP_BEARER_TOKEN: '' } : {}) });
    assert.equal(code, 2, err);
    assert.match(err, /MCP_BEARER_TOKEN/);
  });
}

for (const value of [undefined, '', 'false']) {
  test(`[S0.6] AUTH_ENABLED ${value === undefined ? 'unset' : `'${value}'`} is open`, limit, async (t) => {
    const server = await Server.start(t, { env: { AUTH_ENABLED: value } });
    assert.equal((await fetch(`${server.url}/trace/stream`, { method: 'HEAD' })).status, 200);
  });
}

test('[S0.6] authentication on: only the token itself opens the stream', limit, async (t) => {
  const server = await Server.start(t, { env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: `${canary}-1` } });
  const status = async (authorization) => {
    const stop = new AbortController();
    const answer = await fetch(`${server.url}/trace/stream`, { signal: stop.signal,
      headers: authorization === undefined ? {} : { Authorization: authorization } });
    stop.abort();
    return answer.status;
  };
  assert.equal(await status(undefined), 401);
  assert.equal(await status('Bearer wrong'), 401);
  assert.equal(await status(`Basic ${Buffer.from(`${canary}-1`).toString('base64')}`), 401);
  assert.equal(await status(`Bearer ${canary}-`), 401);
  assert.equal(await status(`Bearer ${canary}-12`), 401);
  assert.equal(await status(`Bearer ${canary}-1`), 200);
});

for (const host of ['0.0.0.0', '::', '192.0.2.1']) {
  test(`[S0.6] binding ${host} without authentication is refused with 2`, limit, async (t) => {
    const { code, err } = await serve(t, ['--host', host], { AUTH_ENABLED: 'false' });
    assert.equal(code, 2, err);
    assert.match(err, /AUTH_ENABLED|auth/i);
  });
}
