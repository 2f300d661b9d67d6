// Trace text is written by anybody. Whatever stands in any string of an envelope, in any view,
// nothing runs, nothing is asked for, nothing becomes an element, and the page stays usable.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow, until } from '../../../../tests/e2e/patience.mjs';
import { openPage } from '../support/chromium.mjs';
import { envelopesOf, huge, kElsewhere, kMark, kStrings } from '../support/hostile.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

const limit = { timeout: 300_000 * slow };
const kFragments = (task) => [
  '#/live?rows=traces', '#/live?rows=envelopes', `#/live?f=${encodeURIComponent(`"${kMark}"`)}`,
  ...['tree', 'waterfall', 'turns'].map((form) => `#/trace/${encodeURIComponent(task)}?v=${form}`),
  '#/tools', '#/graph', '#/run', '#/health', `#/compare/${encodeURIComponent(task)}`, `#/channel/${encodeURIComponent(task)}/x`,
  `#/${encodeURIComponent(task)}/${encodeURIComponent(task)}`,
];
const kOwn = /^(?:http:\/\/127\.0\.0\.1:\d+\/|blob:|data:image\/|data:,)/;

/** A server whose every answer is hostile too. */
async function hostileHouse(t) {
  const text = kStrings[1], nodes = kStrings.slice(0, 8).map((id, n) => ({ id, label: id, server: id, pagerank: 0.1 + n / 100, degree: n, community_id: n }));
  const gone = { status: 503, headers: { 'Content-Type': 'application/json' }, body: { error: text, reason: text, message: text } };
  return ScriptedServer.start(t, { routes: {
    'GET /health': { body: { status: text, serverName: text, uptime: 1 } }, 'GET /readyz': { ...gone, body: { status: text, reasons: [{ part: text, reason: text }] } },
    'GET /api/streams': { body: [{ reader: text, profile: text, principal: text, topics: [text], last_id: text, lag_entries: 1, lag_ms: 1, connected_at: text, bytes: 1 }] },
    'GET /upstreams': { body: { upstreams: [{ server: text, state: text, revision: text, pid: 1, tools: 1, in_flight: 0, restarts: 0, last_error: text }] } },
    'GET /api/graph/snapshot': { body: { nodes, edges: nodes.slice(1).map(({ id }) => ({ source: nodes[0].id, target: id, confidence: 0.7, observed_count: 1, edge_type: text, edge_source: text })), metadata: {}, last_id: '5f3a9c01d2-0' } },
    'GET /metrics': { headers: { 'Content-Type': 'text/plain' }, body: `# HELP x ${text.replaceAll('\n', ' ')}\nx{a="${kMark}"} 1\n` },
    'GET /api/analytics/traces/list': gone, 'GET /api/metrics': gone,
  } });
}

test('[E65] hostile text in every string, in every view: no element, request, error or policy report comes of it', limit, async (t) => {
  const server = await hostileHouse(t);
  for (const [n, text] of kStrings.entries()) for (const envelope of envelopesOf(text, n)) server.log.add(envelope);
  for (const event of ['lifecycle', 'hitl', kMark]) server.log.add({ type: 'lifecycle', task_id: kStrings[0], payload: { event: kStrings[0], reason: kStrings[1] } }, { event });
  for (const envelope of huge()) server.log.add(envelope);
  // Some of the scripted answers are refusals, which the console tells.
  const tab = await openPage(t, `${server.url}#/live`, { axe: false, expect: [/status of (?:404|503)/] });
  await tab.page.locator('.indicator[data-state="live"]').waitFor();
  const { page } = tab;
  let seen = 0;
  for (const task of [kStrings[0], kStrings[1], kStrings[10], kStrings[14]]) {
    for (const fragment of kFragments(task)) {
      await page.goto(`${server.url}${fragment}`);
      await page.locator('main').waitFor();
      await page.evaluate(() => new Promise((drawn) => { requestAnimationFrame(() => requestAnimationFrame(drawn)); }));
      const found = await page.evaluate(({ mark }) => ({
        ran: mark in globalThis || mark in Object.prototype,
        elements: [...document.querySelectorAll('iframe, object, embed, base, form[action], main style, main script, #page script, [onerror], [onload], [onclick], img:not([src^="data:image/"])')].map(({ outerHTML }) => outerHTML.slice(0, 200)),
        links: [...document.querySelectorAll('a[href], area[href]')].map((one) => one.getAttribute('href')).filter((href) => !href.startsWith('#/')),
        twice: document.querySelectorAll('#page').length,
        wide: document.documentElement.scrollWidth - innerWidth,
        text: document.body.innerText.includes(mark),
      }), { mark: kMark });
      assert.deepEqual({ ...found, text: undefined }, { ran: false, elements: [], links: [], twice: 1, wide: 0, text: undefined }, `${fragment}`);
      seen += found.text;
    }
  }
  assert.ok(seen > 20, `the text was on screen in ${seen} places`);
  const elsewhere = tab.requests.filter(({ url }) => !kOwn.test(url) || url.startsWith(kElsewhere));
  assert.deepEqual(elsewhere, []);
});

test('[E65] a hostile entry opened in every part of its detail stays text, and bidi and control characters have names', limit, async (t) => {
  const server = await hostileHouse(t);
  for (const [n, text] of kStrings.entries()) for (const envelope of envelopesOf(text, n)) server.log.add(envelope);
  const tab = await openPage(t, `${server.url}#/trace/${encodeURIComponent(kStrings[10])}?v=tree`, { axe: false, expect: [/status of (?:404|503)/] });
  const { page } = tab;
  const call = page.getByRole('treegrid').getByRole('row').filter({ hasText: 'A' }).last();
  await call.waitFor();
  const rows = page.getByRole('treegrid').getByRole('row');
  for (let n = 0; n < await rows.count(); ++n) {
    await rows.nth(n).click();
    for (const name of ['Error', 'Input', 'Output', 'Thought', 'Raw']) {
      const part = page.getByLabel('Detail').getByRole('button', { name, exact: true });
      if (await part.count() > 0) await part.first().click();
    }
  }
  await page.getByText('U+202E').first().waitFor();
  assert.equal(await page.evaluate((mark) => mark in globalThis, kMark), false);
  assert.deepEqual(tab.requests.filter(({ url }) => !kOwn.test(url)), []);
});

async function exported(page) {
  await page.getByRole('button', { name: 'Files' }).click();
  const dialog = page.getByRole('dialog');
  if (await dialog.getByLabel('Everything in memory').count() > 0) await dialog.getByLabel('Everything in memory').check();
  const [download] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Save file' }).click()]);
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  let text = '';
  for await (const part of (await download.createReadStream()).setEncoding('utf8')) text += part;
  return text;
}

test('[E65] [E49] exported and imported again it is the same bytes, and still text', limit, async (t) => {
  const server = await hostileHouse(t);
  for (const [n, text] of kStrings.entries()) for (const envelope of envelopesOf(text, n)) server.log.add(envelope);
  const tab = await openPage(t, `${server.url}#/live?rows=envelopes`, { axe: false, expect: [/status of (?:404|503)/] });
  const { page } = tab;
  await page.locator('main').getByText(kMark).first().waitFor();
  const first = await exported(page);
  assert.equal(first, server.log.bodies().map((body) => `${body}\n`).join(''));
  const drop = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], '<img src=x onerror=alert(1)>.ndjson'));
    return data;
  }, first);
  for (const event of ['dragenter', 'dragover', 'drop']) await page.dispatchEvent('main', event, { dataTransfer: drop });
  await page.locator('.indicator[data-state="file"]').waitFor();
  await page.locator('main').getByText(kMark).first().waitFor();
  await until('all its rows', async () => (await page.locator('main').innerText()).includes(`${server.log.size} of ${server.log.size}`));
  assert.equal(await exported(page), first);
  assert.deepEqual(await page.evaluate((mark) => [mark in globalThis, document.querySelectorAll('iframe, main script, main img').length], kMark), [false, 0]);
});
