import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callNumber } from '../../src/core/call_number.ts';
import { summaryOf } from '../../src/core/summary.ts';
import type { TreeNode } from '../../src/core/trace_nodes.ts';
import { treeOf as madeOf, type Trace } from '../../src/core/tree.ts';
import { kThought } from '../../src/core/types.ts';
import { traceOf } from '../../src/worker/trace_answer.ts';
import { Store } from '../../src/worker/store.ts';
import type { Frame } from '../../src/worker/frames.ts';
import { action, frame, observation, random, shuffled, thought } from './store_frames.ts';

const opened = (store: Store, task = 't'): Trace => madeOf(traceOf(store, task)!);
const storeOf = (frames: readonly Frame[]): Store => {
  const store = new Store();
  for (const one of frames) store.add([one]);
  return store;
};
const treeOf = (frames: readonly Frame[]): TreeNode[] => opened(storeOf(frames)).nodes;
/** All members, those that are looked up too. */
const plain = (node: TreeNode): TreeNode => ({
  row: node.row, id: node.id, kind: node.kind, name: node.name, timeMs: node.timeMs, stamped: node.stamped, task: node.task, thread: node.thread,
  tool: node.tool, server: node.server, turn: node.turn, status: node.status, failed: node.failed, exit: node.exit, durationMs: node.durationMs,
  pair: node.pair, node: node.node, key: node.key, depth: node.depth, below: node.below, startMs: node.startMs, endMs: node.endMs, call: node.call,
  dependsOn: node.dependsOn, witness: node.witness,
});
const kIds = ['outer', 'inner', 'later', 'lost', 'a', 'b', 'c', 'self'];
const idOf = (call: number): string => kIds.find((id) => callNumber(id) === call) ?? `${call}`;
const said = (store: Store, row: number): string => summaryOf(kThought, '', false, JSON.parse(new TextDecoder().decode(store.body(row))), '');
const drawn = (store: Store): string[] => opened(store).nodes.map(({ depth, node, kind, key, status, row }) => {
  const name = key.replace(/^call:(\d+)$/, (_, call) => `call:${idOf(Number(call))}`);
  return `${'  '.repeat(depth)}${node === 'entry' ? kind : node} ${node === 'entry' && kind === 'thought' ? said(store, row) : name}${status ? ` ${status}` : ''}`;
});

test('[E26] task, thread, turn; thought, call, observation; calls below the call that made them', () => {
  assert.deepEqual(drawn(storeOf([
    frame(1, { type: 'lifecycle', task_id: 't', payload: { event: 'TASK_STARTED', title: 'x' } }),
    frame(2, thought('t', 'plan')),
    frame(3, action('t', 'outer')),
    frame(4, action('t', 'inner', { turn_index: 1 }, { parent_tool_call_id: 'outer' })),
    frame(5, observation('t', 'inner', { turn_index: 1, exit_code: 2 })),
    frame(6, thought('t', 'elsewhere', { thread_id: 'side' })),
    frame(7, observation('t', 'outer')),
    frame(8, action('t', 'later', { turn_index: 2 })),
    frame(9, observation('t', 'lost', { turn_index: 1 })),
  ])), [
    'task task running', '  lifecycle 5f3a9c01d2-1', '  thread thread:main', '    turn turn:0 main', '      thought plan', '      action call:outer SUCCESS',
    '        action call:inner VALIDATION_FAILED', '          observation 5f3a9c01d2-5 VALIDATION_FAILED', '        observation 5f3a9c01d2-7 SUCCESS',
    '    turn turn:1 main', '      missing call:lost SUCCESS', '        observation 5f3a9c01d2-9 SUCCESS', '    turn turn:2 main', '      action call:later running',
    '  thread thread:side', '    turn turn:0 side', '      thought elsewhere']);
});

/** A trace with calls of calls, some without their action, some without their observation. */
function wild(seed: number): Frame[] {
  const next = random(seed), frames: Frame[] = [];
  const calls = Array.from({ length: 12 }, (_, n) => `c-${n}`);
  for (const [n, call] of calls.entries()) {
    const more = { thread_id: ['main', 'side', undefined][next(3)], turn_index: next(4) };
    const parent = n > 0 && next(2) === 0 ? { parent_tool_call_id: calls[next(calls.length)] } : {};
    if (next(8) > 0) frames.push(frame(frames.length + 1, action('t', call, more, parent)));
    if (next(4) > 0) frames.push(frame(frames.length + 1, observation('t', call, { ...more, exit_code: next(2) })));
    if (next(3) === 0) frames.push(frame(frames.length + 1, thought('t', `${n}`, more)));
  }
  return frames.length > 0 ? frames : [frame(1, thought('t', 'alone'))];
}

test('[E26] any arrival order gives the same tree', () => {
  for (let seed = 1; seed <= 60; ++seed) {
    const frames = wild(seed), expected = treeOf(frames);
    const base = (nodes: readonly TreeNode[]): unknown => nodes.map((node) => ({ ...plain(node), row: 0, pair: 0, witness: 0, timeMs: 0, startMs: 0, endMs: 0, durationMs: node.node === 'entry' ? node.durationMs : 0 }));
    for (let order = 1; order <= 8; ++order) assert.deepEqual(base(treeOf(shuffled(frames, seed * 100 + order))), base(expected), `seed ${seed}`);
  }
});

test('[E26] whatever order a host published in, who belongs to whom is the same', () => {
  for (let seed = 1; seed <= 60; ++seed) {
    const frames = wild(seed).filter((one) => !new TextDecoder().decode(one.body).includes('"thought"'));
    // Calls in a ring are cut at the first of them, so rings are left out here.
    const above = (nodes: readonly TreeNode[]): string[] => {
      const stack: TreeNode[] = [];
      return nodes.filter(({ node }) => node !== 'thread' && node !== 'turn').map((node) => {
        while (stack.length > 0 && stack.at(-1)!.depth >= node.depth) stack.pop();
        const line = `${node.kind} ${node.call} below ${stack.at(-1)?.call ?? ''}`;
        stack.push(node);
        return line;
      }).sort();
    };
    const ringless = frames.map((one) => ({ ...one, text: new TextDecoder().decode(one.body) })).filter(({ text }) => {
      const [, own, parent] = /"tool_call_id":"c-(\d+)".*"parent_tool_call_id":"c-(\d+)"/.exec(text) ?? [];
      return own === undefined || Number(parent) < Number(own);
    });
    if (ringless.length === 0) continue;
    const expected = above(treeOf(ringless));
    for (let order = 1; order <= 5; ++order) {
      const renumbered = shuffled(ringless, seed * 31 + order).map(({ event, body }, at) => ({ id: `5f3a9c01d2-${at + 1}`, event, body }));
      assert.deepEqual(above(treeOf(renumbered)), expected, `seed ${seed}`);
    }
  }
});

test('[E26] an observation stands under a placeholder that its action replaces', () => {
  const store = new Store();
  store.add([frame(5, observation('t', 'c', { timestamp_ns: '1795224247000000000', duration_ms: 2000 }))]);
  const before = opened(store);
  const placeholder = before.nodes.find(({ node }) => node === 'missing')!;
  assert.deepEqual([placeholder.kind, idOf(placeholder.call), placeholder.tool, placeholder.status, placeholder.endMs! - placeholder.startMs], ['action', 'c', 'read_file', 'SUCCESS', 2000]);
  assert.equal(before.missing, '1 action is not here');
  store.add([frame(4, action('t', 'c', { timestamp_ns: '1795224245000000000' }))], true);
  const after = opened(store);
  assert.equal(after.missing, '');
  const call = after.nodes.find(({ key }) => key === placeholder.key)!;
  assert.deepEqual([call.node, call.status, call.durationMs, call.below], ['entry', 'SUCCESS', 2000, 1]);
});

test('[E26] calls that made each other in a ring, or themselves, stand in their turn', () => {
  const store = storeOf([
    frame(1, action('t', 'a', {}, { parent_tool_call_id: 'b' })), frame(2, action('t', 'b', {}, { parent_tool_call_id: 'c' })),
    frame(3, action('t', 'c', {}, { parent_tool_call_id: 'a' })), frame(4, action('t', 'self', {}, { parent_tool_call_id: 'self' })),
    frame(5, action('t', 'a', {}, { parent_tool_call_id: 'self' })),
  ]);
  assert.deepEqual(drawn(store).slice(3), ['      action call:a running', '        action call:c running', '          action call:b running', '      action call:self running', '        action 5f3a9c01d2-5 running']);
});

test('[E26] headings span and count what is below them', () => {
  const at = (ms: number): { timestamp_ns: string } => ({ timestamp_ns: String(1795224245000000000n + BigInt(ms) * 1000000n) });
  const nodes = treeOf([frame(1, action('t', 'a', at(0))), frame(2, observation('t', 'a', { ...at(500), duration_ms: 500, exit_code: 1 })), frame(3, action('t', 'b', { ...at(600), turn_index: 1 }))]);
  const [task, thread, turn0] = nodes, turn1 = nodes.find(({ key }) => key === 'turn:1 main')!;
  assert.deepEqual([task!.below, thread!.below, turn0!.below, turn1.below], [6, 5, 2, 1]);
  assert.deepEqual([turn0!.durationMs, turn0!.failed, turn1.endMs, turn1.failed, task!.endMs, task!.failed], [500, true, null, false, null, true]);
});

test('[E26] [E68] calls nested 20 000 deep are no trouble', () => {
  const frames = Array.from({ length: 20_000 }, (_, n) => frame(n + 1, action('t', `c-${n}`, {}, n > 0 ? { parent_tool_call_id: `c-${n - 1}` } : {})));
  const store = new Store();
  store.add(frames);
  const { nodes } = opened(store);
  assert.equal(nodes.length, 20_003);
  assert.equal(nodes.at(-1)!.depth, 20_002);
  assert.equal(nodes[0]!.below, 20_002);
});

test('[E10] what is not here of a trace is said, and nothing that is not known', () => {
  const store = new Store({ mostRows: 4, mostBodyBytes: 48 << 20 });
  store.add([frame(1, action('t', 'a', { turn_index: 4 }))]);
  assert.equal(opened(store).missing, '');
  store.mark('gap', '{"count":2}', '5f3a9c01d2-3');
  assert.equal(opened(store).summary.incomplete, true);
  assert.equal(opened(store).missing, 'a gap lies inside');
  store.add([4, 5, 6].map((n) => frame(n, thought('t', 'x'))));
  assert.equal(opened(store).missing, '1 older entry has left memory');
  store.add([frame(1, action('t', 'a', { turn_index: 4 }))], true);
  assert.equal(opened(store).missing, 'a gap lies inside');
  assert.equal(traceOf(store, 'unknown'), null);
});

test('[E52] a trace is found by the trace id its envelopes carry', () => {
  const store = new Store();
  store.add([frame(1, thought('t', 'x', { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' })), frame(2, { type: 'thought', trace_id: '1bf92f3577b34da6a3ce929d0e0e4736' })]);
  assert.equal(traceOf(store, '4bf92f3577b34da6a3ce929d0e0e4736')!.summary.task, 't');
  assert.equal(traceOf(store, '1bf92f3577b34da6a3ce929d0e0e4736')!.summary.task, '1bf92f3577b34da6a3ce929d0e0e4736');
});

test('[E26] an entry whose body has left memory still stands with the other half of its call', () => {
  const store = new Store({ mostRows: 100, mostBodyBytes: 2 << 20 });
  store.add([frame(1, action('t', 'c', {}, { arguments: { text: 'x'.repeat(1_000_000) } })), frame(2, observation('t', 'c', { stdout: 'y'.repeat(1_000_000) }))]);
  store.add([frame(3, thought('u', 'z'.repeat(900_000)))]);
  assert.equal(store.body(store.columns.first), undefined);
  assert.deepEqual(drawn(store).slice(3), ['      action call:c SUCCESS', '        observation 5f3a9c01d2-2 SUCCESS']);
});
