// Who may listen: two users and an operator, stream tokens, and secrets that show up nowhere.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { canary } from './canary.mjs';
import { EventSource, Server, binary, eventSource, later, plainEnv, root, run, scratch, slow, thought, until, wholeFile } from './support.mjs';

const limit = { timeout: 120_000 * slow };
const boss = `${canary}-of-the-boss`, ann = `${canary}-of-ann-0`, bob = `${canary}-of-bob-0`;
const row = (name, token, role) => ({ name, role, sha256: createHash('sha256').update(token).digest('hex') });
const config = { auth: { tokens: [row('ann', ann, 'user'), row('bob', bob, 'user')] } };
const env = { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: boss };
const bearer = (token) => ({ Authorization: `Bearer ${token}` });
const start = (t, options = {}) => Server.start(t, { config, env, ...options });

async function ask(server, route, token, init = {}) {
  const answer = await fetch(server.url + route, { ...init, headers: { ...(token ? bearer(token) : {}), ...init.headers } });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}
const post = (server, route, token, body) => ask(server, route, token,
  { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' } });
async function streamToken(server, token, scope, ttl_seconds) {
  const made = await post(server, '/api/stream-tokens', token, { scope, ttl_seconds });
  assert.equal(made.status, 201, made.text);
  return JSON.parse(made.text).token;
}
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
// The status of a stream, without following it.
async function opens(server, route, headers = {}) {
  const stop = new AbortController();
  const answer = await fetch(server.url + route, { headers, signal: stop.signal });
  const reason = answer.status === 401 ? (await answer.json()).reason : undefined;
  stop.abort();
  return reason ?? answer.status;
}
const call = (server, token, name, args) => post(server, '/mcp', token,
  { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
const ids = (source) => source.seen.map((event) => event.id);

test('[SX.13] each user sees their own calls and publishes, the operator all of them', limit, async (t) => {
  const server = await start(t);
  const [anns, bobs, all] = await Promise.all([ann, bob, boss].map((token) => eventSource(t, server, { headers: bearer(token) })));
  assert.equal((await call(server, ann, 'echo', { text: 'of ann' })).status, 200);
  assert.equal((await call(server, bob, 'echo', { text: 'of bob' })).status, 200);
  assert.equal((await call(server, ann, 'record_thought', { thought: 'a thought of ann' })).status, 200);
  await server.publish(thought(1), { headers: bearer(bob) });
  await until('everything at the operator', () => all.seen.length === 8);
  await until('what is theirs at both', () => anns.seen.length >= 5 && bobs.seen.length >= 3);
  assert.deepEqual([...ids(anns), ...ids(bobs)].sort(), ids(all).sort(), 'nothing twice, nothing of the other');
  assert.ok(anns.seen.every((event) => !event.data.includes('of bob')));
  assert.ok(bobs.seen.every((event) => !event.data.includes('of ann')));

  const replayed = await eventSource(t, server, { route: '/trace/stream?lastEventId=earliest', headers: bearer(bob) });
  await until('the same in replay', () => replayed.seen.length >= 3);
  assert.deepEqual(ids(replayed), ids(bobs));
});

test('[SX.13] the id of another is answered as one there never was', limit, async (t) => {
  const server = await start(t);
  const own = { ...thought(1), task_id: 'secret-task', session_id: 'secret-session' };
  const { ids: [id] } = await (await server.publish(own, { headers: bearer(ann) })).json();
  const unknown = `${id.split('-')[0]}-999999`;
  await until('the index', async () => (await ask(server, '/trace/tasks/secret-task/tree', ann)).status === 200);
  const scrub = ({ status, text }, name) => ({ status, text: text.replaceAll(name, 'X') });
  for (const [route, known, other] of [
    ['/trace/envelopes/', id, unknown], ['/trace/tasks/', 'secret-task/tree', 'no-such-task/tree'],
  ]) {
    assert.equal((await ask(server, route + known, ann)).status, 200);
    assert.equal((await ask(server, route + known, boss)).status, 200);
    assert.deepEqual(scrub(await ask(server, route + known, bob), known.split('/')[0]),
      scrub(await ask(server, route + other, bob), other.split('/')[0]), route);
  }
  for (const route of ['/trace/envelopes', '/trace/sessions', '/trace/stats', '/trace/log', '/trace/envelopes?taskId=secret-task',
    '/trace/envelopes?sessionId=secret-session']) {
    assert.match((await ask(server, route, ann)).text, /secret-|"entries":1|"count":1/, route);
    assert.doesNotMatch((await ask(server, route, bob)).text, /secret-|"count":1|"entries":1/, route);
  }
  assert.match((await call(server, ann, 'get_trace', {})).text, /secret-task/);
  assert.doesNotMatch((await call(server, bob, 'get_trace', {})).text, /secret-task/);
  assert.match((await call(server, ann, 'get_task_tree', { task_id: 'secret-task' })).text, /\\"calls\\"/);
  assert.match((await call(server, bob, 'get_task_tree', { task_id: 'secret-task' })).text, /No call of task/);
  for (const route of ['/trace/readers', '/events/stream', '/api/graph/snapshot', '/api/graph/stats', '/api/metrics'])
    assert.equal((await ask(server, route, bob)).status, 403, route);
  const replay = await ask(server, '/trace/replay?speed=max', bob);
  assert.doesNotMatch(replay.text, /secret-session/);
});

test('[S1.7] [S1.4] [D0.8] a stream token opens streams, within its scope, and nothing else', limit, async (t) => {
  const server = await start(t);
  const token = await streamToken(server, ann, ['task:t-1']);
  assert.deepEqual(Object.keys(claims(token)), ['iss', 'aud', 'sub', 'role', 'iat', 'exp', 'jti', 'scp']);
  assert.equal(await opens(server, `/trace/stream?taskId=t-1&token=${token}`), 200);
  assert.equal(await opens(server, `/agent-console/stream?taskId=t-1&streamToken=${token}`), 200);
  assert.equal(await opens(server, `/trace/stream?token=${token}`), 'stream_token_scope');
  assert.equal(await opens(server, `/trace/stream?taskId=t-2&token=${token}`), 'stream_token_scope');
  assert.equal(await opens(server, `/trace/stream?taskId=t-1&token=${token.slice(0, -1)}`), 'invalid_stream_token');
  assert.equal(await opens(server, `/trace/stream?token=${ann}`), 'invalid_stream_token', 'a bearer, while that is off');
  assert.equal(await opens(server, `/trace/stream?taskId=t-1&token=${token}`, bearer('wrong')), 'invalid_bearer_token');
  assert.equal(await opens(server, '/trace/stream'), 'missing_bearer_token');
  for (let i = 0; i < 3; ++i)
    assert.equal((await ask(server, `/trace/stream?taskId=t-1&token=${token}`, '', { method: 'HEAD' })).status, 200);
  for (const route of ['/trace/log', '/trace/envelopes', '/metrics', '/trace/readers', '/trace/stats', '/upstreams'])
    assert.equal((await ask(server, `${route}?token=${token}`)).status, 401, route);
  assert.equal((await ask(server, '/trace/stream?taskId=t-1', token)).status, 401, 'nor in the header');
});

test('a bearer in the URL opens streams with auth.query_bearer', limit, async (t) => {
  const server = await start(t, { config: { auth: { ...config.auth, query_bearer: true } } });
  assert.equal(await opens(server, `/trace/stream?token=${ann}`), 200);
  assert.equal((await ask(server, `/trace/log?token=${ann}`)).status, 401);
});

test('[S1.14] a revocation holds over a restart; nobody revokes another\'s', limit, async (t) => {
  const dir = scratch(t);
  let server = await start(t, { dir });
  const anns = await streamToken(server, ann, ['owner:ann']), bosss = await streamToken(server, boss, ['all']);
  const revoke = (token, jti) => ask(server, `/api/stream-tokens/${jti}`, token, { method: 'DELETE' });
  assert.equal((await revoke(bob, claims(anns).jti)).status, 204);
  assert.equal(await opens(server, `/trace/stream?token=${anns}`), 200);
  assert.equal((await revoke(ann, claims(anns).jti)).status, 204);
  assert.equal(await opens(server, `/trace/stream?token=${anns}`), 'invalid_stream_token');
  await server.stop();
  server = await start(t, { dir });
  assert.equal(await opens(server, `/trace/stream?token=${anns}`), 'invalid_stream_token');
  assert.equal(await opens(server, `/trace/stream?token=${bosss}`), 200);
  await server.stop();
  server = await start(t, { dir, config: { auth: { tokens: [row('bob', bob, 'user')] } } });
  assert.equal((await ask(server, '/trace/log', ann)).status, 401, 'a principal that was removed');
});

test('[SX.13] [S1.14] an open stream ends within 30 s of the revocation', limit, async (t) => {
  const server = await start(t);
  const token = await streamToken(server, boss, ['all']);
  const answer = await fetch(`${server.url}/trace/stream?token=${token}`);
  const began = Date.now();
  await ask(server, `/api/stream-tokens/${claims(token).jti}`, boss, { method: 'DELETE' });
  assert.match(await answer.text(), /event: evicted\ndata: {"reason":"token_revoked","last_id":"\S+"}\n\n$/);
  assert.ok(Date.now() - began < 30_000 * slow);
});

test('[S1.8] whoever comes back with a fresh token and the last id has missed nothing', limit, async (t) => {
  const server = await start(t);
  const first = await eventSource(t, server, { route: `/trace/stream?token=${await streamToken(server, ann, ['owner:ann'])}` });
  const publish = async (n) => (await (await server.publish(thought(n), { headers: bearer(ann) })).json()).ids[0];
  const wanted = [await publish(1), await publish(2)];
  await until('two events', () => first.seen.length === 2);
  first.close();
  wanted.push(await publish(3), await publish(4));
  const second = await eventSource(t, server,
    { route: `/trace/stream?lastEventId=${ids(first).at(-1)}&token=${await streamToken(server, ann, ['owner:ann'])}` });
  wanted.push(await publish(5));
  await until('the other three', () => second.seen.length === 3);
  assert.deepEqual([...ids(first), ...ids(second)], wanted);
});

test('the code of docs/api/README.md goes on after a revocation, and its troubles are the ones we have', limit, async (t) => {
  const page = fs.readFileSync(path.join(root, 'docs/api/README.md'), 'utf8');
  for (const reason of ['missing_bearer_token', 'invalid_bearer_token', 'invalid_stream_token', 'expired_stream_token', 'stream_token_scope'])
    assert.ok(page.includes(`| 401 \`${reason}\``), reason);
  const [, code] = /```js\n([^]*?)```/.exec(page);
  const follow = new Function(`${code}\nreturn follow;`)();
  const server = await start(t);
  const minted = [], told = [], wanted = [];
  const close = follow(EventSource, `${server.url}/trace/stream`, async () => {
    minted.push(await streamToken(server, ann, ['owner:ann']));
    return minted.at(-1);
  }, (event) => told.push(event.lastEventId));
  later(t, close);
  const publish = async (n) => wanted.push((await (await server.publish(thought(n), { headers: bearer(ann) })).json()).ids[0]);
  await until('an open stream', async () => JSON.parse((await ask(server, '/trace/readers', boss)).text).length > 0);
  await publish(1);
  await until('one event', () => told.length === 1);
  await ask(server, `/api/stream-tokens/${claims(minted[0]).jti}`, ann, { method: 'DELETE' });
  await until('a fresh token', () => minted.length === 2);
  await publish(2);
  await until('the other event', () => told.length === 2);
  assert.deepEqual(told, wanted);
});

// Every route there is, as the program's own table has it: {method, route, cors}.
const listed = await run(process.env.DEVS_ROUTES, [scratch(wholeFile)]);
const routes = listed.out.trim().split('\n').map((line) => line.split(' '))
  .map(([method, pattern, cors]) => ({ method, route: pattern.replaceAll(/\{\w+\}/g, 'x'), cors }));
assert.ok(routes.length > 30, listed.err);
// Host is not for fetch to choose.
function raw(server, method, route, headers) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port: server.port, method, path: route, headers, agent: false }, (answer) => {
      let text = '';
      const done = () => { resolve({ status: answer.statusCode, headers: answer.headers, text }); request.destroy(); };
      if (/event-stream/.test(answer.headers['content-type'])) return done();
      answer.setEncoding('utf8').on('data', (some) => { text += some; }).on('end', done);
    });
    request.on('error', reject);
    request.end();
  });
}

const everything = { mcp: { http_sse: true } };
const pages = { http: { hosts: ['good.test'] }, cors: { origins: ['http://page.test:5173'], graph_origins: ['http://page.test:5173'] } };

for (const [mode, on] of [['with authentication', true], ['in an open house', false]]) {
  test(`[SX.10] [DX.6] a foreign Host or Origin is 403 on every route, whoever asks, ${mode}`, limit, async (t) => {
    const server = await Server.start(t, on ? { config: { ...config, ...pages, ...everything }, env } : { config: { ...pages, ...everything } });
    const here = `127.0.0.1:${server.port}`;
    for (const { method, route, cors } of routes) {
      const ask = (headers) => raw(server, method, route, { 'Content-Length': 0, ...(on ? bearer(boss) : {}), ...headers });
      const status = async (headers) => (await ask(headers)).status;
      for (const Host of ['evil.test', `127.0.0.1.evil.test:${server.port}`, `127.0.0.1:${server.port + 1}`])
        assert.equal(await status({ Host }), 403, `${method} ${route} for ${Host}`);
      for (const Host of [here, `localhost:${server.port}`, `[::1]:${server.port}`, 'good.test'])
        assert.notEqual(await status({ Host }), 403, `${method} ${route} for ${Host}`);
      for (const Origin of ['http://evil.test', 'null', `http://${here}.evil.test`, 'http://page.test:5174', 'https://page.test:5173']) {
        const { status: answered, headers } = await ask({ Host: here, Origin });
        const isOne = URL.canParse(Origin); // `null` and what is none are refused before anybody is known
        if (cors === 'any' && on && isOne) { // who has proved who they are may do so from any page
          assert.notEqual(answered, 403, `${method} ${route} from ${Origin}`);
          assert.equal(headers['access-control-allow-origin'], '*', `${method} ${route} from ${Origin}`);
          assert.equal((await raw(server, method, route, { 'Content-Length': 0, Host: here, Origin })).status, 401);
        } else {
          assert.equal(answered, 403, `${method} ${route} from ${Origin}`);
          assert.equal(headers['access-control-allow-origin'], undefined, `${method} ${route} from ${Origin}`);
        }
        assert.equal(headers['access-control-allow-credentials'], undefined);
      }
      for (const Origin of ['http://page.test:5173', `http://${here}`, ...(cors === 'any' ? ['http://localhost:5999'] : [])])
        assert.notEqual(await status({ Host: here, Origin }), 403, `${method} ${route} from ${Origin}`);
    }
  });
}

test('[S1.6] [DX.1] no token shows up in anything the server writes', limit, async (t) => {
  const secret = `${canary}-secret-of-the-environment`;
  const dir = scratch(t);
  const server = await start(t, { dir, config: { ...config, ...everything }, env: { ...env, STREAM_TOKEN_SECRET: secret } });
  const token = await streamToken(server, boss, ['all']);
  const inUrl = `${canary}-in-an-url`;
  const answers = [];
  for (const { method, route } of routes)
    for (const query of [`token=${inUrl}`, `streamToken=${token}`, `access_token=${inUrl}`, `lastEventId=${inUrl}&token=${token}%`])
      for (const credential of [{}, bearer(boss), bearer(inUrl)]) {
        const answer = await raw(server, method, `${route}?${query}`, { Host: `127.0.0.1:${server.port}`, 'Content-Length': 0, ...credential });
        answers.push(answer.text + JSON.stringify(answer.headers));
      }
  const metrics = await ask(server, '/metrics', boss), log = await ask(server, '/trace/log', boss);
  await server.stop();
  const written = [server.out, server.err, metrics.text, log.text, ...answers];
  const walk = (folder) => fs.readdirSync(folder, { withFileTypes: true }).forEach((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) walk(file);
    else written.push(fs.readFileSync(file, 'latin1'));
  });
  walk(dir);
  for (const canary of [boss, ann, bob, secret, inUrl, token, token.split('.')[2]])
    for (const text of written) assert.ok(!text.includes(canary), `${canary} in: ${text.slice(0, 300)}`);
});

for (const [name, tokens] of [['a digest too short', [{ ...row('ann', ann, 'user'), sha256: 'abc' }]],
  ['an unknown role', [row('ann', ann, 'root')]], ['a name twice', [row('ann', ann, 'user'), row('ann', bob, 'user')]]]) {
  test(`auth.tokens: ${name} refuses to start, in one line`, limit, async (t) => {
    const file = path.join(scratch(t), 'mistaken.json');
    fs.writeFileSync(file, JSON.stringify({ auth: { tokens } }));
    const { code, err } = await run(binary, ['serve', '--port', '0', '--trace-dir', scratch(t), '--config', file], { env: plainEnv(env) });
    assert.equal(code, 2, err);
    assert.match(err, /mistaken\.json: auth\.tokens: expected /);
    assert.equal(err.trim().split('\n').length, 1, err);
  });
}

test('[S1.4] a STREAM_TOKEN_SECRET under 32 bytes refuses to start, and is not shown', limit, async (t) => {
  const secret = 'only-31-bytes-of-a-secret-here!';
  const { code, err } = await run(binary, ['serve', '--port', '0', '--trace-dir', scratch(t)], { env: plainEnv({ STREAM_TOKEN_SECRET: secret }) });
  assert.equal(code, 2, err);
  assert.match(err, /STREAM_TOKEN_SECRET: expected 32 bytes/);
  assert.ok(!err.includes(secret));
});
