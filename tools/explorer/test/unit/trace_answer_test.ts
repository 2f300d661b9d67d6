import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callNumber } from '../../src/core/call_number.ts';
import type { TreeNode } from '../../src/core/trace_nodes.ts';
import { treeOf } from '../../src/core/tree.ts';
import { makeAnswers, type Room } from '../../src/worker/answers.ts';
import type { Line } from '../../src/worker/frames.ts';
import { traceOf } from '../../src/worker/trace_answer.ts';
import { Store } from '../../src/worker/store.ts';
import { View } from '../../src/worker/view.ts';
import { action, frame, observation, thought } from './store_frames.ts';

const nodesOf = (store: Store): TreeNode[] => treeOf(traceOf(store, 't')!).nodes;
const answersOf = (store: Store) => makeAnswers({
  views: { live: new View(store), file: new View(new Store()), replay: new View(new Store()) }, line: { trace: () => Promise.resolve(0) } as unknown as Line, ring: () => {},
} satisfies Room);

test('[E26] a call has one number, and no two of many calls have the same', () => {
  const ids = Array.from({ length: 50_000 }, (_, n) => [`c-${n}`, `${n}`, `call_${n.toString(36)}_${n * 7}`, 'x'.repeat(1 + (n % 50)) + String.fromCodePoint(0x4000 + n)]).flat();
  assert.equal(new Set(ids.map(callNumber)).size, new Set(ids).size);
  assert.equal(callNumber(['c', '-', '1'].join('')), callNumber('c-1'));
  assert.equal(callNumber(''), 0);
  assert.ok(ids.every((id) => Number.isSafeInteger(callNumber(id)) && callNumber(id) > 0));
});

test('[E68] a trace is told from what is known of its rows: no body is needed', () => {
  const store = new Store({ mostRows: 100, mostBodyBytes: 1 << 20 });
  store.add([
    frame(1, action('t', 'outer')), frame(2, action('t', 'inner', { turn_index: 1 }, { parent_tool_call_id: 'outer', depends_on: ['first', 'second'] })),
    frame(3, observation('t', 'inner')), frame(4, thought('u', 'y'.repeat(1 << 20))),
  ]);
  assert.equal(store.body(store.columns.first), undefined);
  const inner = nodesOf(store).find(({ call, kind }) => call === callNumber('inner') && kind === 'action')!;
  assert.deepEqual([inner.depth, inner.dependsOn], [4, [callNumber('first'), callNumber('second')]]);
});

test('[E26] what links calls moves with their rows and leaves with them', () => {
  const store = new Store({ mostRows: 4, mostBodyBytes: 48 << 20 });
  store.add([frame(3, action('t', 'a')), frame(5, action('t', 'b', {}, { parent_tool_call_id: 'a' })), frame(9, action('t', 'c', {}, { parent_tool_call_id: 'b' }))]);
  store.add([frame(7, thought('u', 'between'))]);
  const depths = (): Record<string, number> => Object.fromEntries(['a', 'b', 'c'].map((id) => [id, nodesOf(store).find(({ call, node }) => call === callNumber(id) && node === 'entry')?.depth ?? -1]));
  assert.deepEqual(depths(), { a: 3, b: 4, c: 5 });
  assert.equal(store.links.size, 2);
  store.add([10, 11, 12].map((n) => frame(n, thought('u', 'x'))));
  assert.deepEqual(depths(), { a: -1, b: -1, c: 4 });
  assert.equal(store.links.size, 1);
});

test('[E68] a trace of which nothing has changed is not told again', () => {
  const store = new Store();
  store.add([frame(1, action('t', 'a')), frame(2, thought('u', 'x'))]);
  let had = '';
  const changed = (): boolean => {
    const told = traceOf(store, 't', had);
    had = told?.stamp ?? had;
    return told !== undefined;
  };
  assert.deepEqual([changed(), changed()], [true, false]);
  store.add([frame(5, thought('u', 'more'))]);
  assert.equal(changed(), false);
  for (const change of [
    () => store.add([frame(9, observation('t', 'a'))]), () => store.add([frame(7, thought('t', 'late'))]),
    () => store.mark('gap', '{"count":1}', '5f3a9c01d2-10'), () => store.add([frame(3, thought('u', 'rows are numbered anew'))]),
  ]) {
    change();
    assert.deepEqual([changed(), changed()], [true, false], `${change}`);
  }
  // Another log with as many entries is another trace.
  const other = new Store();
  other.add([frame(1, action('t', 'a')), frame(2, thought('u', 'x'))]);
  assert.notEqual(traceOf(other, 't')!.stamp, traceOf(store, 't')!.stamp);
});

test('[E19] [E33] of a trace the rows are told that a filter admits', async () => {
  const store = new Store(), { columns: { first } } = store;
  store.add([frame(1, action('t', 'a')), frame(2, thought('u', 'needle')), frame(3, observation('t', 'a')), frame(4, thought('t', 'a needle'))]);
  const admitted = (filter: string, task = 't') => answersOf(store).admitted({ source: 'live', task, filter });
  assert.deepEqual(await admitted('needle'), [first + 3]);
  assert.deepEqual(await admitted('tool:read_file'), [first, first + 2]);
  assert.deepEqual([await admitted(''), await admitted('needle', 'none')], [null, null]);
});

test('[E68] text of rows is told by their numbers; those that are not here are left out', async () => {
  const store = new Store(), { columns: { first } } = store;
  store.add([frame(1, thought('t', 'one')), frame(2, thought('u', 'two')), frame(3, thought('t', 'three'))]);
  const some = await answersOf(store).some({ source: 'live', rows: [first + 2, first, first + 3, -1] });
  assert.deepEqual(some.map(({ row, summary }) => [row - first, summary]), [[2, 'three'], [0, 'one']]);
});
