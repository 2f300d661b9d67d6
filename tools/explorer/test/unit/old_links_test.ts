import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ofNow } from '../../src/core/old_links.ts';

const kHere = 'http://127.0.0.1:3100/prefix/';

test('[E52] ?trace_id= and the older query keys are rewritten into the fragment, other keys stay', () => {
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  assert.equal(ofNow(`${kHere}?trace_id=${id}`), `${kHere}#/trace/${id}`);
  assert.equal(ofNow(`${kHere}?conversation_id=a%2Fb&x=1`), `${kHere}?x=1#/trace/a%2Fb`);
  assert.equal(ofNow(`${kHere}?status=failed&min_duration=250&search=disk%20full&session_tag=s-7`),
    `${kHere}#/live?f=${encodeURIComponent('session:"s-7" status:error dur:>=250ms "disk full"')}`);
  assert.equal(ofNow(`${kHere}?trace_id=${id}#/tools`), `${kHere}#/tools`);
  assert.equal(ofNow(`${kHere}?token=x#/live`), null);
  assert.equal(ofNow(kHere), null);
  assert.equal(ofNow(`${kHere}?search=%22%5C`), `${kHere}#/live?f=${encodeURIComponent('"\\"\\\\"')}`);
});
