// The worker in a real browser: 100 000 envelopes from the first byte to the last row, what it
// takes in memory, how long lists under filters take. Prints figures; asserts none.
//
//   node --experimental-strip-types --no-warnings --test test/perf/worker.mjs

import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { openPage } from '../support/chromium.mjs';
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

test('100 000 envelopes', async (t) => {
  const frames = [];
  for (let at = 0; at < kCount; at += 1000) frames.push(Array.from({ length: 1000 }, (_, n) => frame(envelope(at + n), { id: `5f3a9c01d2-${at + n + 1}` })).join(''));
  console.log(`${(frames.reduce((sum, { length }) => sum + length, 0) / kCount).toFixed(0)} bytes a frame`);
  const server = await ScriptedServer.start(t, { stream: [kGreeting, wait('go'), ...frames, wait('never')] });
  const { page } = await openPage(t, server.url, { axe: false, expect: [/.*/] });
  const list = (filter) => askWorker(page, 'rows', { source: 'live', filter, from: -1, count: 0, through: -1 });
  while (server.streams().length === 0) await pause(20);
  await pause(300);
  const began = performance.now();
  server.go('go');
  while ((await list('')).of < kCount) await pause(5);
  console.log(`to the last row: ${(performance.now() - began).toFixed(0)} ms; in the store ${JSON.stringify(await askWorker(page, 'health', {}))}`);

  for (const filter of ['status:error', 'tool:tool_2* -agent:dev-1 dur:>500ms', '"no such text"', 'src/xxxx -stdout']) {
    const from = performance.now();
    let asks = 1;
    while (!(await list(filter)).complete) ++asks;
    console.log(`${filter}: ${(performance.now() - from).toFixed(0)} ms in ${asks} asks`);
  }
  const cdp = await page.context().browser().newBrowserCDPSession();
  const { targetInfos } = await cdp.send('Target.getTargets');
  for (const { targetId, type } of targetInfos.filter((one) => one.type === 'page' || one.type === 'worker')) console.log(type, targetId);
  const own = await page.context().newCDPSession(page);
  await own.send('HeapProfiler.enable');
  await own.send('HeapProfiler.collectGarbage');
  console.log('page heap', JSON.stringify(await own.send('Runtime.getHeapUsage')));
  const sessions = [];
  own.on('Target.attachedToTarget', ({ sessionId, targetInfo }) => sessions.push({ sessionId, targetInfo }));
  const answers = new Map();
  own.on('Target.receivedMessageFromTarget', ({ message }) => { const { id, result } = JSON.parse(message); answers.set(id, result); });
  await own.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  while (sessions.length === 0) await pause(10);
  let id = 0;
  const say = async (method) => {
    await own.send('Target.sendMessageToTarget', { sessionId: sessions[0].sessionId, message: JSON.stringify({ id: ++id, method }) });
    const mine = id;
    while (!answers.has(mine)) await pause(10);
    return answers.get(mine);
  };
  await say('HeapProfiler.collectGarbage');
  console.log('worker heap', JSON.stringify(await say('Runtime.getHeapUsage')));
});
