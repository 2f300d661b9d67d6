// Who listens: the bearer in memory, stream tokens in stream requests alone, renewed unseen.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { slow, until as untilThen } from '../../../../tests/e2e/patience.mjs';
import { publish, startGuarded } from '../support/binary.mjs';
import { answered, kLineLost, openPage } from '../support/chromium.mjs';
import { thought } from '../support/envelopes.mjs';
import { kGreeting, ScriptedServer } from '../support/scripted_server.mjs';
import { askWorker, giveBearer, idsOf, kBearer, marksOf, stateOf, tellWorker } from '../support/worker.mjs';

const until = (what, condition, ms = 20_000) => untilThen(what, condition, ms);
const isState = (page, state) => until(state, async () => (await stateOf(page)).state === state);

async function guarded(t) {
  const server = await ScriptedServer.start(t);
  server.access.bearer = kBearer;
  return server;
}
const expect = [answered(401), kLineLost];
/** Where a browser keeps things, as text. */
const stored = (page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, document.cookie, location.href, { ...sessionStorage }]));

test('[E62] a 401 opens the token box; the bearer lives in memory, goes to new tabs, and never into a URL', async (t) => {
  const server = await guarded(t);
  server.log.add(thought('secret things'));
  const { page, another, requests } = await openPage(t, server.url, { expect });
  await isState(page, 'auth');
  assert.match((await stateOf(page)).words, /^Token needed: HTTP 401 \(UNAUTHORIZED, missing_bearer_token\)/);
  await giveBearer(page);
  await isState(page, 'live');
  assert.equal((await idsOf(page)).length, 1);
  const second = await another();
  await isState(second.page, 'live');
  assert.equal(await second.page.getByRole('dialog').count(), 0);
  assert.ok(!(await stored(page)).includes(kBearer));
  assert.ok(!(await stored(second.page)).includes(kBearer));
  assert.ok(!requests.some(({ url }) => url.includes(kBearer)));
  assert.ok(server.requests.every(({ url }) => !url.includes(kBearer)));
});

test('[E62] a bearer is kept in the tab only on wish, over a reload, and never outlives it', async (t) => {
  const server = await guarded(t);
  const { page, context } = await openPage(t, server.url, { expect });
  await isState(page, 'auth');
  await giveBearer(page, { keep: true });
  await isState(page, 'live');
  await page.reload();
  await isState(page, 'live');
  assert.equal(await page.evaluate(() => localStorage.length > 0 && JSON.stringify({ ...localStorage })).then((text) => String(text).includes(kBearer)), false);
  assert.deepEqual(await context.cookies(), []);
});

test('[E62] a wrong bearer is said to be wrong, and another may be given', async (t) => {
  const server = await guarded(t);
  const { page } = await openPage(t, server.url, { expect });
  await isState(page, 'auth');
  await giveBearer(page, { bearer: 'wrong' });
  await until('the reason', async () => /^Token not accepted: HTTP 401 \(UNAUTHORIZED, invalid_bearer_token\)/.test((await stateOf(page)).words));
  await page.getByRole('dialog').waitFor();
  await giveBearer(page);
  await isState(page, 'live');
});

test('[E63] one token serves many opens, and stands in stream requests alone', async (t) => {
  const server = await guarded(t);
  const { page } = await openPage(t, server.url, { expect });
  await isState(page, 'auth');
  await giveBearer(page);
  await isState(page, 'live');
  for (let n = 0; n < 12; ++n) {
    const before = server.streams().length;
    server.cut();
    await until('it is gone', async () => (await stateOf(page)).state !== 'live' || server.streams().length > before);
    await tellWorker(page, { do: 'reconnect' });
    await until('another stream', () => server.streams().length > before);
    await isState(page, 'live');
  }
  assert.equal(server.access.minted.length, 1);
  const [{ token }] = server.access.minted;
  for (const { url, path, headers } of server.requests) {
    if (url.includes(token)) assert.match(path, /^\/trace\/(stream|replay)$/);
    if (path.startsWith('/trace/stream')) assert.equal(headers.authorization, undefined);
  }
});

test('[S2.10] [E6] [E63] a cut after the token has ended: a new one, the last id, no row lost, live again within 1 s', async (t) => {
  const server = await guarded(t);
  server.access.lifeMs = 2000;
  server.stream = async function* (request) {
    for await (const step of server.log.follow(request)) {
      yield step;
      if (step === kGreeting) yield 'retry: 200\n\n';
    }
  };
  const ids = [server.log.add(thought('one'))];
  const { page } = await openPage(t, server.url, { expect });
  await isState(page, 'auth');
  await giveBearer(page);
  await isState(page, 'live');
  await until('its end', () => server.access.minted.at(-1).expires < Date.now());
  ids.push(server.log.add(thought('two')));
  await until('the stream goes on over it', async () => (await idsOf(page)).length === 2);
  const before = server.access.minted.length;
  const begun = performance.now();
  server.cut();
  ids.push(server.log.add(thought('three')));
  await until('the third', async () => (await idsOf(page)).length === 3);
  await isState(page, 'live');
  assert.ok(performance.now() - begun < 1000 * slow, `${performance.now() - begun} ms`);
  assert.equal(server.access.minted.length, before + 1);
  assert.equal(server.streams().at(-1).query.get('token'), server.access.minted.at(-1).token);
  assert.deepEqual(await idsOf(page), ids);
  assert.equal(await page.getByRole('dialog').count(), 0);
});

test('[E63] Sign out revokes the token and clears all tabs', async (t) => {
  const server = await guarded(t);
  const first = await openPage(t, server.url, { expect });
  await isState(first.page, 'auth');
  await giveBearer(first.page, { keep: true });
  await isState(first.page, 'live');
  const second = await first.another();
  await isState(second.page, 'live');
  await signOut(second.page);
  for (const { page } of [first, second]) await isState(page, 'auth');
  await until('it is revoked', () => server.access.minted.every(({ expires }) => expires === 0));
  assert.ok(!(await stored(first.page)).includes(kBearer));
});
async function signOut(page) {
  await page.getByRole('button', { name: 'Token' }).click();
  await page.getByRole('button', { name: 'Sign out in all tabs' }).click();
}

test('[E64] a token in the address is taken out at once, not used, and the person is told to replace it', async (t) => {
  const server = await guarded(t);
  const { page } = await openPage(t, `${server.url}?token=${kBearer}&x=1#/live?f=a&token=${kBearer}`, { expect });
  await isState(page, 'auth');
  const url = new URL(page.url());
  assert.deepEqual([url.search, url.hash], ['?x=1', '#/live?f=a']);
  assert.equal(server.access.minted.length, 0);
  assert.ok(server.requests.every(({ path, url: asked }) => path === '/' || !asked.includes(kBearer)));
  await page.getByText(/replace it/).waitFor();
});

test('[E10] [E63] what was too large for the stream is fetched by id with the bearer; what is gone says so', async (t) => {
  const server = await guarded(t);
  const [kept, gone] = [1, 2].map((n) => server.log.add({ id: server.log.id(n), bytes: 1_048_577 }, { event: 'envelope_oversize' }));
  server.routes.set(`GET /trace/envelopes/${kept}`, (request) => (request.headers.authorization === `Bearer ${kBearer}`
    ? { status: 200, body: '{"type":"thought","far":"away"}' } : { status: 401, body: { error: 'UNAUTHORIZED' } }));
  server.routes.set(`GET /trace/envelopes/${gone}`, { status: 410, body: { error: 'GONE', oldest: '5f3a9c01d2-7' } });
  const { page } = await openPage(t, server.url, { expect: [...expect, answered(410)] });
  await isState(page, 'auth');
  await giveBearer(page);
  await until('both marks', async () => (await marksOf(page)).length === 2);
  const entry = (id) => askWorker(page, 'entry', { source: 'live', row: -1, id });
  assert.equal((await entry(kept)).body, '{"type":"thought","far":"away"}');
  assert.match((await entry(gone)).gone, /keeps it no more; the oldest it has is 5f3a9c01d2-7/);
});

test('[E63] who is no operator sees what is its own, live, and no graph', async (t) => {
  const secret = 'the-secret-of-u1';
  const server = await startGuarded(t, { config: { auth: { tokens: [{ name: 'u1', role: 'user', sha256: createHash('sha256').update(secret).digest('hex') }] } } });
  const front = await ScriptedServer.start(t, { behind: server.url });
  front.stream = undefined;
  await publish(server, thought('of another'));
  const ids = await publish(server, thought('of u1'), { Authorization: `Bearer ${secret}` });
  const { page } = await openPage(t, front.url, { expect: [...expect, answered(403)] });
  await isState(page, 'auth');
  await giveBearer(page, { bearer: secret });
  await isState(page, 'live');
  ids.push(...await publish(server, thought('and later'), { Authorization: `Bearer ${secret}` }));
  await until('both', async () => (await idsOf(page)).length === 2);
  assert.deepEqual(await idsOf(page), ids);
  assert.equal(front.streams().at(-1).query.get('topics'), 'all');
});
