// A page on a log of thoughts, live, as the tests of Live begin.

import { openPage } from './chromium.mjs';
import { thought } from './envelopes.mjs';
import { ScriptedServer } from './scripted_server.mjs';

/** A server with so many thoughts in its log, and a page on it that is live. */
export async function openLive(t, { thoughts = 0, hash = '', ...options } = {}) {
  const server = await ScriptedServer.start(t);
  for (let n = 1; n <= thoughts; ++n) server.log.add(thought(`thought ${n}`));
  const tab = await openPage(t, `${server.url}${hash}`, options);
  await tab.page.locator('[data-state="live"]').waitFor();
  if (thoughts > 0) await tab.page.locator('footer', { hasText: /[1-9].* rows?,/ }).waitFor();
  return { server, tab, page: tab.page };
}
export const rowsOf = (page) => page.locator('.list-body [role="row"]');
export const rowWith = (page, text) => rowsOf(page).filter({ hasText: text });
