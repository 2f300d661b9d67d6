import assert from 'node:assert/strict';
import test from 'node:test';
import { layoutGraph } from '../../src/core/graph_layout.ts';

function graphOf(nodes: number, edges: number): { ids: string[]; edges: number[] } {
  const ids = Array.from({ length: nodes }, (_, i) => `server${i % 5}/tool_${i}`);
  // A chain of neighbourhoods: each tool follows one of the few before it.
  const list = Array.from({ length: edges }, (_, e) => [e % nodes, (e * 7 + 1 + (e % 3)) % nodes, 0.5 + (e % 5) / 10]).flat();
  return { ids, edges: list };
}
const byId = (ids: string[], places: Float64Array): [string, number, number][] =>
  ids.map((id, i): [string, number, number] => [id, places[2 * i]!, places[2 * i + 1]!]).sort(([a], [b]) => (a < b ? -1 : 1));

test('[E42] the same snapshot is the same picture, in whatever order it is told', () => {
  const { ids, edges } = graphOf(40, 60);
  const places = layoutGraph({ ids, edges });
  assert.deepEqual(layoutGraph({ ids, edges }), places);
  const turned = ids.toReversed(), last = ids.length - 1;
  const turnedEdges: number[] = [];
  for (let e = edges.length - 3; e >= 0; e -= 3) turnedEdges.push(last - edges[e]!, last - edges[e + 1]!, edges[e + 2]!);
  const again = layoutGraph({ ids: turned, edges: turnedEdges });
  assert.deepEqual(byId(turned, again), byId(ids, places));
});
test('[E42] everything lies on the sheet, and no two on one another', () => {
  const { ids, edges } = graphOf(200, 400);
  const places = layoutGraph({ ids, edges });
  assert.ok(places.every((at) => at >= 0 && at <= 1));
  let nearest = Infinity;
  for (let i = 0; i < 200; i++) for (let j = 0; j < i; j++) nearest = Math.min(nearest, Math.hypot(places[2 * i]! - places[2 * j]!, places[2 * i + 1]! - places[2 * j + 1]!));
  assert.ok(nearest > 0.004, `${nearest}`);
});
test('[E42] what is linked is nearer than what is not', () => {
  // Two groups of ten, and one bridge.
  const ids = Array.from({ length: 20 }, (_, i) => `t${i}`), edges: number[] = [0, 10, 0.5];
  for (const base of [0, 10]) for (let i = 0; i < 10; i++) for (let j = 0; j < i; j++) edges.push(base + i, base + j, 0.8);
  const places = layoutGraph({ ids, edges });
  const mean = (pairs: [number, number][]): number =>
    pairs.reduce((sum, [i, j]) => sum + Math.hypot(places[2 * i]! - places[2 * j]!, places[2 * i + 1]! - places[2 * j + 1]!), 0) / pairs.length;
  const inside: [number, number][] = [], across: [number, number][] = [];
  for (let i = 0; i < 20; i++) for (let j = 0; j < i; j++) (i < 10 === j < 10 ? inside : across).push([i, j]);
  assert.ok(mean(inside) * 2 < mean(across), `${mean(inside)} ${mean(across)}`);
});
test('[E42] none, one, and twice the same id', () => {
  assert.equal(layoutGraph({ ids: [], edges: [] }).length, 0);
  assert.deepEqual([...layoutGraph({ ids: ['a'], edges: [] })], [0.5, 0.5]);
  assert.ok(layoutGraph({ ids: ['a', 'a'], edges: [] }).every(Number.isFinite));
});
