import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callNumber } from '../../src/core/call_number.ts';
import { drawnOf, grow, layOut, makeAxis, pan, parseRange, printRange, ticksOf, toMs, toU, zoom } from '../../src/core/waterfall_layout.ts';
import { call, heading, thought } from './story_nodes.ts';

const all = (layout: { fromMs: number; toMs: number }) => ({ fromMs: layout.fromMs, toMs: layout.toMs });
function randomCalls(count: number, seed: number) {
  let state = seed;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  return Array.from({ length: count }, () => {
    const start = random() * 1000;
    return call(start, start + random() * 50, { thread: random() < 0.5 ? 'main' : 'other' });
  });
}

test('[E31] calls of one thread that follow each other share a lane, overlapping ones get more', () => {
  const { lanes } = layOut([call(0, 10), call(10, 20), call(15, 30), call(30, 31)], 100);
  assert.deepEqual(lanes.map((lane) => lane.bars.map((bar) => [bar.startMs, bar.endMs])), [[[0, 10], [10, 20], [30, 31]], [[15, 30]]]);
});

test('[E31] each thread has lanes of its own, in order of appearance, and no two bars of a lane overlap', () => {
  const { lanes } = layOut(randomCalls(500, 7), 2000);
  assert.equal(lanes.reduce((sum, lane) => sum + lane.bars.length, 0), 500);
  for (const lane of lanes) {
    for (let i = 1; i < lane.bars.length; ++i) assert.ok(lane.bars[i - 1]!.endMs <= lane.bars[i]!.startMs);
    assert.ok(lane.bars.every((bar) => bar.node.thread === lane.thread));
  }
  const threads = lanes.map((lane) => lane.thread);
  assert.equal(new Set(threads).size, threads.filter((name, at) => name !== threads[at - 1]).length, 'lanes of a thread stand together');
});

test('[E31] a running bar ends now and keeps its lane as now moves', () => {
  const nodes = [call(0, null), call(5, 6), call(50, 60)];
  for (const now of [7, 55, 500]) {
    const layout = layOut(nodes, now);
    assert.deepEqual(layout.lanes.map((lane) => lane.bars.map((bar) => bar.startMs)), [[0], [5, 50]]);
    assert.equal(layout.lanes[0]!.bars[0]!.endMs, now);
    assert.equal(layout.toMs, Math.max(now, 60));
  }
});

test('[E31] a layout that has grown is the layout of then', () => {
  const nodes = [call(0, 10), call(5, null), call(20, null), thought(7)];
  assert.deepEqual(grow(layOut(nodes, 30), 500), layOut(nodes, 500));
  const still = layOut([call(0, 10)], 30);
  assert.equal(grow(still, 500), still);
});

test('[E31] thoughts are marks of their thread, depends_on is an arrow, headings are nothing', () => {
  const first = call(0, 10, { call: callNumber('a') });
  const layout = layOut([heading('turn'), thought(2), thought(1), first, call(12, 20, { dependsOn: ['a', 'unknown'].map(callNumber) })], 100);
  assert.deepEqual(layout.lanes[0]!.marks.map((mark) => mark.timeMs), [1, 2]);
  assert.deepEqual(layout.arrows.map(({ from, to }) => [from.node, to.startMs]), [[first, 12]]);
});

test('[E33] idle is where nothing runs and nothing is thought; only stretches over a tenth are folded', () => {
  const layout = layOut([call(0, 100), call(105, 200), thought(600), call(1000, 1010)], 0);
  assert.deepEqual(layout.idle, [{ fromMs: 100, toMs: 105 }, { fromMs: 200, toMs: 600 }, { fromMs: 600, toMs: 1000 }]);
  assert.deepEqual(makeAxis(layout, true).pieces.filter((one) => one.folded).map((one) => [one.fromMs, one.toMs]), [[200, 600], [600, 1000]]);
  assert.equal(makeAxis(layout, false).spanU, 1010);
  assert.ok(makeAxis(layout, true).spanU < 240);
});

test('[E33] a place on the axis and its time are each other, folded or not, and order is kept', () => {
  const layout = layOut([call(0, 100), call(700, 1000)], 0);
  for (const fold of [true, false]) {
    const axis = makeAxis(layout, fold);
    let before = -1;
    for (let ms = 0; ms <= 1000; ms += 7) {
      const u = toU(axis, ms);
      assert.ok(u > before);
      before = u;
      assert.ok(Math.abs(toMs(axis, u) - ms) < 1e-6);
    }
    assert.equal(toU(axis, -5), 0);
    assert.equal(toU(axis, 5000), axis.spanU);
  }
});

test('[E33] what no call of a turn covers is no trace', () => {
  const layout = layOut([thought(0), call(10, 20), call(15, 30), call(50, 60), call(90, 95, { turn: 1 })], 0);
  assert.deepEqual(layout.lanes[0]!.untraced, [{ fromMs: 0, toMs: 10 }, { fromMs: 30, toMs: 50 }]);
});

test('[E32] zoom keeps the place under the pointer, pan moves, neither leaves the axis', () => {
  const layout = layOut([call(0, 1000)], 0);
  const axis = makeAxis(layout, true);
  const near = zoom(axis, all(layout), 0.5, 250);
  assert.deepEqual(near, { fromMs: 125, toMs: 625 });
  assert.deepEqual(pan(axis, near, 0.5), { fromMs: 375, toMs: 875 });
  assert.deepEqual(pan(axis, near, -9), { fromMs: 0, toMs: 500 });
  assert.deepEqual(pan(axis, near, 9), { fromMs: 500, toMs: 1000 });
  assert.deepEqual(zoom(axis, near, 100, 250), all(layout));
});

test('[E32] the range in the address comes back, in ns', () => {
  const range = { fromMs: 1795224245120.5, toMs: 1795224245131.25 };
  assert.equal(printRange(range), '1795224245120500000-1795224245131250000');
  const back = parseRange(printRange(range))!;
  assert.ok(Math.abs(back.fromMs - range.fromMs) < 0.001 && Math.abs(back.toMs - range.toMs) < 0.001);
  for (const bad of [undefined, '', '5', '9-3', 'a-b', '-', '1-2-3']) assert.equal(parseRange(bad), null);
});

test('[E34] bars under one pixel become one with a count, failures among them are counted', () => {
  const nodes = Array.from({ length: 1000 }, (_, at) => call(at, at + 0.5, { failed: at === 500 }));
  nodes.push(call(5000, 10_000));
  const layout = layOut(nodes, 0);
  const axis = makeAxis(layout, false);
  const drawn = drawnOf(layout.lanes[0]!, axis, all(layout), 1000);
  assert.equal(drawn.reduce((sum, one) => sum + one.count, 0), 1001);
  assert.equal(drawn.reduce((sum, one) => sum + one.failed, 0), 1);
  assert.ok(drawn.length <= 3, `${drawn.length}`);
  const near = drawnOf(layout.lanes[0]!, axis, { fromMs: 100, toMs: 104 }, 1000);
  assert.deepEqual(near.map((one) => [one.bar.startMs, one.count, Math.round(one.x)]), [[100, 1, 0], [101, 1, 250], [102, 1, 500], [103, 1, 750], [104, 1, 1000]]);
});

test('[E34] however many bars, what is drawn is bounded by the pixels', () => {
  const layout = layOut(Array.from({ length: 40_000 }, (_, at) => call(at * 3, at * 3 + 1)), 0);
  const drawn = drawnOf(layout.lanes[0]!, makeAxis(layout, true), all(layout), 800);
  assert.ok(drawn.length <= 800, `${drawn.length}`);
  assert.equal(drawn.reduce((sum, one) => sum + one.count, 0), 40_000);
});

test('[E32] labels stand at round times from the start, none in a fold', () => {
  const layout = layOut([call(0, 1000), call(9000, 10_000)], 0);
  const axis = makeAxis(layout, true);
  const ticks = ticksOf(axis, all(layout), 900);
  assert.ok(ticks.length >= 6 && ticks.length <= 14, `${ticks}`);
  assert.ok(ticks.every((ms) => (ms <= 1000 || ms >= 9000) && ms % 100 === 0), `${ticks}`);
});

test('[E31] one entry, and nothing at all, have an axis too', () => {
  for (const nodes of [[thought(5)], []]) {
    const layout = layOut(nodes, 7);
    const axis = makeAxis(layout, true);
    assert.ok(axis.spanU > 0 && axis.toMs > axis.fromMs);
    assert.ok(ticksOf(axis, { fromMs: axis.fromMs, toMs: axis.toMs }, 500).length < 50);
  }
});
