import assert from 'node:assert/strict';
import { test } from 'node:test';
import { effect } from '@preact/signals';
import type { Row } from '../../src/core/protocol.ts';
import type { TreeNode } from '../../src/core/trace_nodes.ts';
import { makeSaid } from '../../src/page/said_texts.ts';

const nodeAt = (row: number, id = '', timeMs = 0): TreeNode => ({ row, id, timeMs }) as TreeNode;
const answered = (): Promise<void> => new Promise(setImmediate);

test('[E29] texts of one screen are one question, and come where they were asked for', async () => {
  const asked: number[][] = [];
  const said = makeSaid((rows) => { asked.push(rows); return Promise.resolve(rows.map((row) => ({ row, id: `e-${row}`, timeMs: 0, summary: `text ${row}` }) as Row)); });
  const seen: string[] = [];
  const stop = effect(() => { seen.push([1, 2, 3].map((row) => said(nodeAt(row, `e-${row}`))).join()); });
  await answered();
  assert.deepEqual([asked, seen[0], seen.at(-1)], [[[1, 2, 3]], ',,', 'text 1,text 2,text 3']);
  assert.equal(said(nodeAt(-1)), '');
  stop();
});

test('[E37] an entry without an id has not the text of what stood in its row before a replay began anew', async () => {
  let now = 1;
  const said = makeSaid((rows) => Promise.resolve(rows.map((row) => ({ row, id: '', timeMs: now, summary: `at ${now}` }) as Row)));
  said(nodeAt(7, '', 1));
  await answered();
  assert.equal(said(nodeAt(7, '', 1)), 'at 1');
  now = 2;
  assert.equal(said(nodeAt(7, '', 2)), '');
  await answered();
  assert.equal(said(nodeAt(7, '', 2)), 'at 2');
});

test('[E70] of what is on screen no more some texts are kept; what is on screen all, however many', async () => {
  let asked = 0;
  const said = makeSaid((rows) => { asked += rows.length; return Promise.resolve(rows.map((row) => ({ row, id: `e-${row}`, timeMs: 0, summary: 'x' }) as Row)); });
  const look = (from: number, to: number): (() => void) => effect(() => { for (let row = from; row < to; ++row) said(nodeAt(row, `e-${row}`)); });
  const stay = look(0, 3000);
  await answered();
  assert.equal(asked, 3000);
  for (let from = 3000; from < 13_000; from += 100) {
    const leave = look(from, from + 100);
    await answered();
    leave();
  }
  assert.equal(asked, 13_000);
  look(12_000, 13_000)();
  await answered();
  assert.equal(asked, 13_000, 'a person scrolls back');
  look(3000, 4000)();
  await answered();
  assert.equal(asked, 14_000, 'what lies far back is asked again');
  stay();
});
