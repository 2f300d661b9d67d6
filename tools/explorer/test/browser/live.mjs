// Live: what comes, how one reads it while it comes, and what is new.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../../../tests/e2e/patience.mjs';
import { kLineLost, openPage } from '../support/chromium.mjs';
import { action, call, observation, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

/** A server with so many thoughts in its log, and a page on it that is live. */
async function openLive(t, { thoughts = 0, hash = '', ...options } = {}) {
  const server = await ScriptedServer.start(t);
  for (let n = 1; n <= thoughts; ++n) server.log.add(thought(`thought ${n}`));
  const tab = await openPage(t, `${server.url}${hash}`, options);
  await tab.page.locator('[data-state="live"]').waitFor();
  if (thoughts > 0) await tab.page.locator('footer', { hasText: /[1-9].* rows?,/ }).waitFor();
  return { server, tab, page: tab.page };
}
const rowsOf = (page) => page.locator('.list-body [role="row"]');
const rowWith = (page, text) => rowsOf(page).filter({ hasText: text });
const pill = (page) => page.locator('.pill');
const pressed = (page, name) => page.getByRole('button', { name, exact: true }).getAttribute('aria-pressed');
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
  assert.equal(await list.getAttribute('aria-rowcount'), '100001', 'not for ever');
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

test('[E18] terms are chips; a click on a value adds one, Alt+click keeps it out; what means nothing is marked and the rest applies', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 3 });
  for (const one of call('c-1', 'read_file', {}, {}, { agent_id: 'dev-2' })) server.log.add(one);
  await rowWith(page, 'files/read_file').first().waitFor();
  const count = page.locator('.count');
  const chips = page.getByRole('list', { name: 'Terms of the filter' }).getByRole('listitem');

  await rowWith(page, 'files/read_file').first().getByTitle('tool: read_file').click();
  await count.filter({ hasText: '2 of 5' }).waitFor();
  assert.deepEqual(await chips.allInnerTexts(), ['tool: read_file']);
  await page.getByRole('button', { name: 'Take out tool:read_file' }).click();
  await count.filter({ hasText: '5 of 5' }).waitFor();
  await rowWith(page, 'files/read_file').first().getByTitle('tool: read_file').click({ modifiers: ['Alt'] });
  await count.filter({ hasText: '3 of 5' }).waitFor();
  assert.deepEqual(await chips.allInnerTexts(), ['not tool: read_file']);
  assert.match(decodeURIComponent(await page.evaluate(() => location.hash)), /f=-tool:read_file/);
  await page.getByRole('button', { name: 'not tool: read_file' }).click();
  await count.filter({ hasText: '2 of 5' }).waitFor();

  const field = page.getByLabel('Filter', { exact: true });
  await field.fill('type:thought foo:1 dur:>=soon');
  await field.press('Enter');
  await count.filter({ hasText: '3 of 5' }).waitFor();
  assert.deepEqual(await page.locator('.typed .marks u').allInnerTexts(), ['foo:1', 'dur:>=soon']);
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.match(await page.locator('.chip.bad').first().innerText(), /there is no key foo/);
});

test('[E18] keys and values are offered while one types', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 1 });
  for (const tool of ['read_file', 'read_file', 'write_file', 'with space']) server.log.add(action(`c-${Math.random()}`, tool));
  await rowWith(page, 'with space').waitFor();
  const field = page.getByLabel('Filter', { exact: true });
  await field.focus();
  await page.keyboard.type('too');
  const options = page.getByRole('option');
  await options.filter({ hasText: 'tool:' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await until('the key', async () => (await field.inputValue()) === 'tool:');
  await page.keyboard.type('w');
  await options.filter({ hasText: 'tool:write_file' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.type('i');
  await options.filter({ hasText: 'tool:"with space"' }).click();
  await field.press('Enter');
  await page.locator('.count', { hasText: '1 of 5' }).waitFor();
});

test('[E19] "x of y" is always there; filters hide, or dim when one wants that', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 4 });
  for (const one of call('c-1', 'run')) server.log.add(one);
  const count = page.locator('.count');
  await count.filter({ hasText: '6 of 6' }).waitFor();
  await page.evaluate(() => { location.hash = '#/live?f=type:thought'; });
  await count.filter({ hasText: '4 of 6' }).waitFor();
  await until('4 rows', async () => (await rowsOf(page).count()) === 4);
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Dim').check();
  await page.keyboard.press('Escape');
  await until('all rows', async () => (await rowsOf(page).count()) === 6);
  assert.equal(await page.locator('.list .dim').count(), 2);
  assert.match(await count.innerText(), /4 of 6/);
});

test('[E21] quick filters and the time are terms like any other', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 2 });
  const now = () => String(BigInt(Date.now()) * 1_000_000n);
  for (const one of call('c-1', 'run', {}, { status: 'TOOL_ERROR', duration_ms: 5 }, { timestamp_ns: now() })) server.log.add(one);
  for (const one of call('c-2', 'run', {}, { duration_ms: 2500 }, { timestamp_ns: now() })) server.log.add(one);
  server.log.add(action('c-3', 'run', {}, { timestamp_ns: now() }));
  const count = page.locator('.count');
  await count.filter({ hasText: '7 of 7' }).waitFor();
  const click = (name) => page.getByRole('button', { name, exact: true }).click();
  for (const [name, shown] of [['Errors', 2], ['Slow', 2], ['Running', 1], ['Fast', 2]]) {
    await click(name);
    await count.filter({ hasText: `${shown} of 7` }).waitFor();
    assert.equal(await pressed(page, name), 'true');
    await click(name);
    await count.filter({ hasText: '7 of 7' }).waitFor();
  }
  // The thoughts are of November 2026.
  await page.getByLabel('Time', { exact: true }).selectOption('last 1h');
  await count.filter({ hasText: '5 of 7' }).waitFor();
  await page.getByLabel('Time', { exact: true }).selectOption('from … to');
  await page.getByLabel('From', { exact: true }).fill('2026-11-21T00:00:00');
  await page.getByLabel('to', { exact: true }).fill('2026-11-22T00:00:00');
  await page.getByRole('button', { name: 'Use it' }).click();
  await count.filter({ hasText: '2 of 7' }).waitFor();
});

test('[S2.13] [E22] presets are saved, renamed, ordered, deleted and carried as JSON; the built-in ones are there', async (t) => {
  const { page } = await openLive(t, { thoughts: 1, hash: '#/live?f=status:error' });
  const mine = page.getByRole('list', { name: 'My presets' });
  const names = async () => (await mine.locator('button.link').allInnerTexts()).join();
  const open = () => page.getByRole('button', { name: 'Presets' }).click();
  await open();
  for (const name of ['one', 'two']) {
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Save the filter as this' }).click();
  }
  await page.getByRole('button', { name: 'two: up' }).click();
  assert.equal(await names(), 'two,one');
  await page.getByLabel('Name').fill('three');
  await mine.getByRole('listitem').filter({ hasText: 'one' }).getByRole('button', { name: 'Rename' }).click();
  assert.equal(await names(), 'two,three');
  await page.getByRole('button', { name: 'two: delete' }).click();
  await page.reload();
  await open();
  assert.equal(await names(), 'three');
  assert.deepEqual(JSON.parse(await page.evaluate(() => localStorage.getItem('trace-filter-presets'))), [{ name: 'three', filter: 'status:error' }]);
  await page.getByText('As JSON', { exact: true }).click();
  await page.getByLabel('Presets as JSON').fill('[{"name":"four","filter":"type:thought"},{"name":5}]');
  await page.getByRole('button', { name: 'Take these in' }).click();
  assert.equal(await names(), 'three,four');
  await mine.getByRole('button', { name: 'four', exact: true }).click();
  await page.getByRole('button', { name: 'Take out type:thought' }).waitFor();
  await open();
  await page.getByRole('list', { name: 'Built-in presets' }).getByRole('button', { name: 'Slow calls' }).click();
  await page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
});

test('[E22] a storage that cannot be read is a notice', async (t) => {
  const { page } = await openLive(t, { thoughts: 1, before: () => localStorage.setItem('trace-filter-presets', '{"no":') });
  await page.getByRole('button', { name: 'Presets' }).click();
  await page.getByText('cannot be read').waitFor();
});

test('[E23] Back and Forward walk the committed filters; curl has no token in it', async (t) => {
  const { page, tab } = await openLive(t, { thoughts: 2 });
  await tab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const field = page.getByLabel('Filter', { exact: true });
  for (const text of ['type:thought', 'type:thought task:t-1']) {
    await field.fill(text);
    await field.press('Enter');
    await until(text, async () => decodeURIComponent(await page.evaluate(() => location.hash)).endsWith(text));
  }
  await page.goBack();
  await until('the first', async () => (await field.inputValue()) === 'type:thought');
  await page.goBack();
  await until('none', async () => (await field.inputValue()) === '');
  await page.goForward();
  await page.goForward();
  await until('the second', async () => (await field.inputValue()) === 'type:thought task:t-1');
  await page.getByRole('button', { name: 'curl' }).click();
  await page.getByText('Command copied').waitFor();
  const { origin } = new URL(page.url());
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `curl -N '${origin}/trace/stream?types=thought&taskId=t-1'`);
});
