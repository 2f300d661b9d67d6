// A replay: what its store holds at each moment, and when the next entry comes by a clock that the
// test moves.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Command } from '../../src/core/protocol.ts';
import type { Clock } from '../../src/worker/clock.ts';
import { Replay } from '../../src/worker/replay.ts';
import { Store } from '../../src/worker/store.ts';
import { View } from '../../src/worker/view.ts';
import { action, frame, kEpoch, observation, thought } from './store_frames.ts';

const kStart = 1795224245000;
const at = (ms: number): { timestamp_ns: string } => ({ timestamp_ns: String(BigInt(kStart + ms) * 1_000_000n) });

class HandClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  now(): number { return this.#now; }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.push(timer);
    return () => { this.#timers = this.#timers.filter((one) => one !== timer); };
  }
  /** What is due in that time happens, each in its turn. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await new Promise(setImmediate); // what waits for no time has happened
      const [next] = this.#timers.toSorted((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.#timers = this.#timers.filter((one) => one !== next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
    }
    this.#now = end;
  }
}

type Order = Extract<Command, { do: 'replay' }>;
interface Played {
  clock: HandClock;
  replay: Replay;
  changes: () => number;
  tell(more: Partial<Order>): void;
  /** Entries in the view of the replay. */
  size(): number;
}
function replayOf(source: View): Played {
  const clock = new HandClock();
  let changes = 0;
  const replay = new Replay(() => ++changes, clock);
  return {
    clock, replay, changes: () => changes,
    tell: (more) => void replay.obey({ do: 'replay', on: true, from: 'live', filter: '', at: -1, step: 0, speed: 0, ...more }, source),
    size: () => replay.view.store.columns.size,
  };
}
/** A thought at each of these times. */
function thoughtsAt(...times: number[]): View {
  const store = new Store();
  store.add(times.map((ms, n) => frame(n + 1, thought('t', `${n}`, at(ms)))));
  return new View(store);
}

test('[E37] a replay shows each moment as it was: what ran then runs; forth, back, step by step', async () => {
  const store = new Store(), source = new View(store);
  store.add([frame(1, action('t', 'a', at(0))), frame(2, action('t', 'b', at(1))), frame(3, observation('t', 'a', at(2))), frame(4, observation('t', 'b', at(3)))]);
  const { clock, replay, tell, changes } = replayOf(source);
  const seen = (): [number, number] => [replay.view.store.columns.size, replay.view.store.running];
  tell({ at: 3 });
  await clock.pass(0);
  assert.deepEqual(seen(), [3, 1]);
  assert.deepEqual(replay.place, { at: 3, of: 4, timeMs: kStart + 2, plays: false });
  tell({ step: 1 });
  await clock.pass(0);
  assert.deepEqual(seen(), [4, 0]);
  tell({ step: 1 });
  await clock.pass(0);
  assert.deepEqual([...seen(), replay.place?.at], [4, 0, 4], 'there is no fifth');
  tell({ step: -1 });
  await clock.pass(0);
  assert.deepEqual(seen(), [3, 1]);
  tell({ at: 1 });
  await clock.pass(0);
  assert.deepEqual(seen(), [1, 1]);
  assert.equal(replay.view.store.firstId, `${kEpoch}-1`);
  tell({ at: 0 });
  await clock.pass(0);
  assert.deepEqual([seen(), replay.place?.timeMs], [[0, 0], 0]);
  tell({ on: false });
  await clock.pass(0);
  assert.deepEqual([seen(), replay.place], [[0, 0], undefined]);
  assert.equal(store.columns.size, 4);
  assert.ok(changes() > 7);
});

test('[E37] the pace is that of the stamps, at 0.5 to 10 times; equal stamps come together, in their order', async () => {
  for (const speed of [0.5, 1, 2, 5, 10]) {
    const { clock, tell, size, replay } = replayOf(thoughtsAt(0, 100, 100, 100, 700, 600, 1000));
    tell({ at: 0, speed });
    await clock.pass(0);
    assert.equal(size(), 1, 'the first comes at once');
    await clock.pass(100 / speed - 1);
    assert.equal(size(), 1);
    await clock.pass(1);
    assert.equal(size(), 4);
    assert.deepEqual(replay.place, { at: 4, of: 7, timeMs: kStart + 100, plays: true });
    await clock.pass(600 / speed - 1);
    assert.equal(size(), 4);
    await clock.pass(1);
    assert.equal(size(), 6, 'a stamp that goes back waits for nothing');
    await clock.pass(400 / speed);
    assert.deepEqual([size(), replay.place?.plays], [7, false], 'at its end it stands still');
    assert.deepEqual(await replay.view.read(Array.from({ length: 7 }, (_, n) => replay.view.store.columns.first + n)).then((rows) => rows.map(({ summary }) => summary)), ['0', '1', '2', '3', '4', '5', '6']);
  }
});

test('[E37] nobody waits longer than two seconds for the next entry', async () => {
  const { clock, tell, size } = replayOf(thoughtsAt(0, 3_600_000, 3_600_500));
  tell({ at: 0, speed: 0.5 });
  await clock.pass(1999);
  assert.equal(size(), 1);
  await clock.pass(1);
  assert.equal(size(), 2);
  await clock.pass(1000);
  assert.equal(size(), 3);
});

test('[E37] a pause stands still, another speed counts from there, a jump goes on playing', async () => {
  const { clock, tell, size, replay } = replayOf(thoughtsAt(...Array.from({ length: 100 }, (_, n) => n * 100)));
  tell({ at: 0, speed: 1 });
  await clock.pass(450);
  assert.equal(size(), 5);
  tell({ speed: 0 });
  await clock.pass(100_000);
  assert.deepEqual([size(), replay.place?.plays], [5, false]);
  tell({ speed: 10 });
  await clock.pass(100);
  assert.equal(size(), 15);
  tell({ at: 90, speed: -1 });
  await clock.pass(0);
  assert.equal(size(), 90);
  await clock.pass(50);
  assert.equal(size(), 95);
  tell({ at: 3, speed: 1 });
  tell({ at: 50, speed: 0 });
  await clock.pass(1000);
  assert.equal(size(), 50, 'the last order counts');
});

test('[E37] a stretch of time bounds it, and what comes later is not in it', async () => {
  const source = thoughtsAt(0, 1000, 2000, 3000);
  const { clock, tell, replay, size } = replayOf(source);
  const iso = (ms: number): string => new Date(kStart + ms).toISOString();
  const filter = `time:${iso(500)}..${iso(2500)}`;
  tell({ filter, at: 0, speed: 10 });
  await clock.pass(0);
  source.store.add([frame(5, thought('t', 'later', at(1500)))]);
  await clock.pass(10_000);
  assert.deepEqual([size(), replay.place?.of], [2, 2]);
  assert.deepEqual([replay.view.store.firstId, replay.view.store.lastId], [`${kEpoch}-2`, `${kEpoch}-3`]);
  tell({ filter: '', at: 0, speed: 10 });
  await clock.pass(10_000);
  assert.equal(size(), 5);
  tell({ filter: `time:${iso(9000)}..`, at: 0, speed: 1 });
  await clock.pass(0);
  assert.deepEqual(replay.place, { at: 0, of: 0, timeMs: 0, plays: false });
});

test('[E37] entries without a stamp and what the stream said of itself keep the time they came', async () => {
  const store = new Store(), source = new View(store);
  store.add([frame(1, thought('t', 'no stamp'))]);
  store.mark('gap', '{"from":"a","to":"b","count":2}', `${kEpoch}-4`);
  const { data, ring, first } = store.columns;
  data.time[first % ring] = data.time[(first + 1) % ring] = kStart;
  const { clock, tell, replay } = replayOf(source);
  tell({ at: 2 });
  await clock.pass(0);
  const rows = await replay.view.read([replay.view.store.columns.first, replay.view.store.columns.first + 1]);
  assert.deepEqual(rows.map(({ kind, name, timeMs, stamped }) => [kind, name, timeMs, stamped]), [['thought', '', kStart, false], ['mark', 'gap', kStart, false]]);
  assert.equal(replay.view.store.traces.get('t')!.startMs, kStart);
});

test('[E37] what has left memory before its turn is not in it, and nothing stands in its place', async () => {
  const store = new Store({ mostRows: 3, mostBodyBytes: 1 << 20 }), source = new View(store);
  store.add([1, 2, 3].map((n) => frame(n, thought('t', `${n}`, at(n)))));
  const { clock, tell, replay, size } = replayOf(source);
  tell({ at: 0 });
  await clock.pass(0);
  store.add([4, 5].map((n) => frame(n, thought('t', `${n}`, at(n)))));
  tell({ at: 3 });
  await clock.pass(0);
  assert.deepEqual([size(), replay.view.store.firstId], [1, `${kEpoch}-3`]);
});

test('[E37] a long log: live orders are heard between its pieces, and a far jump reads no more than it can hold', async () => {
  const lines = Array.from({ length: 103_000 }, (_, n) => JSON.stringify(thought('t', `${n}`, at(0))));
  const store = new Store({ mostRows: 200_000, mostBodyBytes: 0 }), encoder = new TextEncoder();
  let place = 0;
  lines.forEach((line, n) => {
    store.addOfFile({ id: '', event: '', body: encoder.encode(line) }, n + 1, place);
    place += line.length + 1;
  });
  const { clock, tell, replay, size } = replayOf(new View(store, new Blob([`${lines.join('\n')}\n`])));
  tell({ at: 50_000 });
  await new Promise(setImmediate);
  tell({ at: 2000 });
  await clock.pass(0);
  assert.equal(size(), 2000);
  tell({ at: 103_000 });
  await clock.pass(0);
  assert.equal(size(), 100_000);
  assert.equal((await replay.view.read([replay.view.store.columns.first]))[0]!.summary, '3000');
  assert.deepEqual([replay.place?.at, replay.place?.of], [103_000, 103_000]);
});

test('[E37] what comes late into the middle of memory takes no place of what is replayed', async () => {
  const store = new Store(), source = new View(store);
  store.add([1, 2, 3, 10, 11, 12].map((n) => frame(n, thought('t', `${n}`, at(n)))));
  const { clock, tell, replay } = replayOf(source);
  const said = async (): Promise<string[]> => {
    const { first, end } = replay.view.store.columns;
    return (await replay.view.read(Array.from({ length: end - first }, (_, n) => first + n))).map(({ summary }) => summary);
  };
  tell({ at: 1 });
  await clock.pass(0);
  store.add([4, 5, 6].map((n) => frame(n, thought('t', `${n}`, at(n)))), true);
  tell({ at: 6 });
  await clock.pass(0);
  assert.deepEqual(await said(), ['1', '2', '3', '10', '11', '12']);
  tell({ at: 2 });
  await clock.pass(0);
  assert.deepEqual([await said(), replay.place?.timeMs], [['1', '2'], kStart + 2]);
});

test('[E37] the time of an entry that has left memory stays its own', async () => {
  const store = new Store({ mostRows: 3, mostBodyBytes: 1 << 20 });
  store.add([1, 2, 3].map((n) => frame(n, thought('t', `${n}`, at(n)))));
  const { clock, tell, replay } = replayOf(new View(store));
  tell({ at: 1 });
  await clock.pass(0);
  store.add(Array.from({ length: 5000 }, (_, n) => frame(n + 4, thought('t', 'later', at(1000 + n)))));
  assert.equal(replay.place?.timeMs, kStart + 1);
});
