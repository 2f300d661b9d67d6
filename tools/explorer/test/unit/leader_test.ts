import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Connection, EventId } from '../../src/core/protocol.ts';
import { Applied } from '../../src/worker/applied.ts';
import { kClock } from '../../src/worker/clock.ts';
import { Family } from '../../src/worker/leader.ts';
import { FakeIngest } from './line_support.ts';

// Two tabs at most: Node posts no Blob to more. Three and eight are in test/browser/leader.mjs.

// One lock per name, in the order asked; `steal` takes it from whoever holds it.
interface Waiting { run: () => Promise<void> | undefined; done: () => void; failed: (error: Error) => void }
const queues = new Map<string, { held: Waiting | null; waiting: Waiting[] }>();
function grant(name: string): void {
  const queue = queues.get(name)!;
  if (queue.held) return;
  const next = queue.waiting.shift();
  if (!next) return;
  queue.held = next;
  void Promise.resolve().then(next.run).then(() => {
    next.done();
    if (queue.held === next) queue.held = null;
    grant(name);
  });
}
const locks = {
  request(name: string, { steal = false, signal }: { steal?: boolean; signal?: AbortSignal }, run: Waiting['run']): Promise<void> {
    const queue = queues.get(name) ?? { held: null, waiting: [] };
    queues.set(name, queue);
    return new Promise((done, failed) => {
      const one = { run, done, failed };
      if (steal) {
        queue.held?.failed(new DOMException('stolen', 'AbortError'));
        queue.held = null;
        queue.waiting.unshift(one);
      } else queue.waiting.push(one);
      signal?.addEventListener('abort', () => {
        queue.waiting = queue.waiting.filter((other) => other !== one);
        failed(new DOMException('left', 'AbortError'));
      });
      grant(name);
    });
  },
};
Object.defineProperty(globalThis.navigator, 'locks', { value: locks });

async function until(what: string, condition: () => boolean): Promise<void> {
  for (let turn = 0; !condition(); ++turn) {
    if (turn > 2000) throw new Error(`never: ${what}`);
    await new Promise((wake) => setTimeout(wake, 2));
  }
}

let families = 0;
/** Tabs of one browser; each counts how often it led and what it fetched. */
function browser(t: TestContext) {
  const name = `test-${++families}`;
  const tab = (has: EventId[] = []) => {
    const ingest = new FakeIngest();
    const since = ingest.since.bind(ingest);
    ingest.since = (id, count) => {
      if (id === '') it.asked++;
      return since(id, count);
    };
    const applied = new Applied(ingest);
    const take = (ids: EventId[]): void => {
      const frames = ids.map((id) => ({ id, name: '', data: new TextEncoder().encode(`of ${id}`) }));
      const after = applied.lastId;
      applied.take(frames);
      it.family?.passOn(frames, after);
    };
    const it = { applied, ingest, take, led: 0, followed: 0, asked: 0, fetched: [] as EventId[][], family: null as Family | null, ids: () => ingest.rows.map(({ id }) => id) };
    take(has);
    const connection: Connection = {
      state: 'live', reason: '', transport: 'fetch', role: 'alone', tabs: 1, lastByteAt: 0, nextTryAt: 0, tries: 0, caughtUp: 0, catchUpTo: 0, lastId: '',
    };
    it.family = new Family({
      name, hasLocks: true, clock: kClock, applied, connection: () => ({ ...connection, lastId: applied.lastId }),
      lead: () => { it.led++; }, follow: () => { it.followed++; }, reconnect: () => {}, changed: () => {},
      fetch: async (from, to) => {
        it.fetched.push([from, to]);
        // What the server has of it; the store puts it where it belongs.
        const [first, last] = [from, to].map((id) => Number(id.slice(2)));
        ingest.add(Array.from({ length: last! - first! - 1 }, (_, n) => ({ id: `e-${first! + 1 + n}`, event: '', body: new Uint8Array(0) })));
      },
    });
    t.after(() => it.family?.leave());
    return it;
  };
  return Object.assign(tab, { channel: name });
}
const ids = (from: number, to: number): EventId[] => Array.from({ length: to - from + 1 }, (_, n) => `e-${from + n}`);

test('[S2.14] [E7] the first tab leads; a new one gets all that was, then all that comes, once', async (t) => {
  const tab = browser(t);
  const leader = tab(ids(1, 5000));
  await until('it leads', () => leader.led === 1);
  const follower = tab();
  await until('it has all', () => follower.ids().length === 5000);
  leader.take(ids(5001, 5010));
  await until('and what came', () => follower.ids().length === 5010);
  assert.deepEqual(follower.ids(), ids(1, 5010));
  assert.deepEqual(follower.ingest.twice, []);
  assert.equal(follower.led, 0);
  assert.equal(follower.family!.role, 'follower');
  assert.equal(leader.asked, 1, 'it was filled once');
});
test('[S2.14] [E7] what comes while a new tab is being filled is neither lost nor doubled', async (t) => {
  const tab = browser(t);
  const leader = tab(ids(1, 5000));
  await until('it leads', () => leader.led === 1);
  const follower = tab();
  for (let n = 5001; n <= 5200; ++n) {
    leader.take([`e-${n}`]);
    if (n % 20 === 0) await new Promise((turn) => setImmediate(turn));
  }
  await until('it has all', () => follower.ids().length >= 5200);
  assert.deepEqual(follower.ids(), ids(1, 5200));
  assert.deepEqual(follower.ingest.twice, []);
});
test('[S2.14] [E7] a tab that ended before the leader begins reads what lies between from the server', async (t) => {
  const tab = browser(t);
  const leader = tab(ids(100, 120));
  await until('it leads', () => leader.led === 1);
  const follower = tab(ids(1, 50));
  await until('it has all', () => follower.ids().includes('e-120'));
  assert.deepEqual(follower.fetched, [['e-50', 'e-100']]);
  assert.deepEqual(follower.ids(), ids(1, 120));
  assert.deepEqual(follower.ingest.twice, []);
});
test('[S2.14] [E7] a leader that was robbed stops first, then follows, and what it still says counts for nothing', async (t) => {
  const tab = browser(t);
  const first = tab(ids(1, 10));
  await until('it leads', () => first.led === 1);
  const second = tab();
  await until('filled', () => second.ids().length === 10);
  second.family!.takeOver();
  await until('roles change', () => second.led === 1 && first.followed === 1 && first.family!.role === 'follower');
  second.take(ids(11, 12));
  await until('it follows', () => first.ids().length === 12);
  assert.deepEqual(first.ids(), ids(1, 12));
  assert.equal(second.family!.role, 'leader');
});

test('[S2.14] [E7] a pack of an older leader counts for nothing, one that begins too late is asked for anew', async (t) => {
  const tab = browser(t);
  const leader = tab(ids(1, 10));
  await until('it leads', () => leader.led === 1);
  const follower = tab();
  await until('filled', () => follower.ids().length === 10);
  // Heard where it is said: Node posts no Blob once a third listens.
  const heard: { say: string; from: string; term: number }[] = [];
  const post = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (said) {
    heard.push(said as typeof heard[0]);
    post.call(this, said);
  };
  t.after(() => { BroadcastChannel.prototype.postMessage = post; });
  await until('a beat', () => heard.some(({ say }) => say === 'beat'));
  const { from, term } = heard.find(({ say }) => say === 'beat')!;
  // By a pack, hence it is in step.
  leader.take(['e-11']);
  await until('in step', () => follower.ids().length === 11);
  const liar = new BroadcastChannel(tab.channel);
  const forged = (id: EventId, more: object) => liar.postMessage({ say: 'pack', from, term, after: 'e-11', ...more,
    pack: { ids: [id], names: [''], sizes: [1], bytes: Uint8Array.of(120) } });
  forged('e-12', { term: term - 1, from: 'old' });
  forged('e-51', { after: 'e-50' });
  liar.close();
  await until('it asks', () => heard.some(({ say }) => say === 'hello'));
  leader.take(['e-12', 'e-13']);
  await until('what the leader says', () => follower.ids().includes('e-13'));
  assert.deepEqual(follower.ids(), ids(1, 13));
  assert.equal(follower.ingest.rows[11]!.text, 'of e-12');
  assert.deepEqual([leader.followed, follower.led], [0, 0]);
});
