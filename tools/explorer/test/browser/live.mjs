// Live: what comes, how one reads it while it comes, and what is new.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../../../tests/e2e/patience.mjs';
import { kLineLost } from '../support/chromium.mjs';
import { action, call, observation, thought } from '../support/envelopes.mjs';
import { openLive, rowsOf, rowWith } from '../support/live.mjs';

const pill = (page) => page.locator('.pill');
const inView = (page, text) => page.evaluate((wanted) => {
  const list = document.querySelector('.list').getBoundingClientRect();
  return [...document.querySelectorAll('.list-body [role="row"]')].some((row) => {
    const { top, bottom } = row.getBoundingClientRect();
    return row.textContent.includes(wanted) && top >= list.top && bottom <= list.bottom + 1;
  });
}, text);
const hide = (page, hidden) => page.evaluate((is) => {
  Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => (is ? 'hidden' : 'visible') });
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => is });
  document.dispatchEvent(new Event('visibilitychange'));
}, hidden);

test('[S2.7] [S2.11] [E11] a trace is a row at its first entry and is patched by each later one; 1000 envelopes cause no request', async (t) => {
  const { server, tab, page } = await openLive(t, { hash: '#/live?rows=traces' });
  server.log.add(action('c-1', 'read_file', {}, { task_id: 't-7' }));
  const row = rowWith(page, 't-7');
  await row.filter({ hasText: 'running' }).waitFor();
  server.log.add(observation('c-1', 'read_file', {}, { task_id: 't-7' }));
  await row.filter({ hasText: 'ok' }).waitFor();
  assert.equal(await rowsOf(page).count(), 1);

  const before = tab.requests.length;
  for (let n = 0; n < 1000; ++n) server.log.add(thought(`${n}`, { task_id: 't-8' }));
  await rowWith(page, 't-8').filter({ hasText: /1.000/ }).waitFor();
  assert.deepEqual(tab.requests.slice(before), []);
  await page.getByRole('button', { name: 'Envelopes' }).click();
  await rowWith(page, '999').waitFor();
});

test('[E12] the newest stays on screen until one scrolls away or selects; the pill and G resume; nothing moves meanwhile', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 200 });
  await until('the newest on screen', () => inView(page, 'thought 200'));
  server.log.add(thought('thought 201'));
  await until('the next one', () => inView(page, 'thought 201'));

  await page.locator('.list').hover();
  await page.mouse.wheel(0, -1000);
  await pill(page).waitFor();
  const placeOf = async (text) => (await rowWith(page, text).boundingBox())?.y;
  const text = await page.evaluate(() => {
    const list = document.querySelector('.list').getBoundingClientRect();
    const row = [...document.querySelectorAll('.list-body [role="row"]')].find((one) => one.getBoundingClientRect().top > list.top + 100);
    return /thought \d+/.exec(row.textContent)[0];
  });
  const place = await placeOf(text);
  for (let n = 202; n <= 251; ++n) server.log.add(thought(`thought ${n}`));
  await pill(page).filter({ hasText: '50 new' }).waitFor();
  assert.equal(await placeOf(text), place);
  await pill(page).click();
  await until('the newest again', () => inView(page, 'thought 251'));

  await rowWith(page, 'thought 245').click();
  await pill(page).waitFor();
  server.log.add(thought('thought 252'));
  await pill(page).filter({ hasText: '1 new' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('G');
  await until('the newest by G', () => inView(page, 'thought 252'));
});

test('[E12] the newest may be on top', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 120 });
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('At the top').check();
  await page.keyboard.press('Escape');
  await until('120 on top', async () => (await page.evaluate(() => Math.min(...[...document.querySelectorAll('.list-body [role="row"]')].filter((row) => row.textContent.includes('thought 120')).map((row) => Number(row.ariaRowIndex ?? row.getAttribute('aria-rowindex')))))) === 2);
  server.log.add(thought('thought 121'));
  await until('121 on screen', () => inView(page, 'thought 121'));
  await page.locator('.list').hover();
  await page.mouse.wheel(0, 800);
  await pill(page).waitFor();
  const box = await rowWith(page, 'thought 80').boundingBox();
  server.log.add(thought('thought 122'));
  await pill(page).filter({ hasText: '1 new' }).waitFor();
  assert.deepEqual(await rowWith(page, 'thought 80').boundingBox(), box);
});

test('[E13] Pause freezes the list while storing goes on; resuming paints at once', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 10 });
  const frames = [];
  for (let round = 0; round < 5; ++round) {
    await page.keyboard.press('Space');
    const resume = page.getByRole('button', { name: /^Resume/ });
    await resume.waitFor();
    for (let n = 0; n < 5; ++n) server.log.add(thought(`later ${round}-${n}`));
    await page.getByRole('button', { name: 'Resume, 5 waiting' }).waitFor();
    assert.equal(await rowWith(page, `later ${round}-`).count(), 0);
    frames.push(await page.evaluate(async (text) => {
      [...document.querySelectorAll('button')].find((one) => one.textContent.startsWith('Resume')).click();
      for (let n = 1; ; ++n) {
        await new Promise(requestAnimationFrame);
        if (document.querySelector('.list').textContent.includes(text)) return n - 1;
      }
    }, `later ${round}-4`));
  }
  t.diagnostic(`frames from the click to the row: ${frames}`);
  assert.ok(Math.min(...frames) <= 2, `${frames}`);
});

test('[E13] Clear empties the view alone, and can be undone', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 10 });
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await page.getByRole('heading', { name: 'Cleared' }).waitFor();
  server.log.add(thought('after'));
  await rowWith(page, 'after').waitFor();
  assert.equal(await rowsOf(page).count(), 1);
  await page.locator('footer', { hasText: '11 rows' }).waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await rowWith(page, 'thought 3').waitFor();
});

test('[S2.7] [E14] the badge counts traces and only looking takes it away', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 3, expect: [kLineLost] });
  const link = page.getByRole('link', { name: /^Live/ });
  assert.equal(await page.title(), 'mcp-orchestrator');
  await page.getByRole('link', { name: 'Approvals' }).click();
  for (const task of ['t-a', 't-b', 't-c']) server.log.add(thought('x', { task_id: task }));
  await link.filter({ hasText: '(3 new)' }).waitFor();
  await until('the title', async () => (await page.title()) === '(3) mcp-orchestrator');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await page.getByText('Refreshed').waitFor();
  server.cut();
  await until('another stream', () => server.streams().length > 1);
  await page.locator('[data-state="live"]').waitFor();
  assert.match(await link.innerText(), /\(3 new\)/);

  // Away from the newest edge Live itself is no looking either, nor is another filter.
  await page.evaluate(() => { location.hash = '#/live?f=-agent:nobody'; });
  await until('looked at', async () => !/new/.test(await link.innerText()));
  for (let n = 0; n < 100; ++n) server.log.add(thought(`more ${n}`));
  await rowWith(page, 'more 99').waitFor();
  await page.locator('.list').hover();
  await page.mouse.wheel(0, -1000);
  await pill(page).waitFor();
  server.log.add(thought('x', { task_id: 't-d' }));
  await link.filter({ hasText: '(1 new)' }).waitFor();
  await page.getByRole('button', { name: 'Errors' }).click();
  await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
  assert.match(await link.innerText(), /\(1 new\)/);
  await link.click();
  await until('clicked', async () => !/new/.test(await link.innerText()));

  await hide(page, true);
  for (let n = 0; n < 1001; ++n) server.log.add(thought('x', { task_id: `t-${n}-n` }));
  await link.filter({ hasText: '(999+ new)' }).waitFor();
  await until('the title', async () => (await page.title()) === '(999+) mcp-orchestrator');
  await pill(page).click().catch(() => {});
  await hide(page, false);
  await link.click();
  await until('seen', async () => (await page.title()) === 'mcp-orchestrator');
});

test('[S2.7] [E15] toasts: the first at once, then merged; three on screen; held by hover; errors stay; off is off', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 1 });
  const toasts = page.locator('.toast');
  server.log.add(action('c-1', 'run', {}, { task_id: 't-44', server: 'shell' }));
  await toasts.filter({ hasText: 'New trace t-44 (shell/run)' }).waitFor();
  for (let n = 0; n < 12; ++n) server.log.add(thought('x', { task_id: `t-m${n}` }));
  await toasts.filter({ hasText: '12 new traces' }).waitFor();

  for (const one of call('c-2', 'run', {}, { status: 'TOOL_ERROR', stderr: 'no' }, { task_id: 't-44' })) server.log.add(one);
  const error = page.locator('.toast[data-kind="error"]');
  await error.waitFor();
  assert.ok(await toasts.count() <= 3);
  await toasts.filter({ hasText: '12 new traces' }).waitFor({ state: 'detached' });
  assert.equal(await error.count(), 1);
  await error.getByRole('button', { name: 'Close this message' }).click();
  await error.waitFor({ state: 'detached' });

  server.log.add(thought('x', { task_id: 't-held' }));
  const held = toasts.filter({ hasText: 't-held' });
  await held.hover();
  server.log.add(thought('x', { task_id: 't-other' }));
  await toasts.filter({ hasText: 't-other' }).waitFor();
  const since = await page.evaluate(() => performance.now());
  await page.waitForFunction((then) => performance.now() - then > 6000, since);
  assert.equal(await toasts.count(), 2, 'the pointer on one holds them');
  await page.mouse.move(5, 5);
  await held.waitFor({ state: 'detached' });

  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Messages' }).getByLabel('Off').check();
  await page.keyboard.press('Escape');
  server.log.add(thought('x', { task_id: 't-silent' }));
  await rowWith(page, 't-silent').waitFor();
  assert.equal(await toasts.count(), 0);
});

test('[S2.7] [E15] new rows glow for two seconds; with reduced motion they have a still mark', async (t) => {
  for (const reducedMotion of [false, true]) {
    const { server, page } = await openLive(t, { thoughts: 5, reducedMotion, axe: false });
    assert.equal(await page.locator('.list .new').count(), 0, 'what was there is not new');
    // For a moment after catching up nothing is called new.
    const row = page.locator('.list .new', { hasText: 'fresh' }).first();
    await until('a new row', async () => { server.log.add(thought('fresh')); return await row.count() > 0; });
    const look = await row.evaluate((element) => ({ animation: getComputedStyle(element).animationName, shadow: getComputedStyle(element).boxShadow }));
    assert.equal(look.animation, reducedMotion ? 'none' : 'glow');
    assert.equal(look.shadow !== 'none', reducedMotion);
    await row.waitFor({ state: 'detached' });
  }
});

test('[E16] what memory lacks is said, and comes a thousand at a time, in order, without moving what is on screen', async (t) => {
  const { page } = await openLive(t, { thoughts: 6500 });
  const older = page.locator('.older');
  await older.filter({ hasText: /up to 1.500 older/ }).waitFor();
  await page.keyboard.press('Home');
  await until('the oldest', () => inView(page, 'thought 1501'));
  await page.getByRole('button', { name: /Load 1.000/ }).click();
  await older.filter({ hasText: /up to 500 older/ }).waitFor();
  await until('still there', () => inView(page, 'thought 1501'));
  await page.keyboard.press('Home');
  await until('the older ones', () => inView(page, 'thought 501'));
  const texts = await rowsOf(page).evaluateAll((rows) => rows.map((row) => [Number(row.getAttribute('aria-rowindex')), Number(/thought (\d+)/.exec(row.textContent)?.[1])]).sort(([a], [b]) => a - b));
  texts.slice(0, 20).forEach(([index, number]) => assert.equal(number, index + 499));
});

test('[E16] [E12] what leaves memory moves nobody who reads; the top is the oldest that is left', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 5000 });
  for (let n = 5001; n <= 100_000; ++n) {
    server.log.add(thought(`thought ${n}`));
    if (n % 2000 === 0) await new Promise(setImmediate);
  }
  await page.locator('footer', { hasText: /100.000 rows/ }).waitFor();
  const list = page.locator('.list');
  await list.evaluate((one) => { one.scrollTop = one.scrollHeight / 2; });
  const shown = () => list.evaluate((one) => [...one.querySelectorAll('.list-body [role="row"]:not(.wait)')]
    .map((row) => [/thought \d+/.exec(row.textContent)?.[0], row.getBoundingClientRect().top])
    .filter(([, top]) => top > one.getBoundingClientRect().top + 24 && top < one.getBoundingClientRect().bottom - 24).sort((a, b) => a[1] - b[1]));
  await until('rows in the middle', async () => (await shown()).length > 15 && (await page.locator('.list .wait').count()) === 0);
  const before = await shown();
  for (let n = 100_001; n <= 103_000; ++n) server.log.add(thought(`thought ${n}`));
  await page.locator('.pill', { hasText: /3.000 new/ }).waitFor();
  assert.deepEqual(await shown(), before);
  assert.equal(await list.getAttribute('aria-rowcount'), '103001', 'what has left and has its room is counted');
  for (let n = 103_001; n <= 105_000; ++n) server.log.add(thought(`thought ${n}`));
  await page.locator('.pill', { hasText: /5.000 new/ }).waitFor();
  assert.deepEqual(await shown(), before);
  assert.ok(Number(await list.getAttribute('aria-rowcount')) <= 100_001 + 4096, 'not for ever');
  await list.evaluate((one) => { one.scrollTop = 0; });
  await until('the oldest on top', async () => (await shown())[0]?.[0] === 'thought 5002');
});

test('[E17] a running row shows its growing time; the selection survives new rows and filters that still match', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 40 });
  server.log.add(action('c-9', 'run', { cmd: 'make' }, { server: 'shell', timestamp_ns: String(BigInt(Date.now()) * 1_000_000n) }));
  const row = rowWith(page, 'shell/run');
  await row.filter({ hasText: 'running' }).waitFor();
  const time = async () => /[\d.]+ (ms|s) ~/.exec(await row.innerText())?.[0];
  const first = await until('a time', time);
  await until('a greater one', async () => (await time()) !== first);

  await row.click({ position: { x: 10, y: 8 } });
  const detail = page.getByRole('region', { name: 'Selected entry' });
  await detail.waitFor();
  for (let n = 0; n < 100; ++n) server.log.add(thought(`more ${n}`));
  await pill(page).filter({ hasText: '100 new' }).waitFor();
  await page.getByLabel('Filter', { exact: true }).fill('tool:run');
  await page.keyboard.press('Enter');
  await until('one row', async () => (await rowsOf(page).count()) === 1);
  assert.equal(await row.getAttribute('aria-selected'), 'true');
  assert.equal(await detail.count(), 1);
  server.log.add(observation('c-9', 'run', { duration_ms: 3210 }, { server: 'shell' }));
  await row.first().filter({ hasNotText: 'running' }).waitFor();
});
