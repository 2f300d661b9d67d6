// The filter of Live: terms, chips, quick filters, presets, the address.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../../../tests/e2e/patience.mjs';
import { action, call } from '../support/envelopes.mjs';
import { openLive, rowsOf, rowWith } from '../support/live.mjs';

const pressed = (page, name) => page.getByRole('button', { name, exact: true }).getAttribute('aria-pressed');

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
