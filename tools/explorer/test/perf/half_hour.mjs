// S2.12: half an hour at 100 envelopes a second through the real server; DEVS_MINUTES for less.
// What the page and the server hold is flat once the page's rows have reached their cap, which
// takes it 17 minutes, and the server's ring its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { publish, startBinary } from '../support/binary.mjs';
import { openPage } from '../support/chromium.mjs';
import { call } from '../support/envelopes.mjs';
import { lifeOf, memoryOf } from '../support/memory.mjs';
import { askWorker } from '../support/worker.mjs';

const kMinutes = Number(process.env.DEVS_MINUTES ?? 30), kFlatAfter = kMinutes * 0.6, kEachMs = 100, kCalls = 5;
const kMost = 5 << 20;

const rssOf = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

test('[S2.12] half an hour at 100 a second: page and server are flat, and nothing is missing', { timeout: (kMinutes + 5) * 60_000 }, async (t) => {
  const server = await startBinary(t);
  const { page } = await openPage(t, `${server.page}#/live?rows=envelopes`, { axe: false });
  await page.locator('[data-state="live"]').first().waitFor();
  const began = performance.now(), seen = [];
  let n = 0;
  for (let minute = 1; minute <= kMinutes; ++minute) {
    while (performance.now() - began < minute * 60_000) {
      const some = [];
      for (let at = 0; at < kCalls; ++at, ++n) some.push(...call(`c-${n}`, `tool_${n % 30}`, { path: `src/${n % 100}.cc` }, { stdout: `line ${n}` }, { task_id: `t-${Math.floor(n / 50)}` }));
      await publish(server, some);
      await pause(Math.max(0, began + (n / kCalls) * kEachMs - performance.now()));
    }
    const one = { minute, page: await memoryOf(page), server: rssOf(server.pid), ...await lifeOf(page) };
    seen.push(one);
    t.diagnostic(`minute ${minute}: ${2 * n} envelopes, page ${(one.page / 1e6).toFixed(1)} MB, server ${(one.server / 1e6).toFixed(1)} MB, ${one.nodes} nodes, ${one.listeners} listeners`);
  }
  const { rows, evicted, gaps } = await askWorker(page, 'health', {});
  assert.equal(gaps, 0);
  assert.ok(rows + evicted >= 2 * n, `${rows + evicted} of ${2 * n}`);
  const late = seen.filter(({ minute }) => minute >= kFlatAfter);
  for (const part of ['page', 'server']) {
    const grown = Math.max(...late.map((one) => one[part])) - late[0][part];
    assert.ok(grown <= kMost, `the ${part} grew by ${grown} bytes`);
  }
});
