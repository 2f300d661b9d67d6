// Somebody who has never seen the product: which call failed, and why? From the first screen it is
// one click and no knowledge.

import assert from 'node:assert/strict';
import test from 'node:test';
import { busyHouse } from '../support/busy_house.mjs';
import { openPage } from '../support/chromium.mjs';

for (const narrow of [false, true]) {
  test(`one click on the first screen says which call failed and why${narrow ? ', at 320 px' : ''}`, async (t) => {
    const server = await busyHouse(t);
    const { page, picture } = await openPage(t, server.page, { narrow });
    const rows = page.locator('.list-body [role="row"]');
    const failed = rows.filter({ hasText: 'shell/run' });
    const inWindow = async (locator) => {
      await locator.waitFor();
      const { x, y, width, height } = await locator.boundingBox(), window = page.viewportSize();
      assert.ok(x >= 0 && y >= 0 && x + Math.min(width, 40) <= window.width && y + height <= window.height, JSON.stringify({ x, y, width, height }));
    };
    await page.locator('.indicator[data-state="live"]').waitFor();
    await page.getByRole('button', { name: 'Errors', exact: true }).click();
    await page.locator('.count').getByText('8 of').waitFor();
    assert.equal(await rows.count(), 8);
    const observed = failed.filter({ hasText: 'No rule to make target' });
    await inWindow(observed.getByText('TOOL_ERROR'));
    await inWindow(observed.getByText('No rule to make target'));
    await picture(`first-look-${narrow ? 'narrow' : 'light'}`);
    // And all there is to it, one more click away: which call, its status in a sentence, its own words.
    await observed.click({ position: { x: 8, y: 8 } });
    const detail = page.getByRole('region', { name: 'Selected entry' });
    await inWindow(detail.getByRole('heading', { name: /shell\/run/ }));
    await detail.getByText('The tool ran and reported an error. 2 is the tool\'s own code.').waitFor();
    await detail.locator('pre').getByText('No rule to make target').scrollIntoViewIfNeeded();
    await inWindow(detail.locator('pre').getByText('No rule to make target'));
    await picture(`first-look-detail-${narrow ? 'narrow' : 'light'}`);
  });
}
