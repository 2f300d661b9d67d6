// Many quiet readers, and readers that vanish.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import test from 'node:test';
import { Server, later, rawGet, slow, thought, until } from './support.mjs';

const limit = { timeout: 120_000 * slow };
// ThreadSanitizer brings a thread of its own.
const sanitizerThreads = slow > 1 ? 1 : 0;

async function readers(server, count) {
  const sockets = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(100, count - sockets.length) }, () => rawGet(server, '/trace/stream'));
    sockets.push(...await Promise.all(some));
  }
  await until(`${count} connected readers`, () => sockets.every((one) => one.text.includes(': connected\n\n')), 30_000);
  return sockets;
}

test('[J7] [S0.5] 2000 readers are held by at most 12 threads, and each sees what is published', limit, async (t) => {
  const server = await Server.start(t);
  const threads = server.threads();
  const sockets = await readers(server, 2000);
  later(t, () => sockets.forEach((one) => one.destroy()));
  assert.ok(server.threads() <= 12 + sanitizerThreads, `${server.threads()} threads`);
  assert.equal(server.threads(), threads, 'a reader brings no thread');
  const { ids: [id] } = await (await server.publish(thought(7))).json();
  const frame = `id: ${id}\ndata: ${JSON.stringify(thought(7))}\n\n`;
  await until('the frame at all readers', () => sockets.every((one) => one.text.includes(frame)), 20_000);
});

test('[S0.5] 1000 abrupt disconnects leave descriptors and memory as they were', limit, async (t) => {
  const server = await Server.start(t);
  const resident = () => Number(/VmRSS:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]);
  const cycle = async (abrupt) => {
    const sockets = await readers(server, 500);
    await server.publish(thought(1));
    sockets.forEach((one, n) => (abrupt && n % 2 ? one.resetAndDestroy() : one.destroy()));
  };
  const baseline = server.descriptors();
  await cycle(false);  // buffers and tables have reached their size
  await until('all descriptors back', () => server.descriptors() <= baseline + 2);
  const before = { descriptors: server.descriptors(), resident: resident() };
  await cycle(true);
  await until('all descriptors back', () => server.descriptors() <= before.descriptors);
  await cycle(true);
  await until('all descriptors back', () => server.descriptors() <= before.descriptors);
  assert.ok(resident() < before.resident + 8 * 1024 * slow, 'memory is back');
  // Nobody is written to any more, and the stream still works.
  const [survivor] = await readers(server, 1);
  await server.publish(thought(2));
  await until('an event after the storm', () => survivor.text.includes('"turn_index":2'));
  survivor.destroy();
});
