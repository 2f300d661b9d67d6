import assert from 'node:assert/strict';
import { test } from 'node:test';
import { align } from '../../src/core/align.ts';
import { callLines, differences, toolLines } from '../../src/core/compare.ts';
import { call } from './story_nodes.ts';

const rows = (a: string, b: string) => align([...a], [...b], (x, y) => x === y);
function longest(a: string, b: string): number {
  if (!a || !b) return 0;
  return a[0] === b[0] ? 1 + longest(a.slice(1), b.slice(1)) : Math.max(longest(a.slice(1), b), longest(a, b.slice(1)));
}

test('[E48] alignment keeps both sequences whole, in order, and shares as much as can be', () => {
  for (const [a, b] of [['', ''], ['', 'xy'], ['xy', ''], ['abcbdab', 'bdcaba'], ['abc', 'abc'], ['abc', 'xyz'], ['aaab', 'baaa'], ['abcd', 'acbd']]) {
    const got = rows(a!, b!);
    assert.equal(got.map(([one]) => one ?? '').join(''), a);
    assert.equal(got.map(([, one]) => one ?? '').join(''), b);
    const both = got.filter(([x, y]) => x !== null && y !== null);
    assert.ok(both.every(([x, y]) => x === y));
    assert.equal(both.length, longest(a!, b!), `${a} ${b}`);
  }
});

test('[E48] sequences of 3000 with nothing in common at their ends are aligned at once', () => {
  const a = Array.from({ length: 3000 }, (_, at) => (at * 7) % 11), b = Array.from({ length: 3000 }, (_, at) => (at * 5) % 13);
  assert.ok(align(a, b, (x, y) => x === y).length >= 3000);
});

test('[E48] calls of three traces stand in rows by tool; one that lacks a call has nothing there', () => {
  const of = (tools: string) => [...tools].map((tool) => call(0, 1, { tool, server: '' }));
  const lines = callLines([of('abc'), of('ac'), of('abxc')]);
  assert.deepEqual(lines.map((line) => [line.tool, line.calls.map((one) => one?.tool ?? '-').join('')]),
    [['a', 'aaa'], ['b', 'b-b'], ['x', '--x'], ['c', 'ccc']]);
  assert.deepEqual(callLines([of('ab')]).map((line) => line.calls.length), [1, 1]);
});

test('[E48] per tool: calls, errors, time of each trace, and whether they differ', () => {
  const lines = toolLines([[call(0, 5), call(0, 7)], [call(0, 5, { failed: true }), call(0, 1, { server: '', tool: 'x' })]]);
  assert.deepEqual(lines.map((line) => [line.tool, line.of, line.differs]), [
    ['files/read', [{ calls: 2, errors: 0, totalMs: 12 }, { calls: 1, errors: 1, totalMs: 5 }], true],
    ['x', [{ calls: 0, errors: 0, totalMs: 0 }, { calls: 1, errors: 0, totalMs: 1 }], true],
  ]);
});

test('[E48] arguments that differ are named by path, order of members is no difference', () => {
  assert.deepEqual(differences([{ a: 1, b: { c: 2 } }, { b: { c: 2 }, a: 1 }]), []);
  assert.deepEqual(differences([{ a: 1, b: { 'c/d': 2 } }, { a: 1, b: { 'c/d': 3 } }, { a: 1 }]), [{ path: '/b/c~1d', values: [2, 3, undefined] }]);
  assert.deepEqual(differences([[1], [2]]), [{ path: '/', values: [[1], [2]] }]);
  assert.deepEqual(differences([{ a: {} }, {}]), [{ path: '/a', values: [{}, undefined] }]);
  const hostile = JSON.parse('{"__proto__":{"x":1},"constructor":1}') as unknown;
  assert.deepEqual(differences([hostile, {}]).map((one) => one.path), ['/__proto__/x', '/constructor']);
});
