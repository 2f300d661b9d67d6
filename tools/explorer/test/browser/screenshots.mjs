// A picture of every view in both themes and on a narrow screen, for people to look at: in
// DEVS_SCREENSHOTS (docs/explorer.md). What a view must show is there, inside the window.

import assert from 'node:assert/strict';
import test from 'node:test';
import { slow } from '../../../../tests/e2e/patience.mjs';
import { busyHouse, kViews, visit } from '../support/busy_house.mjs';
import { openPage } from '../support/chromium.mjs';

// Whether anything makes the page wider than its window.
const overflow = (tab) => tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

test('[E60] [E59] every view shows what it is for, in light and dark, wide and at 320 px, and is no wider than its window', { timeout: 240_000 * slow }, async (t) => {
  const server = await busyHouse(t);
  const wide = [];
  for (const [name, options] of [['light', {}], ['dark', { theme: 'dark' }], ['narrow', { narrow: true }], ['narrow-dark', { narrow: true, theme: 'dark' }]]) {
    const tab = await openPage(t, server.page, { ...options, axe: false });
    for (const view of kViews) {
      await visit(tab, server, view);
      const over = await overflow(tab);
      if (over > 0) wide.push(`${view[0]} ${name}: ${over} px`);
      await tab.picture(`${view[0]}-${name}`);
    }
    // Over any view: a replay, half way.
    await tab.page.goto(`${server.page}#/live?rows=envelopes`);
    await tab.page.locator('.indicator').getByRole('button', { name: 'Replay' }).click();
    const bar = tab.page.getByRole('region', { name: 'Replay' });
    await bar.getByRole('button', { name: 'Pause' }).click();
    await bar.getByRole('slider').fill('60');
    await bar.getByText(/^60 of /).waitFor();
    await tab.page.getByText('list_directory').first().waitFor();
    const over = await overflow(tab);
    if (over > 0) wide.push(`replay ${name}: ${over} px`);
    await tab.picture(`replay-${name}`);
  }
  assert.deepEqual(wide, []);
});
