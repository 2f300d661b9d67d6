// The disk refuses under a running server: what is acknowledged stays, the rest is
// refused with the reason, and the server goes on by itself when the disk does.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import {
  Server, binary, eventSource, later, metrics, plainEnv, run, scratch, sdkClient, slow, thought, until,
} from './support.mjs';

const limit = { timeout: 120_000 * slow };
const tools = { builtin: { tools: 'all' } };

// Publishes one after the other and remembers what was acknowledged.
class Publisher {
  // `more()`: what else is in each envelope
  constructor(server, more = () => ({})) {
    this.server = server;
    this.more = more;
    this.acknowledged = [];  // {id, n}
    this.next = 0;
  }
  async publish() {
    const n = this.next++;
    const answer = await this.server.publish({ ...thought(n), ...this.more() });
    const told = await answer.json();
    if (answer.status === 200) this.acknowledged.push({ id: told.ids[0], n });
    return { status: answer.status, told };
  }
  async some(count) {
    for (let i = 0; i < count; ++i) assert.equal((await this.publish()).status, 200);
  }
}

const readiness = async (server) => (await fetch(`${server.url}/readyz`)).status;

// Why /readyz says that the recorder is not ready.
async function unready(server) {
  const ready = await fetch(`${server.url}/readyz`);
  assert.equal(ready.status, 503);
  const { reasons } = await ready.json();
  const recorder = reasons.find((one) => one.part === 'recorder');
  assert.ok(recorder, JSON.stringify(reasons));
  return recorder.reason;
}

// While the disk refuses: /readyz, /metrics, publishes and calls say so and why.
async function refuses(t, server, publisher, reason) {
  await until('a refused publish', async () => (await publisher.publish()).status === 503, 30_000);
  const { told } = await publisher.publish();
  assert.equal(told.error, 'RECORDER_UNAVAILABLE', JSON.stringify(told));
  assert.match(await unready(server), reason);
  const seen = await metrics(server);
  assert.equal(seen.get('recorder_failing'), 1);
  assert.ok(seen.get('recorder_failures_total') >= 1);
  assert.ok(seen.get('recorder_queue_entries') >= 1, 'what met the refusal is kept for the next try');
  assert.ok(seen.get('bus_refused_total{reason="unavailable"}') >= 1);
}

async function callsAreRefused(client) {
  await assert.rejects(client.callTool({ name: 'echo', arguments: { text: 'untraced' } }), /503|recorder|record/i);
}

async function isWell(server) {
  await until('/readyz 200', async () => await readiness(server) === 200, 30_000);
  const seen = await metrics(server);
  assert.equal(seen.get('recorder_failing'), 0);
}

// The disk is well again: by itself, with nothing lost, live and after a restart.
async function goesOn(t, server, publisher, source) {
  await isWell(server);
  await publisher.some(3);
  const told = publisher.acknowledged;
  await until('the last event', () => source.seen.some((event) => event.id === told.at(-1).id), 30_000);
  const seen = new Map(source.seen.map((event) => [event.id, event.data]));
  for (const { id, n } of told) assert.equal(JSON.parse(seen.get(id) ?? '{}').turn_index, n, `live: ${id}`);
  assert.deepEqual(source.seen.map(sequence), count(1, source.seen.length), 'dense, in order, each once');

  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  const again = await Server.start(t, { dir: server.dir });
  const replay = await eventSource(t, again, { route: '/trace/stream?lastEventId=earliest' });
  await until('the replay', () => replay.seen.length >= source.seen.length);
  assert.deepEqual(replay.seen.slice(0, source.seen.length), source.seen, 'what was seen is what is kept');
  assert.equal(replay.seen.filter((event) => event.data.includes('untraced')).length, 0, 'a refused call left no trace');
}

// A file system of its own, or null where this user may not mount.
function smallDisk(t, size) {
  const dir = scratch(t);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    return null;
  }
  later(t, () => execFileSync('umount', ['-l', dir]));
  return dir;
}

const sequence = (event) => Number(event.id.split('-')[1]);
const count = (from, to) => Array.from({ length: to - from + 1 }, (_, n) => from + n);

// A directory that may go away without the folder it lies in.
function inside(folder) {
  fs.mkdirSync(path.join(folder, 'log'));
  return path.join(folder, 'log');
}

const mayNotMount = 'this user may not mount a tmpfs';

function fill(file) {
  const fd = fs.openSync(file, 'a');
  try {
    for (let size = 64 * 1024; size > 0; size >>= 1)
      try { for (;;) if (fs.writeSync(fd, Buffer.alloc(size)) < size) break; } catch (why) { assert.equal(why.code, 'ENOSPC'); }
  } finally {
    fs.closeSync(fd);
  }
}

// A server whose disk obeys `order('EROFS')`, `order('EIO fdatasync')`, `order('HANG
// fdatasync')`, `order(null)`.
async function serverOnFailingDisk(t, options = {}) {
  const dir = scratch(t);
  const file = path.join(scratch(t), 'order');
  const server = await Server.start(t, {
    dir, ...options,
    env: {
      LD_PRELOAD: process.env.DEVS_FAILING_DISK, DEVS_FAILING_DIR: dir, DEVS_FAILING_ORDER: file,
      // AddressSanitizer wants to be loaded first; its interceptors are called all the same.
      ASAN_OPTIONS: [process.env.ASAN_OPTIONS, 'verify_asan_link_order=0'].filter(Boolean).join(':'),
    },
  });
  const order = (what) => {
    if (what === null) return fs.rmSync(file, { force: true });
    fs.writeFileSync(`${file}.new`, what);
    fs.renameSync(`${file}.new`, file);
  };
  return { server, order };
}

test('full disk: refused with the reason, and goes on by itself when there is room', limit, async (t) => {
  const dir = smallDisk(t, '1m');
  if (!dir) return t.skip(mayNotMount);
  const server = await Server.start(t, { dir, config: tools });
  const source = await eventSource(t, server);
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  const publisher = new Publisher(server);
  await publisher.some(20);
  const filler = path.join(dir, 'filler');
  fill(filler);
  await refuses(t, server, publisher, /No space left on device/);
  await callsAreRefused(client);
  fs.rmSync(filler);
  await goesOn(t, server, publisher, source);
});

// 200 KB in each envelope that zstd can make little of.
const noise = () => ({ noise: crypto.randomBytes(100_000).toString('hex') });
// Little memory, so that what the disk gave up is not read from there.
const smallSegments = { trace: { segment_bytes: 1 << 20, ring_bytes: 1 << 20 } };

// First sequences of the sealed segments, and of those still to be sealed.
function segments(server) {
  const names = fs.readdirSync(path.join(server.dir, 'segments')).sort();
  const bases = (ending) => names.filter((name) => name.endsWith(ending)).map((name) => parseInt(name, 10));
  return { sealed: bases('.ndjson.zst'), rolled: bases('.ndjson') };
}

// Segments that the recorder, or the keeper, gave for room.
async function gone(server) {
  const seen = await metrics(server);
  return seen.get('recorder_freed_segments_total') + seen.get('segments_dropped_total');
}

// Whoever reads from the beginning gets each entry, or is told that it is gone.
async function nothingIsMissing(t, server, publisher) {
  const last = Number(publisher.acknowledged.at(-1).id.split('-')[1]);
  const source = await eventSource(t, server, { route: '/trace/stream?lastEventId=earliest', names: ['gap'] });
  await until('the last entry', () => source.seen.some((event) => sequence(event) === last), 30_000);
  const gaps = [];
  let next = source.seen[0].type === 'gap' ? 1 : sequence(source.seen[0]);
  for (const event of source.seen) {
    if (event.type === 'gap') {
      const gap = JSON.parse(event.data);
      const [from, to] = [gap.from, gap.to].map((id) => sequence({ id }));
      assert.equal(gap.count, to - from + 1);
      assert.equal(from, next);
      gaps.push({ from, to, reason: gap.reason });
    } else {
      assert.equal(sequence(event), next);
    }
    next = sequence(event) + 1;
  }
  return { first: sequence(source.seen[0]), gaps };
}

test('[T31] full disk with old segments: the oldest goes and publishing goes on, until none is left that may go', limit, async (t) => {
  const dir = smallDisk(t, '8m');
  if (!dir) return t.skip(mayNotMount);
  const server = await Server.start(t, { dir, config: { ...tools, ...smallSegments } });
  const publisher = new Publisher(server, noise);
  while (await gone(server) < 3) {
    // A refusal is for a moment: the keeper is at work on what will make room.
    await until('a publish is taken', async () => (await publisher.publish()).status === 200, 30_000);
    await until('the keeper follows', () => segments(server).rolled.length === 0, 60_000);  // as at any real pace
    assert.ok(publisher.next < 200, 'the disk is full by now');
  }
  await isWell(server);
  const { first, gaps } = await nothingIsMissing(t, server, publisher);
  assert.ok(first > 1 || gaps[0].from === 1, 'the oldest entries are gone');
  for (const { reason } of gaps) assert.equal(reason, 'expired');

  const filler = path.join(dir, 'filler');
  await until('a disk that stays full', async () => {
    fill(filler);
    return (await publisher.publish()).status === 503;
  }, 30_000);
  await refuses(t, server, publisher, /No space left on device/);
  assert.ok(segments(server).sealed.length >= 1, 'the newest stays');
  fs.rmSync(filler);
  await isWell(server);
  await publisher.some(3);
  await nothingIsMissing(t, server, publisher);
});

test('[T31] full disk: what a trigger pins stays, like the newest; then calls are refused', limit, async (t) => {
  const { server, order } = await serverOnFailingDisk(t, {
    config: { ...tools, ...smallSegments, triggers: { on_error: true, before: 0, after: 0 } },
  });
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  assert.equal((await client.callTool({ name: 'fail', arguments: {} })).isError, true);
  const publisher = new Publisher(server, noise);
  while (segments(server).sealed.length < 4) await publisher.some(1);
  await until('nothing left to seal', () => segments(server).rolled.length === 0);
  const { sealed } = segments(server);
  order('ENOSPC write writev pwrite');
  await refuses(t, server, publisher, /No space left on device/);
  await callsAreRefused(client);
  assert.deepEqual(segments(server).sealed, [sealed[0], sealed.at(-1)]);
  assert.equal(await gone(server), sealed.length - 2);

  order(null);
  await isWell(server);
  await publisher.some(3);
  assert.equal((await nothingIsMissing(t, server, publisher)).first, 1);
  await server.stop();  // what the ring still held is gone with the process
  const again = await Server.start(t, { dir: server.dir });
  const { first, gaps } = await nothingIsMissing(t, again, publisher);
  assert.equal(first, 1);
  assert.deepEqual(gaps, [{ from: sealed[1], to: sealed.at(-1) - 1, reason: 'expired' }]);
});

test('[T31] a sync that fails is final for its file: nothing acknowledged is lost, a new file goes on', limit, async (t) => {
  const { server, order } = await serverOnFailingDisk(t, { config: { ...tools, recorder: { durability: 'synced' } } });
  const source = await eventSource(t, server);
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  const publisher = new Publisher(server);
  await publisher.some(20);
  const file = fs.statSync(server.log).ino;
  order('EIO fdatasync');
  await refuses(t, server, publisher, /Input\/output error/);
  await callsAreRefused(client);
  order(null);
  await isWell(server);
  assert.notEqual(fs.statSync(server.log).ino, file, 'not the file whose sync failed');
  assert.equal(Object.values(segments(server)).flat()[0], 1, 'which was rolled away');
  await goesOn(t, server, publisher, source);
});

test('[T32] a disk that hangs: /readyz and /metrics tell while it does; a full ring refuses; all is answered after', limit, async (t) => {
  const { server, order } = await serverOnFailingDisk(t, {
    config: { recorder: { durability: 'synced' }, trace: { ring_entries: 64 } },
  });
  const source = await eventSource(t, server);
  const publisher = new Publisher(server);
  await publisher.some(5);
  order('HANG fdatasync');
  const publish = () => publisher.publish().catch((why) => ({ status: why.message }));
  const waiting = count(1, 63).map(publish);
  await until('63 that wait', async () => (await metrics(server)).get('recorder_queue_entries') === 63);
  assert.equal(await readiness(server), 200, 'it may be no more than slow');
  const early = (await metrics(server)).get('recorder_queue_oldest_ms');
  await until('/readyz 503', async () => await readiness(server) === 503, 30_000);
  assert.match(await unready(server), /^the disk is slow: 63 entries wait for it, the oldest for \d+ s$/);
  const seen = await metrics(server);
  assert.ok(seen.get('recorder_queue_oldest_ms') >= Math.max(early, 5000), 'its age grows although nothing moves');
  assert.equal(seen.get('recorder_failing'), 0);
  assert.equal(seen.get('bus_refused_total{reason="full"}'), 0);
  assert.equal(source.seen.length, 5);

  waiting.push(publish());
  await until('a full ring', async () => (await metrics(server)).get('recorder_queue_entries') === 64);
  const { status, told } = await publisher.publish();
  assert.equal(status, 503);
  assert.equal(told.error, 'TRACE_FULL');
  assert.match(await unready(server), /^the trace is full: 64 entries wait for the disk/);
  assert.equal((await metrics(server)).get('bus_refused_total{reason="full"}'), 1);

  order(null);
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 200);
  await isWell(server);
  const after = await metrics(server);
  assert.equal(after.get('recorder_queue_entries'), 0);
  assert.equal(after.get('recorder_queue_oldest_ms'), 0);
  await until('the reader has all', () => source.seen.length === 69);
});

test('file size limit: refused with the reason, and goes on by itself when it is raised', limit, async (t) => {
  const server = await Server.start(t, { config: tools });
  const source = await eventSource(t, server);
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  const publisher = new Publisher(server);
  await publisher.some(20);
  const fsize = (bytes) => execFileSync('prlimit', ['--pid', server.pid, `--fsize=${bytes}:unlimited`]);
  fsize(fs.statSync(server.log).size + 10);  // the next line is torn
  await refuses(t, server, publisher, /File too large/);
  await callsAreRefused(client);
  fsize('unlimited');
  await goesOn(t, server, publisher, source);
});

test('read-only: refused with the reason, and goes on by itself when it may write', limit, async (t) => {
  const { server, order } = await serverOnFailingDisk(t, { config: tools });
  const source = await eventSource(t, server);
  const client = await sdkClient(t, server);
  client.onerror = () => {};
  const publisher = new Publisher(server);
  await publisher.some(20);
  order('EROFS');
  await refuses(t, server, publisher, /Read-only file system/);
  await callsAreRefused(client);
  order(null);
  await goesOn(t, server, publisher, source);
});

test('[T30] read-only, and told to continue: publishes and calls go on, and the gap is declared', limit, async (t) => {
  const { server, order } = await serverOnFailingDisk(t, {
    config: { ...tools, recorder: { on_failure: 'continue' }, trace: { ring_entries: 64 } },
  });
  const live = await eventSource(t, server, { names: ['gap'] });
  const client = await sdkClient(t, server);
  const publisher = new Publisher(server);
  await publisher.some(20);
  order('EROFS');
  await publisher.some(100);
  const { content } = await client.callTool({ name: 'echo', arguments: { text: 'untraced' } });
  assert.equal(content[0].text, 'untraced');
  await until('live readers see all', () => live.seen.length === 122);
  assert.deepEqual(live.seen.map(sequence), count(1, 122));
  assert.equal(live.seen.filter((event) => event.type === 'gap').length, 0);
  assert.match(await unready(server), /Read-only file system/);
  let seen = await metrics(server);
  assert.equal(seen.get('recorder_failing'), 1);
  assert.equal(seen.get('recorder_lost_entries_total'), 102, 'those after the twentieth');
  assert.equal(seen.get('recorder_entries_total'), 20);

  order(null);
  await isWell(server);  // although nobody publishes
  await publisher.some(3);
  seen = await metrics(server);
  assert.equal(seen.get('recorder_entries_total') + seen.get('recorder_lost_entries_total'), 125);

  const [epoch] = live.seen[0].id.split('-');
  const gap = { from: `${epoch}-21`, to: `${epoch}-122`, count: 102, reason: 'recorder' };
  const declared = [...count(11, 20), gap, ...count(123, 125)];
  const told = (source) => source.seen.map((event) => event.type === 'gap' ? JSON.parse(event.data) : sequence(event));
  const reader = async (from, route) => {
    const source = await eventSource(t, from, { route, names: ['gap'] });
    await until(`${route} came to its end`, () => source.seen.some((event) => sequence(event) === 125));
    return source;
  };
  // Without a filter frames made for the live reader would still be at hand.
  const resumed = await reader(server, `/trace/stream?type=thought&lastEventId=${epoch}-10`);
  assert.deepEqual(told(resumed), declared, 'resumed before the gap');
  seen = await metrics(server);
  assert.equal(seen.get('stream_gaps_total{reason="recorder"}'), 1);
  const inMemory = await reader(server, `/trace/stream?lastEventId=${epoch}-100`);
  assert.deepEqual(told(inMemory), count(101, 125), 'what is still in memory is no gap');
  const replay = await (await fetch(`${server.url}/trace/replay?from=${epoch}-11&speed=max`)).text();
  const replayed = [...replay.matchAll(/^id: (.*)\n(?:event: (.*)\n)?data: (.*)$/gm)]
    .map(([, id, type, data]) => ({ id, type, data })).filter((event) => event.type !== 'replay_end');
  assert.deepEqual(told({ seen: replayed }), declared, 'replayed');

  await server.stop();
  const again = await Server.start(t, { dir: server.dir });
  const afresh = await reader(again, `/trace/stream?lastEventId=${epoch}-10`);
  assert.deepEqual(told(afresh), declared, 'after a restart');
});

test('directory moved away and back: refused with the reason, then it goes on', limit, async (t) => {
  const server = await Server.start(t, { dir: inside(scratch(t)) });
  const source = await eventSource(t, server);
  const publisher = new Publisher(server);
  await publisher.some(20);
  fs.renameSync(server.dir, `${server.dir}.away`);
  await refuses(t, server, publisher, /deleted or replaced|No such file/);
  assert.equal(fs.existsSync(server.dir), false, 'no second log begins beside the first');
  fs.renameSync(`${server.dir}.away`, server.dir);
  await goesOn(t, server, publisher, source);
});

test('directory deleted while running: refused with the reason, and a restart begins a new log', limit, async (t) => {
  const dir = inside(scratch(t));
  const server = await Server.start(t, { dir });
  const source = await eventSource(t, server);
  const publisher = new Publisher(server);
  await publisher.some(20);
  fs.rmSync(dir, { recursive: true });
  await refuses(t, server, publisher, /deleted or replaced|No such file/);
  await until('all that was acknowledged', () => source.seen.length >= publisher.acknowledged.length);
  assert.equal(source.seen.length, publisher.acknowledged.length, 'nobody saw what was refused');
  const end = await server.stop();
  assert.equal(end.signal, null, 'it ends by itself');

  const again = await Server.start(t, { dir: inside(path.dirname(dir)) });
  const afresh = new Publisher(again);
  await afresh.some(1);
  assert.equal(afresh.acknowledged[0].id.split('-')[1], '1');
  assert.notEqual(afresh.acknowledged[0].id.split('-')[0], publisher.acknowledged[0].id.split('-')[0], 'another epoch');
});

test('two processes, one directory: the second is refused by name, the first goes on', limit, async (t) => {
  const server = await Server.start(t);
  const publisher = new Publisher(server);
  await publisher.some(1);
  const second = await run(binary, ['serve', '--port', '0', '--trace-dir', server.dir], { env: plainEnv() });
  assert.notEqual(second.code, 0);
  assert.match(second.err, new RegExp(`in use by process ${server.pid}`));
  assert.equal(second.err.trim().split('\n').length, 1, second.err);
  await publisher.some(1);
});
