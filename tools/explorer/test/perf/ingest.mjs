// How long the store takes for 100 000 envelopes, without a network: parsing, columns, pairing,
// bodies; then a text search over all of them, and a trace of 30 000 entries as a tree.
//
//   node --experimental-strip-types --no-warnings test/perf/ingest.mjs [count]

import { parseFilter } from '../../src/core/filter.ts';
import { treeOf } from '../../src/core/tree.ts';
import { Matches } from '../../src/worker/matches.ts';
import { Store } from '../../src/worker/store.ts';
import { slabStretches } from '../../src/worker/stretches.ts';
import { traceOf } from '../../src/worker/trace_answer.ts';

const count = Number(process.argv[2] ?? 100_000);
const encoder = new TextEncoder();
const pad = 'x'.repeat(180);

function envelope(n, tasks) {
  const call = n >> 1, head = {
    type: n % 2 ? 'observation' : 'action', turn_index: call % 50, timestamp_ns: String(1795224245120000000n + BigInt(n) * 1000000n),
    agent_id: `dev-${call % 4}`, session_id: 's-7', task_id: `t-${call % tasks}`, thread_id: 'main', tool_call_id: `c-${call}`,
  };
  return n % 2
    ? { ...head, exit_code: call % 20 ? 0 : 1, stdout: pad, stderr: '', duration_ms: call % 997, metadata: { status: call % 20 ? 'SUCCESS' : 'TOOL_ERROR', tool_name: `tool_${call % 30}`, server: 'files' }, payload: {} }
    : { ...head, payload: { tool_call: { tool_name: `tool_${call % 30}`, server: 'files', arguments: { path: `src/${pad}.cc` } } } };
}
const framesOf = (tasks) => Array.from({ length: count }, (_, n) =>
  ({ id: `5f3a9c01d2-${n + 1}`, event: '', body: encoder.encode(JSON.stringify(envelope(n, tasks))) }));
const timed = async (what, work) => {
  const cpu = process.cpuUsage();
  const began = performance.now();
  const result = await work();
  console.log(`${what}: ${(performance.now() - began).toFixed(0)} ms (${(process.cpuUsage(cpu).user / 1000).toFixed(0)} ms of the processor)`);
  return result;
};

for (const run of [1, 2]) {
  const frames = framesOf(1000), store = new Store();
  const bytes = frames.reduce((sum, { body }) => sum + body.length, 0);
  console.log(`run ${run}: ${count} envelopes of ${(bytes / count).toFixed(0)} bytes`);
  await timed('  ingest', () => { for (let at = 0; at < count; at += 256) store.add(frames.slice(at, at + 256)); });
  for (const filter of ['status:error', 'tool:tool_2* -agent:dev-1 dur:>500ms', '"No Such Text"', 'src/xxxx -stdout']) {
    const matches = new Matches(store, parseFilter(filter).terms, slabStretches(store));
    await timed(`  filter ${filter}`, () => matches.refresh(Infinity));
    console.log(`    ${matches.end - matches.first} match`);
  }
  if (globalThis.gc) gc();
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  console.log(`  slabs ${store.slabs.bytes}, array buffers with the frames ${arrayBuffers}, heap ${heapUsed}`);
}
const one = new Store();
one.add(framesOf(1).slice(0, 30_000));
const told = await timed('a trace of 30 000 entries, told', () => traceOf(one, 't-0'));
const sent = await timed('  copied to the page', () => structuredClone(told));
await timed('  made a tree there', () => treeOf(sent));
