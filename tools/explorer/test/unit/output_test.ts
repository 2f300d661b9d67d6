import assert from 'node:assert/strict';
import { test } from 'node:test';
import { at, bytesOf, hexOf, meaningOf, outputOf, type Json } from '../../src/core/output.ts';

const image = (mimeType: string, data: string): Json => ({ payload: { result: { content: [{ type: 'image', mimeType, data }] } } });

test('[E28] output is taken from the first of the three places that has it', () => {
  const places = { payload: { result: { stdout: 'second' }, observation: { stdout: 'third', stderr: 'err' } } };
  assert.deepEqual([outputOf({ stdout: 'first', ...places }).stdout, outputOf({ stdout: 'first', ...places }).place], ['first', 'stdout']);
  assert.equal(outputOf({ stdout: '', ...places }).stdout, 'second');
  assert.deepEqual([outputOf(places).place, outputOf(places).stderr], ['payload.result.stdout', 'err']);
  assert.equal(outputOf({ payload: { observation: { stdout: 'third' } } }).place, 'payload.observation.stdout');
  for (const odd of [null, 3, [], {}, { stdout: 7, payload: 'x' }] as Json[]) assert.deepEqual([outputOf(odd).stdout, outputOf(odd).place], ['', '']);
});

test('[E28] pictures of four kinds up to 1 MiB may be shown, SVG and everything else is text', () => {
  for (const kind of ['png', 'jpeg', 'gif', 'webp']) assert.equal(outputOf(image(`image/${kind}`, 'AAAA')).blocks[0]!.base64, 'AAAA');
  for (const odd of [image('image/svg+xml', 'AAAA'), image('image/png', 'AA"A'), image('image/png', ''), image('IMAGE/PNG', 'AAAA'),
    image('image/png', 'A'.repeat(1_398_104)), { payload: { result: { content: [{ type: 'audio', mimeType: 'image/png', data: 'AAAA' }] } } }]) {
    assert.equal(outputOf(odd).blocks[0]!.base64, '');
  }
  assert.equal(outputOf(image('image/png', 'A'.repeat(1_398_100))).blocks[0]!.bytes, 1_048_575);
});

test('[E28] a text block of ours is no block, one with its text is', () => {
  assert.deepEqual(outputOf({ payload: { result: { content: [{ type: 'text', text_bytes: 5 }, { type: 'text', text: 'own' }, 'odd'] } } }).blocks.map((one) => one.type), ['text', 'block']);
});

test('[E28] base64 becomes bytes and hex, what is none becomes nothing', () => {
  assert.equal(hexOf(bytesOf('aGVsbG8K')!), '00000000  68 65 6c 6c 6f 0a');
  assert.equal(hexOf(new Uint8Array(40), 20).split('\n').length, 2);
  assert.equal(bytesOf('%%%'), null);
});

test('[E27] every status has its meaning; a code that is not the status\'s own is the tool\'s', () => {
  assert.match(meaningOf('ABANDONED', 137), /Nobody knows whether the tool ran/);
  assert.match(meaningOf('TOOL_ERROR', 2), /reported an error\. 2 is the tool's own code/);
  assert.doesNotMatch(meaningOf('TOOL_ERROR', 1), /own/);
  assert.doesNotMatch(meaningOf('TIMEOUT_EXCEEDED', 124), /own/);
  assert.equal(meaningOf('__proto__', 1), '');
});

test('[E65] members are looked up as own ones', () => {
  assert.equal(at({}, 'constructor'), undefined);
  assert.equal(at({ a: [1] }, 'a', '0'), undefined);
  assert.equal(at(JSON.parse('{"__proto__":{"x":1}}') as Json, '__proto__', 'x'), 1);
});
