// One connection for all tabs of a browser, with the real server behind the page.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow, until as untilThen } from '../../../../tests/e2e/patience.mjs';
import { publish, startBinary } from '../support/binary.mjs';
import { kLineLost, openPage } from '../support/chromium.mjs';
import { thought } from '../support/envelopes.mjs';
import { FaultProxy } from '../support/fault_proxy.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';
import { idsOf, marksOf, stateOf, tellWorker, workerOf } from '../support/worker.mjs';

const until = (what, condition, ms = 20_000) => untilThen(what, condition, ms);
const isState = (tab, state) => until(state, async () => (await stateOf(tab.page)).state === state);

/** The page, and what it does not serve itself, of the real server. */
async function behind(t, options) {
  const server = await startBinary(t, options);
  const front = await ScriptedServer.start(t, { behind: server.url });
  front.stream = undefined;
  const readers = async () => (await (await fetch(`${server.url}/api/streams`)).json()).length;
  return { server, front, readers };
}
const publishSome = (server, count, words = 'n') => publish(server, Array.from({ length: count }, (_, n) => thought(`${words} ${n}`)));
const allHave = async (tabs, ids) => {
  for (const tab of tabs) {
    await until('all rows', async () => (await idsOf(tab.page)).length >= ids.length);
    assert.deepEqual(await idsOf(tab.page), ids);
  }
};
const roleOf = async (tab) => ((await stateOf(tab.page)).words.endsWith('via another tab') ? 'follower' : 'leader');
/** Who streams, and the others. */
async function split(tabs) {
  const roles = await Promise.all(tabs.map(roleOf));
  const leader = tabs[roles.indexOf('leader')];
  assert.equal(roles.filter((role) => role === 'leader').length, 1, `one leader: ${roles}`);
  return [leader, tabs.filter((tab) => tab !== leader)];
}

test('[S2.14] [E7] three tabs, one connection; each has every row once; a new tab gets all there was', async (t) => {
  const { server, front, readers } = await behind(t);
  const ids = await publishSome(server, 30, 'before');
  const first = await openPage(t, front.url, { axe: false });
  await isState(first, 'live');
  const tabs = [first, await first.another(), await first.another()];
  for (const tab of tabs) await isState(tab, 'live');
  await allHave(tabs, ids);
  ids.push(...await publishSome(server, 200, 'while three look'));
  await allHave(tabs, ids);
  assert.equal(await readers(), 1);
  const [, followers] = await split(tabs);
  assert.equal(followers.length, 2);
  assert.ok((await stateOf(followers[0].page)).buttons.includes('Take over'));
});

test('[S2.14] [E7] the leader is closed: another streams within 1 s, and nothing is missed or doubled', async (t) => {
  const { server, front, readers } = await behind(t);
  const ids = await publishSome(server, 10);
  const first = await openPage(t, front.url, { axe: false });
  await isState(first, 'live');
  const tabs = [first, await first.another(), await first.another()];
  await allHave(tabs, ids);
  const [leader, followers] = await split(tabs);
  const before = front.streams().length;
  const begun = performance.now();
  await leader.page.close();
  await until('another stream', () => front.streams().length > before);
  assert.ok(performance.now() - begun < 1000 * slow, `${performance.now() - begun} ms`);
  ids.push(...await publishSome(server, 50, 'after'));
  await allHave(followers, ids);
  await until('one reader', async () => (await readers()) === 1);
});

test('[S2.14] [E7] the leader\'s worker hangs: another streams within 8 s; the one that wakes follows it', async (t) => {
  const { server, front } = await behind(t);
  const ids = await publishSome(server, 10);
  const first = await openPage(t, front.url, { axe: false });
  await isState(first, 'live');
  const tabs = [first, await first.another(), await first.another()];
  await allHave(tabs, ids);
  const [leader, followers] = await split(tabs);
  const before = front.streams().length;
  const begun = performance.now();
  const asleep = (await workerOf(leader.page)).evaluate(() => {
    const end = performance.now() + 9500;
    while (performance.now() < end);
  });
  await until('another stream', () => front.streams().length > before);
  assert.ok(performance.now() - begun < 8000 * slow, `${performance.now() - begun} ms`);
  ids.push(...await publishSome(server, 50, 'while it hangs'));
  await allHave(followers, ids);
  await asleep;
  ids.push(...await publishSome(server, 5, 'and after'));
  await allHave(tabs, ids);
  await until('it follows', async () => (await roleOf(leader)) === 'follower');
  assert.equal(front.streams().length, before + 1);
});

test('[S2.14] [E7] Take over makes this tab the one that streams', async (t) => {
  const { server, front, readers } = await behind(t);
  const first = await openPage(t, front.url, { axe: false });
  await isState(first, 'live');
  const second = await first.another();
  await until('it follows', async () => (await roleOf(second)) === 'follower' && (await stateOf(second.page)).state === 'live');
  await second.page.getByRole('button', { name: 'Take over' }).click();
  await until('roles change', async () => (await roleOf(second)) === 'leader' && (await roleOf(first)) === 'follower');
  const ids = await publishSome(server, 20);
  await allHave([first, second], ids);
  await until('one reader', async () => (await readers()) === 1);
});

test('[S2.14] [E7] eight tabs opened at once are all live, over one connection', async (t) => {
  const { server, front, readers } = await behind(t);
  const ids = await publishSome(server, 100, 'before');
  const first = await openPage(t, undefined, { axe: false });
  const tabs = await Promise.all(Array.from({ length: 8 }, () => first.another(front.url)));
  for (const tab of tabs) await isState(tab, 'live');
  ids.push(...await publishSome(server, 100, 'with eight'));
  await allHave(tabs, ids);
  assert.equal(await readers(), 1);
  await split(tabs);
});

test('[S2.14] [E7] live off in the leading tab leaves the others live; on again it follows', async (t) => {
  const { server, front, readers } = await behind(t);
  const first = await openPage(t, front.url, { axe: false });
  await isState(first, 'live');
  const second = await first.another();
  await until('it follows', async () => (await roleOf(second)) === 'follower');
  await tellWorker(first.page, { do: 'live', on: false });
  await isState(first, 'off');
  await until('the other leads', async () => (await roleOf(second)) === 'leader' && (await stateOf(second.page)).state === 'live');
  const ids = await publishSome(server, 20);
  await allHave([second], ids);
  assert.deepEqual(await idsOf(first.page), []);
  await tellWorker(first.page, { do: 'live', on: true });
  await isState(first, 'live');
  await allHave([first, second], ids);
  await until('one reader', async () => (await readers()) === 1);
});

test('[S2.14] [E7] where there are no locks each tab streams for itself, and says so from the third on', async (t) => {
  const { server, front, readers } = await behind(t);
  const insecure = () => Object.defineProperty(globalThis, 'isSecureContext', { value: false });
  const first = await openPage(t, front.url, { axe: false, before: insecure });
  const tabs = [first, await first.another(), await first.another()];
  for (const tab of tabs) await isState(tab, 'live');
  const ids = await publishSome(server, 10);
  await allHave(tabs, ids);
  await until('three readers', async () => (await readers()) === 3);
  await until('it says so', async () => /each of 3 tabs has a connection of its own/.test((await stateOf(first.page)).words));
});

test('[E9] the server stops and starts again: goodbye is shown, the page resumes by id, no row is lost', async (t) => {
  const { server, front } = await behind(t);
  const ids = await publishSome(server, 20);
  const first = await openPage(t, front.url, { axe: false, expect: [kLineLost, /status of 5\d\d/] });
  await isState(first, 'live');
  const second = await first.another();
  await allHave([first, second], ids);
  await server.stop();
  for (const { page } of [first, second]) await until('the goodbye', async () => (await marksOf(page)).includes('goodbye'));
  const again = await startBinary(t, { dir: server.dir, port: server.port });
  ids.push(...await publishSome(again, 20, 'after the start'));
  await isState(first, 'live');
  await allHave([first, second], ids);
  const resumed = front.streams().at(-1);
  assert.equal(resumed.query.get('lastEventId'), ids[19]);
  assert.deepEqual(await marksOf(first.page), ['goodbye']);
});

test('[E9] the server is killed and starts again: the page resumes by id, no row is lost', async (t) => {
  const { server, front } = await behind(t);
  const ids = await publishSome(server, 20);
  const tab = await openPage(t, front.url, { axe: false, expect: [kLineLost, /status of 5\d\d/] });
  await allHave([tab], ids);
  await server.kill();
  await until('it knows', async () => (await stateOf(tab.page)).state !== 'live');
  const again = await startBinary(t, { dir: server.dir, port: server.port });
  ids.push(...await publishSome(again, 20, 'after the start'));
  await allHave([tab], ids);
  assert.equal(front.streams().at(-1).query.get('lastEventId'), ids[19]);
});

test('[E4] the real server, cut twenty times while it publishes: every row once, in order', async (t) => {
  const { server, front } = await behind(t);
  const proxy = await FaultProxy.start(t, front);
  const tab = await openPage(t, proxy.url, { axe: false, expect: [kLineLost] });
  await isState(tab, 'live');
  const ids = [];
  for (let n = 0; n < 20; ++n) {
    const before = front.streams().length;
    proxy.cutAt(300 + 700 * n);
    proxy.cut();
    await until('the page knows', async () => (await stateOf(tab.page)).state !== 'live');
    await tellWorker(tab.page, { do: 'reconnect' });
    ids.push(...await publishSome(server, 15, `round ${n}`));
    await until('another stream', () => front.streams().length > before);
  }
  await until('the last', async () => {
    if ((await stateOf(tab.page)).state === 'retrying') await tellWorker(tab.page, { do: 'reconnect' });
    return (await idsOf(tab.page)).length === ids.length;
  });
  assert.deepEqual(await idsOf(tab.page), ids);
});
