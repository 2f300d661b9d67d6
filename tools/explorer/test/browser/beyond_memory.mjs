// What memory does not hold: the server's half of test/golden/filters.json, and what Live shows of it.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { parseFilter } from '../../src/core/filter.ts';
import { questionOf } from '../../src/core/trace_question.ts';
import { publish, startBinary } from '../support/binary.mjs';

const golden = JSON.parse(fs.readFileSync(path.join(import.meta.dirname, '../golden/filters.json'), 'utf8'));

test('[E20] what the page asks of the list, the server answers with the traces that the page admits', async (t) => {
  const server = await startBinary(t);
  await publish(server, golden.envelopes);
  for (const { filter, asks, left, traces } of golden.filters.filter((one) => one.left.length === 0)) {
    const { params } = questionOf(parseFilter(filter).terms, Date.now());
    assert.deepEqual([[...params].map((one) => one.join('=')), left], [asks, []], filter);
    const answer = await fetch(`${server.url}/api/analytics/traces/list?limit=100&${params}`);
    const told = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(told));
    assert.deepEqual([told.traces.map((one) => one.conversation_id).sort(), told.total], [[...traces].sort(), traces.length], filter);
  }
});
