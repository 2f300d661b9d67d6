import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { compactJson, memberRange, rawMember } from '../../src/core/raw_member.ts';
import { sha256 } from '../../src/core/sha256.ts';

test('[E49] SHA-256 is that of the platform, at every length around a block', () => {
  for (const text of ['', 'abc', 'ü☃😀', ...[55, 56, 63, 64, 65, 119, 120, 1000].map((n) => 'x'.repeat(n))])
    assert.equal(sha256(text), createHash('sha256').update(text).digest('hex'), text);
});
test('[E49] a member is found by its name, not by what looks like it', () => {
  const text = '{ "a":"\\"b\\":1}", "x\\u0062" : [1,{"b":2}], "b":{"c" : 1.50 , "d":[]},"e":"z"}';
  assert.equal(rawMember(text, 'b', 'c'), '1.50');
  assert.equal(rawMember(text, 'b', 'd'), '[]');
  assert.equal(rawMember(text, 'xb'), '[1,{"b":2}]');
  assert.equal(rawMember(text, 'e'), '"z"');
  assert.equal(rawMember(text, 'a'), '"\\"b\\":1}"');
  assert.equal(rawMember(text, 'none'), null);
  assert.equal(rawMember(text, 'e', 'z'), null);
  assert.equal(rawMember('{}', 'a'), null);
  assert.deepEqual(memberRange('{"n":7}', 'n'), [5, 6]);
});
test('[E49] compact JSON loses white space between tokens and nothing else', () => {
  assert.equal(compactJson('{\n  "a b": [1, 2.0],\r\n\t"c": "x\\n  y"\n}'), '{"a b":[1,2.0],"c":"x\\n  y"}');
  assert.equal(compactJson('{"a": 1}'), '{"a": 1}', 'one line stays as it came');
});
