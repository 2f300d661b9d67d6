// E29: how long a value of 1 MiB takes to be on screen, as text and as JSON. Alone on the machine, or
// the numbers say nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage } from '../support/chromium.mjs';
import { call } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

const kMiB = 1 << 20, kLimitMs = 200;
const kPlain = 'all work and no play \u202e '.repeat(kMiB / 23);
const kJson = JSON.stringify({ list: Array.from({ length: kMiB / 64 }, (_, n) => ({ n, text: 'x'.repeat(44) })) });

// From a click to the frame after the one that has what it was for.
const timed = (page, target, selector, words) => page.evaluate(async ([target, selector, words]) => {
  const wanted = [...document.querySelectorAll(target)].at(-1);
  const from = performance.now();
  wanted.click();
  while (!document.querySelector(selector)?.textContent.includes(words)) await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
  return performance.now() - from;
}, [target, selector, words]);

for (const [what, stdout, words] of [['text', kPlain, 'all work and no play'], ['JSON', kJson, '{"list":[{"n":0']]) {
  test(`[E29] a value of 1 MiB opens in ${kLimitMs} ms, ${what}`, { timeout: 120_000 }, async (t) => {
    const server = await ScriptedServer.start(t);
    for (let n = 0; n < 4; ++n) for (const one of call(`c-${n}`, `cat_${n}`, {}, { stdout })) server.log.add(one);
    const { page } = await openPage(t, `${server.url}#/live?f=type%3Aobservation`, { axe: false });
    await page.locator('.list-body [role="row"]').nth(3).waitFor();
    const times = { opened: [], raw: [], json: [] };
    // The first brings the rooms along.
    for (const n of [0, 1, 2, 3]) {
      const opened = await timed(page, `.list-body [role="row"]:nth-child(${n + 1})`, '.detail pre.out', words);
      const raw = await timed(page, '.detail .tabs button', '.detail .part', '"type":"action"');
      const json = await timed(page, '.detail .part [aria-pressed]', '.detail .json', 'stdout');
      if (n > 0) for (const [name, ms] of Object.entries({ opened, raw, json })) times[name].push(ms);
      await page.keyboard.press('Escape');
      await page.locator('.detail').waitFor({ state: 'detached' });
    }
    t.diagnostic(Object.entries(times).map(([name, all]) => `${name} ${all.map(Math.round).join(', ')} ms`).join('; '));
    for (const [name, all] of Object.entries(times)) assert.ok(Math.min(...all) <= kLimitMs, `${name}: ${all}`);
  });
}
