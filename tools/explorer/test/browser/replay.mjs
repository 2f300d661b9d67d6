// A replay (E37): of memory, of a file, of a stretch of time; what comes live meanwhile is kept.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../../../tests/e2e/patience.mjs';
import { openPage } from '../support/chromium.mjs';
import { call, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';
import { stateOf } from '../support/worker.mjs';

const kNoon = Date.UTC(2026, 10, 21, 12, 0, 0);
const at = (ms) => ({ timestamp_ns: String(BigInt(kNoon + ms) * 1_000_000n) });

/** Seven entries, 1.5 s apart: nobody steps as slowly as they come. */
const story = () => {
  const all = [thought('look first'), ...call('c-1', 'read_file', { path: 'a' }), thought('now build', { task_id: 't-2' }),
    ...call('c-2', 'run', { cmd: 'make' }, { stderr: 'no rule', status: 'TOOL_ERROR' }, { task_id: 't-2' }), thought('give up', { task_id: 't-2' })];
  return all.map((one, n) => ({ ...one, ...at(n * 1500) }));
};
async function withStory(t, options = {}, fragment = '') {
  const server = await ScriptedServer.start(t);
  for (const one of story()) server.log.add(one);
  const tab = await openPage(t, `${server.url}${fragment}`, options);
  await rows(tab, 7);
  return { server, tab, bar: tab.page.getByRole('region', { name: 'Replay' }) };
}
const grid = (tab, name = 'Envelopes') => tab.page.getByRole('grid', { name });
/** The list on screen has so many. */
const rows = (tab, n, name) => until(`${n} rows`, async () => n === 0 ? await grid(tab, name).count() === 0
  : await grid(tab, name).getAttribute('aria-rowcount', { timeout: 1000 }).catch(() => '') === String(n + 1));
const press = (where, name) => where.getByRole('button', { name, exact: true }).click();
const replay = (tab) => press(tab.page.locator('.indicator'), 'Replay');
const entry = (bar) => bar.getByRole('slider', { name: 'Entry' });
/** Where it says that it is; a list on screen follows. */
const place = async (tab, bar, text) => {
  await bar.locator('output').getByText(text, { exact: true }).waitFor();
  assert.equal(await entry(bar).getAttribute('aria-valuetext'), text);
  await rows(tab, Number(text.split(' ')[0]));
};

test('[E37] memory once more: pause, step, scrub forth and back, play to the end; live rows are kept meanwhile', async (t) => {
  const { server, tab, bar } = await withStory(t);
  await replay(tab);
  await bar.getByText('Replay, not live').waitFor();
  assert.deepEqual(await stateOf(tab.page), { state: 'replay', status: 'disconnected', words: 'Replay, not live', buttons: ['Back to live'] });
  await until('the focus on Pause', () => tab.page.evaluate(() => document.activeElement.textContent === 'Pause'));
  await press(bar, 'Pause');
  await bar.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await entry(bar).fill('1');
  await place(tab, bar, '1 of 7, 11-21 12:00:00');
  await press(bar, 'Step');
  await place(tab, bar, '2 of 7, 11-21 12:00:01');
  // What ran then runs: in the list, among the tools, in its trace.
  await grid(tab).getByText('running').waitFor();
  await tab.page.evaluate(() => { location.hash = '/tools'; });
  const tools = tab.page.getByRole('table', { name: 'Tools, in memory' });
  await until('one that runs', async () => (await tools.locator('tbody tr').allInnerTexts()).join().replace(/\s+/g, ' ').startsWith('files/read_file 1 1'));
  await tab.page.evaluate(() => { location.hash = '/trace/t-1?v=tree'; });
  await tab.page.getByText('1 call, 0 errors').waitFor();
  assert.equal(await tab.page.locator('.tree .when [data-state="running"]').evaluate((bar) => bar.style.left), '100%', 'that moment is the end, not today');
  await tab.page.evaluate(() => { location.hash = '/trace/t-2'; });
  await tab.page.getByText('Nothing of this task or trace id is here in this replay.').waitFor();
  await entry(bar).fill('5');
  await tab.page.getByRole('heading', { name: 'trace t-2' }).waitFor();
  await tab.page.evaluate(() => { location.hash = '/live'; });
  await place(tab, bar, '5 of 7, 11-21 12:00:06');

  // By keys of the slider, back to where nothing has been, and to the end.
  await entry(bar).press('ArrowLeft');
  await place(tab, bar, '4 of 7, 11-21 12:00:04');
  await entry(bar).press('Home');
  await place(tab, bar, '0 of 7');
  await entry(bar).press('End');
  await place(tab, bar, '7 of 7, 11-21 12:00:09');
  await bar.getByRole('status').getByText('End of the replay').waitFor();
  assert.ok(await bar.getByRole('button', { name: 'Step', exact: true }).isDisabled());

  // Live goes on behind it.
  server.log.add({ ...thought('something new', { task_id: 't-9' }), ...at(60_000) });
  server.log.add({ ...thought('something else'), ...at(61_000) });
  await bar.getByText('2 came live').waitFor();
  await tab.page.getByRole('link', { name: 'Live (1 new)' }).waitFor();
  await rows(tab, 7);
  await bar.getByLabel('Speed').selectOption('10×');
  await press(bar, 'Play again');
  await bar.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await place(tab, bar, '7 of 7, 11-21 12:00:09');
  await bar.getByRole('button', { name: 'Play again', exact: true }).waitFor();

  await press(tab.page.locator('.indicator'), 'Back to live');
  await tab.page.getByText('2 entries came live meanwhile').waitFor();
  await rows(tab, 9);
  assert.equal(await bar.count(), 0);
  assert.equal((await stateOf(tab.page)).state, 'live');
});

test('[E37] by keys: r, Space, full stop, comma; another time it begins anew', async (t) => {
  const { tab, bar } = await withStory(t);
  await tab.page.keyboard.press('r');
  await bar.waitFor();
  await tab.page.locator('.indicator .words').click(); // off the buttons, which have Space for themselves
  await tab.page.keyboard.press('Space');
  await bar.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await entry(bar).fill('3');
  await place(tab, bar, '3 of 7, 11-21 12:00:03');
  await tab.page.locator('.indicator .words').click();
  await tab.page.keyboard.press('.');
  await place(tab, bar, '4 of 7, 11-21 12:00:04');
  await tab.page.keyboard.press(',');
  await place(tab, bar, '3 of 7, 11-21 12:00:03');
  await tab.page.keyboard.press('Space');
  await bar.getByRole('button', { name: 'Pause', exact: true }).waitFor();
  await tab.page.keyboard.press('r');
  await bar.waitFor({ state: 'detached' });
  await tab.page.getByText('Nothing came live meanwhile').waitFor();
  await tab.page.keyboard.press('r');
  await press(bar, 'Pause');
  await entry(bar).fill('1');
  await place(tab, bar, '1 of 7, 11-21 12:00:00');
  await press(bar, 'Leave');
  await rows(tab, 7);
  const focused = (words) => until(`the focus on ${words}`, () => tab.page.evaluate((text) => document.activeElement.textContent === text, words));
  await focused('Replay');
  await replay(tab);
  await focused('Pause');
  await press(tab.page.locator('.indicator'), 'Back to live');
  await focused('Replay');
});

test('[E37] the filter\'s time bounds it, and so does one chosen in the bar; its other terms only filter', async (t) => {
  const iso = (ms) => new Date(kNoon + ms).toISOString();
  const filter = `time:${iso(1000)}..${iso(6500)} type:thought`;
  const server = await ScriptedServer.start(t);
  for (const one of story()) server.log.add(one);
  const tab = await openPage(t, `${server.url}#/live?f=${encodeURIComponent(filter)}`);
  await rows(tab, 1);
  const bar = tab.page.getByRole('region', { name: 'Replay' });
  await replay(tab);
  await bar.getByText(`time:${iso(1000)}..${iso(6500)}`).waitFor();
  await press(bar, 'Pause');
  await entry(bar).fill('4');
  await bar.getByText('4 of 4, 11-21 12:00:06').waitFor();
  await rows(tab, 1);

  await press(bar, 'From … to');
  const box = tab.page.getByRole('dialog');
  await box.getByLabel('From').fill('2026-11-21T12:00:04');
  await box.getByRole('button', { name: 'Use it' }).click();
  await bar.getByText(/^\d of 4, |^0 of 4$/).waitFor();
  await tab.page.evaluate(() => { location.hash = '/live'; });
  await press(bar, 'Pause');
  await entry(bar).fill('1');
  await place(tab, bar, '1 of 4, 11-21 12:00:04');
  await grid(tab).getByText('now build').waitFor();

  await press(bar, 'From … to');
  await box.getByLabel('From').fill('2030-01-01T00:00:00');
  await box.getByRole('button', { name: 'Use it' }).click();
  await bar.getByText('Nothing of that time is here').waitFor();
  await press(bar, 'Replay all of it');
  await bar.getByText(/^\d of 7/).waitFor();
});

test('[E37] [E65] a dropped file is replayed, and stays what it was; its name is said', async (t) => {
  const { tab, bar } = await withStory(t);
  const text = story().slice(0, 5).map((one) => `${JSON.stringify(one)}\n`).join('');
  await tab.page.getByRole('button', { name: 'Files', exact: true }).click();
  await tab.page.getByLabel('Pick a file').setInputFiles({ name: '<img src=x>.log', mimeType: 'text/plain', buffer: Buffer.from(text) });
  await rows(tab, 5);
  assert.deepEqual(await stateOf(tab.page), { state: 'file', status: 'disconnected', words: '<img src=x>.log, not live', buttons: ['Back to live', 'Replay'] });
  await replay(tab);
  await bar.getByText('<img src=x>.log').waitFor();
  await press(bar, 'Pause');
  await entry(bar).fill('3');
  await place(tab, bar, '3 of 5, 11-21 12:00:03');
  assert.equal(await tab.page.locator('img').count(), 0);
  // Entries of a file have no ids: in another stretch a row is another entry's.
  await grid(tab).getByText('look first').click();
  const detail = tab.page.getByRole('region', { name: 'Detail' });
  await detail.getByText('look first').waitFor();
  await press(bar, 'From … to');
  await tab.page.getByRole('dialog').getByLabel('From').fill('2026-11-21T12:00:04');
  await tab.page.getByRole('button', { name: 'Use it' }).click();
  await press(bar, 'Pause');
  await entry(bar).fill('1');
  await place(tab, bar, '1 of 2, 11-21 12:00:04');
  await grid(tab).getByText('now build').waitFor();
  assert.equal(await detail.count(), 0);
  await press(bar, 'Leave');
  await rows(tab, 5);
  assert.equal((await stateOf(tab.page)).words, '<img src=x>.log, not live');
});

test('[E13] [E50] what was cleared in Live hides nothing of a file, nor of a replay', async (t) => {
  const { tab, bar } = await withStory(t);
  await press(tab.page.locator('main'), 'Clear');
  await tab.page.getByRole('heading', { name: 'Cleared' }).waitFor();
  await replay(tab);
  await press(bar, 'Pause');
  await entry(bar).fill('2');
  await place(tab, bar, '2 of 7, 11-21 12:00:01');
});

test('[E37] [E55] [E59] the bar in both themes and at 320 px: nothing outside, axe finds nothing', async (t) => {
  for (const [name, options] of [['light', {}], ['dark', { theme: 'dark' }], ['narrow', { narrow: true }]]) {
    const { tab, bar } = await withStory(t, options);
    await replay(tab);
    await press(bar, 'Pause');
    await entry(bar).fill('6');
    await place(tab, bar, '6 of 7, 11-21 12:00:07');
    await tab.axe();
    await tab.picture(`replay-${name}`);
    assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), name);
    await entry(bar).fill('7');
    await bar.getByText('End of the replay').waitFor();
    await tab.axe();
  }
});

test('[E37] before its first entry, and of what has not come yet, it says so', async (t) => {
  const { server, tab, bar } = await withStory(t);
  await replay(tab);
  await press(bar, 'Pause');
  await entry(bar).fill('1');
  await place(tab, bar, '1 of 7, 11-21 12:00:00');
  await grid(tab).getByText('look first').click();
  await tab.page.getByRole('region', { name: 'Detail' }).getByText('look first').waitFor();
  await entry(bar).fill('0');
  await tab.page.getByText('Nothing has come yet').waitFor();
  await tab.page.getByText('This entry has not come yet in the replay.').waitFor();
  // Nobody asks the server for it.
  assert.deepEqual(server.requests.filter(({ url }) => url.includes('/trace/envelopes/')), []);
  await entry(bar).fill('2');
  await tab.page.getByRole('region', { name: 'Detail' }).getByText('look first').waitFor();
});
