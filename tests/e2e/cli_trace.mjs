// `mcp-orchestrator trace ...` on directories a real server wrote, and beside a running
// one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import test from 'node:test';
import { matches, stepsOf } from './documented.mjs';
import { checkOtlp, checkTraceEvents } from './export_rules.mjs';
import { Server, allTools, binary, later, npmServers, plainEnv, run, sdkClient, scratch, slow, thought, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };

// What a terminal would obey: colour, a link, the clipboard, a line drawn backwards.
const hostile = '\u001b[31mred \u001b]8;;http://evil\u0007link\u001b]8;;\u0007 \u001b]52;c;AA==\u0007 \u202eback \u009b2J';

// A server that has seen: two calls (one well, one not), a thought, a hostile one, a call
// that never ends, an observation of no call, and a stranger's type.
async function filled(t, options = {}) {
  const home = scratch(t);
  const dir = path.join(home, '.devs');
  fs.mkdirSync(dir);
  const server = await Server.start(t, { dir, ...options });
  server.home = home;
  const call = (text) => run(binary, ['call', 'echo', text, '--url', server.url]);
  assert.equal((await call('{"text":"hello"}')).code, 0);
  assert.equal((await call('{"text":7}')).code, 1);
  const other = (type, more) => server.publish({ type, turn_index: 1, timestamp_ns: '0', task_id: 't-1', agent_id: 'host', payload: {}, ...more });
  for (const answer of [await server.publish(thought(1)),
    await other('thought', { payload: { analysis: { reasoning_chain: hostile } } }),
    await other('action', { tool_call_id: 'open-1', payload: { tool_call: { tool_name: 'never_ends', arguments: {} } } }),
    await other('observation', { tool_call_id: 'orphan-1', exit_code: 1, stdout: '', stderr: 'no', duration_ms: 3, metadata: { status: 'TOOL_ERROR', tool_name: 'gone' } }),
    await other('stranger', {})]) assert.equal(answer.status, 200, await answer.text());
  assert.equal(server.logLines().length, 9);
  const head = JSON.parse((await run(binary, ['trace', 'query', '--dir', dir, '--json', '--limit', '1'])).out);
  server.epoch = head.envelopes[0].id.split('-')[0];
  return server;
}
const trace = (server, ...args) => run(binary, ['trace', ...args, '--dir', server.dir], { cwd: server.home });
const remote = (server, ...args) => run(binary, ['trace', ...args, '--url', server.url]);

async function fine(answer) {
  const { code, out, err } = await answer;
  assert.equal(code, 0, out + err);
  return out;
}
async function mistake(answer, pattern, code = 2) {
  const got = await answer;
  assert.equal(got.code, code, got.out + got.err);
  assert.equal(got.out, '');
  assert.equal(got.err.trim().split('\n').length, 1, got.err);
  assert.match(got.err, pattern);
}

test('every trace command explains itself with examples', limit, async () => {
  const all = await fine(run(binary, ['trace', '--help']));
  for (const name of ['tail', 'replay', 'show', 'query', 'stats', 'verify', 'repair', 'reindex', 'export']) {
    assert.match(all, new RegExp(`^  ${name} `, 'm'));
    assert.match(await fine(run(binary, ['trace', name, '--help'])), new RegExp(`Examples:\n  mcp-orchestrator trace .*${name}`));
    const wrong = await run(binary, ['trace', name, '--no-such-option']);
    assert.equal(wrong.code, 2);
  }
});

test('a directory without a log is one line that names the way out', limit, async (t) => {
  const empty = scratch(t);
  for (const args of [['export'], ['query'], ['stats'], ['replay'], ['show', '5f3a9c01d2-1'], ['verify'], ['repair'], ['reindex']]) {
    for (const dir of [empty, path.join(empty, 'nowhere')]) {
      await mistake(run(binary, ['trace', ...args, '--dir', dir]), /--dir|no log|no flight log|no such/i);
    }
  }
  assert.deepEqual(fs.readdirSync(empty), [], 'looking makes nothing');
});

test('export: four formats, from a running server and from a stopped one', limit, async (t) => {
  const server = await filled(t);
  const before = fs.readdirSync(server.dir).sort();
  const exportAll = async () => ({
    ndjson: await fine(trace(server, 'export')),
    json: JSON.parse(await fine(trace(server, 'export', '--format', 'json'))),
    otlp: JSON.parse(await fine(trace(server, 'export', '--format', 'otlp'))),
    chrome: JSON.parse(await fine(trace(server, 'export', '--format', 'chrome'))),
  });
  const running = await exportAll();
  assert.deepEqual(fs.readdirSync(server.dir).sort(), before, 'looking changes nothing');
  assert.equal(running.ndjson, fs.readFileSync(server.log, 'utf8'));
  assert.deepEqual(running.json.entries.map((entry) => entry.envelope), server.logLines().map((line) => JSON.parse(line)));
  assert.deepEqual(running.json.entries.map((entry) => entry.id), server.logLines().map((_, n) => `${server.epoch}-${n + 1}`));
  const [{ scopeSpans: [{ spans }], resource }] = running.otlp.resourceSpans;
  assert.deepEqual(spans.map((span) => span.name), ['tools/call echo', 'tools/call echo', 'saop.thought', 'saop.thought', 'tools/call gone']);
  assert.deepEqual(spans.map((span) => span.status.code ?? 0), [0, 2, 0, 0, 2]);
  const counted = Object.fromEntries(resource.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
  assert.equal(counted['saop.export.unfinished_calls'], '1');
  assert.equal(counted['saop.export.other_entries'], '1');
  const phases = running.chrome.traceEvents.map((event) => event.ph).sort().join('');
  assert.match(phases, /^BM+XXXiii$/);
  await server.stop();
  const stopped = await exportAll();
  stopped.json.exported_at = running.json.exported_at;
  stopped.chrome.otherData.exported_at = running.chrome.otherData.exported_at;
  assert.deepEqual(stopped, running);
});

test('[T13] export: OTLP/JSON and trace events pass the rules of those who read them', limit, async (t) => {
  const server = await filled(t, { config: npmServers(scratch(t)) });
  const client = await sdkClient(t, server);
  await allTools(client);
  // Side by side, well and badly, with host ids and without.
  await Promise.all(Array.from({ length: 12 }, (_, n) => client.callTool({ name: 'everything__echo', arguments: n % 3 === 0 ? { message: n } : { message: `m${n} \u2028 \u{1f40b}` } }).catch(() => {})));
  const id = (n) => n.toString(16).padStart(2, '0');
  for (let n = 1; n < 30; ++n) {
    const call = { turn_index: n, task_id: `t-${n % 3}`, agent_id: `a-${n % 2}`, tool_call_id: `c-${n}`, payload: {}, ...(n % 4 === 0 ? {} : { trace_id: id(n).repeat(16), span_id: id(n).repeat(8) }) };
    assert.equal((await server.publish({ ...call, type: 'action', timestamp_ns: String(1_800_000_000_000_000_000n + BigInt(n) * 700_001n), payload: { tool_call: { tool_call_id: `c-${n}`, tool_name: 'overlaps', arguments: {} } } })).status, 200);
    if (n % 5 !== 0) assert.equal((await server.publish({ ...call, type: 'observation', timestamp_ns: String(1_800_000_000_000_000_000n + BigInt(n) * 900_001n), exit_code: n % 2, stdout: 'x', stderr: '', duration_ms: 0.2, metadata: { status: n % 2 ? 'TOOL_ERROR' : 'SUCCESS', tool_name: 'overlaps' } })).status, 200);
  }
  await server.stop();
  for (const more of [[], ['--content'], ['--tool', 'overlaps'], ['--from', `${server.epoch}-20`]]) {
    const spans = checkOtlp(JSON.parse(await fine(trace(server, 'export', '--format', 'otlp', ...more))));
    assert.ok(spans.length > 20);
    checkTraceEvents(JSON.parse(await fine(trace(server, 'export', '--format', 'chrome', ...more))));
  }
});

test('the rules themselves can fail', limit, async () => {
  const good = () => ({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), name: 'x', kind: 2, startTimeUnixNano: '5', endTimeUnixNano: '6', attributes: [{ key: 'k', value: { intValue: '1' } }] }] }] }] });
  checkOtlp(good());
  for (const spoil of [(span) => { span.trace_id = span.traceId; }, (span) => { span.traceId = 'AB'.repeat(16); }, (span) => { span.spanId = 'cd'; }, (span) => { span.kind = 'SPAN_KIND_SERVER'; },
    (span) => { span.startTimeUnixNano = 5; }, (span) => { span.endTimeUnixNano = '4'; }, (span) => { span.parentSpanId = 'ee'.repeat(8); }, (span) => { span.attributes[0].value.intValue = 1; },
    (span) => { span.attributes.push(span.attributes[0]); }, (span) => { span.status = { code: 3 }; }]) {
    const bad = good();
    spoil(bad.resourceSpans[0].scopeSpans[0].spans[0]);
    assert.throws(() => checkOtlp(bad), spoil.toString());
  }
  const slice = { name: 'x', cat: 'c', ph: 'X', ts: 5, dur: 5, pid: 1, tid: 1 };
  checkTraceEvents({ traceEvents: [slice, { ...slice, ts: 10 }] });
  for (const bad of [{ ph: 'Z' }, { ts: '5' }, { ts: 0 }, { dur: -1 }, { tid: 1.5 }, { pid: '1' }, { ts: 7 }, { ph: 'B' }, { ph: 'b' }, { ph: 'E' }, { name: '' }, { args: [] }]) {
    assert.throws(() => checkTraceEvents({ traceEvents: [slice, { ...slice, ...bad }] }), JSON.stringify(bad));
  }
});

test('export: filters, ranges and content; a file appears whole, for its owner alone', limit, async (t) => {
  const server = await filled(t);
  const lines = server.logLines();
  const id = (n) => `${server.epoch}-${n}`;
  assert.equal(await fine(trace(server, 'export', '--type', 'thought')), [lines[4], lines[5], ''].join('\n'));
  assert.equal(await fine(trace(server, 'export', '--tool', 'echo', '--from', id(3))), [lines[2], lines[3], ''].join('\n'));
  assert.equal(await fine(trace(server, 'export', '--from', id(2), '--to', id(3))), [lines[1], lines[2], ''].join('\n'));
  assert.equal(await fine(trace(server, 'export', '--from', '2100-01-01T00:00:00Z')), '');
  assert.equal(await fine(trace(server, 'export', '--to', '2000-01-01T00:00:00Z')), '');
  const without = await fine(trace(server, 'export', '--format', 'otlp'));
  const content = await fine(trace(server, 'export', '--format', 'otlp', '--content'));
  assert.ok(!without.includes('hello') && content.includes('hello'));
  const out = path.join(server.home, 'trace.json');
  const told = await trace(server, 'export', '--format', 'json', '--out', out);
  assert.equal(told.out, '');
  assert.match(told.err, /^9 entries/);
  assert.equal(JSON.parse(fs.readFileSync(out)).entries.length, 9);
  assert.equal(fs.statSync(out).mode & 0o777, 0o600);
  assert.deepEqual(fs.readdirSync(server.home).sort(), ['.devs', 'trace.json']);

  await mistake(trace(server, 'export', '--format', 'json', '--out', '/proc/no/such.json'), /--out/);
  await mistake(trace(server, 'export', '--from', 'yesterday'), new RegExp(`--from must be an event id of this log \\(${server.epoch}-1\\)`));
  await mistake(trace(server, 'export', '--from', 'aaaaaaaaaa-1'), /another log/);
  await mistake(trace(server, 'export', '--tool', ''), /--tool must be/);
  assert.equal((await trace(server, 'export', '--format', 'xml')).code, 2);
});

test('a closed stdout ends a command quietly; a full one is said', limit, async (t) => {
  const server = await filled(t);
  for (let n = 0; n < 40; ++n) await server.publish(Array.from({ length: 100 }, (_, i) => ({ ...thought(i), payload: { analysis: { reasoning_chain: 'x'.repeat(500) } } })));
  for (const args of ['export', 'export --format json', 'replay --speed max', 'query --limit 1000']) {
    const piped = await run('bash', ['-c', `"$0" trace ${args} --dir "$1" | head -c 1; exit \${PIPESTATUS[0]}`, binary, server.dir]);
    assert.equal(piped.code, 0, args);
    assert.equal(piped.err, '', args);
  }
  const full = await run('sh', ['-c', '"$0" trace export --dir "$1" > /dev/full', binary, server.dir]);
  assert.equal(full.code, 2);
  assert.match(full.err, /No space left/);
});

test('beside a server that writes, every look is a whole stretch of the log', limit, async (t) => {
  const server = await filled(t, { config: { 'trace.segment_bytes': 1 << 20 } });
  let writing = true;
  const writer = (async () => {
    for (let n = 0; writing && n < 2000; ++n) {
      const batch = Array.from({ length: 50 }, (_, i) => ({ ...thought(n), payload: { analysis: { reasoning_chain: `${n}.${i} ${'x'.repeat(n % 900)}` } } }));
      assert.equal((await server.publish(batch)).status, 200);
    }
  })();
  const seen = [];
  const page = JSON.parse(await fine(trace(server, 'query', '--newest', '--limit', '5', '--json')));
  assert.equal(page.envelopes.length, 5);
  const sealed = () => fs.readdirSync(path.join(server.dir, 'segments')).filter((name) => name.endsWith('.zst'));
  for (let round = 0; round < 5 || (sealed().length < 2 && round < 200); ++round) {
    seen.push(await fine(trace(server, 'export')));
    const json = JSON.parse(await fine(trace(server, 'export', '--format', 'json')));
    assert.deepEqual(json.gaps, []);
    const { faults } = JSON.parse((await trace(server, 'verify', '--json')).out);
    assert.deepEqual(faults.filter((fault) => !fault.file.startsWith('trace.')), [], 'only what is being written looks torn');
  }
  writing = false;
  await writer;
  assert.ok(sealed().length > 0, 'it rolled and sealed meanwhile');
  const whole = await fine(trace(server, 'export'));
  for (const text of seen) assert.ok(whole.startsWith(text) && text.endsWith('\n'), 'a prefix, to a line\'s end');
  assert.ok(seen.at(-1).length > seen[0].length);
  await server.stop();
  assert.match(await fine(trace(server, 'verify')), /every checksum holds/);
});

test('show: an envelope with the other end of its call', limit, async (t) => {
  const server = await filled(t);
  const id = (n) => `${server.epoch}-${n}`;
  for (const [first, second] of [[1, 2], [2, 1], [4, 3]]) {
    const out = await fine(trace(server, 'show', id(first)));
    const [, one, two] = new RegExp(`^# ${id(first)}\n([^]*)\n# ${id(second)}\n([^]*)$`).exec(out) ?? assert.fail(out);
    assert.deepEqual(JSON.parse(one), JSON.parse(server.logLines()[first - 1]));
    assert.deepEqual(JSON.parse(two), JSON.parse(server.logLines()[second - 1]));
  }
  assert.match((await trace(server, 'show', id(7))).err, /no observation of this call yet/);
  assert.match((await trace(server, 'show', id(8))).err, /no action of this call is kept/);
  for (const ask of [trace, remote]) {
    assert.equal(await fine(ask(server, 'show', id(2), '--json')), `${server.logLines()[1]}\n`);
    await mistake(ask(server, 'show', id(4711)), /4711/, 1);
    await mistake(ask(server, 'show', '7'), /no event id; they look like/);
  }
  await mistake(trace(server, 'show', 'aaaaaaaaaa-1'), /another log: the ids of .* begin with/);
});

test('query and stats: the same answer from a running directory and a stopped one', limit, async (t) => {
  const server = await filled(t);
  const ids = async (...args) => JSON.parse(await fine(trace(server, 'query', '--json', ...args))).envelopes.map((each) => Number(each.id.split('-')[1]));
  const stats = {};
  for (const state of ['running', 'stopped']) {
    if (state === 'stopped') await server.stop();
    assert.deepEqual(await ids(), [1, 2, 3, 4, 5, 6, 7, 8, 9], state);
    assert.deepEqual(await ids('--tool', 'echo'), [1, 2, 3, 4], state);
    assert.deepEqual(await ids('--status', 'VALIDATION_FAILED,TOOL_ERROR'), [4, 8], state);
    assert.deepEqual(await ids('--min-duration-ms', '3', '--agent', 'host'), [8], state);
    assert.deepEqual(await ids('--q', 'hello'), [1, 2], state);
    assert.deepEqual(await ids('--from', `${server.epoch}-3`, '--to', `${server.epoch}-5`), [3, 4, 5], state);
    assert.deepEqual(await ids('--newest', '--limit', '2'), [9, 8], state);
    const [, more] = /9 of 9|more with (--from \S+)/.exec((await trace(server, 'query', '--limit', '6')).err);
    assert.deepEqual(await ids(...more.split(' ')), [7, 8, 9], state);
    stats[state] = JSON.parse(await fine(trace(server, 'stats', '--json')));
    assert.match(await fine(trace(server, 'stats', '--group-by', 'status')), /^STATUS +ENTRIES +CALLS +ERRORS +P50 MS[^]*^TOOL_ERROR +1 +1 +1 +3/m);
  }
  assert.deepEqual(stats.stopped, stats.running);
  assert.equal(stats.running.groups.find((group) => group.key === 'echo').calls, 2);

  const table = await fine(trace(server, 'query'));
  assert.match(table, /^ID +STORED +TYPE +AGENT +TOOL +STATUS +MS +WHAT\n/);
  assert.ok(!/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/.test(table), 'a table holds nothing a terminal obeys');
  await mistake(trace(server, 'query', '--limit', '0'), /--limit must be/);
  await mistake(trace(server, 'query', '--min-duration-ms', 'long'), /--min-duration-ms must be/);
  await mistake(trace(server, 'query', '--from', 'aaaaaaaaaa-2'), /--from is no event id of this log/);
  await mistake(trace(server, 'stats', '--from', `${server.epoch}-2`), /between times/);
});

test('query, stats and show: a running server answers what its directory answers', limit, async (t) => {
  const server = await filled(t);
  const answers = async (ask, ...args) => {
    const answer = JSON.parse(await fine(ask(server, ...args, '--json')));
    delete answer.indexed_through;
    return answer;
  };
  await until('the server has indexed all', async () => {
    const { code, out } = await remote(server, 'query', '--json');
    return code === 0 && JSON.parse(out).envelopes.length === 9;
  });
  for (const args of [['query'], ['query', '--tool', 'echo', '--newest', '--limit', '2'], ['query', '--q', 'hello'],
    ['query', '--status', 'TOOL_ERROR', '--from', `${server.epoch}-2`, '--to', '2100-01-01T00:00:00Z'], ['stats'], ['stats', '--group-by', 'agent', '--type', 'observation']]) {
    assert.deepEqual(await answers(remote, ...args), await answers(trace, ...args), args.join(' '));
  }
  for (const n of [1, 2, 5]) assert.equal(await fine(remote(server, 'show', `${server.epoch}-${n}`)), await fine(trace(server, 'show', `${server.epoch}-${n}`)));
  await mistake(remote(server, 'query', '--limit', '0'), /400: limit must be/, 1);
});

test('query, stats and show --url ask the routes with the same words, and pass refusals on', limit, async (t) => {
  const asked = [];
  let answer = [200, '{}'];
  const server = http.createServer((request, response) => {
    asked.push(request);
    const [status, body] = typeof answer === 'function' ? answer(request) : answer;
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(t, () => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  const ask = (...args) => run(binary, ['trace', ...args, '--url', url], { env: plainEnv({ MCP_BEARER_TOKEN: 'a-token-0001' }) });

  const page = { envelopes: [{ id: '5f3a9c01d2-7', stored_at: '2026-11-21T08:00:00.000Z', envelope: { type: 'observation', tool_call_id: 'c 1', stdout: 'one\ntwo', metadata: { status: 'SUCCESS', tool_name: 'echo' } } },
    { id: '5f3a9c01d2-8', lost: 'corrupt' }], next: '5f3a9c01d2-8', total: 12, total_is_exact: false };
  answer = [200, JSON.stringify(page)];
  const query = await ask('query', '--q', 'a&b c', '--status', 'SUCCESS', '--from', '5f3a9c01d2-7', '--to', '2026-11-21T09:00:00Z', '--newest', '--limit', '5');
  assert.match(query.out, /^5f3a9c01d2-7 +2026-11-21T08:00:00.000Z +observation +echo +SUCCESS +one two\n5f3a9c01d2-8 .*\(corrupt\)\n$/m);
  assert.match(query.err, /2 of more than 12; more with --to 5f3a9c01d2-7/);
  const at = new URL(asked[0].url, url);
  assert.equal(at.pathname, '/trace/envelopes');
  assert.deepEqual(Object.fromEntries(at.searchParams), { q: 'a&b c', status: 'SUCCESS', after: '5f3a9c01d2-6', to: '2026-11-21T09:00:00Z', order: 'desc', limit: '5' });
  assert.equal(asked[0].headers.authorization, 'Bearer a-token-0001');
  assert.equal((await ask('query', '--json')).out, `${JSON.stringify(page)}\n`);

  answer = [200, JSON.stringify({ group_by: 'agent', groups: [{ key: 'dev-1', count: 4, calls: 2, errors: 1, p50_ms: 1.5, p95_ms: 2, p99_ms: 2, max_ms: 2 }], groups_left_out: 3, entries: 4, is_exact: true })];
  const stats = await ask('stats', '--group-by', 'agent');
  assert.match(stats.out, /^AGENT +ENTRIES[^]*\ndev-1 +4 +2 +1 +1.5 +2 +2 +2\n$/);
  assert.match(stats.err, /3 groups left out/);
  assert.match(asked.at(-1).url, /^\/trace\/stats\?group_by=agent$/);

  const observation = page.envelopes[0].envelope;
  const action = { type: 'action', tool_call_id: 'c 1', payload: {} };
  answer = (request) => [200, JSON.stringify(request.url.startsWith('/trace/envelopes/') ? observation
    : { envelopes: [{ id: '5f3a9c01d2-5', envelope: { ...action, tool_call_id: 'another' } }, { id: '5f3a9c01d2-6', envelope: action }] })];
  const shown = await fine(ask('show', '5f3a9c01d2-7'));
  assert.deepEqual(shown.split(/^# .*\n/m).slice(1).map((text) => JSON.parse(text)), [observation, action]);
  assert.deepEqual(Object.fromEntries(new URL(asked.at(-1).url, url).searchParams), { type: 'action', q: 'c 1', limit: '100' });

  for (const [status, body, pattern] of [[401, '{}', /MCP_BEARER_TOKEN/], [400, '{"error":"BAD_REQUEST","field":"limit","message":"must be a number"}', /400: limit must be a number/],
    [503, '{"error":"INDEX_UNAVAILABLE","reason":"the index is built anew"}', /503: the index is built anew/], [200, 'no JSON', /answered 200/]]) {
    answer = [status, body];
    await mistake(ask('query'), pattern, 1);
  }
  server.close();
  server.closeAllConnections();
  await mistake(ask('query'), /no answer from/, 1);
});

test('replay: the log again, at once or in its time, from directory and server', limit, async (t) => {
  const server = await filled(t);
  const all = server.logLines();
  for (const ask of [trace, remote]) {
    assert.equal(await fine(ask(server, 'replay', '--speed', 'max')), `${all.join('\n')}\n`);
    assert.equal(await fine(ask(server, 'replay', '--speed', 'max', '--tool', 'echo')), `${all.slice(0, 4).join('\n')}\n`);
    assert.equal(await fine(ask(server, 'replay', '--speed', 'max', '--from', `${server.epoch}-8`)), `${all.slice(7).join('\n')}\n`);
    assert.equal(await fine(ask(server, 'replay', '--speed', 'max', '--to', `${server.epoch}-2`)), `${all.slice(0, 2).join('\n')}\n`);
  }
  const at = 1_800_000_000_000_000_000n;
  for (const ms of [0n, 400n]) await server.publish({ ...thought(1), agent_id: 'timed', timestamp_ns: String(at + ms * 1_000_000n) });
  const begun = Date.now();
  assert.equal((await fine(trace(server, 'replay', '--agent', 'timed', '--speed', '1'))).split('\n').length, 3);
  assert.ok(Date.now() - begun >= 400, 'the second one waited');
  assert.equal((await trace(server, 'replay', '--speed', '7')).code, 2);
  await mistake(trace(server, 'replay', '--to', 'later'), /--to must be/);
});

test('tail: filters mean what they mean elsewhere, and --from continues', limit, async (t) => {
  const server = await filled(t);
  const tail = spawn(binary, ['trace', 'tail', '--from', 'earliest', '--tool', 'echo', '--status', 'VALIDATION_FAILED,SUCCESS'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv({ MCP_PORT: String(server.port) }) });
  later(t, () => tail.kill('SIGKILL'));
  let out = '';
  tail.stdout.on('data', (text) => { out += text; });
  await until('the two observations', () => out.split('\n').length > 2);
  await run(binary, ['call', 'echo', '{"text":"live"}', '--url', server.url]);
  await until('the third', () => out.split('\n').length > 3);
  const lines = server.logLines();
  assert.deepEqual(out.trimEnd().split('\n'), [lines[1], lines[3], lines.at(-1)]);
  await mistake(remote(server, 'tail', '--status', ''), /status/, 1);
});

test('tail --dir: the last ten of a stopped directory; beside a server it follows until that ends', limit, async (t) => {
  const server = await filled(t);
  for (let n = 0; n < 5; ++n) await server.publish(thought(n));
  const tail = spawn(binary, ['trace', 'tail', '--dir', server.dir], { stdio: ['ignore', 'pipe', 'pipe'], env: plainEnv() });
  later(t, () => tail.kill('SIGKILL'));
  const ended = once(tail, 'close');
  let out = '';
  tail.stdout.on('data', (text) => { out += text; });
  await until('the last ten', () => out.split('\n').length > 10);
  await run(binary, ['call', 'echo', '{"text":"live"}', '--url', server.url]);
  await until('what was added', () => out.split('\n').length > 12);
  await server.stop();
  const [code] = await ended;
  assert.equal(code, 0);
  const lines = server.logLines();
  assert.equal(lines.length, 16);
  assert.deepEqual(out.trimEnd().split('\n'), lines.slice(4));

  assert.deepEqual((await fine(trace(server, 'tail'))).trimEnd().split('\n'), lines.slice(6));
  assert.equal(await fine(trace(server, 'tail', '--from', 'earliest', '--tool', 'gone')), `${lines[7]}\n`);
  assert.equal(await fine(trace(server, 'tail', '--from', `${server.epoch}-15`)), `${lines[15]}\n`);
  await mistake(trace(server, 'tail', '--from', 'aaaaaaaaaa-1'), /another log/);
  assert.equal((await trace(server, 'tail', '--url', server.url)).code, 2);
});

test('on a terminal nothing of a stranger\'s text is obeyed, and only there lines are coloured', limit, async (t) => {
  const server = await filled(t);
  const shown = async (args, env = {}) => (await run('script', ['-qec', `'${binary}' trace ${args} --dir '${server.dir}'`, '/dev/null'],
    { env: { ...plainEnv(), TERM: 'xterm', ...env } })).out;
  const coloured = await shown('replay --speed max');
  assert.match(coloured, /\u001b\[36m\{"type":"thought"/);
  assert.match(coloured, /\u001b\[31m\{"type":"observation"[^\n]*VALIDATION_FAILED/);
  for (const text of [coloured.replaceAll(/\u001b\[(?:3[0-9]|0)m/g, ''), await shown('replay --speed max', { NO_COLOR: '1' }), await shown(`show ${server.epoch}-6`), await shown('query')]) {
    assert.ok(!/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e]/.test(text), JSON.stringify(text));
  }
  assert.ok((await fine(trace(server, 'replay', '--speed', 'max'))).includes('\u202e'), 'a pipe gets every byte');
});

test('verify: proves a good log, running or stopped, and names the first bad byte of a broken one', limit, async (t) => {
  const server = await filled(t);
  assert.match(await fine(trace(server, 'verify')), /9 entries, 0 segments, .*every checksum holds\n$/);
  await server.stop();
  assert.match(await fine(trace(server, 'verify')), /every checksum holds/);
  const report = JSON.parse(await fine(trace(server, 'verify', '--json')));
  assert.equal(report.entries, 9);
  assert.deepEqual(report.faults, []);

  const bytes = fs.readFileSync(server.log);
  const at = bytes.indexOf('hello');
  bytes[at] ^= 1;
  fs.writeFileSync(server.log, bytes);
  const broken = await trace(server, 'verify');
  assert.equal(broken.code, 1);
  assert.match(broken.out, /^trace\.log: byte \d+: .*entr(y|ies) 1/);
  const faults = JSON.parse((await trace(server, 'verify', '--json')).out).faults;
  assert.equal(faults[0].file, 'trace.log');
  assert.ok(faults[0].offset <= at);

  const gap = await trace(server, 'export', '--format', 'json');
  assert.equal(gap.code, 0);
  assert.match(gap.err, /gap: .*-1 to .*-1 cannot be had \(corrupt\)/);
  assert.equal(JSON.parse(gap.out).gaps[0].reason, 'corrupt');
  const out = path.join(server.home, 'trace.ndjson');
  await fine(trace(server, 'export', '--out', out));
  assert.equal(JSON.parse(fs.readFileSync(`${out}.gaps.ndjson`, 'utf8')).reason, 'corrupt');
});

test('sealed segments: export, show and verify go through them; a flipped bit is found, mended and declared', limit, async (t) => {
  const server = await filled(t, { config: { 'trace.segment_bytes': 1 << 20 } });
  const wide = (n) => ({ ...thought(n), payload: { analysis: { reasoning_chain: `${n} ${'word '.repeat(2000)}` } } });
  const sent = server.logLines();
  const sealed = () => fs.readdirSync(path.join(server.dir, 'segments')).filter((name) => name.endsWith('.zst')).sort();
  await until('two sealed segments', async () => {
    const batch = Array.from({ length: 20 }, (_, n) => wide(n));
    assert.equal((await server.publish(batch)).status, 200);
    sent.push(...batch.map((one) => JSON.stringify(one)));
    return sealed().length >= 2;
  }, 30_000);
  const whole = await trace(server, 'export');
  assert.equal(whole.err, '');
  assert.equal(whole.out.length, sent.join('\n').length + 1);
  assert.ok(whole.out === `${sent.join('\n')}\n`, 'byte for byte');
  assert.match(await fine(trace(server, 'show', `${server.epoch}-1`)), new RegExp(`^# ${server.epoch}-2$`, 'm'));
  await server.stop();
  assert.match(await fine(trace(server, 'verify')), new RegExp(`${sent.length} entries, ([2-9]|\\d{2,}) segments, .*every checksum holds`));

  const victim = path.join(server.dir, 'segments', sealed()[1]);
  const bytes = fs.readFileSync(victim);
  const at = Math.floor(bytes.length / 2);
  bytes[at] ^= 16;
  fs.writeFileSync(victim, bytes);
  const broken = await trace(server, 'verify');
  assert.equal(broken.code, 1);
  const [, offset] = new RegExp(`^segments/${sealed()[1]}: byte (\\d+): `, 'm').exec(broken.out) ?? assert.fail(broken.out);
  assert.ok(Number(offset) <= at);
  const lossy = await trace(server, 'export', '--format', 'json');
  const json = JSON.parse(lossy.out);
  assert.equal(json.gaps.length, 1);
  assert.equal(json.gaps[0].count + json.entries.length, sent.length);
  assert.match(lossy.err, /lost in 1 gaps/);
  assert.match(await fine(trace(server, 'repair')), /./);
  assert.equal((await trace(server, 'verify')).code, 0);
  assert.deepEqual(JSON.parse(await fine(trace(server, 'export', '--format', 'json'))).gaps, json.gaps, 'mended, and still declared');

  const meta = path.join(server.dir, 'trace.meta');
  fs.writeFileSync(meta, fs.readFileSync(meta, 'utf8').replace(/"epoch":"[0-9a-f]+"/, '"epoch":"aaaaaaaaaa"'));
  const beyond = await trace(server, 'repair');
  const after = await trace(server, 'verify');
  assert.equal(beyond.code, after.code, beyond.out + beyond.err);
  assert.ok(!beyond.out.includes('nothing to mend'));
  if (after.code !== 0) assert.ok(beyond.out.includes(after.out.split('\n')[0]), 'names what remains');
});

test('repair and reindex refuse beside a server, naming it, and work when it has stopped', limit, async (t) => {
  const server = await filled(t);
  for (const command of ['repair', 'reindex']) await mistake(trace(server, command), new RegExp(`\\b${server.pid}\\b`));
  await server.stop();
  fs.appendFileSync(server.log, '{"type":"thought","torn');
  assert.equal((await trace(server, 'verify')).code, 1);
  assert.match(await fine(trace(server, 'repair')), /torn/);
  assert.equal((await trace(server, 'verify')).code, 0);
  assert.equal(await fine(trace(server, 'repair')), 'nothing to mend\n');
  fs.rmSync(path.join(server.dir, 'trace.db'), { force: true });
  assert.match(await fine(trace(server, 'reindex')), new RegExp(`indexed through ${server.epoch}-9`));
  assert.ok(fs.existsSync(path.join(server.dir, 'trace.db')));
});

test('docs/trace-cli.md: every command does what the page says', limit, async (t) => {
  const home = scratch(t);
  const dir = path.join(home, '.devs');
  fs.mkdirSync(dir);
  const server = await Server.start(t, { dir });
  for (const text of ['{"text":"hello"}', '{"text":7}']) await run(binary, ['call', 'echo', text, '--url', server.url]);
  await server.publish({ type: 'thought', turn_index: 1, payload: { analysis: { reasoning_chain: 'try it' } }, timestamp_ns: '0' });
  await server.stop();
  const epoch = JSON.parse(fs.readFileSync(path.join(dir, 'trace.meta'), 'utf8').split('\n')[0]).epoch;
  const steps = stepsOf('docs/trace-cli.md');
  assert.ok(steps.length >= 7);
  for (const { command, output } of steps) {
    await t.test(command, async () => {
      const real = command.replaceAll('mcp-orchestrator', binary).replaceAll('5f3a9c01d2', epoch);
      const ran = await run('bash', ['-c', real], { cwd: home });
      assert.equal(ran.code, 0, ran.err);
      assert.ok(matches(ran.out, output), `${command} printed:\n${ran.out}\ninstead of:\n${output}`);
    });
  }
});
