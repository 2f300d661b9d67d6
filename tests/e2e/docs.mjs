// What the pages under docs/agent-memory say of the stream is what the code does.

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
