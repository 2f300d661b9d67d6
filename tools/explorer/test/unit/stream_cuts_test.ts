// A stream that is cut anywhere, and resumed: every entry once, in order.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseScanner } from '../../src/core/sse.ts';
import { Applied } from '../../src/worker/applied.ts';
import { FakeIngest, rig, settle } from './line_support.ts';
import { control, frame, kGreeting } from './stream_frames.ts';

/** A log with all that a stream can carry. */
const kLog: { sequence: number; bytes: string }[] = [
  { sequence: 1, bytes: frame(1) },
  { sequence: 2, bytes: frame(2, '{"text":"h\u00e9 \u{1f600} \u202e"}') },
  { sequence: 3, bytes: `id: e-3\nevent: TASK_STARTED\ndata: {"type":"lifecycle"}\n\n` },
  { sequence: 7, bytes: control('gap', { from: 'e-4', to: 'e-7', count: 4, reason: 'corrupt' }, 'e-7') },
  { sequence: 8, bytes: control('envelope_oversize', { id: 'e-8', bytes: 1_048_577 }, 'e-8') },
  { sequence: 9, bytes: `: heartbeat\n\n${frame(9)}` },
  { sequence: 12, bytes: 'id: e-12\n\n' },
  { sequence: 13, bytes: 'id: e-13\nevent: error\ndata: {"an":"entry"}\n\n' },
  { sequence: 14, bytes: frame(14, '{}') },
];
const kIds = ['e-1', 'e-2', 'e-3', 'e-9', 'e-13', 'e-14'];
const after = (id: string | null): string => kGreeting + kLog.filter(({ sequence }) => sequence > Number(/\d+$/.exec(id ?? '0')![0])).map(({ bytes }) => bytes).join('');

for (const end of ['\n', '\r\n', '\r']) {
  test(`[E4] cut at every byte, then resumed: all once, in order (${JSON.stringify(end)})`, () => {
    const whole = new TextEncoder().encode(after(null).replaceAll('\n', end));
    for (let cut = 0; cut <= whole.length; ++cut) {
      const ingest = new FakeIngest();
      const applied = new Applied(ingest);
      const read = (bytes: Uint8Array, piece: number): void => {
        const frames: Parameters<Applied['take']>[0][number][] = [];
        const scanner = new SseScanner({ frame: (one) => frames.push(one), retry: () => {} });
        for (let at = 0; at < bytes.length; at += piece) {
          scanner.push(bytes.slice(at, at + piece));
          applied.take(frames.splice(0));
        }
      };
      read(whole.slice(0, cut), 1 + (cut % 97));
      read(new TextEncoder().encode(after(applied.lastId || null).replaceAll('\n', end)), 50);
      assert.deepEqual(ingest.rows.map(({ id }) => id), kIds, `cut at ${cut}`);
      assert.deepEqual(ingest.marks.map(({ name }) => name), ['gap', 'envelope_oversize'], `cut at ${cut}`);
      assert.deepEqual(ingest.twice, []);
      assert.equal(ingest.rows[1]!.text, '{"text":"h\u00e9 \u{1f600} \u202e"}');
      assert.equal(applied.lastId, 'e-14');
    }
  });
}

test('[E4] a stream cut in a frame asks for what comes after the last whole one', async () => {
  const { stream, opened, clock, ingest, last } = rig({ head: () => 'e-14' });
  stream.start();
  await settle();
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-0');
  await last().say(`${kGreeting}${frame(1)}${frame(2)}id: e-3\nda`);
  await last().end();
  await clock.pass(2000);
  assert.equal(opened.length, 2);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-2');
  await last().say(kGreeting + frame(3));
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'e-2', 'e-3']);
});
test('[E4] a checkpoint moves the resume point and is no row', async () => {
  const { stream, clock, ingest, last } = rig({ head: () => 'e-5' });
  stream.start();
  await settle();
  await last().say(`${kGreeting}${frame(5)}id: e-900\n\n`);
  await last().end();
  await clock.pass(2000);
  assert.equal(last().url.searchParams.get('lastEventId'), 'e-900');
  assert.equal(ingest.rows.length, 1);
});
test('[E4] what a server sends again is not taken again', async () => {
  const { stream, ingest, last } = rig();
  stream.start();
  await settle();
  await last().say(kGreeting + frame(1) + frame(2) + frame(1) + frame(2) + frame(3));
  assert.deepEqual(ingest.rows.map(({ id }) => id), ['e-1', 'e-2', 'e-3']);
});
