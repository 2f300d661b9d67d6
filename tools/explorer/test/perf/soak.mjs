// E70: 1.8 million envelopes, as many as 1000 a second bring in half an hour, sent as fast as
// the page takes them. Once the caps are reached nothing grows: not its memory, not the DOM.

import assert from 'node:assert/strict';
import test from 'node:test';
import { setImmediate as breath } from 'node:timers/promises';
import { openPage } from '../support/chromium.mjs';
import { lifeOf, memoryOf } from '../support/memory.mjs';
import { frame, head, kGreeting, ScriptedServer, wait } from '../support/scripted_server.mjs';
import { askWorker } from '../support/worker.mjs';
import { call, thought } from '../support/envelopes.mjs';

const kAll = 1_800_000, kPart = 300_000, kAtOnce = 500, kMost = 5 << 20, kFew = 40;
const kEpoch = '5f3a9c01d2';

// Tasks of a hundred envelopes; in each a thought, calls, one of which failed.
function* envelopes() {
  for (let n = 0; ; ++n) {
    const more = { task_id: `t-${Math.floor(n / 33)}`, session_id: `s-${Math.floor(n / 1000)}`, agent_id: `dev-${n % 4}`, turn_index: n % 33 };
    yield thought(`step ${n}: look at it first, then change it`, more);
    yield* call(`c-${n}`, `tool_${n % 30}`, { path: `src/${n % 100}.cc` }, n % 33 === 7 ? { status: 'TOOL_ERROR', stderr: 'no such file' } : { stdout: `line ${n}` }, more);
  }
}

test('[E70] memory is flat over 1.8 million envelopes, no node is left behind, no listener stays', { timeout: 1_800_000 }, async (t) => {
  const made = envelopes();
  let sent = 0;
  const server = await ScriptedServer.start(t, {
    stream: async function* follow() {
      yield head({ 'X-Head-Event-Id': `${kEpoch}-0` });
      yield kGreeting;
      for (let part = 1; sent < kAll; ++part) {
        yield wait(`part ${part}`);
        while (sent < part * kPart) {
          let bytes = '';
          for (let n = 0; n < kAtOnce; ++n) bytes += frame(made.next().value, { id: `${kEpoch}-${++sent}` });
          yield bytes;
          await breath();
        }
      }
      yield wait('never');
    },
  });
  const { page } = await openPage(t, `${server.url}#/live?rows=envelopes`, { axe: false });
  await page.locator('[data-state="live"]').first().waitFor();
  const seen = [];
  for (let part = 1; part <= kAll / kPart; ++part) {
    const began = performance.now();
    server.go(`part ${part}`);
    let health;
    do health = await askWorker(page, 'health', {});
    while (health.rows + health.evicted < part * kPart);
    const seconds = (performance.now() - began) / 1000;
    // What was said of the last of it has been said.
    await page.locator('.toast').first().waitFor({ state: 'detached' }).catch(() => undefined);
    const one = { bytes: await memoryOf(page), ...await lifeOf(page) };
    seen.push(one);
    t.diagnostic(`${part * kPart}: ${(one.bytes / 1e6).toFixed(1)} MB, ${one.nodes} nodes, ${one.detached} of them detached, ${one.listeners} listeners; ${Math.round(kPart / seconds)} envelopes/s`);
  }
  assert.equal(sent, kAll);
  const spread = (name, from = 0) => {
    const all = seen.slice(from).map((one) => one[name]);
    return Math.max(...all) - Math.min(...all);
  };
  assert.ok(spread('bytes') <= kMost, `memory differs by ${spread('bytes')} bytes`);
  // Each of the rows on screen keeps the cells it had before until it is drawn anew; after two
  // parts every row has been drawn often enough.
  assert.ok(spread('detached', 1) <= kFew, `detached nodes differ by ${spread('detached', 1)}`);
  assert.ok(spread('listeners', 1) <= kFew, `listeners differ by ${spread('listeners', 1)}`);
});
