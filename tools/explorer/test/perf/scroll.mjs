// Scrolling over 100 000 rows, at rest and while 1000 envelopes a second arrive (E67). Five runs;
// the gate is the best, all are printed. What the page's thread itself spends per frame is printed
// too: that is told apart from a machine that is busy otherwise.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage } from '../support/chromium.mjs';
import { call, thought } from '../support/envelopes.mjs';
import { ScriptedServer } from '../support/scripted_server.mjs';

const kRows = 100_000, kFrames = 180, kRuns = 5;
const kParts = ['TaskDuration', 'ScriptDuration', 'LayoutDuration', 'RecalcStyleDuration'];

const scroll = (page) => page.evaluate(async (frames) => {
  const list = document.querySelector('.list'), stamps = [];
  let rows = 0;
  list.scrollTop = 2400;
  await new Promise(requestAnimationFrame);
  for (let n = 0; n < frames; ++n) {
    list.scrollTop += 900;
    stamps.push(await new Promise(requestAnimationFrame));
    rows = Math.max(rows, list.querySelectorAll('[role="row"]').length);
  }
  const took = stamps.slice(1).map((at, n) => at - stamps[n]).sort((a, b) => a - b);
  return { p50: took[took.length >> 1], worst: took.at(-1), rows };
}, kFrames);

test('[E67] scrolling is smooth at rest and under load, with at most 80 rows in the DOM', async (t) => {
  const server = await ScriptedServer.start(t);
  const { page, context } = await openPage(t, server.url, { axe: false });
  await page.locator('[data-state="live"]').waitFor();
  for (let n = 0; n < kRows / 2; ++n) {
    for (const one of call(`c-${n}`, 'read_file', { path: 'src/a.cc' }, {}, { task_id: `t-${n >> 7}` })) server.log.add(one);
    if (n % 2000 === 0) await new Promise(setImmediate);
  }
  await page.locator('footer', { hasText: /100.000 rows/ }).waitFor();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const spent = async () => new Map((await cdp.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value * 1000]));
  const measure = async (what) => {
    const runs = [];
    for (let run = 0; run < kRuns; ++run) {
      const before = await spent();
      runs.push(await scroll(page));
      const after = await spent();
      const parts = kParts.map((part) => `${part} ${((after.get(part) - before.get(part)) / kFrames).toFixed(1)}`).join(', ');
      t.diagnostic(`${what}: p50 ${runs[run].p50.toFixed(1)} ms, worst ${runs[run].worst.toFixed(1)} ms, ${runs[run].rows} rows; of the thread, ms per frame: ${parts}`);
    }
    const best = runs.reduce((one, other) => (other.worst < one.worst ? other : one));
    assert.ok(runs.every(({ rows }) => rows <= 80));
    assert.ok(best.p50 < 17 && best.worst <= 25, `${what}: ${JSON.stringify(best)}`);
  };
  await measure('at rest');
  let n = 0;
  const timer = setInterval(() => { for (let more = 0; more < 20; ++more) server.log.add(thought(`more ${n++}`)); }, 20);
  t.after(() => clearInterval(timer));
  await measure('1000 a second');
  clearInterval(timer);
});
