// The line of a page to its server: states and their words, cuts, retries, fallbacks.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { later, until as untilThen } from '../../../../tests/e2e/patience.mjs';
import { makePage } from '../../build.mjs';
import { answered, kLineLost, openPage } from '../support/chromium.mjs';
import { lifecycle, thought } from '../support/envelopes.mjs';
import { cut, cutAt, end, frame, head, heartbeat, kGreeting, ScriptedServer, status, wait } from '../support/scripted_server.mjs';
import { askWorker, hurried, idsOf, marksOf, rowsOf, stateOf, tellWorker, workerOf } from '../support/worker.mjs';

const kPatienceMs = 20_000;
const until = (what, condition) => untilThen(what, condition, kPatienceMs);
const isState = (page, state) => until(state, async () => (await stateOf(page)).state === state);
const says = async (page, words) => {
  let last = '';
  await until(`${words}`, async () => words.test(last = (await stateOf(page)).words)).catch((error) => { throw new Error(`${error.message}; it says "${last}"`); });
};
const button = (page, name) => page.locator('[data-state]').getByRole('button', { name }).click();
const control = (name, data, id = '') => frame(data, { event: name, id });
const ids = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => `5f3a9c01d2-${from + n}`);

test('[E1] headers alone are connecting, the first byte is live', async (t) => {
  const server = await ScriptedServer.start(t, { stream: [wait('byte'), ':', wait('never')] });
  const { page } = await openPage(t, server.url);
  await until('the stream is asked for', () => server.streams().length === 1);
  assert.deepEqual(await stateOf(page).then(({ state, status: word }) => [state, word]), ['connecting', 'connecting']);
  server.go('byte');
  await isState(page, 'live');
});

test('[S2.8] [E2] catching up says how far it is', async (t) => {
  const server = await ScriptedServer.start(t, { stream: [
    head({ 'X-Head-Event-Id': 'e-3' }), kGreeting, frame(thought('one'), { id: 'e-1' }), heartbeat(100), wait('rest'),
    frame(thought('two'), { id: 'e-2' }), frame(thought('three'), { id: 'e-3' }),
  ] });
  const { page } = await openPage(t, server.url);
  await says(page, /^Catching up, 1 of 3$/);
  server.go('rest');
  await isState(page, 'live');
});

const kRefused = [
  [503, '{"error":"Too many clients","max":100}', 'full', /^Server full, HTTP 503 \(Too many clients, at most 100\); next try in \d+ s$/, 'Retry now'],
  [429, '{"error":"Too many streams","max":64}', 'full', /^Server full, HTTP 429 \(Too many streams, at most 64\); next try in \d+ s$/, 'Who'],
  [500, '{"error":"INTERNAL"}', 'retrying', /^Reconnecting in \d+ s \(try 1\): HTTP 500 \(INTERNAL\)$/, 'Retry now'],
  [404, '{"error":"NOT_FOUND"}', 'failed', /^HTTP 404 \(NOT_FOUND\) on the stream: wrong address or prefix\?$/, 'Retry now'],
  [401, '{"error":"UNAUTHORIZED","reason":"missing_bearer_token"}', 'auth', /^Token needed: HTTP 401 \(UNAUTHORIZED, missing_bearer_token\)$/, 'Enter token'],
];
for (const [code, body, state, words, offer] of kRefused) {
  test(`[S2.8] [E2] HTTP ${code} shows ${state} with the server's words and "${offer}"`, async (t) => {
    let open = false;
    const server = await ScriptedServer.start(t, {
      stream: () => (open ? [kGreeting, wait('never')] : [status(code, { 'Retry-After': '100' }, body)]),
    });
    const { page } = await openPage(t, server.url, { expect: [answered(code)] });
    await isState(page, state);
    await says(page, words);
    assert.ok((await stateOf(page)).buttons.includes(offer));
    open = true;
    if (state === 'auth') await tellWorker(page, { do: 'token', token: 'x', expiresAt: Date.now() + 60_000, topics: ['all'] });
    else await button(page, 'Retry now');
    await isState(page, 'live');
  });
}

test('[S2.8] [E2] a page that is no stream is failed', async (t) => {
  const server = await ScriptedServer.start(t, { stream: [head({ 'Content-Type': 'text/html' }), '<title>hello</title>', end()] });
  const { page } = await openPage(t, server.url);
  await says(page, /^HTTP 200 on the stream, not a stream but text\/html: is another server at this address\?$/);
});

test('[S2.8] [E2] off, cancel, offline', async (t) => {
  const server = await ScriptedServer.start(t, { stream: (_, n) => (n === 0 ? [wait('never')] : [kGreeting, wait('never')]) });
  const { page, context } = await openPage(t, server.url, { expect: [kLineLost] });
  await isState(page, 'connecting');
  await button(page, 'Cancel');
  await says(page, /^Live off$/);
  await button(page, 'Go live');
  await isState(page, 'live');
  await context.setOffline(true);
  server.cut();
  await says(page, /^Offline/);
  assert.equal((await stateOf(page)).status, 'error');
  await context.setOffline(false);
  await isState(page, 'live');
});

test('[S2.8] [E2] [E10] goodbye, evicted: a row, the reason in words, and what comes of it', async (t) => {
  const kEnds = [
    ['goodbye', { reason: 'shutdown', retry_ms: 60_000 }, 'retrying', /the server said goodbye \(shutdown\)/],
    ['evicted', { reason: 'stalled' }, 'retrying', /evicted: stalled/],
    ['evicted', { reason: 'admin' }, 'failed', /An operator ended this stream/],
    ['evicted', { reason: 'token_revoked' }, 'auth', /it was revoked/],
  ];
  const server = await ScriptedServer.start(t, {
    stream: (_, n) => ['retry: 60000\n\n', control(kEnds[n][0], kEnds[n][1]), end()],
  });
  const { page } = await openPage(t, server.url);
  for (const [n, [name, , state, words]] of kEnds.entries()) {
    await isState(page, state);
    await says(page, words);
    assert.equal((await marksOf(page)).at(-1), name);
    if (n < kEnds.length - 1) await tellWorker(page, { do: 'reconnect' });
  }
});

test('[S2.9] [E3] at 90 s of silence it reconnects by itself', async (t) => {
  const server = await ScriptedServer.start(t, { stream: [kGreeting, wait('never')] });
  const { page } = await openPage(t, server.url, { before: hurried(40, true) });
  await until('a first stream', () => server.streams().length === 1);
  // The worker's clock runs forty times as fast.
  await until('a second stream', () => server.streams().length === 2);
});

test('[E4] two hundred random cuts: every row once, in order', async (t) => {
  const server = await ScriptedServer.start(t);
  let seed = 7;
  const random = (below) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  let cuts = 0;
  server.stream = async function* (request) {
    const steps = server.log.follow(request);
    if (cuts++ < 200) yield cutAt(1 + random(2500));
    yield* steps;
  };
  for (let n = 0; n < 400; ++n) server.log.add(thought(`h\u00e9 \u{1f600} ${n}`, { turn_index: n }));
  const { page } = await openPage(t, server.url, { expect: [kLineLost] });
  while (cuts < 200) {
    const before = cuts;
    server.log.add(thought('x'.repeat(random(900))));
    // No waiting for the delay: what is tried here is where it is cut.
    if (['retrying', 'connecting'].includes((await stateOf(page)).state)) await tellWorker(page, { do: 'reconnect' });
    if (cuts === before) await new Promise((turn) => setImmediate(turn));
  }
  await tellWorker(page, { do: 'reconnect' });
  const last = server.log.add(thought('the last'));
  await until('the very last row', async () => (await idsOf(page)).at(-1) === last);
  assert.deepEqual(await idsOf(page), ids(1, server.log.size));
});

test('[S2.8] [S2.10] [E5] Refresh reloads the newest without touching the stream', async (t) => {
  const server = await ScriptedServer.start(t);
  for (let n = 0; n < 5; ++n) server.log.add(thought(`${n}`));
  const { page } = await openPage(t, server.url);
  await isState(page, 'live');
  await button(page, 'Refresh');
  await until('a replay', () => server.asked('GET', '/trace/replay').length === 1);
  await until('the toast', async () => (await page.getByText('nothing was missing').count()) > 0);
  assert.equal(server.streams().length, 1);
  assert.equal((await stateOf(page)).state, 'live');
  assert.deepEqual(await idsOf(page), ids(1, 5));
});

test('[S2.8] [S2.10] [E5] a hidden tab that is shown, and Retry, do not wait', async (t) => {
  let open = false;
  const server = await ScriptedServer.start(t, { stream: () => (open ? [kGreeting, wait('never')] : [status(503, { 'Retry-After': '110' })]) });
  const { page } = await openPage(t, server.url, { expect: [answered(503)] });
  await isState(page, 'full');
  open = true;
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await isState(page, 'live');
});

const bySetting = () => localStorage.setItem('trace-settings', JSON.stringify({ eventSource: true }));

test('[S2.14] [E8] EventSource gives the same rows as fetch, an event named error too', async (t) => {
  const transcript = [
    head({ 'X-Head-Event-Id': 'e-0' }), kGreeting, frame(thought('one'), { id: 'e-1' }), frame(lifecycle('TASK_STARTED'), { id: 'e-2', event: 'TASK_STARTED' }),
    control('gap', { from: 'e-3', to: 'e-5', count: 3, reason: 'expired' }, 'e-5'), frame({ type: 'thought', error: 'an entry' }, { id: 'e-6', event: 'error' }),
    control('envelope_oversize', { id: 'e-7', bytes: 1_048_577 }, 'e-7'), frame(thought('last'), { id: 'e-8' }), wait('never'),
  ];
  const seen = [];
  for (const eventSource of [false, true]) {
    const server = await ScriptedServer.start(t, { stream: transcript });
    const { page } = await openPage(t, server.url, { before: eventSource ? bySetting : undefined });
    await until('the last', async () => (await idsOf(page)).at(-1) === 'e-8');
    seen.push((await rowsOf(page)).map(({ id, kind, name, summary }) => ({ id, kind, name, summary })));
    if (eventSource) await says(page, /^Live .*heartbeats cannot be seen here/);
  }
  assert.equal(seen[0].length, 6);
  assert.deepEqual(seen[1], seen[0]);
});

test('[S2.14] [E8] EventSource resumes behind the last id, by our own rules', async (t) => {
  const server = await ScriptedServer.start(t, { stream: (_, n) => [head({ 'X-Head-Event-Id': 'e-0' }), kGreeting, frame(thought(`${n}`), { id: `e-${n + 1}` }), n === 0 ? wait('cut') : wait('never'), cut()] });
  const { page } = await openPage(t, server.url, { before: bySetting, expect: [kLineLost] });
  await until('a row', async () => (await idsOf(page)).length >= 1);
  server.go('cut');
  await until('the next', async () => (await idsOf(page)).includes('e-2'));
  assert.equal(server.streams().at(-1).query.get('lastEventId'), 'e-1');
});

test('[S2.14] [E8] a proxy that holds the stream back leads to polling, which says so; streaming can be tried again', async (t) => {
  const server = await ScriptedServer.start(t);
  let held = true;
  server.stream = async function* (request) {
    if (held && request.method === 'GET') { yield head({ 'X-Head-Event-Id': server.log.head }); yield wait('never'); }
    yield* server.log.follow(request);
  };
  server.log.add(thought('one'));
  server.log.add(lifecycle('TASK_STARTED'), { event: 'TASK_STARTED' });
  const { page } = await openPage(t, server.url, { before: hurried(20) });
  await isState(page, 'polling');
  await says(page, /^A proxy holds the stream back; the log is read every 5 s instead$/);
  await until('what there was', async () => (await idsOf(page)).length === 2);
  server.log.add(thought('three'));
  await until('what came', async () => (await idsOf(page)).length === 3);
  held = false;
  await button(page, 'Try streaming');
  await isState(page, 'live');
  server.log.add(thought('four'));
  await until('what is streamed', async () => (await idsOf(page)).length === 4);
  assert.deepEqual(await idsOf(page), ids(1, 4));
  assert.equal((await rowsOf(page))[1].name, 'TASK_STARTED');
});

test('[E10] gap, reset, oversize, names nobody knows: each a row; after reset the other log from its newest', async (t) => {
  const server = await ScriptedServer.start(t, { stream: (_, n) => (n === 0
    ? [head({ 'X-Head-Event-Id': 'e-0' }), kGreeting, frame(thought('one'), { id: 'e-1' }), control('gap', { from: 'e-2', to: 'e-9', count: 8, reason: 'corrupt' }, 'e-9'),
      control('envelope_oversize', { id: 'e-10', bytes: 1_048_577 }, 'e-10'), frame({ a: 1 }, { id: 'e-11', event: 'whatever' }),
      wait('reset'), control('reset', { reason: 'epoch', requested: 'e-11', now: 'f-3' })]
    : [head({ 'X-Head-Event-Id': 'f-3' }), kGreeting, ...[1, 2, 3].map((k) => frame(thought(`${k}`), { id: `f-${k}` })), wait('never')]) });
  const { page } = await openPage(t, server.url);
  await until('the named one', async () => (await idsOf(page)).includes('e-11'));
  assert.deepEqual(await marksOf(page), ['gap', 'envelope_oversize']);
  server.go('reset');
  await until('the other log', async () => (await idsOf(page)).includes('f-3'));
  assert.equal(server.streams().at(-1).query.get('lastEventId'), 'f-0');
  assert.deepEqual((await rowsOf(page)).map(({ id, name }) => (id.startsWith('e') || id.startsWith('f') ? id : name)),
    ['e-1', 'e-9', 'e-10', 'e-11', 'reset', 'f-1', 'f-2', 'f-3']);
});

test('[E16] the first open asks for the newest 5000, older ones come when asked for', async (t) => {
  const server = await ScriptedServer.start(t);
  for (let n = 0; n < 5600; ++n) server.log.add(thought(`${n}`));
  const { page } = await openPage(t, server.url);
  await until('the newest 5000', async () => (await askWorker(page, 'health', {})).rows === 5000);
  assert.equal(server.streams()[0].query.get('lastEventId'), server.log.id(600));
  assert.equal(await askWorker(page, 'older', { count: 500 }), 500);
  assert.deepEqual(await idsOf(page), ids(101, 5600));
  assert.equal(await askWorker(page, 'older', { count: 500 }), 100);
  assert.equal(await askWorker(page, 'older', { count: 500 }), 0);
  assert.deepEqual(await idsOf(page), ids(1, 5600));
});

test('a laptop that slept: the clock jumps, the page reconnects by itself and misses nothing', async (t) => {
  const server = await ScriptedServer.start(t);
  server.log.add(thought('before'));
  const { page } = await openPage(t, server.url);
  await isState(page, 'live');
  await (await workerOf(page)).evaluate(() => {
    const now = Date.now;
    Date.now = () => now() + 3 * 3_600_000;
  });
  await until('a second stream', () => server.streams().length === 2);
  server.log.add(thought('after'));
  await until('the row', async () => (await idsOf(page)).length === 2);
  assert.equal(server.streams()[1].query.get('lastEventId'), server.log.id(1));
  assert.deepEqual(await idsOf(page), ids(1, 2));
});

test('[E50] a page saved to disk asks no server and says Live off', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'saved-'));
  later(t, () => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'saved.html');
  fs.writeFileSync(file, (await makePage()).html);
  const { page, requests } = await openPage(t, pathToFileURL(file).href, { axe: false });
  await says(page, /^Live off$/);
  await button(page, 'Go live');
  assert.equal((await stateOf(page)).state, 'off');
  assert.ok(requests.every(({ url }) => !url.startsWith('http')), JSON.stringify(requests));
});
