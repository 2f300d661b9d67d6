// The supports of the browser tests do what they say: what they miss, no other test finds.

import assert from 'node:assert/strict';
import test from 'node:test';
import { later, until } from '../../../../tests/e2e/patience.mjs';
import { answered, kLineLost, openPage } from '../support/chromium.mjs';
import { thought } from '../support/envelopes.mjs';
import { cut, cutAt, drip, end, frame, kGreeting, ScriptedServer, status, wait } from '../support/scripted_server.mjs';

// What a client hears of one stream: its status and text, and whether it ended well.
async function hear(server, query = '') {
  const heard = { text: '', over: '' };
  const answer = await fetch(`${server.url}trace/stream${query}`);
  heard.status = answer.status;
  heard.headers = answer.headers;
  heard.done = (async () => {
    try {
      for await (const bytes of answer.body) heard.text += Buffer.from(bytes).toString();
      heard.over = 'ended';
    } catch {
      heard.over = 'broke';
    }
  })();
  return heard;
}
const kPlain = { headers: { 'Content-Type': 'text/html' }, body: '<title>x</title>' };
const bare = 'data:text/html,<title>x</title>';
// A test of this file's own whose end can be run by hand.
const inner = (t) => {
  const ends = [];
  later(t, async () => { for (const end of ends.splice(0)) await end().catch(() => {}); });
  return { after: (end) => ends.push(end), finish: async () => { for (const end of ends.splice(0)) await end(); } };
};

test('a scripted stream waits, drips, ends, and breaks at the byte it was told', async (t) => {
  const one = frame(thought('one'), { id: 'e-1' });
  const server = await ScriptedServer.start(t, { stream: [kGreeting, wait('more'), drip(one, 7), end()] });
  const first = await hear(server);
  await until('the greeting', () => first.text === kGreeting);
  server.go('more');
  await first.done;
  assert.deepEqual([first.text, first.over], [kGreeting + one, 'ended']);

  for (const at of [1, kGreeting.length, kGreeting.length + 20]) {
    server.stream = [cutAt(at), kGreeting, one];
    const torn = await hear(server);
    await torn.done;
    assert.deepEqual([torn.text, torn.over], [(kGreeting + one).slice(0, at), 'broke']);
  }
  server.stream = [kGreeting, cut()];
  const last = await hear(server);
  await last.done;
  assert.deepEqual([last.text, last.over], [kGreeting, 'broke']);
});

test('a scripted server answers with a status, keeps the requests, and has the page with its headers', async (t) => {
  const server = await ScriptedServer.start(t, { prefix: '/a/b', stream: [status(503, { 'Retry-After': '5' }, '{"max":100}')] });
  const refused = await hear(server, '?lastEventId=e-7');
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '5']);
  assert.deepEqual(server.streams().map(({ url, query }) => [url, query.get('lastEventId')]), [['/a/b/trace/stream?lastEventId=e-7', 'e-7']]);
  const page = await fetch(server.url);
  assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'sha256-/);
  assert.match(await page.text(), /^<!doctype html>/);
  const again = await fetch(server.url, { headers: { 'If-None-Match': page.headers.get('etag') } });
  assert.equal(again.status, 304);
  assert.equal((await fetch(new URL('/', server.url))).status, 404);
});

test('a scripted log goes on after any id, and says what it does not know', async (t) => {
  const server = await ScriptedServer.start(t);
  for (let n = 1; n <= 5; ++n) server.log.add(thought(`${n}`));
  const ids = (heard) => [...heard.text.matchAll(/^id: \S+-(\d+)$/gm)].map(([, n]) => Number(n));
  const after = await hear(server, `?lastEventId=${server.log.id(3)}`);
  assert.equal(after.headers.get('x-head-event-id'), server.log.id(5));
  await until('4 and 5', () => ids(after).length === 2);
  server.log.add(thought('6'));
  await until('and 6', () => ids(after).length === 3);
  assert.deepEqual(ids(after), [4, 5, 6]);
  const all = await hear(server, '?lastEventId=earliest');
  await until('all', () => ids(all).length === 6);
  const lost = await hear(server, '?lastEventId=?');
  await until('a reset', () => lost.text.includes('event: reset\n'));
  server.log.endReaders();
  await Promise.all([after, all, lost].map(({ done }) => done));
  assert.deepEqual([after.over, all.over, lost.over], ['ended', 'ended', 'ended']);
});

test('HEAD tells the head of the log and takes no turn, a stretch of the past ends by itself', async (t) => {
  const server = await ScriptedServer.start(t);
  for (let n = 1; n <= 5; ++n) server.log.add(thought(`${n}`));
  const head = await fetch(`${server.url}trace/stream`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.headers.get('x-head-event-id'), server.streams().length], [200, server.log.head, 0]);
  const past = await (await fetch(`${server.url}trace/replay?from=${server.log.id(2)}&to=${server.log.id(4)}&speed=max`)).text();
  assert.deepEqual([...past.matchAll(/^id: \S+?-(\S+)$/gm)].map(([, n]) => n), ['2', '3', '4', '4-end']);
});

test('a scripted server asks for its bearer, mints tokens, and takes each until it ends', async (t) => {
  const server = await ScriptedServer.start(t, { stream: [kGreeting, end()] });
  server.access.bearer = 'secret';
  const mine = { Authorization: 'Bearer secret' };
  const get = async (path, headers = {}) => (await fetch(server.url + path, { headers })).status;
  assert.deepEqual([await get('trace/stream'), await get('health'), await get('trace/stream', mine)], [401, 404, 200]);
  const mint = (headers) => fetch(`${server.url}api/stream-tokens`, { method: 'POST', headers, body: '{"scope":["all"]}' });
  assert.equal((await mint({})).status, 401);
  const { token } = await (await mint(mine)).json();
  assert.deepEqual([await get(`trace/stream?token=${token}`), await get(`trace/log?token=${token}`)], [200, 401]);
  server.access.revokeAll();
  assert.equal(await get(`trace/stream?token=${token}`), 401);
  server.access.limit(0);
  assert.equal((await mint(mine)).status, 429);
});

test('a page that does what it should not fails its test: console, exceptions, policy, requests', async (t) => {
  const server = await ScriptedServer.start(t, { routes: { 'GET /broken': { status: 500 }, 'GET /plain': kPlain } });
  server.routes.set('GET /strict', { headers: { 'Content-Type': 'text/html', 'Content-Security-Policy': "default-src 'none'" }, body: '<title>x</title>' });
  const wrongs = [
    [() => console.error('wrong'), /console: wrong/],
    [() => { setTimeout(() => { throw new Error('thrown'); }); }, /exception: Error: thrown/],
    [() => { document.body.setAttribute('style', 'color: red'); }, /policy: style-src/],
    [() => { document.body.append(Object.assign(new Image(), { src: 'http://elsewhere.example/x.png' })); }, /policy: img-src/],
  ];
  for (const [wrong, expected] of wrongs) {
    const mine = inner(t);
    const tab = await openPage(mine, `${server.url}strict`, { axe: false });
    await tab.page.evaluate(wrong);
    await until(`${expected}`, () => tab.problems.some((one) => expected.test(one)));
    await assert.rejects(mine.finish(), expected);
  }
  const mine = inner(t);
  const tab = await openPage(mine, `${server.url}plain`, { axe: false });
  await tab.page.evaluate(() => fetch('broken'));
  await until('the failed answer', () => tab.problems.some((one) => answered(500).test(one)));
  await assert.rejects(mine.finish(), /status of 500/);
});

test('what was expected is no problem, and a broken line is told apart', async (t) => {
  const server = await ScriptedServer.start(t, { stream: [kGreeting, wait('cut'), cut()] });
  server.routes.set('GET /plain', kPlain);
  const tab = await openPage(t, `${server.url}plain`, { axe: false, expect: [kLineLost] });
  const done = tab.page.evaluate(async () => {
    const answer = await fetch('trace/stream?mine');
    try { await answer.text(); } catch { return 'broke'; }
    return 'ended';
  });
  await until('the stream', () => server.requests.some(({ url }) => url.endsWith('?mine')));
  server.go('cut');
  assert.equal(await done, 'broke');
});

test('axe-core finds what is wrong, and a name that is no address stays unknown', async (t) => {
  const mine = inner(t);
  const tab = await openPage(mine, bare, { expect: [/NAME_NOT_RESOLVED/] });
  await tab.page.setContent('<html lang="en"><title>x</title><body><main><h1>x</h1><img src="data:,"></main>');
  await assert.rejects(tab.axe(), /image-alt/);
  await tab.page.setContent('<html lang="en"><title>x</title><body><main><h1>x</h1></main>');
  await tab.axe();
  assert.equal(await tab.page.evaluate(() => fetch('http://example.com/').then(() => 'came', () => 'none')), 'none');
  await mine.finish();
});
