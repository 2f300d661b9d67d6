// The parts of the client that need no server: its reading of event streams, its patience.
// ctest sets DEVS_TYPES, where the built package is.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';

const built = (name) => import(pathToFileURL(path.join(process.env.DEVS_TYPES, name)).href);
const { SseParser, kMaxFrameChars } = await built('sse_parser.js');
const { Backoff } = await built('backoff.js');

const read = (...texts) => {
  const parser = new SseParser();
  return texts.flatMap((text) => parser.push(text));
};

test('[SX.11] frames of every kind are read, whatever their line ends, at every split of their text', () => {
  const stream = ': connected\n\nretry: 2000\n\nid: e-1\ndata: {"a":1}\n\nid: e-2\nevent: gap\ndata:{}\n\n' +
    'id: e-3\n\n:heartbeat\n\ndata: 1\ndata:  2\n\nevent: x\n\nretry: soon\nid: a\0b\nunknown: x\ndata\n\ndata: never ended\n';
  const frames = [{ event: 'message', retry: 2000 }, { event: 'message', id: 'e-1', data: '{"a":1}' },
    { event: 'gap', id: 'e-2', data: '{}' }, { event: 'message', id: 'e-3' }, { event: 'message', data: '1\n 2' },
    { event: 'x' }, { event: 'message', data: '' }];
  for (const end of ['\n', '\r\n', '\r']) {
    const text = stream.replaceAll('\n', end);
    for (let at = 0; at <= text.length; ++at) assert.deepEqual(read(text.slice(0, at), text.slice(at)), frames, `${JSON.stringify(end)} at ${at}`);
    assert.deepEqual(read(...text), frames);
  }
});

test('[SX.11] a large frame in many pieces is whole; one without an end is refused', () => {
  const piece = 'x'.repeat(65_536);
  const parser = new SseParser();
  parser.push('data: ');
  for (let n = 0; n < 32; ++n) assert.deepEqual(parser.push(piece), []);
  assert.equal(parser.push('\n\n')[0].data.length, 32 * piece.length);
  parser.push('data: ');
  assert.throws(() => { for (let n = 0; n <= kMaxFrameChars / piece.length; ++n) parser.push(piece); }, /over 4194304 characters/);
});

test('waits double from 1 s to 30 s, each a random moment of the upper half of its window', () => {
  const waits = (random, least) => {
    const backoff = new Backoff(undefined, undefined, () => random);
    if (least) backoff.atLeast(least);
    return Array.from({ length: 7 }, () => backoff.next());
  };
  assert.deepEqual(waits(0), [1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  assert.deepEqual(waits(1), [2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
  assert.deepEqual(waits(0, 3_172), [3_172, 6_344, 12_688, 15_000, 15_000, 15_000, 15_000], 'what the server asked for is the least');
  assert.deepEqual(waits(0, 20_000)[5], 20_000);
  const backoff = new Backoff(undefined, undefined, () => 0);
  backoff.next();
  backoff.next();
  backoff.succeeded();
  assert.equal(backoff.next(), 1_000);
});
