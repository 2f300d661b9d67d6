// Who may look: the bearer stays in the page, streams open with tokens that are good for nothing
// else, and a token in the address is taken out of it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow } from '../../../../tests/e2e/patience.mjs';
import { publish, sdkClient, startGuarded, until } from '../support/binary.mjs';
import { openPage } from '../support/chromium.mjs';
import { call, thought } from '../support/envelopes.mjs';
import { end, kGreeting, ScriptedServer } from '../support/scripted_server.mjs';

const limit = { timeout: 90_000 * slow };
const kRefused = [/status of 401/];
const live = (tab) => tab.page.locator('.indicator[data-state="live"]').waitFor();
const box = (tab) => tab.page.getByRole('dialog', { name: 'Token' });

async function enter(tab, bearer, { keep = false } = {}) {
  await box(tab).waitFor();
  assert.equal(await tab.page.getByLabel(/Bearer token/).getAttribute('type'), 'password');
  await tab.page.getByLabel(/Bearer token/).fill(bearer);
  if (keep) await tab.page.getByLabel(/Keep in this tab/).check();
  await tab.page.keyboard.press('Enter');
}

/** Everything that outlives a moment of the page. */
const kept = (tab) => tab.page.evaluate(async () => JSON.stringify({
  local: { ...localStorage }, session: { ...sessionStorage }, cookie: document.cookie, address: location.href, title: document.title,
  databases: await indexedDB.databases(), caches: await caches.keys(), state: history.state, text: document.documentElement.outerHTML,
}));
const bearing = (requests, secret) => requests.filter(({ url }) => decodeURIComponent(url).includes(secret));

test('[E62] a 401 opens the token box; the bearer lives in memory, in no storage, address, page or export', limit, async (t) => {
  const server = await startGuarded(t);
  await publish(server, [thought('for who may look'), ...call('c-1', 'read_file', { path: 'a' })]);
  const tab = await openPage(t, server.page, { axe: false, expect: kRefused });
  await box(tab).waitFor();
  assert.ok(!(await tab.page.locator('body').innerText()).includes('for who may look'), 'no data before');
  await enter(tab, 'wrong-wrong-wrong-wrong-wrong');
  await tab.page.getByText(/not accepted/i).first().waitFor();
  await enter(tab, server.bearer);
  await live(tab);
  await tab.page.getByText('t-1').first().waitFor();
  assert.ok(!(await kept(tab)).includes(server.bearer));
  assert.deepEqual(bearing(tab.requests, server.bearer), []);
  await tab.page.getByRole('button', { name: 'curl' }).click(); // a copied line names it, and does not hold it
  assert.ok(!(await kept(tab)).includes(server.bearer));
  await tab.page.reload();
  await box(tab).waitFor(); // in memory alone: a reload asks again
});

test('[E62] kept in this tab it survives a reload; other tabs of the browser get it without asking', limit, async (t) => {
  const server = await startGuarded(t);
  const tab = await openPage(t, server.page, { axe: false, expect: kRefused });
  await enter(tab, server.bearer, { keep: true });
  await live(tab);
  await tab.page.reload();
  await live(tab);
  assert.ok((await tab.page.evaluate(() => JSON.stringify({ ...sessionStorage }))).includes(server.bearer), 'sessionStorage, as was asked');
  assert.ok(!(await tab.page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie)).includes(server.bearer));
  const other = await tab.another();
  await live(other);
  assert.equal(await box(other).count(), 0);
  assert.ok(!(await kept(other)).includes(server.bearer), 'the other tab was not asked to keep it');
});

test('[E63] streams alone carry a token, never the bearer; calls of the page carry the bearer, never in an address', limit, async (t) => {
  const server = await ScriptedServer.start(t);
  server.access.bearer = 'the-bearer-of-this-test';
  server.log.add(thought('seen'));
  const tab = await openPage(t, server.url, { axe: false, expect: [...kRefused, /status of 404/] });
  await enter(tab, server.access.bearer);
  await live(tab);
  for (const fragment of ['#/health', '#/tools', '#/graph', '#/run', '#/live']) await tab.page.goto(server.url + fragment);
  assert.ok(server.access.minted.length > 0);
  for (const { path, method, query, headers } of server.requests) {
    const isStream = ['/trace/stream', '/trace/replay'].includes(path);
    if (!isStream) assert.equal(query.get('token') ?? query.get('streamToken'), null, `${method} ${path}`);
    if (isStream) assert.equal(headers.authorization, undefined, `${method} ${path}`);
  }
  assert.deepEqual(server.requests.filter(({ url }) => url.includes(server.access.bearer)), []);
  // The worker has never seen it: whatever it holds can be told by its own words.
  const [worker] = tab.page.workers();
  assert.ok(!(await worker.evaluate(() => JSON.stringify(Object.entries(globalThis).map(([name, value]) => [name, String(value).slice(0, 10_000)])))).includes(server.access.bearer));
});

test('[E63] one token serves every open of a flapping line, so that no mint meets 429', limit, async (t) => {
  const server = await ScriptedServer.start(t);
  server.access.bearer = 'the-bearer-of-this-test';
  server.access.limit(5); // the sixth would be refused
  const { log } = server;
  server.stream = (request, n) => (n < 8 ? [kGreeting, 'retry: 10\n\n', end()] : log.follow(request));
  const tab = await openPage(t, server.url, { axe: false, expect: kRefused });
  await enter(tab, server.access.bearer);
  await until('eight opens', async () => {
    const retry = tab.page.getByRole('button', { name: /Retry now|Reconnect now/ });
    if (await retry.count() > 0) await retry.first().click({ timeout: 1000 }).catch(() => {});
    return server.streams().length > 8;
  });
  await live(tab);
  const opened = server.streams().filter(({ query }) => query.get('token'));
  assert.equal(new Set(opened.map(({ query }) => query.get('token'))).size, 1);
  assert.ok(server.access.minted.length <= 2, `${server.access.minted.length} mints`);
});

test('[E63] sign out revokes the token and empties every tab', limit, async (t) => {
  const server = await startGuarded(t);
  await publish(server, thought('before'));
  const tab = await openPage(t, server.page, { axe: false, expect: kRefused });
  await enter(tab, server.bearer, { keep: true });
  await live(tab);
  const other = await tab.another();
  await live(other);
  const used = new Set([...tab.requests, ...other.requests].map(({ url }) => new URL(url).searchParams.get('token')).filter(Boolean));
  assert.ok(used.size > 0);
  await tab.page.evaluate(() => { location.hash = '#/health'; });
  await signOut(tab);
  for (const one of [tab, other]) {
    await one.page.locator('.indicator[data-state="auth"]').waitFor();
    assert.ok(!(await kept(one)).includes(server.bearer));
  }
  for (const token of used)
    await until('the token is refused', async () => {
      const answer = await fetch(`${server.url}/trace/stream?token=${token}`, { method: 'HEAD' });
      return answer.status === 401;
    });
});

async function signOut(tab) {
  const own = tab.page.getByRole('button', { name: 'Token', exact: true });
  if (await own.count() === 0) await tab.page.getByRole('button', { name: 'Settings', exact: true }).click();
  await own.click();
  await tab.page.getByRole('button', { name: /Sign out/ }).click();
}

test('[E64] a token in the address is removed at once, not used, and the person told to replace it', limit, async (t) => {
  const server = await startGuarded(t);
  for (const address of [`?token=${server.bearer}`, `?keep=1&access_token=${server.bearer}#/live?f=x`, `#/live?streamToken=${server.bearer}`]) {
    const tab = await openPage(t, server.page + address, { axe: false, expect: kRefused });
    await box(tab).waitFor();
    await tab.page.getByText(/replace it/i).first().waitFor();
    assert.ok(!tab.page.url().includes(server.bearer));
    assert.ok(!(await kept(tab)).includes(server.bearer));
    const used = tab.requests.slice(1).filter(({ url }) => url.includes(server.bearer)); // the first is the person's own
    assert.deepEqual(used, []);
    await tab.page.goBack().catch(() => undefined);
    assert.ok(!tab.page.url().includes(server.bearer), 'nor in the history');
  }
});

test('[E63] a call made from the page is authorised by its bearer and watched by its stream token', limit, async (t) => {
  const server = await startGuarded(t);
  const tab = await openPage(t, server.page, { axe: false, expect: kRefused });
  await enter(tab, server.bearer);
  await live(tab);
  const client = await sdkClient(t, server, { headers: server.headers });
  await client.callTool({ name: 'echo', arguments: { text: 'watched' } });
  await tab.page.goto(`${server.page}#/live?rows=envelopes`);
  await tab.page.locator('main').getByText('watched').first().waitFor();
});
