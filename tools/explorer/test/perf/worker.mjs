// The worker in a real browser: E66 (100 000 envelopes, network to last painted row, and what
// they take in memory) and E19 (lists under filters). Alone on the machine, or the numbers say nothing.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openPage } from '../support/chromium.mjs';
import { memoryOf } from '../support/memory.mjs';
import { frame, kGreeting, ScriptedServer, wait } from '../support/scripted_server.mjs';
import { askWorker } from '../support/worker.mjs';

const kCount = 100_000;
const pad = 'x'.repeat(150);

function envelope(n) {
  const call = n >> 1, head = {
    type: n % 2 ? 'observation' : 'action', turn_index: call % 50, timestamp_ns: String(1795224245120000000n + BigInt(n) * 1000000n),
    agent_id: `dev-${call % 4}`, session_id: 's-7', task_id: `t-${call % 1000}`, thread_id: 'main', tool_call_id: `c-${call}`,
  };
  return n % 2
    ? { ...head, exit_code: call % 20 ? 0 : 1, stdout: pad, stderr: '', duration_ms: call % 997, metadata: { status: call % 20 ? 'SUCCESS' : 'TOOL_ERROR', tool_name: `tool_${call % 30}`, server: 'files' }, payload: {} }
    : { ...head, payload: { tool_call: { tool_name: `tool_${call % 30}`, server: 'files', arguments: { path: `src/${pad}.cc` } } } };
}

const frames = [];
for (let at = 0; at < kCount; at += 1000) frames.push(Array.from({ length: 1000 }, (_, n) => frame(envelope(at + n), { id: `5f3a9c01d2-${at + n + 1}` })).join(''));

// A page, connected, before the first of them; `load` tells how long all of them took.
async function openEmpty(t) {
  const server = await ScriptedServer.start(t, { stream: [kGreeting, wait('go'), ...frames, wait('never')] });
  const { page } = await openPage(t, `${server.url}#/live?rows=envelopes`, { axe: false });
  await page.locator('[data-state="live"]').first().waitFor();
  const load = async () => {
    const began = performance.now();
    server.go('go');
    await page.waitForFunction(() => /100\D000 of 100\D000/.test(document.querySelector('.count')?.textContent ?? ''), null, { timeout: 60_000 });
    return performance.now() - began;
  };
  return { page, load };
}

test('[E66] 100 000 envelopes, network to last painted row: 2.1 s and 60 MB', { timeout: 300_000 }, async (t) => {
  const times = [];
  let bytes = 0;
  for (let run = 0; run < 3; ++run) {
    const { page, load } = await openEmpty(t);
    times.push(await load());
    bytes = await memoryOf(page);
    await page.close();
  }
  t.diagnostic(`${times.map(Math.round).join(', ')} ms; ${(bytes / 1e6).toFixed(1)} MB`);
  assert.ok(Math.min(...times) <= 2100, `${times}`);
  assert.ok(bytes <= 60e6, `${bytes}`);
});

test('[E19] at 100 000 rows columns answer in 100 ms and text in 250 ms', { timeout: 300_000 }, async (t) => {
  const { page, load } = await openEmpty(t);
  await load();
  for (const [filter, limit] of [['status:error', 100], ['tool:tool_2* -agent:dev-1 dur:>500ms', 100], ['"no such text"', 250], ['src/xxxx -stdout', 250]]) {
    const times = [];
    for (let run = 0; run < 3; ++run) {
      const from = performance.now();
      // A filter that was not asked before.
      while (!(await askWorker(page, 'rows', { source: 'live', filter: `${filter} -seq:${run}`, from: -1, count: 60, through: -1 })).complete);
      times.push(performance.now() - from);
    }
    t.diagnostic(`${filter}: ${times.map(Math.round).join(', ')} ms`);
    assert.ok(Math.min(...times) <= limit, `${filter}: ${times}`);
  }
});
