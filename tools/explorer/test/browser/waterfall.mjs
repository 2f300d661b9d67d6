// The waterfall: what it shows, how one moves in it, and how much it bears.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage } from '../support/chromium.mjs';
import { action, observation, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';
import { kTask, openStory } from '../support/story.mjs';
import { until } from '../support/binary.mjs';

const kStartNs = 1_795_224_245_000_000_000n;
const ns = (ms) => String(kStartNs + BigInt(Math.round(ms * 1e6)));

/** A call from and to these ms of the trace. */
function callAt(id, from, to, { tool = 'run', failed = false, ...more } = {}) {
  const given = { turn_index: 0, ...more };
  return [
    action(id, tool, {}, { ...given, timestamp_ns: ns(from) }),
    ...to === null ? [] : [observation(id, tool, { duration_ms: to - from, ...failed && { status: 'TOOL_ERROR', stderr: 'broken' } }, { ...given, timestamp_ns: ns(to) })],
  ];
}
async function open(t, envelopes, rest = '?v=waterfall', options = {}) {
  const server = await ScriptedServer.start(t);
  for (const one of envelopes) server.log.add(one);
  const tab = await openPage(t, `${server.url}#/trace/t-1${rest}`, options);
  await tab.page.getByRole('img', { name: /^Waterfall/ }).waitFor();
  return { server, tab, page: tab.page };
}
const range = (page) => page.evaluate(() => /[?&]t=(\d+)-(\d+)/.exec(location.hash)?.slice(1).map(Number));
const changed = async (page, from, what) => until(what, async () => {
  const now = await range(page);
  return JSON.stringify(now) !== JSON.stringify(from) && { now };
});
/** How many pixels of the lanes are not background. */
const inked = (page) => page.evaluate(() => {
  const canvas = document.querySelector('.lanes canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 23, canvas.width, canvas.height - 23);
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
  let different = 0;
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] === 255 && Math.abs(data[at] - r) + Math.abs(data[at + 1] - g) + Math.abs(data[at + 2] - b) > 40) ++different;
  return different;
});

test('[E31] lanes per thread, more for what overlaps; bars are painted in both themes and the table has them all', async (t) => {
  const calls = [thought('first', { timestamp_ns: ns(0) }), ...callAt('a', 0, 400), ...callAt('b', 200, 600, { failed: true }), ...callAt('c', 650, 900),
    ...callAt('d', 100, 800, { thread_id: 'review' }), ...callAt('e', 0, 0, { timestamp_ns: '0' })];
  for (const theme of ['light', 'dark']) {
    const { tab, page } = await open(t, calls, '?v=waterfall', { theme });
    await page.getByRole('img', { name: 'Waterfall: 5 calls in' }).waitFor();
    await until('bars', async () => (await inked(page)) > 5000);
    const table = page.getByRole('grid', { name: 'Calls of the waterfall' });
    await table.getByRole('row').filter({ hasText: 'TOOL_ERROR' }).waitFor();
    await tab.axe();
    await tab.picture(`waterfall-lanes-${theme}`);
  }
});

test('[E24] a click on a bar chooses it, and what is chosen in the table is chosen in the lanes', async (t) => {
  const { page } = await open(t, [...callAt('a', 0, 500, { tool: 'first' }), ...callAt('b', 500, 1000, { tool: 'second' })]);
  const canvas = page.locator('.lanes canvas');
  await until('bars', async () => (await inked(page)) > 2000);
  const box = await canvas.boundingBox();
  const detail = page.getByRole('region', { name: 'Detail' });
  await page.mouse.click(box.x + box.width * 0.75, box.y + 22 + 12);
  await detail.getByRole('heading', { name: 'second' }).waitFor();
  await page.mouse.click(box.x + box.width * 0.25, box.y + 22 + 12);
  await detail.getByRole('heading', { name: 'first' }).waitFor();
  await page.getByRole('grid').getByRole('row').filter({ hasText: 'second' }).click();
  await detail.getByRole('heading', { name: 'second' }).waitFor();
  assert.match(await page.getByRole('grid').getByRole('row').filter({ hasText: 'second' }).innerText(), /500 ms[\s\S]*50\.0 %/);
});

test('[E31] a running bar grows and ends in place', async (t) => {
  const story = await openStory(t);
  const running = story.start('everything__trigger-long-running-operation', { duration: 60, steps: 1 }, { tool_call_id: 'c-1' });
  const { page } = await openPage(t, `${story.front.url}#/trace/${kTask}?v=waterfall`);
  const row = page.getByRole('grid').getByRole('row').filter({ hasText: 'trigger-long' });
  await row.filter({ hasText: 'running' }).waitFor();
  const words = () => page.locator('.waterfall .bar .num').innerText();
  const before = await words();
  await until('a longer axis', async () => (await words()) !== before);
  await running.stop();
  await row.filter({ hasText: 'CANCELLED' }).waitFor();
});

test('[E32] zoom and pan by keys, buttons, Ctrl+wheel and brush; the range is in the address and comes back', async (t) => {
  const { tab, page } = await open(t, [...callAt('a', 0, 1000), ...callAt('b', 0, 1000)]);
  const from = Number(kStartNs), whole = 1e9;
  assert.equal(await range(page), undefined);
  await page.keyboard.press('+');
  const { now: near } = await changed(page, undefined, 'a range after +');
  assert.ok(Math.abs(near[1] - near[0] - whole * 0.6) < 1e6 && Math.abs((near[0] + near[1]) / 2 - from - whole / 2) < 1e6, `${near}`);
  await page.keyboard.press('d');
  const { now: later } = await changed(page, near, 'a later range');
  assert.ok(Math.abs(later[0] - near[0] - whole * 0.6 * 0.25) < 1e6);
  await page.getByRole('button', { name: 'Earlier' }).click();
  const { now: back } = await changed(page, later, 'the range from before');
  assert.ok(Math.abs(back[0] - near[0]) < 1e6);
  await page.getByRole('button', { name: 'Fit' }).click();
  await changed(page, back, 'no range');
  assert.equal(await range(page), undefined);

  const lanes = await page.locator('.lanes canvas').boundingBox();
  await page.mouse.move(lanes.x + lanes.width / 4, lanes.y + 30);
  await page.keyboard.down('Control');
  await page.mouse.wheel(0, -150);
  await page.keyboard.up('Control');
  const { now: wheeled } = await changed(page, undefined, 'a range after the wheel');
  const share = (from + whole / 4 - wheeled[0]) / (wheeled[1] - wheeled[0]);
  assert.ok(Math.abs(share - 0.25) < 0.02, `what is under the pointer stays there: ${share}`);

  const map = await page.locator('.minimap canvas').boundingBox();
  await page.mouse.move(map.x + map.width * 0.5, map.y + 10);
  await page.mouse.down();
  await page.mouse.move(map.x + map.width * 0.6, map.y + 10, { steps: 4 });
  await page.mouse.move(map.x + map.width * 0.75, map.y + 10, { steps: 4 });
  await page.mouse.up();
  const { now: brushed } = await changed(page, wheeled, 'the range of the brush');
  await until('the brush at rest', async () => {
    const [low, high] = (await range(page)).map((one) => (one - from) / whole);
    return Math.abs(low - 0.5) < 0.01 && Math.abs(high - 0.75) < 0.01;
  });
  assert.ok(brushed);
  const other = await tab.another(page.url());
  await other.page.getByText('500 ms to 750 ms').waitFor();
});

test('[E33] idle stretches are folded and labelled, switchable; time without a call can be shown', async (t) => {
  const { tab, page } = await open(t, [...callAt('a', 0, 100), ...callAt('b', 5000, 5100), ...callAt('c', 9000, 9100, { turn_index: 1 })]);
  const width = () => page.evaluate(() => {
    // How much of the lane is bar: little without folds, most with them.
    const canvas = document.querySelector('.lanes canvas');
    const y = 22 + 12;
    const { data } = canvas.getContext('2d').getImageData(0, y, canvas.width, 1);
    let inked = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] < 215 && data[at + 1] > 215) ++inked;
    return inked / canvas.width;
  });
  await until('wide bars', async () => (await width()) > 0.5);
  await page.getByRole('checkbox', { name: 'fold idle time' }).uncheck();
  await until('narrow bars', async () => (await width()) < 0.2);
  const before = await inked(page);
  await page.getByRole('checkbox', { name: 'show “no trace”' }).check();
  await until('hatching', async () => (await inked(page)) > before + 500);
  await tab.picture('waterfall-untraced');
});

test('[E34] 10 000 calls: bars under one pixel are one with a count, and a click comes nearer', { timeout: 120_000 }, async (t) => {
  const calls = [];
  for (let n = 0; n < 10_000; ++n) calls.push(...callAt(`c${n}`, n * 2, n * 2 + 1));
  const { tab, page } = await open(t, calls);
  await page.getByRole('img', { name: /^Waterfall: 10.000 calls in 1 lane/ }).waitFor({ timeout: 60_000 });
  const box = await page.locator('.lanes canvas').boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + 22 + 12);
  await page.locator('.hovered').getByText(/calls, too short to be told apart/).waitFor();
  await tab.picture('waterfall-10000');
  await page.mouse.click(box.x + box.width / 2, box.y + 22 + 12);
  await changed(page, undefined, 'a nearer range');
});

test('[E24] [E26] of calls whose actions are not here the chosen one is marked', async (t) => {
  const { page } = await open(t, ['c-lost', 'c-gone'].map((id) => observation(id, '', { duration_ms: 5 }, { timestamp_ns: ns(id === 'c-lost' ? 10 : 20) })), '?v=waterfall&at=c-gone');
  const row = (id) => page.locator('.list-body [role="row"]').filter({ hasText: `call ${id}` });
  await row('c-lost').waitFor();
  await row('c-gone').and(page.locator('[aria-selected="true"]')).waitFor();
  await row('c-lost').click();
  await row('c-lost').and(page.locator('[aria-selected="true"]')).waitFor();
  assert.equal(await page.locator('.list-body [aria-selected="true"]').count(), 1);
});
