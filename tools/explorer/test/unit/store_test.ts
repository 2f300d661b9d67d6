import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Store } from '../../src/worker/store.ts';
import { View } from '../../src/worker/view.ts';
import { action, allRows, bytes, frame, kEpoch, observation, shuffled, thought } from './store_frames.ts';

const text = (store: Store, row: number): string => new TextDecoder().decode(store.body(row));
const ids = (store: Store): string[] => allRows(store).map((row) => store.id(row));

test('[E4] rows are unique by id and stand in bus order, however they come', () => {
  const frames = Array.from({ length: 40 }, (_, n) => frame(n + 1, thought(`t-${n % 3}`, `thought ${n}`)));
  const expected = frames.map(({ id }) => id);
  for (let seed = 1; seed <= 200; ++seed) {
    const store = new Store();
    const order = shuffled(frames, seed);
    // In pieces, each piece overlapping the one before.
    for (let at = 0; at < order.length; at += 5) store.add(order.slice(Math.max(0, at - 3), at + 5), seed % 2 === 0);
    assert.deepEqual(ids(store), expected, `seed ${seed}`);
    for (const [at, row] of allRows(store).entries()) assert.equal(text(store, row), new TextDecoder().decode(frames[at]!.body));
  }
});

test('[E4] cut at any place and resumed with overlap: nothing twice, nothing missing', () => {
  const frames = Array.from({ length: 30 }, (_, n) => frame(n + 1, n % 2 ? observation('t', `c-${n >> 1}`) : action('t', `c-${n >> 1}`)));
  for (let cut = 0; cut <= frames.length; ++cut) {
    for (const overlap of [0, 1, 7]) {
      const store = new Store();
      store.add(frames.slice(0, cut));
      store.add(frames.slice(Math.max(0, cut - overlap)));
      assert.deepEqual(ids(store), frames.map(({ id }) => id));
      assert.equal(store.running, 0);
      assert.equal(store.received, 30);
      assert.equal(store.lastId, `${kEpoch}-30`);
      assert.equal(store.firstId, `${kEpoch}-1`);
    }
  }
});

test('[E4] sequences may have holes; older history fills them and comes before everything', () => {
  const store = new Store();
  store.add([frame(100, thought('t', 'x')), frame(103, thought('t', 'y'))]);
  store.add([frame(90, thought('t', 'a')), frame(91, thought('t', 'b')), frame(101, thought('t', 'c'))], true);
  assert.deepEqual(ids(store), [90, 91, 100, 101, 103].map((n) => `${kEpoch}-${n}`));
  assert.equal(store.received, 2);
  assert.ok(store.has(`${kEpoch}-101`));
  assert.ok(!store.has(`${kEpoch}-102`));
  assert.ok(!store.has('aaaaaaaaaa-101'));
  assert.equal(store.rowOf(`${kEpoch}-91`), store.columns.first + 1);
  assert.equal(store.rowOf(`${kEpoch}-92`), -1);
});

test('[E4] rows that make room keep their pairs, roll-ups and running calls', () => {
  const store = new Store();
  store.add([frame(10, action('t', 'c-1')), frame(11, observation('t', 'c-1')), frame(12, action('t', 'c-2')), frame(20, thought('u', 'x'))]);
  store.add([frame(15, thought('v', 'late')), frame(5, action('t', 'c-0'))], true);
  const [first, one, two] = allRows(store);
  assert.equal(store.pairOf(one!), two);
  assert.equal(store.pairOf(two!), one);
  assert.ok(store.isRunning(first!));
  store.add([frame(21, observation('t', 'c-2')), frame(22, observation('t', 'c-0'))]);
  assert.equal(store.running, 0);
  assert.equal(store.pairOf(first!), store.columns.end - 1);
  assert.equal(store.traces.get('t')!.firstRow, first);
  assert.equal(store.traces.get('t')!.calls, 3);
});

test('[E4] what a new tab asks of another is all that is here, and makes the same rows', () => {
  const store = new Store();
  store.add([frame(1, action('t', 'c')), frame(2, observation('t', 'c'))]);
  store.mark('gap', JSON.stringify({ from: `${kEpoch}-3`, to: `${kEpoch}-8`, count: 6, reason: 'expired' }), `${kEpoch}-8`);
  store.add([frame(9, thought('t', 'x'))]);
  assert.deepEqual(store.since('', 100).map(({ event, id }) => [event, id]), [['', `${kEpoch}-1`], ['', `${kEpoch}-2`], ['gap', `${kEpoch}-8`], ['', `${kEpoch}-9`]]);
  assert.deepEqual(store.since(`${kEpoch}-2`, 1).map(({ id }) => id), [`${kEpoch}-8`]);
});

test('[E16] the oldest rows leave first at the cap, and older history a person asked for may go beyond it', () => {
  const store = new Store({ mostRows: 100, mostBodyBytes: 48 << 20 });
  store.add(Array.from({ length: 250 }, (_, n) => frame(n + 1, thought(`t-${n}`, 'x'))));
  assert.equal(store.columns.size, 100);
  assert.equal(store.evicted, 150);
  assert.equal(store.firstId, `${kEpoch}-151`);
  assert.equal(store.traces.size, 100);
  assert.ok(!store.has(`${kEpoch}-150`));
  store.add(Array.from({ length: 50 }, (_, n) => frame(n + 101, thought('t', 'x'))), true);
  assert.equal(store.firstId, `${kEpoch}-101`);
  store.add([frame(251, thought('t', 'x'))]);
  assert.equal(store.firstId, `${kEpoch}-102`);
});

test('[E16] bodies leave before their rows, and the row says so', async () => {
  const store = new Store({ mostRows: 1000, mostBodyBytes: 3 << 20 });
  const long = 'x'.repeat(100_000);
  store.add(Array.from({ length: 60 }, (_, n) => frame(n + 1, thought('t', `${n} ${long}`))));
  assert.equal(store.columns.size, 60);
  assert.ok(store.slabs.bytes <= 3 << 20);
  const rows = await new View(store).read(allRows(store));
  assert.equal(rows[0]!.hasBody, false);
  assert.equal(rows[0]!.size > 100_000, true);
  assert.equal(rows[0]!.summary, '');
  assert.ok(rows[59]!.hasBody && rows[59]!.summary.startsWith('59 xxx'));
});

test('[E16] sums of what is in memory are those of adding the rest alone', () => {
  const frames = Array.from({ length: 300 }, (_, n) => {
    const call = n >> 1, task = `t-${call % 5}`;
    return frame(n + 1, n % 2 ? observation(task, `c-${call}`, { exit_code: call % 3 ? 0 : 1 }) : action(task, `c-${call}`));
  });
  const store = new Store({ mostRows: 77, mostBodyBytes: 48 << 20 }), rest = new Store();
  store.add(frames);
  rest.add(frames.slice(-77));
  const sums = (of: Store): unknown => [...of.traces].map(([key, { rows, calls, running, errors, thoughts }]) => ({ key, rows, calls, running, errors, thoughts })).sort((a, b) => (a.key < b.key ? -1 : 1));
  assert.deepEqual(sums(store), sums(rest));
  assert.equal(store.running, rest.running);
});

test('[E16] [E70] once the caps are reached nothing grows any more', () => {
  const store = new Store({ mostRows: 2000, mostBodyBytes: 2 << 20 });
  for (let at = 0; at < 80_000; at += 1000) {
    store.add(Array.from({ length: 1000 }, (_, n) => {
      const call = (at + n) >> 1, more = { agent_id: `a-${call}` };
      return frame(at + n + 1, n % 2 ? observation(`t-${call}`, call % 3 ? `c-${call}` : 'lost', more) : action(`t-${call}`, `c-${call}`, more));
    }));
  }
  assert.equal(store.columns.size, 2000);
  assert.equal(store.traces.size, 1000);
  assert.ok(store.running < 1000 && store.news.length <= 100 && store.touched.length <= 1 << 16);
  assert.ok(store.slabs.bytes <= 2 << 20, `${store.slabs.bytes}`);
  assert.ok(store.columns.ring <= 8192);
  // Names are swept now and then, not at once.
  assert.ok(store.who.size < 20_000 && store.who.values.length < 20_000, `${store.who.size} names for 2000 rows`);
  assert.equal(store.whoOf(store.columns.end - 1).task, 't-39999');
});

test('[E10] gap, reset, evicted, goodbye and oversize envelopes are rows', async () => {
  const store = new Store();
  store.add([frame(1, thought('t', 'x'))]);
  store.mark('gap', JSON.stringify({ from: `${kEpoch}-2`, to: `${kEpoch}-9`, count: 8, reason: 'expired' }), `${kEpoch}-9`);
  store.add([frame(10, thought('t', 'y')), frame(11, thought('u', 'z'))]);
  store.mark('envelope_oversize', JSON.stringify({ id: `${kEpoch}-12`, bytes: 1048577 }), `${kEpoch}-12`);
  store.mark('evicted', '{"reason":"stalled","last_id":"x"}', '');
  store.mark('goodbye', 'not JSON at all', '');
  const rows = await new View(store).read(allRows(store));
  assert.deepEqual(rows.map(({ kind, name, id }) => `${kind} ${name} ${id}`), [
    `thought  ${kEpoch}-1`, `mark gap ${kEpoch}-9`, `thought  ${kEpoch}-10`, `thought  ${kEpoch}-11`, `mark envelope_oversize ${kEpoch}-12`, 'mark evicted ', 'mark goodbye ']);
  assert.equal(rows[1]!.summary, `gap: 8 entries are no longer kept (${kEpoch}-2 to ${kEpoch}-9)`);
  assert.match(rows[4]!.summary, /1048577 bytes/);
  assert.match(rows[5]!.summary, /stalled/);
  assert.equal(store.gapsSeen, 1);
  const { items } = await new View(store).traces({ source: 'live', filter: '', from: 0, count: 9, through: -1 });
  assert.deepEqual(items.map(({ task, incomplete }) => [task, incomplete]), [['t', true], ['u', false]]);
  // The same gap once more (a resume that overlaps) is the same row.
  store.mark('gap', '{}', `${kEpoch}-9`);
  assert.equal(store.columns.size, 7);
});

test('[E10] after a reset old rows stay above the divider and everything else starts anew', async () => {
  const store = new Store(), view = new View(store);
  store.add([frame(1, action('t', 'c-1')), frame(2, action('t', 'c-2'))]);
  assert.equal(store.running, 2);
  store.mark('reset', '{"reason":"epoch","requested":"x","now":"y"}', '');
  store.add([frame(1, observation('t', 'c-1'), 'bbbbbbbbbb'), frame(2, action('u', 'c-3'), 'bbbbbbbbbb')]);
  assert.equal(store.columns.size, 5);
  assert.equal(store.running, 1);
  const { items } = await view.rows({ source: 'live', filter: '', from: -1, count: 9, through: -1 });
  assert.deepEqual(items.map(({ kind, status, id }) => `${kind} ${status} ${id}`), [
    `action  ${kEpoch}-1`, `action  ${kEpoch}-2`, 'mark  ', 'observation SUCCESS bbbbbbbbbb-1', 'action running bbbbbbbbbb-2']);
  assert.deepEqual([...store.traces.keys()], ['t', 'u']);
  assert.equal(store.traces.get('t')!.calls, 0);
  assert.ok(!store.has(`${kEpoch}-1`) && store.has('bbbbbbbbbb-1'));
  // History after a reset comes behind the divider.
  store.mark('gap', '{"count":1}', 'bbbbbbbbbb-7');
  store.add([frame(9, thought('t', 'x'), 'bbbbbbbbbb'), frame(0, thought('t', 'oldest'), 'bbbbbbbbbb')], true);
  assert.deepEqual(ids(store), [`${kEpoch}-1`, `${kEpoch}-2`, '', 'bbbbbbbbbb-0', 'bbbbbbbbbb-1', 'bbbbbbbbbb-2', 'bbbbbbbbbb-7', 'bbbbbbbbbb-9']);
});

test('[E65] hostile envelopes are rows like all others', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const names = `{"type":"action","__proto__":{"task_id":"p"},"task_id":"__proto__","agent_id":"constructor","payload":{"tool_call":{"tool_name":"${'n'.repeat(1 << 20)}","arguments":{"__proto__":"x"}}}}`;
  const bodies = ['', 'no json', '[]', 'null', '7', `{"type":"thought","payload":${deep}}`, names, '{"type":["x"],"turn_index":-1.5,"timestamp_ns":17,"payload":"x"}',
    '{"type":"mark"}', '{"type":"observation","exit_code":1e400,"duration_ms":-4,"stdout":{},"metadata":[]}', '\ufeff{"type":"thought"}'];
  const store = new Store();
  store.add(bodies.map((body, n) => ({ id: `${kEpoch}-${n + 1}`, event: '', body: bytes(body) })));
  const rows = await new View(store).read(allRows(store));
  assert.equal(rows.length, bodies.length);
  assert.deepEqual([0, 1, 2, 3].map((at) => rows[at]!.kind), ['other', 'other', 'other', 'other']);
  assert.match(rows[1]!.summary, /^not JSON: /);
  assert.equal(rows[2]!.summary, 'not an object');
  assert.equal(rows[6]!.task, '__proto__');
  assert.equal(rows[6]!.tool.length, 256);
  assert.equal(rows[8]!.kind, 'other');
  assert.equal(rows[9]!.durationMs, null);
  assert.ok(rows.every(({ summary }) => summary.length <= 200));
  assert.equal(Object.getPrototypeOf({}), Object.prototype);
});

test('[E26] what is no part of a turn has none, though its envelope says 0', async () => {
  const store = new Store();
  store.add([...['graph', 'system', 'lifecycle', 'hitl'].map((type, n) => frame(n + 1, { type, turn_index: 0 })), frame(5, { type: 'lifecycle', turn_index: 3 }), frame(6, { type: 'thought', turn_index: -1 })]);
  assert.deepEqual((await new View(store).read(allRows(store))).map(({ turn }) => turn), [-1, -1, -1, 0, 3, -1]);
});
