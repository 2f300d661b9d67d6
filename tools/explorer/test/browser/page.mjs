// The shell around every view: keys, settings, themes, what screen readers hear, empty and broken
// states.

import assert from 'node:assert/strict';
import test from 'node:test';
import { until } from '../../../../tests/e2e/patience.mjs';
import { answered, openPage } from '../support/chromium.mjs';
import { action, call, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

async function openLive(t, { thoughts = 0, hash = '', calls = false, routes = {}, ...options } = {}) {
  const server = await ScriptedServer.start(t, { routes });
  for (let n = 1; n <= thoughts; ++n) server.log.add(thought(`thought ${n}`));
  if (calls) {
    for (const one of call('c-1', 'read_file', { path: 'a' })) server.log.add(one);
    for (const one of call('c-2', 'run', {}, { status: 'TOOL_ERROR', stderr: 'no such file' }, { task_id: 't-2', agent_id: 'dev-2' })) server.log.add(one);
    server.log.add(action('c-3', 'run', {}, { task_id: 't-2' }));
  }
  const tab = await openPage(t, `${server.url}${hash}`, options);
  await tab.page.locator('[data-state="live"]').waitFor();
  if (server.log.size > 0) await tab.page.locator('.list-body [role="row"]').first().waitFor();
  return { server, tab, page: tab.page };
}
const rowsOf = (page) => page.locator('.list-body [role="row"]');
const hashOf = (page) => page.evaluate(() => decodeURIComponent(location.hash));

test('[E54] the keys of the map do what the map says, and ? lists them', async (t) => {
  const { page } = await openLive(t, { thoughts: 20, calls: true, expect: [answered(404)] });
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keys' });
  await help.waitFor();
  for (const words of ['filter', 'next row', 'newest', 'next error', 'pause, resume', 'Waterfall', 'copy link', 'export', 'presets'])
    await help.getByText(words, { exact: true }).waitFor();
  await page.keyboard.press('j');
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  assert.equal(await page.locator('[aria-selected="true"]').count(), 0, 'nothing happens behind a dialog');

  for (const [keys, hash] of [['gh', '#/health'], ['go', '#/tools'], ['gg', '#/graph'], ['ga', '#/approvals'], ['gl', '#/live']]) {
    await page.keyboard.type(keys);
    await until(keys, async () => (await hashOf(page)) === hash);
  }
  await rowsOf(page).first().waitFor();
  await page.keyboard.press('n');
  await page.locator('[aria-selected="true"]', { hasText: 'TOOL_ERROR' }).waitFor();
  await page.keyboard.press('k');
  await page.locator('[aria-selected="true"]:focus').waitFor();
  await page.keyboard.press('e');
  await until('errors only', async () => /f=status:error/.test(await hashOf(page)));
  await page.keyboard.press('e');
  await until('all again', async () => !/f=/.test(await hashOf(page)));
  await rowsOf(page).filter({ hasText: 'thought' }).first().waitFor();
  await page.keyboard.press('Home');
  await page.locator('[aria-selected="true"]:focus', { hasText: /thought 1$/ }).waitFor();
  await page.keyboard.press('Enter');
  await until('its trace', async () => (await hashOf(page)).startsWith('#/trace/t-1?'));
  await page.goBack();
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: /^Resume/ }).waitFor();
  await page.keyboard.press('Space');
  await page.keyboard.press('/');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'filter');
  await page.keyboard.type('gh?');
  assert.equal(await page.getByLabel('Filter', { exact: true }).inputValue(), 'gh?', 'letters are letters in a field');
  await page.keyboard.press('Escape');
  await page.keyboard.press('s');
  await page.getByRole('dialog', { name: 'Presets' }).waitFor();
});

test('[E54] keys of one letter can be switched off; arrows stay', async (t) => {
  const { page } = await openLive(t, { thoughts: 5 });
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByRole('group', { name: 'Keys of one letter' }).getByLabel('Off').check();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.type('gh?');
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.locator('[aria-selected="true"]').waitFor();
  assert.match(await hashOf(page), /^#\/live/);
  assert.equal(await page.getByRole('dialog').count(), 0);
  assert.equal(await page.getByRole('button', { name: /^Resume/ }).count(), 0);
});

test('[E15] a row that has been there is not new because one comes back to Live', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 30, expect: [answered(404)] });
  const glowing = () => page.locator('.list .new').count();
  let more = 0;
  await until('a row that is new', async () => {
    server.log.add(thought(`more ${++more}`));
    return await glowing() > 0;
  });
  await until('none that is', async () => await glowing() === 0);
  await page.getByRole('link', { name: 'Health' }).click();
  await page.getByRole('heading', { name: 'Health' }).waitFor();
  await page.getByRole('link', { name: 'Live' }).click();
  await rowsOf(page).filter({ hasText: new RegExp(`more ${more}$`) }).waitFor();
  assert.equal(await glowing(), 0);
});

test('[E56] one polite line says what happened, at most every five seconds, and puts it together', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 1 });
  await page.evaluate(() => {
    window.heard = [];
    const line = document.querySelector('[role="status"][aria-live="polite"]');
    new MutationObserver(() => heard.push([performance.now(), line.textContent])).observe(line, { childList: true, characterData: true, subtree: true });
  });
  for (let n = 0; n < 12; ++n) server.log.add(thought('x', { task_id: `t-${n}-x` }));
  for (const one of call('c-1', 'run', {}, { status: 'TOOL_ERROR' })) server.log.add(one);
  const heard = () => page.evaluate(() => heard);
  await until('all of it', async () => (await heard()).some(([, text]) => /error/.test(text)));
  for (let n = 0; n < 3; ++n) server.log.add(thought('x', { task_id: `t-${n}-y` }));
  await until('three more', async () => /^3 new traces$/.test((await heard()).at(-1)[1]));
  const said = await heard();
  t.diagnostic(JSON.stringify(said));
  for (let n = 1; n < said.length; ++n) assert.ok(said[n][0] - said[n - 1][0] > 4900, JSON.stringify(said));
  const sum = said.reduce((all, [, text]) => all + Number(/(\d+) new trace/.exec(text)?.[1] ?? 0), 0);
  assert.equal(sum, 15);
  assert.equal(await page.locator('.list [aria-live], .list [role="status"], .list [role="alert"]').count(), 0);
});

test('[E56] the grid counts the whole set; the focused row stays in the DOM; one row takes the tab key', async (t) => {
  const { page } = await openLive(t, { thoughts: 3000 });
  const grid = page.getByRole('grid');
  assert.equal(await grid.getAttribute('aria-rowcount'), '3001');
  await page.keyboard.press('Home');
  const first = page.locator('[aria-rowindex="2"]');
  await first.and(page.locator(':focus')).waitFor();
  await page.locator('.list').hover();
  await page.mouse.wheel(0, 30_000);
  await page.locator('.list-body [role="row"]', { hasText: /thought 12\d\d/ }).first().waitFor();
  assert.equal(await first.evaluate((row) => row === document.activeElement), true);
  assert.ok(await rowsOf(page).count() <= 80);
  assert.equal(await page.locator('.list-body [role="row"][tabindex="0"]').count(), 1);
  await page.keyboard.press('ArrowDown');
  await page.locator('[aria-rowindex="3"]:focus').waitFor();
  await page.keyboard.press('End');
  await page.locator('[aria-rowindex="3001"]:focus', { hasText: 'thought 3000' }).waitFor();
});

test('[E56] the focused row keeps the focus when the list gets lower and higher', async (t) => {
  const { page } = await openLive(t, { thoughts: 60, narrow: true });
  const height = () => page.locator('.live-list').evaluate((list) => list.clientHeight);
  const before = await height();
  await page.keyboard.press('j');
  await page.locator('[aria-selected="true"]:focus').waitFor();
  await until('the detail under it', async () => (await height()) < before);
  await page.locator('[aria-selected="true"]:focus').waitFor();
  const focused = await page.locator('[role="row"]:focus').getAttribute('data-index');
  await page.keyboard.press('Escape');
  await until('its height back', async () => (await height()) === before);
  await page.locator(`[role="row"][data-index="${focused}"]:focus`).waitFor();
  assert.equal(await page.locator('[aria-selected="true"]').count(), 0);
});

test('[E56] the focus returns where a dialog was opened', async (t) => {
  const { page } = await openLive(t, { thoughts: 2 });
  for (const name of ['Settings', 'Keys', 'Presets']) {
    const button = page.getByRole('button', { name, exact: true });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.equal(await button.evaluate((one) => one === document.activeElement), true, name);
  }
});

test('[E60] light and dark by the system and by a switch; roomy rows; times local, UTC or relative; all kept', async (t) => {
  const { page } = await openLive(t, { thoughts: 2, theme: 'dark', context: { timezoneId: 'Asia/Tokyo' } });
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const choose = async (group, label) => {
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByRole('group', { name: group }).getByLabel(label).check();
    await page.keyboard.press('Escape');
  };
  assert.equal(await ground(), 'rgb(20, 23, 28)');
  await choose('Theme', 'Light');
  assert.equal(await ground(), 'rgb(255, 255, 255)');
  const row = rowsOf(page).first();
  assert.equal((await row.boundingBox()).height, 24);
  await choose('Rows', 'Roomy');
  await until('roomy', async () => (await row.boundingBox()).height === 32);
  assert.match(await row.innerText(), /11-21 21:04:\d\d/);
  await choose('Times', 'UTC');
  await row.filter({ hasText: /11-21 12:04:\d\d/ }).waitFor();
  await page.reload();
  await row.filter({ hasText: /11-21 12:04:\d\d/ }).waitFor();
  assert.equal(await ground(), 'rgb(255, 255, 255)');
  await choose('Times', 'Relative');
  await row.filter({ hasText: /\d+ d.* ago/ }).waitFor();
});

test('[E60] without a storage the settings last as long as the page', async (t) => {
  const { page } = await openLive(t, { thoughts: 1, before: () => Object.defineProperty(globalThis, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } }) });
  await page.getByRole('button', { name: 'Settings' }).click();
  await page.getByLabel('Dark').check();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(20, 23, 28)');
});

test('[E61] what comes just when it is waited for is shown: nothing stays at “Loading”', async (t) => {
  const { page } = await openLive(t, { before: () => {
    // The second file is there as soon as the word is drawn, before the page does anything else.
    const get = globalThis.fetch, file = get('explorer/rooms.js').then((answer) => answer.text()).catch(() => '');
    const drawn = () => document.body?.textContent.includes('Loading…');
    globalThis.fetch = (...args) => (args[0] !== 'explorer/rooms.js' ? get(...args) : file.then((text) => new Promise((come) => {
      const seen = new MutationObserver(() => {
        if (!drawn()) return;
        seen.disconnect();
        come({ ok: true, text: async () => text });
      });
      seen.observe(document, { childList: true, subtree: true });
    })));
  } });
  await page.locator('.empty pre').waitFor();
});

test('[E61] no envelope yet, nothing matches, no such view: each says what to do', async (t) => {
  const { server, page } = await openLive(t);
  const command = await page.locator('.empty pre').innerText();
  assert.ok(command.includes(`'${server.url}trace/publish'`), command);
  server.log.add(thought('first'));
  await rowsOf(page).filter({ hasText: 'first' }).waitFor();
  await page.evaluate(() => { location.hash = '#/live?f=agent:nobody'; });
  await page.getByText('hides the only row').waitFor();
  await page.locator('.empty').getByRole('button', { name: 'Clear filter' }).click();
  await rowsOf(page).filter({ hasText: 'first' }).waitFor();
  await page.evaluate(() => { location.hash = '#/nowhere'; });
  await page.getByRole('heading', { name: 'There is no such view' }).waitFor();
  await page.getByRole('main').getByRole('link', { name: 'Live' }).click();
  await rowsOf(page).first().waitFor();
});

test('[E61] the command for an empty house works as it stands', async (t) => {
  const { page } = await openLive(t);
  const command = await page.locator('.empty pre').innerText();
  const body = /-d \\\n\s*'(.*)'$/s.exec(command)[1];
  assert.equal(JSON.parse(body).type, 'thought');
  assert.match(command, /^curl -H 'Content-Type: application\/json' 'http/);
});

test('[E61] an exception stays in its view, with its details to copy', async (t) => {
  const { server, page, tab } = await openLive(t, { thoughts: 1 });
  await tab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  // A value that no view expects: the answers of the worker are broken on their way.
  await page.evaluate(() => {
    const { toISOString } = Date.prototype;
    Date.prototype.toISOString = function broken() { Date.prototype.toISOString = toISOString; throw new Error('broken on purpose'); };
  });
  server.log.add(thought('second'));
  await page.getByRole('heading', { name: 'This view broke' }).waitFor();
  await page.locator('[data-state="live"]').waitFor();
  await page.getByRole('button', { name: 'Copy details' }).click();
  await page.getByText('Details copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^live: Error: broken on purpose/);
  await page.getByRole('button', { name: 'Try again' }).click();
  await rowsOf(page).filter({ hasText: 'second' }).waitFor();
});

for (const theme of ['light', 'dark']) {
  test(`[E55] axe-core finds nothing on Live, its dialogs and its empty states, ${theme}`, async (t) => {
    const { server, tab, page } = await openLive(t, { theme });
    await tab.axe();
    for (let n = 0; n < 30; ++n) server.log.add(thought(`thought ${n} \u202e`));
    for (const one of call('c-1', 'run', {}, { status: 'TOOL_ERROR', stderr: 'no' })) server.log.add(one);
    await rowsOf(page).filter({ hasText: 'TOOL_ERROR' }).first().waitFor();
    await page.locator('.toast[data-kind="error"]').waitFor();
    await tab.axe();
    await tab.picture(`live-${theme}`);
    await page.getByRole('button', { name: 'Close this message' }).last().click();
    await page.evaluate(() => { location.hash = '#/live?f=type:thought%20-agent:x%20foo:1'; });
    await page.locator('.chip.bad').waitFor();
    await page.keyboard.press('j');
    await page.getByRole('region', { name: 'Selected entry' }).waitFor();
    await tab.axe();
    await tab.picture(`live-detail-${theme}`);
    for (const [key, name] of [['?', 'Keys'], ['s', 'Presets']]) {
      await page.keyboard.press(key);
      await page.getByRole('dialog', { name }).waitFor();
      await tab.axe();
      await tab.picture(`${name.toLowerCase()}-${theme}`);
      await page.keyboard.press('Escape');
    }
    await page.getByRole('button', { name: 'Settings' }).click();
    await tab.axe();
    await page.keyboard.press('Escape');
    await page.evaluate(() => { location.hash = '#/live?rows=traces'; });
    await page.getByRole('grid', { name: 'Traces' }).waitFor();
    await tab.axe();
    await tab.picture(`traces-${theme}`);
    for (const hash of ['#/live?f=agent:nobody', '#/nowhere', '#/approvals']) {
      await page.evaluate((to) => { location.hash = to; }, hash);
      await page.locator('.empty').waitFor();
      await tab.axe();
    }
  });
}

test('[E59] at 320 px nothing sticks out and the list is there; with the text spacing of WCAG too', async (t) => {
  const { tab, page } = await openLive(t, { thoughts: 50, calls: true, narrow: true });
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(await wide() <= 320, String(await wide()));
  assert.ok((await page.getByRole('grid').boundingBox()).height >= 200);
  await tab.picture('live-narrow');
  await page.keyboard.press('n');
  await page.getByRole('region', { name: 'Selected entry' }).waitFor();
  assert.ok(await wide() <= 320);
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('* { letter-spacing: 0.12em !important; word-spacing: 0.16em !important; line-height: 1.5 !important; }');
    document.adoptedStyleSheets = [sheet];
  });
  assert.ok(await wide() <= 320);
  await tab.axe();
});

test('[E58] [E59] at 320 px one message stands at a time, small and beside the page: nothing lies under it', async (t) => {
  const { server, tab, page } = await openLive(t, { thoughts: 60, calls: true, narrow: true });
  for (let n = 0; n < 3; ++n) for (const one of call(`e-${n}`, 'run', {}, { status: 'TOOL_ERROR', stderr: 'no such file' }, { task_id: `new-${n}` })) server.log.add(one);
  await until('messages', async () => await page.locator('.toast').count() > 1);
  const boxes = () => page.evaluate(() => {
    const of = (one) => (({ top, bottom, height }) => ({ top, bottom, height }))(one.getBoundingClientRect());
    return { shown: [...document.querySelectorAll('.toast')].filter((one) => one.checkVisibility()).map(of), main: of(document.querySelector('main')), foot: of(document.querySelector('footer')) };
  });
  const { shown, main, foot } = await boxes();
  assert.equal(shown.length, 1);
  assert.ok(shown[0].height <= 64, JSON.stringify(shown));
  assert.ok(shown[0].top >= Math.max(main.bottom, foot.bottom) && shown[0].bottom <= 640, JSON.stringify({ shown, main, foot }));
  for (let n = 0; n < 3; ++n) await page.keyboard.press('j');
  const row = await page.locator('[aria-selected="true"]:focus').boundingBox();
  assert.ok(row.y + row.height <= (await boxes()).main.bottom + 1, JSON.stringify(row));
  await tab.axe();
  await tab.picture('live-narrow-message');
  await page.getByRole('button', { name: 'Close this message' }).last().click();
  await until('the one before', async () => (await boxes()).shown.length === 1);
});

test('[E57] type and status have words and letters besides their colour, with forced colours too', async (t) => {
  const { page } = await openLive(t, { thoughts: 1, calls: true, forcedColors: true });
  const row = rowsOf(page).filter({ hasText: 'TOOL_ERROR' }).first();
  await row.waitFor();
  assert.match(await row.locator('.kind').innerText(), /A|O/);
  assert.equal(await row.locator('.status svg').count(), 1);
  await row.click({ position: { x: 10, y: 8 } });
  assert.notEqual(await row.evaluate((one) => getComputedStyle(one).outlineStyle), 'none');
});

test('[E62] a 401 opens the token box; what is typed there is in no storage, address or link', async (t) => {
  const server = await ScriptedServer.start(t);
  if (server.access === undefined) return t.skip('the scripted server has no access yet');
  server.access.bearer = 'the-bearer-of-this-test';
  server.log.add(thought('secret'));
  const { page } = await openPage(t, server.url, { expect: [answered(401)] });
  const box = page.getByRole('dialog', { name: 'Token' });
  await box.waitFor();
  const field = box.getByLabel('Bearer token of this server');
  assert.equal(await field.getAttribute('type'), 'password');
  await field.fill('the-bearer-of-this-test');
  await box.getByRole('button', { name: 'Use it' }).click();
  await rowsOf(page).filter({ hasText: 'secret' }).waitFor();
  const kept = await page.evaluate(() => JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }]));
  assert.ok(!kept.includes('the-bearer-of-this-test'), kept);
});

test('[E58] with reduced motion nothing moves; controls have 24 px; messages are beside the newest rows and can be closed', async (t) => {
  const { server, page } = await openLive(t, { thoughts: 40, reducedMotion: true });
  for (const one of call('c-1', 'run', {}, { status: 'TOOL_ERROR', stderr: 'no' })) server.log.add(one);
  const error = page.locator('.toast[data-kind="error"]');
  await error.waitFor();
  assert.equal(await page.evaluate(() => document.getAnimations().length), 0);
  const small = await page.evaluate(() => [...document.querySelectorAll('button:not(.value), a, select, #filter')]
    .filter((one) => one.checkVisibility()).map((one) => [one.textContent, one.getBoundingClientRect()])
    .filter(([, { width, height }]) => width < 24 || height < 24).map(([text, { width, height }]) => `${text} ${width}x${height}`));
  assert.deepEqual(small, []);
  await page.keyboard.press('j');
  const row = page.locator('[aria-selected="true"]:focus');
  await row.waitFor();
  const [at, over] = [await row.boundingBox(), await error.boundingBox()];
  assert.ok(at.y + at.height <= over.y || at.x < over.x, 'the focused row is not hidden');
  await error.getByRole('button', { name: 'Close this message' }).click();
  await error.waitFor({ state: 'detached' });
});
