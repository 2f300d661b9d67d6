import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admittedOf } from '../../src/core/admitted.ts';
import { call, heading, node } from './story_nodes.ts';

test('[E19] a filter leaves what it admits, both halves of a call, and what they stand under', () => {
  const action = call(0, 1, { row: 10, pair: 11, depth: 2, key: 'a' }), answer = node({ kind: 'observation', row: 11, pair: 10, depth: 3, key: 'o' });
  const other = call(0, 1, { row: 12, pair: 13, depth: 2, key: 'b' }), late = node({ kind: 'observation', row: 13, pair: 12, depth: 3, key: 'p' });
  const nodes = [heading('task', { depth: 0, key: 't' }), heading('turn', { depth: 1, key: '1' }), action, answer, heading('turn', { depth: 1, key: '2' }), other, late];
  const left = (...rows: number[]) => admittedOf(nodes, new Set(rows)).map(({ key }) => key).join('');
  assert.deepEqual([left(11), left(12), left(10, 13), left(), left(99)], ['t1ao', 't2bp', 't1ao2bp', '', '']);
});

test('[E19] children of what is not admitted stay under it', () => {
  const nodes = [node({ row: 1, depth: 0, key: 'a' }), node({ row: 2, depth: 1, key: 'b' }), node({ row: 3, depth: 2, key: 'c' }), node({ row: 4, depth: 0, key: 'd' })];
  assert.equal(admittedOf(nodes, new Set([3])).map(({ key }) => key).join(''), 'abc');
});
