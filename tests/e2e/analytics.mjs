// Live traces: the stream of rows, the list, a trace opened, spans that hosts send. A real
// server, real calls, `eventsource`, curl, two principals.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { EventSource, Server, curl, eventSource, metrics, root, run, scratch, sdkClient, slow, until } from './support.mjs';

const limit = { timeout: 120_000 * slow };
const boss = 'canary-of-the-boss-0123456789', ann = 'canary-of-ann-0123456789', bob = 'canary-of-bob-0123456789';
const named = (name, token) => ({ name, role: 'user', sha256: createHash('sha256').update(token).digest('hex') });
const auth = { tokens: [named('ann', ann), named('bob', bob)] };
const closed = { config: { builtin: { tools: 'all' }, auth }, env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: boss } };
const open = { config: { builtin: { tools: 'all' } } };
const route = '/api/analytics/traces/stream';
const bearer = (token) => (token ? { Authorization: `Bearer ${token}` } : {});

async function ask(server, target, token, init = {}) {
  const answer = await fetch(server.url + target, { ...init, headers: { ...bearer(token), ...init.headers } });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined };
}
const post = (server, target, body, token) => ask(server, target, token,
  { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } });
const span = (trace, id, more = {}) => ({ trace_id: trace, span_id: id, span_name: 'chat', operation_type: 'generation', ...more });
const send = (server, body, token) => post(server, '/api/analytics/traces', body, token);
const list = async (server, query = '', token = '') => {
  const { status, body } = await ask(server, `/api/analytics/traces/list${query}`, token);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};
const ids = ({ traces }) => traces.map(({ id }) => id);
const follow = (t, server, token, target = route) => eventSource(t, server, { route: target, headers: bearer(token) });
const told = (source) => source.seen.map(({ data }) => JSON.parse(data));
const rows = (source) => told(source).filter(({ type }) => type === 'trace' || type === 'trace_update');
// What a page has after them: rows by id, updates merged.
const merged = (source) => {
  const table = new Map();
  for (const { data } of rows(source)) table.set(data.id, { ...table.get(data.id), ...data });
  return table;
};

test('[S2.2] [S2.4] a real call is a row that runs, then the same row completed; the list and the detail say the same', limit, async (t) => {
  const server = await Server.start(t, open);
  const source = await follow(t, server);
  const client = await sdkClient(t, server);
  await client.callTool({ name: 'echo', arguments: { text: 'hello' },
    _meta: { 'devs.saop/context': { task_id: 't-1', tool_call_id: 'c-1', thought: 'say it', session_id: 's-1' } } });
  await until('thought, call, end', () => rows(source).length === 3);
  assert.deepEqual(told(source).map(({ type }) => type), ['connected', 'subscribed', 'trace', 'trace', 'trace_update']);
  const [thought, call, end] = rows(source).map(({ data }) => data);
  assert.equal(thought.operation_type, 'thought');
  assert.deepEqual([call.id, end.id], ['c-1', 'c-1']);
  assert.deepEqual([call.status, end.status], ['running', 'completed']);
  assert.deepEqual(call.input_data, { text: 'hello' });
  assert.ok(!('input_data' in end));
  assert.equal(Object.keys(call).length, 29);
  assert.equal(call.user_id, 'local');

  const all = await list(server);
  assert.equal(all.total, 1);
  assert.equal(all.traces[0].trace_id, call.trace_id);
  assert.deepEqual([all.traces[0].span_count, all.traces[0].status, all.traces[0].conversation_id], [2, 'completed', 't-1']);
  const { body } = await ask(server, `/api/analytics/traces?trace_id=${call.trace_id}`);
  assert.deepEqual(body.traces.map(({ id }) => id), [thought.id, 'c-1']);
  const table = merged(source);
  for (const row of body.traces) assert.deepEqual(row, table.get(row.id));
  assert.deepEqual((await ask(server, '/api/analytics/traces?conversation_id=t-1')).body.traces, body.traces);
});

test('[S2.2] an explicit task is the root of its trace', limit, async (t) => {
  const server = await Server.start(t, open);
  const source = await follow(t, server);
  const say = (event, more) => server.publish({ type: 'lifecycle', task_id: 't-9', timestamp_ns: '1795224245120000001', payload: { event, ...more } });
  await say('TASK_STARTED', { title: 'Tidy up', status: 'running' });
  await say('TASK_COMPLETED', { status: 'completed', result: 'tidy' });
  await until('both', () => rows(source).length === 2);
  const [row] = merged(source).values();
  assert.equal(row.id, row.trace_id);
  assert.deepEqual([row.span_name, row.operation_type, row.status, row.output_data], ['Tidy up', 'task', 'completed', 'tidy']);
  const { traces: [first] } = await list(server, '?operation_type=task');
  assert.deepEqual([first.id, first.status], [row.id, 'completed']);
});

test('[S2.1] who may listen: a header, a stream token in the URL, and a bearer there only with the switch', limit, async (t) => {
  const server = await Server.start(t, closed);
  const opens = async (target, token) => {
    const stop = new AbortController();
    const answer = await fetch(server.url + target, { headers: bearer(token), signal: stop.signal });
    const reason = answer.status === 200 ? 200 : (await answer.json()).reason;
    stop.abort();
    return reason;
  };
  const minted = async (token, scope) => (await post(server, '/api/stream-tokens', { scope }, token)).body.token;
  assert.equal(await opens(route), 'missing_bearer_token');
  assert.equal(await opens(route, 'wrong-token-of-some-length'), 'invalid_bearer_token');
  assert.equal(await opens(route, ann), 200);
  const own = await minted(ann, ['owner:ann']);
  assert.equal(await opens(`${route}?token=${own}`), 200);
  assert.equal(await opens(`${route}?streamToken=${own}`), 200);
  assert.equal(await opens(`${route}?token=${await minted(boss, ['all'])}`), 200);
  assert.equal(await opens(`${route}?token=${await minted(ann, ['task:t-1'])}`), 'stream_token_scope');
  assert.equal(await opens(`${route}?token=${ann}`), 'invalid_stream_token');
  for (const target of ['/api/analytics/traces/list', '/api/analytics/traces?trace_id=t']) {
    assert.equal((await ask(server, target)).status, 401);
    assert.equal((await ask(server, `${target}${target.includes('?') ? '&' : '?'}token=${own}`)).status, 401);
  }
  assert.equal((await send(server, span('t', 's'))).status, 401);
  // What the native client can do: reopen the same URL, token and all.
  const source = new EventSource(`${server.url}${route}?token=${own}`);
  t.after(() => source.close());
  await until('open', () => source.readyState === EventSource.OPEN);

  const lenient = await Server.start(t, { ...closed, config: { ...closed.config, auth: { ...auth, query_bearer: true } } });
  const answer = await fetch(`${lenient.url}${route}?token=${ann}`, { signal: AbortSignal.timeout(60_000) });
  assert.equal(answer.status, 200);
  await answer.body.cancel();
});

test('[S2.3] another owner\'s row never arrives, nor is it listed, opened or found', limit, async (t) => {
  const server = await Server.start(t, closed);
  const [anns, bobs] = [await follow(t, server, ann), await follow(t, server, bob)];
  const call = (token, name, args) => ask(server, '/mcp', token, { method: 'POST',
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' } });
  // Bob's rows for two seconds, of every kind, beside a watching Ann.
  let sent = 0;
  for (const end = Date.now() + 2000; Date.now() < end || sent < 10; ++sent) {
    await call(bob, 'echo', { text: `secret ${sent}` });
    await send(server, span('tr-bob', `sp-${sent}`, { span_name: 'secret' }), bob);
    await server.publish({ type: 'thought', thought_id: `secret-${sent}`, payload: {} }, { headers: bearer(bob) });
  }
  await send(server, span('tr-ann', 'sp'), ann);
  await until('her own', () => rows(anns).length > 0);
  assert.deepEqual(rows(anns).map(({ data }) => data.id), ['tr-ann:sp']);
  await until('his own', () => rows(bobs).length >= 3 * sent);
  assert.ok(rows(bobs).every(({ data }) => data.user_id === 'bob'));

  assert.deepEqual(ids(await list(server, '', ann)), ['tr-ann']);
  for (const query of ['?search=secret', '?search=tr-bob', '?operation_type=tool_call', '?operation_type=thought'])
    assert.equal((await list(server, query, ann)).total, 0, query);
  assert.equal((await ask(server, '/api/analytics/traces?trace_id=tr-bob', ann)).body.total, 0);
  assert.equal((await list(server, '', boss)).total, 0, 'an operator has rows of its own');
  assert.equal((await list(server, '?operation_type=thought', bob)).total, sent);
  const replayed = await follow(t, server, ann, `${route}?lastEventId=earliest`);
  await send(server, span('tr-ann', 'sp-2'), ann);
  await until('hers in replay', () => rows(replayed).length >= 2);
  assert.deepEqual(rows(replayed).map(({ data }) => data.id), ['tr-ann:sp', 'tr-ann:sp-2']);
});

test('[S2.4] replayed frames equal live ones, byte for byte, over a restart', limit, async (t) => {
  const dir = scratch(t);
  const server = await Server.start(t, { dir, ...open });
  const follower = async (of, query = '') => {
    const child = await curl(t, of, { route: route + query, greeting: '"subscribed"' });
    child.frames = () => child.text.split(/(?<=\n\n)/).filter((frame) => /^id: \S+\ndata: .*"type":"trace/.test(frame));
    return child;
  };
  const live = await follower(server);
  const client = await sdkClient(t, server);
  await client.callTool({ name: 'echo', arguments: { text: 'x' }, _meta: { 'devs.saop/context': { thought: 'one' } } });
  await send(server, span('tr-1', 'sp-1'));
  await send(server, span('tr-1', 'sp-1', { duration_ms: 4 }));
  await until('five frames', () => live.frames().length === 5);
  await server.stop();
  const again = await Server.start(t, { dir, ...open });
  const replay = await follower(again, '?lastEventId=earliest');
  await until('five frames', () => replay.frames().length === 5);
  assert.deepEqual(replay.frames(), live.frames());
  assert.equal((await list(again, '?search=tr-1')).total, 1);
  await send(again, span('tr-1', 'sp-1', { cost_usd: 0.5 }));  // known from before the restart
  await until('an update', () => replay.frames().length === 6);
  assert.match(replay.frames()[5], /"type":"trace_update"/);
});

test('[S2.6] [S2.5] spans are sent, listed at once, filtered, opened; 400 names what is wrong, 429 says when', limit, async (t) => {
  const server = await Server.start(t, open);
  for (let n = 0; n < 30; ++n) {
    const sent = await send(server, span(`tr-${n}`, 'sp', { session_tag: `s-${n % 3}`, cost_usd: n / 100, model_name: 'opal',
      metadata: { tenant: n % 2 ? 'odd' : 'even' }, start_time: new Date(1_795_224_245_000 + n * 1000).toISOString(), duration_ms: n }));
    assert.deepEqual([sent.status, sent.body], [201, { id: `tr-${n}:sp` }]);
  }
  const first = await list(server);
  assert.deepEqual([first.total, first.limit, first.offset, first.traces.length], [30, 20, 0, 20]);
  assert.equal(first.traces[0].id, 'tr-29');
  assert.deepEqual(ids(await list(server, '?limit=5&offset=28')), ['tr-1', 'tr-0']);
  for (const [query, total] of [['session_tag=s-1', 10], ['min_cost=0.2', 10], ['max_cost=0.09', 10], ['meta.tenant=odd', 15],
    ['search=OPAL', 30], ['search=tr-2', 11], ['status=completed', 30], ['status=running', 0], ['has_error=true', 0],
    ['start_date=2026-11-21T01:24:25Z', 10], ['end_date=2026-11-20', 0], ['operation_type=generation', 30],
    ['operation_type=embedding', 0], ['session_tag=s-1&meta.tenant=odd&min_cost=0.1', 3]])
    assert.equal((await list(server, `?${query}`)).total, total, query);
  for (const [query, field] of [['limit=0', 'limit'], ['status=ok', 'status'], ['min_cost=x', 'min_cost'], ['tenant=odd', 'tenant']]) {
    const { status, body } = await ask(server, `/api/analytics/traces/list?${query}`);
    assert.deepEqual([status, body.error, body.field], [400, 'BAD_REQUEST', field], query);
  }
  assert.equal((await ask(server, '/api/analytics/traces')).body.field, 'trace_id');
  for (const [body, field] of [[{}, 'trace_id'], [{ ...span('t', 's'), status: 'ok' }, 'status'], [{ ...span('t', 's'), id: 'x' }, 'id']]) {
    const refused = await send(server, body);
    assert.deepEqual([refused.status, refused.body.field], [400, field]);
  }
  const refused = await until('a 429', async () => {
    const answers = await Promise.all(Array.from({ length: 120 }, (_, n) => send(server, span('flood', `sp-${n}`))));
    return answers.find(({ status }) => status === 429);
  });
  assert.deepEqual(refused.body, { error: 'RATE_LIMITED', limit: 100, window_ms: 1000 });
  assert.equal(refused.headers.get('retry-after'), '1');
  const counts = await metrics(server);
  assert.ok(counts.get('spans_sent_total') >= 100);
  assert.ok(counts.get('spans_refused_total{reason="rate"}') >= 1);
  assert.doesNotMatch(server.err, /console_unknown_type/);
});

test('[S2.15] docs/api/traces.md: every route, filter, column and message; its curl and JavaScript, run', limit, async (t) => {
  const page = fs.readFileSync(path.join(root, 'docs/api/traces.md'), 'utf8');
  const server = await Server.start(t, open);
  const source = await follow(t, server);
  await send(server, span('4bf92f3577b34da6a3ce929d0e0e4736', 'sp-0'));
  await until('a row', () => rows(source).length === 1);
  for (const column of Object.keys(rows(source)[0].data)) assert.ok(page.includes(`\`${column}\``), column);
  for (const column of ['span_count', 'error_count']) assert.ok(page.includes(`\`${column}\``), column);
  for (const type of ['connected', 'subscribed', 'trace', 'trace_update', 'ping', 'error', 'gap', 'reset', 'evicted', 'goodbye', 'envelope_oversize'])
    assert.ok(page.includes(`\`${type}\``), type);
  for (const filter of ['operation_type', 'status', 'session_tag', 'start_date', 'end_date', 'workflow', 'min_cost', 'max_cost',
    'min_duration', 'max_duration', 'min_throughput', 'max_throughput', 'has_error', 'has_quality_score', 'min_quality_score',
    'meta.<key>', 'search', 'limit', 'offset', 'conversation_id', 'message_id'])
    assert.ok(page.includes(`\`${filter}\``), filter);
  assert.match(page, /## Troubleshooting/);

  const commands = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, text]) => text.replace(/\\\n\s*/g, '').trim().split('\n'));
  assert.ok(commands.length >= 4, 'curl lines');
  for (const command of commands) {
    const ends = command.includes('-N');  // a stream does not
    const here = command.replaceAll('http://127.0.0.1:3100', server.url).replace('curl ', `curl -sS ${ends ? '--max-time 2 ' : '--fail-with-body '}`);
    const { code, out, err } = await run('sh', ['-c', here]);
    assert.equal(code, ends ? 28 : 0, `${command}\n${out}${err}`);
    if (ends) assert.match(out, /"type":"connected"/);
    else assert.doesNotMatch(out, /"error"/, command);
  }

  const [, code] = /```js\n([^]*?)```/.exec(page);
  const followTraces = new Function('EventSource', 'fetch', `${code.replace(/^import .*$/m, '')}\nreturn followTraces;`)(EventSource, fetch);
  const seen = [];
  const stop = await followTraces(server.url, (type, row) => seen.push([type, row]));
  t.after(() => stop());
  await until('subscribed', () => seen.some(([type]) => type === 'subscribed'));
  await send(server, span('doc', 'sp'));
  await send(server, span('doc', 'sp', { cost_usd: 2 }));
  await until('its update', () => seen.some(([type, row]) => type === 'trace_update' && row.cost_usd === 2 && row.status));
  const guarded = await Server.start(t, closed);
  const more = [];
  const end = await followTraces(guarded.url, (type, row) => more.push([type, row]), { bearer: ann, owner: 'ann' });
  t.after(() => end());
  await until('subscribed', () => more.some(([type]) => type === 'subscribed'));
  await send(guarded, span('doc', 'sp'), ann);
  await until('her row', () => more.some(([type, row]) => type === 'trace' && row.user_id === 'ann'));
});
