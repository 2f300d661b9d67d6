import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { Exporter } from '../../src/core/export.ts';
import { importFile, kMaxBad, type Imported } from '../../src/core/import.ts';
import { rowOf } from './log_rows.ts';

const golden = fs.readFileSync(path.join(import.meta.dirname, '../golden/log.ndjson'), 'utf8');
const lines = golden.trimEnd().split('\n');
interface Seen { id: string; line: number; at: number; body: string }

/** What a store does: an envelope is a JSON object with a type. */
async function read(content: Blob | string | Uint8Array<ArrayBuffer>, max?: number): Promise<Imported & { seen: Seen[] }> {
  const seen: Seen[] = [];
  const done = await importFile(new Blob([content]), ({ id, line, at, bytes }) => {
    const body = new TextDecoder().decode(bytes);
    try {
      if (typeof JSON.parse(body).type !== 'string') return false;
    } catch {
      return false;
    }
    seen.push({ id, line, at, body });
    return true;
  }, max);
  // Every body can be read again from where it is said to lie.
  for (const { at, body } of seen) {
    const size = new TextEncoder().encode(body).length;
    assert.equal(await done.file.slice(at, at + size).text(), body);
  }
  return { ...done, seen };
}
const bodies = ({ seen }: { seen: Seen[] }): string[] => seen.map(({ body }) => body);
function jsonExport(): string {
  const out = new Exporter('json', { filter: 'type:thought', exportedAt: 'now' });
  return out.begin() + lines.map((body, i) => out.entry({ row: rowOf(body, i, `9503fa9648-${i + 1}`), body, matches: true })).join('') + out.end();
}

test('[E49] [E50] NDJSON out, in, out: equal bytes', async () => {
  const done = await read(golden);
  const out = new Exporter('ndjson', { filter: '', exportedAt: '' });
  assert.equal(done.seen.map(({ body, line }) => out.entry({ row: rowOf(body, line, ''), body, matches: true })).join(''), golden);
  assert.deepEqual({ rows: done.rows, bad: done.bad, note: done.note }, { rows: 16, bad: [], note: '' });
});
test('[E50] our JSON: ids and verbatim bodies, gaps and names that look like members left alone', async () => {
  const done = await read(jsonExport());
  assert.deepEqual(bodies(done), lines);
  assert.equal(done.seen[6]!.id, '9503fa9648-7');
  const tricky = `{"format":"mcp-orchestrator-export/1","entries":[{"envelope":{"type":"x","envelope":{"a":"]}\\"{"}},"id":"é-1"}],"gaps":[{"from":"a","to":"b"}]}`;
  assert.deepEqual((await read(tricky)).seen.map(({ id, body }) => [id, body]), [['é-1', '{"type":"x","envelope":{"a":"]}\\"{"}}']]);
});
test('[E50] our JSON spread out by somebody else is the same log', async () => {
  const done = await read(JSON.stringify(JSON.parse(jsonExport()), null, 2));
  assert.equal(done.rows, 16);
  assert.deepEqual(done.seen.map(({ body }) => JSON.parse(body).tool_call_id), lines.map((body) => JSON.parse(body).tool_call_id));
});
test('[E50] the export of the server opens', async () => {
  const theirs = fs.readFileSync(path.join(import.meta.dirname, '../golden/log.json'), 'utf8');
  assert.deepEqual(bodies(await read(theirs)), lines);
});
test('[E50] gzip is told by content', async () => {
  assert.deepEqual(bodies(await read(new Uint8Array(gzipSync(golden)))), lines);
  assert.deepEqual(bodies(await read(new Uint8Array(gzipSync(jsonExport())))), lines);
  await assert.rejects(read(new Uint8Array(gzipSync(golden)).subarray(0, 200)), /damaged or cut short/);
});
test('[E50] zstd is refused with the command that unpacks it', async () => {
  await assert.rejects(read(new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 1, 2])), /zstdcat segments\/\*\.zst > log\.ndjson/);
});
test('[E51] bad lines are counted by number, a torn last line is a note', async () => {
  const done = await read(`{"type":"a"}\nnot json\n\n[1]\r\n{"type":"b"}\r\n{"type":"c"`);
  assert.deepEqual(done.seen.map(({ line }) => line), [1, 5]);
  assert.deepEqual(done.bad, [2, 4]);
  assert.match(done.note, /^the last line \(6\) is torn/);
  assert.equal((await read('{"type":"a"}')).note, '', 'a whole last line needs no line end');
  assert.match((await read(jsonExport().slice(0, 3000))).note, /torn/);
});
test('[E51] many bad lines are counted, the first ones listed; too many rows are left', async () => {
  const done = await read('x\n'.repeat(kMaxBad + 5));
  assert.equal(done.bad.length, kMaxBad);
  assert.match(done.note, /1005 lines are no envelopes/);
  const some = await read(golden, 5);
  assert.equal(some.rows, 5);
  assert.match(some.note, /only the first 5 entries/);
  assert.equal((await read(golden, 16)).note, '');
});
test('[E51] a body across the edge of a piece is whole', async () => {
  const long = (n: number): string => JSON.stringify({ type: 'thought', text: `${'é'.repeat(n)}"\\` });
  const all = [700_000, 3, 600_000, 1_200_000, 1].map(long);
  assert.deepEqual(bodies(await read(`${all.join('\n')}\n`)), all);
  const whole = `{"format":"mcp-orchestrator-export/1","entries":[${all.map((body, i) => `{"id":"a-${i}","envelope":${body}}`).join(',\n')}]}`;
  assert.deepEqual(bodies(await read(whole)), all);
});
test('[E50] a byte order mark and nothing at all', async () => {
  assert.deepEqual(bodies(await read(`\ufeff${golden}`)), lines);
  assert.deepEqual(await read('').then(({ rows, bad, note }) => ({ rows, bad, note })), { rows: 0, bad: [], note: '' });
});
