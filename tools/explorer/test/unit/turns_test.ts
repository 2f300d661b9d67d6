import assert from 'node:assert/strict';
import { test } from 'node:test';
import { turnsOf, type Said } from '../../src/core/turns.ts';
import { call, heading, node, thought } from './story_nodes.ts';

const kindOf = (said: Said) => Object.keys(said)[0];
const answer = (depth: number) => node({ kind: 'observation', depth });

test('[E35] a card per turn, threads apart, what was said in its order', () => {
  const turns = turnsOf([
    heading('task'), heading('thread'), heading('turn'), thought(1, { turn: 3 }), call(2, 3, { turn: 3 }), answer(2), thought(4, { turn: 3 }),
    heading('turn'), call(5, 6, { turn: 4, failed: true }), answer(2),
    heading('thread', { thread: 'b' }), thought(7, { thread: 'b', turn: 0 }),
  ]);
  assert.deepEqual([...turns.keys()], ['main', 'b']);
  assert.deepEqual(turns.get('main')!.map((one) => [one.turn, one.said.map(kindOf), one.calls, one.failed]),
    [[3, ['thought', 'call', 'thought'], 1, 0], [4, ['call'], 1, 1]]);
  assert.equal(turns.get('b')!.length, 1);
});

test('[E35] an observation belongs to its call, calls of a call stay with it', () => {
  const [turn] = turnsOf([heading('turn'), call(1, 9, { tool: 'outer' }), call(2, 3, { tool: 'inner', depth: 2, turn: 7 }), answer(3), answer(2), call(10, 11)]).get('main')!;
  assert.equal(turn!.said.length, 2);
  const [first] = turn!.said;
  assert.ok(first && 'call' in first);
  assert.equal(first.call.calls.length, 1);
  assert.ok(first.call.observation && first.call.calls[0]!.observation);
  assert.equal(turn!.calls, 3);
});

test('[E35] a call without its action, an observation alone, lifecycle entries: all are said', () => {
  const [turn] = turnsOf([
    node({ node: 'missing', row: -1 }), answer(2), node({ kind: 'observation' }), node({ kind: 'lifecycle', name: 'TASK_STARTED' }),
  ]).get('main')!;
  assert.deepEqual(turn!.said.map(kindOf), ['call', 'call', 'entry']);
  assert.ok(turn!.said.every((one) => !('call' in one) || one.call.observation));
});
