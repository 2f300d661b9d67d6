// What the pages under docs/agent-memory say of the stream, and docs/operations.md of
// keeping a server, is what the code does.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { EventSource, Server, binary, later, root, run, slow, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const page = (name) => fs.readFileSync(path.join(root, 'docs/agent-memory', name), 'utf8');
const section = (text, title) => {
  const from = text.indexOf(`## ${title}\n`);
  assert.ok(from >= 0, `a section '${title}'`);
  const next = text.indexOf('\n## ', from + 1);
  return text.slice(from, next < 0 ? undefined : next);
};

test('[S0.18] observability.md documents endpoint, format, authentication and the extension', limit, async () => {
  const stream = section(page('observability.md'), 'Real-Time SAOP Trace Stream');
  for (const claim of ['http://localhost:<MCP_PORT>/trace/stream', 'one `SAOPEnvelope` JSON object per SSE `data:` line',
    'Authorization: Bearer <MCP_BEARER_TOKEN>', 'AUTH_ENABLED', "from 'eventsource'", 'Last-Event-ID']) {
    assert.ok(stream.toLowerCase().includes(claim.toLowerCase()), claim);
  }
  const help = await run(binary, ['serve', '--help']);
  const [, port] = /`MCP_PORT` defaults to (\d+)/.exec(stream);
  assert.match(help.out, new RegExp(`\\b${port}\\b`));
});

test('[S0.18] the extension code of observability.md connects, with the token only', limit, async (t) => {
  const token = 'documented-token-01';
  const server = await Server.start(t, { env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: token } });
  const [, code] = /```js\n([^]*?)```/.exec(page('observability.md'));
  const body = code.replace(/^import .*$/m, '') + '\nreturn source;';
  const use = (given) => {
    const shown = [], notes = [];
    const source = new Function('EventSource', 'port', 'token', 'show', 'clear', 'note', 'fetch', body)(
      EventSource, server.port, given, (id, envelope) => shown.push({ id, envelope }), () => notes.push('reset'),
      (text) => notes.push(text), (input, init) => fetch(String(input).replace('localhost', '127.0.0.1'), init));
    later(t, () => source.close());
    return { source, shown, notes };
  };
  const good = use(token), bad = use('another-token-0002');
  await until('open', () => good.source.readyState === EventSource.OPEN);
  await until('the note about 401', () => bad.notes.some((text) => text.includes('401')));
  assert.equal(bad.source.readyState, EventSource.CLOSED);
  const [, envelope] = /trace\/publish -d \\\n\s+'(\{.*\})'/.exec(page('observability.md'));
  const told = await server.publish(JSON.parse(envelope), { headers: { Authorization: `Bearer ${token}` } });
  assert.equal(told.status, 200);
  await until('the envelope', () => good.shown.length === 1);
  assert.deepEqual(good.shown[0].envelope, JSON.parse(envelope));
  const inUrl = await fetch(`${server.url}/trace/stream?token=${token}`);
  assert.equal(inUrl.status, 401, 'not accepted in the URL');
});

test('[S0.18] the routes of observability.md answer, its filters refuse bad values', limit, async (t) => {
  const server = await Server.start(t);
  const routes = [...page('observability.md').matchAll(/^\| `(\/[a-z/-]+)` \|/gm)].map((found) => found[1]);
  assert.ok(routes.includes('/trace/stream') && routes.length >= 3, `${routes}`);
  for (const route of routes) {
    const answer = await fetch(server.url + route, { method: 'HEAD' });
    assert.equal(answer.status, 200, route);
    assert.equal(answer.headers.get('content-type'), 'text/event-stream', route);
  }
  const filters = [...page('observability.md').matchAll(/`\?(\w+)=`/g)].map((found) => found[1]).filter((name) => name !== 'lastEventId');
  assert.ok(filters.length >= 3, `${filters}`);
  for (const name of filters) assert.equal((await fetch(`${server.url}/trace/stream?${name}=a%20b`)).status, 400, name);
});

test('[S0.18] protocol-decisions.md says why SSE, and that 3_MCP-TAS-038 is satisfied', limit, () => {
  const decision = section(page('protocol-decisions.md'), 'SSE over WebSocket as the primary stream');
  assert.match(decision, /`3_MCP-TAS-038` is satisfied/);
  for (const reason of [/simpler/, /HTTP\/1\.1/, /proxies/]) assert.match(decision, reason);
});

const operations = () => fs.readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
const source = (name) => fs.readFileSync(path.join(root, 'orchestrator', name), 'utf8');

test('[T34] operations.md explains every metric, in the words of /metrics', limit, () => {
  const words = [...source('metric_words.cpp').matchAll(/\{"([a-z0-9_]+)",\s*"([^"]+)"\}/g)].map(([, name, help]) => ({ name, help }));
  assert.ok(words.length > 70, `${words.length}`);
  const rows = [...section(operations(), 'Metrics').matchAll(/^\| `([a-z0-9_]+)` \| (.*) \|$/gm)].map(([, name, help]) => ({ name, help }));
  assert.deepEqual(rows, words);
});

test('[T34] operations.md names every reason of /readyz, and every key it speaks of is one', limit, () => {
  const page = operations();
  const reasons = [...source('health.cpp').matchAll(/add\("\w+", "([^"]+)"\)/g)].map(([, reason]) => reason);
  assert.ok(reasons.length >= 2, `${reasons}`);
  for (const reason of [...reasons, 'the disk is slow', 'the trace is full', 'deleted or replaced', 'the recorder died'])
    assert.ok(page.includes(`${reason}`), reason);
  const keys = new Set([...source('config.cpp').matchAll(/\{"([a-z_]+(?:\.[a-z_]+)?)",/g)].map(([, key]) => key));
  for (const [, key] of page.matchAll(/`((?:trace|recorder|retention|triggers|http)\.[a-z_]+)`/g))
    assert.ok(keys.has(key) || key === 'trace.log' || key === 'trace.db', key);
});

test('[T34] operations.md: signals and exit codes are those of the program', limit, async (t) => {
  const server = await Server.start(t);
  for (const signal of ['SIGHUP', 'SIGUSR1']) server.process.kill(signal);
  assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.equal((await run(binary, ['serve', '--config', 'absent.json'])).code, 2);

  const busy = await Server.start(t, { config: { builtin: { tools: 'all' } } });
  const call = fetch(`${busy.url}/mcp`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000 } } }),
  }).catch(() => {});
  await until('the call is under way', () => busy.logLines().length === 1);
  busy.process.kill('SIGTERM');
  await until('it says that it stops', () => busy.err.includes('a second signal stops at once'));
  await until('the second signal ends it', () => { busy.process.kill('SIGTERM'); return busy.end; });
  assert.deepEqual(busy.end, { code: 130, signal: null });
  await call;
});

test('[S0.18] the tool of asking_the_client.md is the one that is compiled and run as an example', limit, () => {
  const read = (name) => fs.readFileSync(path.join(root, 'docs', name), 'utf8');
  const [, code] = /```cpp\n([^]*?)```/.exec(read('asking_the_client.md'));
  assert.ok(read('examples/asking_tool.cpp').includes(code));
});
