// axe-core over every view in both themes, wide, narrow and in the colours of the system; over the
// dialogs; and when nothing is there yet.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow } from '../../../../tests/e2e/patience.mjs';
import { startBinary, startGuarded } from '../support/binary.mjs';
import { busyHouse, kViews, visit } from '../support/busy_house.mjs';
import { openPage } from '../support/chromium.mjs';

const limit = { timeout: 240_000 * slow };

for (const [how, options] of [['wide', {}], ['at 320 px', { narrow: true }], ['with forced colours', { forcedColors: true }]]) {
  test(`[E55] [E57] axe-core finds nothing in any view, ${how}, light or dark`, limit, async (t) => {
    const server = await busyHouse(t);
    const wrong = [];
    for (const theme of ['light', 'dark']) {
      const tab = await openPage(t, server.page, { ...options, theme });
      for (const view of kViews) {
        await visit(tab, server, view);
        await tab.axe().catch(({ message }) => wrong.push(`${view[0]}, ${theme}: ${message}`));
        if (options.forcedColors) await tab.picture(`${view[0]}-forced-${theme}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
}

test('[E55] [E59] nor in any dialog, nor in an empty log, wide, at 320 px and with forced colours', limit, async (t) => {
  const server = await startBinary(t);
  for (const [how, options] of [['light', {}], ['dark', { theme: 'dark' }], ['narrow', { narrow: true }], ['forced', { forcedColors: true }]]) {
    const tab = await openPage(t, server.page, options);
    await tab.page.getByText('/trace/publish').first().waitFor();
    await tab.axe();
    for (const name of ['Keys', 'Settings', 'Presets', 'Files']) {
      await tab.page.getByRole('button', { name, exact: true }).click();
      await tab.page.getByRole('dialog').waitFor();
      await tab.axe();
      assert.ok(await tab.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth && document.querySelector('dialog').scrollWidth <= document.querySelector('dialog').clientWidth), `${name}, ${how}`);
      await tab.picture(`dialog-${name.toLowerCase()}-${how}`);
      await tab.page.keyboard.press('Escape');
      await tab.page.getByRole('dialog').waitFor({ state: 'detached' });
    }
  }
});

test('[E55] nor while a token is asked for, nor when the server is gone', limit, async (t) => {
  const server = await startGuarded(t);
  const tab = await openPage(t, server.page, { expect: [/status of 401/, /net::ERR_/] });
  await tab.page.getByRole('dialog', { name: 'Token' }).waitFor();
  await tab.axe();
  await tab.page.locator('input[type="password"]').fill(server.bearer);
  await tab.page.keyboard.press('Enter');
  await tab.page.locator('.indicator[data-state="live"]').waitFor();
  await server.kill();
  await tab.page.locator('.indicator[data-state="retrying"]').waitFor();
  await tab.axe();
});
