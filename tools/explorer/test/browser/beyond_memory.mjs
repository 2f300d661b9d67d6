// What memory does not hold: the server's half of test/golden/filters.json, and what Live shows of it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { parseFilter } from '../../src/core/filter.ts';
import { questionOf } from '../../src/core/trace_question.ts';
import { publish, startBinary } from '../support/binary.mjs';
import { answered, openPage } from '../support/chromium.mjs';
import { call, setClock, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';
import { giveBearer, kBearer } from '../support/worker.mjs';

const golden = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../golden/filters.json'), 'utf8'));

test('[E20] what the page asks of the list, the server answers with the traces that the page admits', async (t) => {
  const server = await startBinary(t);
  await publish(server, golden.envelopes);
  for (const { filter, asks, left, traces } of golden.filters.filter((one) => one.left.length === 0)) {
    const { params } = questionOf(parseFilter(filter).terms, Date.now());
    assert.deepEqual([[...params].map((one) => one.join('=')), left], [asks, []], filter);
    const answer = await fetch(`${server.url}/api/analytics/traces/list?limit=100&${params}`);
    const told = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(told));
    assert.deepEqual([told.traces.map((one) => one.conversation_id).sort(), told.total], [[...traces].sort(), traces.length], filter);
  }
});

const kRows = '#/live?rows=traces';
const region = (page) => page.getByRole('region', { name: 'On the server' });
const count = (page) => page.locator('.count');
async function commit(page, filter) {
  await page.getByLabel('Filter', { exact: true }).fill(filter);
  await page.keyboard.press('Enter');
}
const live = (page) => page.locator('[data-state="live"]').waitFor();

/** More than the page asks for at first, so that what was there before is beyond memory. */
async function fillMemory(server) {
  setClock(Date.now() - 60_000);
  for (let n = 0; n < 6; ++n) await publish(server, Array.from({ length: 900 }, (_, at) => thought(`recent ${n * 900 + at}`, { task_id: 't-recent' })));
}

test('[E20] traces that left memory are counted and listed out of the server, and open', async (t) => {
  const server = await startBinary(t);
  await publish(server, golden.envelopes);
  await fillMemory(server);
  const tab = await openPage(t, `${server.page}${kRows}`);
  const { page } = tab;
  await live(page);
  await count(page).filter({ hasText: /^1 of 1 loaded$/ }).waitFor();
  await commit(page, 'status:error');
  await count(page).filter({ hasText: /^0 of 1 loaded, 3 on the server$/ }).waitFor();
  const links = region(page).getByRole('link');
  // Nothing in memory matches, so they are on screen.
  await links.first().waitFor();
  assert.deepEqual(await links.allInnerTexts(), ['t-7', 't-5', 't-2']);
  assert.match(await region(page).innerText(), /3 traces on the server match status:error, 3 begun before/);
  await tab.axe();
  await tab.picture('beyond-memory');

  // One more, here and now: memory and server are told apart.
  await publish(server, call('n-1', 'run', {}, { status: 'TOOL_ERROR' }, { task_id: 't-now' }));
  await commit(page, 'status:error tool:run');
  await count(page).filter({ hasText: /^1 of 2 loaded, 4 on the server$/ }).waitFor();
  assert.equal(await links.count(), 0);
  await region(page).getByRole('button', { name: 'Show 3 older' }).click();
  assert.deepEqual(await links.allInnerTexts(), ['t-7', 't-5', 't-2']);
  await page.locator('.list-body [role="row"]').filter({ hasText: 't-now' }).waitFor();

  // A term without a parameter is asked of what is loaded alone.
  await commit(page, 'status:error tool:ru*');
  await region(page).getByText('tool:ru* is asked of what is loaded alone').waitFor();
  await count(page).filter({ hasText: /^1 of 2 loaded, 4 on the server$/ }).waitFor();
  await commit(page, 'tool:ru*');
  await count(page).filter({ hasText: /^1 of 2 loaded$/ }).waitFor();

  await commit(page, 'role:reviewer');
  await links.filter({ hasText: 't-2' }).click();
  await page.getByRole('heading', { name: /t-2/ }).waitFor();
  await page.locator('main').getByText('shell/run').first().waitFor();
});

test('[E11] [E20] the list is asked when a filter is committed, never while one types nor for what comes', async (t) => {
  const asked = () => server.asked('GET', '/api/analytics/traces/list');
  let busy = false;
  const server = await ScriptedServer.start(t, { routes: {
    'GET /api/analytics/traces/list': ({ query, headers }) => {
      assert.equal(headers.authorization, `Bearer ${kBearer}`);
      if (busy) return { status: 503, body: { error: 'INDEX_UNAVAILABLE', reason: 'the index is being made' } };
      return { body: { traces: query.get('limit') === '1' ? [] : [{ trace_id: 'x', conversation_id: 't-gone', status: 'completed', start_time: '2026-11-01T00:00:00.000Z', span_count: 2, error_count: 0, duration_ms: 5, span_name: null, session_tag: null }], total: 7 } };
    },
  } });
  server.access.bearer = kBearer;
  for (let n = 0; n < 5200; ++n) server.log.add(thought(`thought ${n}`));
  const { page } = await openPage(t, `${server.url}${kRows}`, { expect: [answered(401), answered(503)] });
  await giveBearer(page);
  await live(page);
  await count(page).filter({ hasText: 'loaded' }).waitFor();
  const field = page.getByLabel('Filter', { exact: true });
  await field.pressSequentially('agent:dev-1');
  await count(page).filter({ hasText: '1 of 1 loaded' }).waitFor();
  for (let n = 0; n < 500; ++n) server.log.add(thought(`more ${n}`));
  await page.locator('footer', { hasText: /5.500 rows/ }).waitFor();
  assert.equal(asked().length, 0);
  await page.keyboard.press('Enter');
  await count(page).filter({ hasText: '7 on the server' }).waitFor();
  assert.deepEqual(asked().map(({ query }) => query.get('limit')), ['1', '50']);
  for (let n = 0; n < 500; ++n) server.log.add(thought(`more ${n}`));
  await page.locator('footer', { hasText: /6.000 rows/ }).waitFor();
  assert.equal(asked().length, 2);

  busy = true;
  await commit(page, 'agent:dev-2');
  await region(page).getByText('HTTP 503').waitFor();
  assert.match(await region(page).innerText(), /The server did not say what it has: HTTP 503: the index is being made/);
  busy = false;
  await region(page).getByRole('button', { name: 'Ask again' }).click();
  await count(page).filter({ hasText: '7 on the server' }).waitFor();
  assert.equal(await region(page).getByText('HTTP 503').count(), 0);
  // Nothing in memory is dev-2's.
  await region(page).getByRole('link', { name: 't-gone' }).waitFor();
});

test('[E21] of a span of time it is said what memory has and what the server has', async (t) => {
  const server = await startBinary(t);
  await publish(server, golden.envelopes);
  for (const minutes of [2, 120, 2880, 28_800, 86_400]) {
    setClock(Date.now() - minutes * 60_000);
    await publish(server, thought('then', { task_id: `t-ago-${minutes}`, session_id: 's-then' }));
  }
  await fillMemory(server);
  const { page } = await openPage(t, `${server.page}#/live`);
  await live(page);
  const time = page.getByLabel('Time', { exact: true });
  await page.locator('.older', { hasText: 'in memory since' }).waitFor();
  for (const span of ['1h', '24h', '7d']) {
    await time.selectOption(`last ${span}`);
    await region(page).getByText(/what came before .* is not loaded/).waitFor();
    await count(page).filter({ hasText: /of 5.000 loaded$/ }).waitFor();
  }
  await time.selectOption('from … to');
  await page.getByLabel('From', { exact: true }).fill('2026-11-21T12:01:00');
  await page.getByLabel('to', { exact: true }).fill('2026-11-21T12:03:00');
  await page.getByRole('button', { name: 'Use it' }).click();
  await region(page).getByRole('button', { name: 'Traces of it on the server' }).click();
  await count(page).filter({ hasText: /^0 of 1 loaded, 3 on the server$/ }).waitFor();
  assert.deepEqual(await region(page).getByRole('link').allInnerTexts(), ['t-5', 't-4', 't-3']);
  assert.deepEqual((await region(page).getByRole('heading').allInnerTexts()).map((one) => one.split(/\s/).slice(0, 2).join(' ')), ['From the', 'In memory']);
  // Two minutes, two hours, two days, twenty and sixty days ago.
  for (const [span, there] of [['1h', 1], ['24h', 2], ['7d', 3], ['30d', 4]]) {
    await page.goto(`${server.page}${kRows}&f=session:s-then`);
    await count(page).filter({ hasText: /^0 of 1 loaded, 5 on the server$/ }).waitFor();
    await time.selectOption(`last ${span}`);
    await count(page).filter({ hasText: new RegExp(`^0 of 1 loaded, ${there} on the server$`) }).waitFor();
    assert.equal(await region(page).getByRole('link').count(), there, span);
  }
  await commit(page, `time:>=${new Date().toISOString()}`);
  await region(page).getByText('all of that time is in memory').waitFor();
});

test('[E21] Expensive and High quality are offered where the data has costs and scores', async (t) => {
  const server = await startBinary(t);
  await publish(server, thought('x', { task_id: 't-plain' }));
  const { page } = await openPage(t, `${server.page}${kRows}`);
  await live(page);
  await count(page).filter({ hasText: /^1 of 1$/ }).waitFor();
  const quick = page.getByRole('group', { name: 'Quick filters' }).getByRole('button');
  assert.deepEqual(await quick.allInnerTexts(), ['Errors', 'Slow', 'Running', 'Fast']);
  const send = (id, more) => fetch(`${server.url}/api/analytics/traces`, { method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ trace_id: `tr-${id}`, span_id: 's-1', span_name: 'chat', operation_type: 'generation', conversation_id: id, duration_ms: 5, ...more }) });
  assert.equal((await send('t-dear', { cost_usd: 0.4 })).status, 201);
  await quick.filter({ hasText: 'Expensive' }).click();
  await count(page).filter({ hasText: /^1 of 2$/ }).waitFor();
  await page.locator('.list-body [role="row"]').filter({ hasText: 't-dear' }).waitFor();
  await quick.filter({ hasText: 'Expensive' }).click();
  assert.equal((await send('t-good', { metadata: { quality_score: 0.95 } })).status, 201);
  await quick.filter({ hasText: 'High quality' }).click();
  await page.locator('.list-body [role="row"]').filter({ hasText: 't-good' }).waitFor();
  await count(page).filter({ hasText: /^1 of 3$/ }).waitFor();
});

test('[E20] more of a list that is on screen no more takes nothing of what is', async (t) => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  const trace = (name) => ({ trace_id: name, conversation_id: name, status: 'completed', start_time: '2026-11-01T00:00:00.000Z', span_count: 2, error_count: 0, duration_ms: 5, span_name: null, session_tag: null });
  const server = await ScriptedServer.start(t, { routes: {
    'GET /api/analytics/traces/list': async ({ query }) => {
      if (query.get('offset') !== '0') await held;
      return { body: { traces: query.get('limit') === '1' ? [] : [trace(`t-${query.get('meta.agent_id')}-${query.get('offset')}`)], total: 7 } };
    },
  } });
  for (let n = 0; n < 5200; ++n) server.log.add(thought(`thought ${n}`));
  const { page } = await openPage(t, `${server.url}${kRows}`);
  await live(page);
  await commit(page, 'agent:one');
  await region(page).getByRole('link', { name: 't-one-0' }).waitFor();
  await region(page).getByRole('button', { name: '6 more' }).click();
  await commit(page, 'agent:two');
  await region(page).getByRole('link', { name: 't-two-0' }).waitFor();
  const came = page.waitForResponse((answer) => answer.url().includes('offset=1'));
  release();
  await (await came).finished();
  await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))); // what it changes is on screen
  await region(page).getByRole('button', { name: '6 more' }).click();
  await region(page).getByRole('link', { name: 't-two-1' }).waitFor();
  assert.deepEqual(await region(page).getByRole('link').allInnerTexts(), ['t-two-0', 't-two-1']);
});

test('[E17] an entry that a link names and the server brings late takes nobody away from what was chosen meanwhile', async (t) => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  const server = await ScriptedServer.start(t);
  for (let n = 1; n <= 5200; ++n) server.log.add(thought(`thought ${n}`));
  const old = server.log.id(1);
  server.routes.set(`GET /trace/envelopes/${old}`, async () => { await held; return { body: JSON.parse(server.log.body(old)) }; });
  const { page } = await openPage(t, `${server.url}#/live?at=${old}`);
  await live(page);
  const row = page.locator('.list-body [role="row"]').filter({ hasText: 'thought 5200' });
  await row.click();
  await page.locator('.list-body [role="row"][aria-selected="true"]', { hasText: 'thought 5200' }).waitFor();
  const came = page.waitForResponse((answer) => answer.url().endsWith(old));
  release();
  await (await came).finished();
  // What comes after it has come after what it changes.
  server.log.add(thought('thought 5201'));
  await page.locator('footer', { hasText: /5.001 rows/ }).waitFor();
  await page.locator('.list-body [role="row"][aria-selected="true"]', { hasText: 'thought 5200' }).waitFor({ timeout: 2000 });
  assert.match(page.url(), new RegExp(`at=${server.log.id(5200)}`));
});
