import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseScanner } from '../../src/core/sse.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
type Heard = (string | null)[] | number;

function scan(chunks: Uint8Array[]): Heard[] {
  const heard: Heard[] = [];
  const scanner = new SseScanner({
    frame: ({ id, name, data }) => heard.push([id, name, data === null ? null : new TextDecoder('utf-8', { ignoreBOM: true }).decode(data)]),
    retry: (ms) => heard.push(ms),
  });
  for (const chunk of chunks) scanner.push(chunk);
  return heard;
}

const kGolden = '\ufeff: connected\n\nretry: 2000\n\nid: e-1\ndata: {"a":"h\u00e9 \u{1f600}"}\n\n: heartbeat\n\nid: e-2\nevent: TASK_STARTED\ndata:{"b":1}\n\n'
  + 'data: first\ndata: second\ndata\ndata:  two spaces\n\nid: e-3\n\nevent: lost\n\nid\ndata: x\n\nid: a\0b\ndata: nul\n\nretry: 1x\nunknown: y\ndata: last\n\ndata: cut off';
const kHeard: Heard[] = [
  2000, ['e-1', '', '{"a":"h\u00e9 \u{1f600}"}'], ['e-2', 'TASK_STARTED', '{"b":1}'], [null, '', 'first\nsecond\n\n two spaces'], ['e-3', '', null],
  ['', '', 'x'], [null, '', 'nul'], [null, '', 'last'],
];
const kEnds = [['LF', '\n'], ['CR', '\r'], ['CRLF', '\r\n']] as const;

for (const [name, end] of kEnds) {
  const golden = bytes(kGolden.replaceAll('\n', end));

  test(`[E4] the scanner hears the same at every split in two, ${name}`, () => {
    for (let at = 0; at <= golden.length; ++at) assert.deepEqual(scan([golden.slice(0, at), golden.slice(at)]), kHeard, `split at ${at}`);
  });
  test(`[E4] the scanner hears the same byte by byte, ${name}`, () => {
    assert.deepEqual(scan([...golden].map((one) => Uint8Array.of(one))), kHeard);
  });
  test(`[E4] the scanner hears the same with an empty piece between any two bytes, ${name}`, () => {
    assert.deepEqual(scan([...golden].flatMap((one) => [new Uint8Array(0), Uint8Array.of(one)])), kHeard);
  });
}

test('[E4] line ends may be mixed, and a blank line of CR CRLF is one', () => {
  assert.deepEqual(scan([bytes('id: 1\r\ndata: a\n\r\ndata: b\r\rdata: c\r\n\n')]), [['1', '', 'a'], [null, '', 'b'], [null, '', 'c']]);
});
test('[E4] data are views of the bytes that came, without a copy', () => {
  const chunk = bytes('data: abc\n\n');
  let seen: ArrayBufferLike | undefined;
  new SseScanner({ frame: ({ data }) => { seen = data?.buffer; }, retry: () => {} }).push(chunk);
  assert.equal(seen, chunk.buffer);
});
test('[E4] a piece that its reader uses again does not change what was read', () => {
  const heard: string[] = [];
  const scanner = new SseScanner({ frame: ({ data }) => heard.push(new TextDecoder().decode(data!)), retry: () => {} });
  const piece = bytes('data: one\n');
  scanner.push(piece);
  piece.fill(120);
  scanner.push(bytes('\n'));
  assert.deepEqual(heard, ['one']);
});
test('[E66] a line of 1 MB in pieces of 1 KB costs no time that grows with its square', () => {
  const line = bytes(`data: ${'x'.repeat(1 << 20)}\n\n`);
  let size = 0;
  const scanner = new SseScanner({ frame: ({ data }) => { size = data!.length; }, retry: () => {} });
  const begun = performance.now();
  for (let at = 0; at < line.length; at += 1024) scanner.push(line.slice(at, at + 1024));
  assert.equal(size, 1 << 20);
  assert.ok(performance.now() - begun < 500);
});
