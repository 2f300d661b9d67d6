// The page's half of test/golden/filters.json; test/browser/beyond_memory.mjs has the server's.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseFilter } from '../../src/core/filter.ts';
import { questionOf } from '../../src/core/trace_question.ts';
import { Store } from '../../src/worker/store.ts';
import { View } from '../../src/worker/view.ts';
import { frame, thought } from './store_frames.ts';

interface Golden {
  envelopes: unknown[];
  filters: { filter: string; asks: string[]; left: string[]; traces: string[] }[];
}
const golden = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../golden/filters.json'), 'utf8')) as Golden;

test('[E20] each filter of the golden table admits its traces', async () => {
  const store = new Store();
  store.add(golden.envelopes.map((one, n) => frame(n + 1, one)));
  const view = new View(store);
  for (const { filter, traces } of golden.filters) {
    const { items, bad, complete, extras } = await view.traces({ source: 'live', filter, from: 0, count: 100, through: -1 });
    assert.deepEqual([items.map(({ task }) => task).sort(), bad, complete], [[...traces].sort(), [], true], filter);
    assert.deepEqual([...extras].sort(), ['cost', 'quality']);
  }
});

test('[E20] terms go to the server by the parameter that means the same, the others stay', () => {
  const now = Date.parse('2026-11-21T13:00:00Z');
  for (const { filter, asks, left } of golden.filters) {
    const question = questionOf(parseFilter(filter).terms, now);
    assert.deepEqual([[...question.params].map((one) => one.join('=')), question.left.map(({ text }) => text)], [asks, left], filter);
    assert.equal(question.asked.length + question.left.length, parseFilter(filter).terms.length);
  }
  const { params, sinceMs } = questionOf(parseFilter('time:1h').terms, now);
  assert.deepEqual([String(params), sinceMs], [`start_date=${now - 3_600_000}`, now - 3_600_000]);
  for (const none of ['task:"channel:debates/1"', 'tool:""', `agent:${'x'.repeat(129)}`, '-time:1h', '-tool:x', 'turn:>2', 'dur:<0', 'has:stderr', '-status:running', 'quality:<1'])
    assert.deepEqual([...questionOf(parseFilter(none).terms, now).params], [], none);
});

test('[E20] older news of a span leaves the newer as it is, and what leaves memory takes nothing back', async () => {
  const store = new Store({ mostRows: 3, mostBodyBytes: 1 << 20 });
  const span = (cost_usd: number | null, quality_score?: number): unknown =>
    ({ type: 'span', task_id: 't', trace_id: 'tr', span_id: 's', payload: { span: { cost_usd, metadata: { quality_score } } } });
  const admits = async (filter: string): Promise<number> => (await new View(store).traces({ source: 'live', filter, from: 0, count: 9, through: -1 })).items.length;
  store.add([frame(5, span(2))]);
  store.add([frame(4, span(1, 0.5))], true);
  assert.deepEqual([await admits('cost:2'), await admits('quality:0.5'), await admits('cost:1')], [1, 1, 0]);
  store.add([6, 7, 8].map((n) => frame(n, thought('t', 'x'))));
  assert.equal(await admits('cost:2'), 1);
  store.add([frame(9, thought('other', 'x'))]);
  const rows = await new View(store).rows({ source: 'live', filter: 'cost:>1', from: 0, count: 9, through: -1 });
  assert.deepEqual(rows.items.map(({ task }) => task), ['t', 't', 't']);
});

test('[E70] what a trace of many spans costs is summed once, not for each of its rows, and no more than so many are remembered', async () => {
  const store = new Store(), spans = 66_000;
  for (let n = 1; n <= spans; ++n)
    store.add([frame(n, { type: 'span', task_id: 't', trace_id: 'tr', span_id: `s-${n}`, payload: { span: { cost_usd: 1, metadata: { quality_score: n === 1 ? 0.9 : 0.5 } } } })]);
  const began = performance.now();
  const matches = await new View(store).complete('cost:>1');
  assert.equal(matches!.end - matches!.first, spans);
  assert.ok(performance.now() - began < 3000);
  const [trace] = store.traces.values();
  assert.deepEqual([trace!.cost, trace!.quality], [spans, 0.9]);
});
