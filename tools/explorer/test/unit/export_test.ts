import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { csvCell } from '../../src/core/export_csv.ts';
import { Exporter, kFileKinds } from '../../src/core/export.ts';
import type { ExportFormat } from '../../src/core/protocol.ts';
import { checkOtlp, checkTraceEvents } from '../../../../tests/e2e/export_rules.mjs';
import { markOf, rowOf } from './log_rows.ts';

const golden = (name: string): string => fs.readFileSync(path.join(import.meta.dirname, '../golden', name), 'utf8');
const log = golden('log.ndjson').trimEnd().split('\n');
const kEpoch = '9503fa9648';
const options = { filter: '', exportedAt: '2026-11-30T16:23:24.000Z' };
type Item = [body: string | null, matches?: boolean, gap?: string];

function write(format: ExportFormat, items: Item[] = log.map((body) => [body])): { text: string; out: Exporter } {
  const out = new Exporter(format, options);
  let text = out.begin();
  items.forEach(([body, matches = true, gap], i) => {
    const row = gap ? markOf('gap', i) : rowOf(body ?? '{"type":"thought"}', i, `${kEpoch}-${i + 1}`);
    text += out.entry({ row, body: gap ?? body, matches });
  });
  return { text: text + out.end(), out };
}
// The server knows its version, the page does not; the time of an export is its own.
function without(value: unknown, names: string[]): unknown {
  if (Array.isArray(value)) return value.filter((one) => one?.key !== 'service.version').map((one) => without(one, names));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)).map(([name, one]) => [name, without(one, names)]));
}
const same = (ours: string, theirs: string): void =>
  assert.deepEqual(without(JSON.parse(ours), ['exported_at', 'version']), without(JSON.parse(theirs), ['exported_at', 'version']));
// A flow is what we add to what the server writes.
const withoutFlows = (text: string): string => {
  const file = JSON.parse(text);
  return JSON.stringify({ ...file, traceEvents: file.traceEvents.filter(({ cat }: { cat: string }) => cat !== 'flow') });
};

test('[E49] NDJSON is the log, byte for byte', () => {
  assert.equal(write('ndjson').text, golden('log.ndjson'));
});
test('[E49] JSON, OTLP and Chrome say what the export of the server says', () => {
  same(write('json').text, golden('log.json'));
  same(write('otlp').text, golden('log.otlp.json'));
  same(withoutFlows(write('chrome').text), golden('log.trace.json'));
});
test('[E49] the envelopes of the JSON export are verbatim', () => {
  for (const body of log) assert.ok(write('json').text.includes(`"envelope":${body}}`), body);
});
test('[E49] a number in the arguments keeps its digits in every format', () => {
  for (const format of ['otlp', 'chrome', 'har'] as const) assert.match(write(format).text, /12345678901234567890,\\"x\\":1\.0/);
});
test('[E49] readers of OTLP/JSON and of trace events would take the files', () => {
  checkOtlp(JSON.parse(write('otlp', log.slice(0, 12).map((body) => [body])).text));
  checkTraceEvents(JSON.parse(write('chrome').text));
});
test('[E49] a call that waited for another gets an arrow from its end', () => {
  const flows = JSON.parse(write('chrome').text).traceEvents.filter(({ cat }: { cat: string }) => cat === 'flow');
  assert.deepEqual(flows.map(({ ph, id, ts }: { ph: string; id: number; ts: number }) => [ph, id, ts]),
    [['s', 1, 1795224245132499], ['f', 1, 1795224245151000]]);
});
test('[E49] HAR and CSV are as reviewed', () => {
  assert.equal(write('har').text, golden('log.har'));
  assert.equal(write('csv').text, golden('log.csv'));
});
test('[E49] HAR: status by how the call ended, and a word that nothing of it was HTTP', () => {
  const { log: har } = JSON.parse(write('har').text);
  assert.deepEqual(har.entries.map((one: { response: { status: number } }) => one.response.status), [200, 500, 504, 200, 499]);
  assert.match(har.comment, /No such HTTP request was made/);
  assert.deepEqual(har.pages.map(({ id }: { id: string }) => id), ['t-42', 't-43']);
});
test('[E49] a filter exports a call whole when either end matches', () => {
  const only = log.map((body, i): Item => [body, i === 4]);
  assert.equal(JSON.parse(write('otlp', only).text).resourceSpans[0].scopeSpans[0].spans[0].name, 'tools/call read_file');
  assert.equal(JSON.parse(write('har', only).text).log.entries.length, 1);
  assert.equal(write('ndjson', only).text, `${log[4]}\n`);
});
test('[E49] what is not in the file is said in words', () => {
  const gap = JSON.stringify({ from: `${kEpoch}-3`, to: `${kEpoch}-9`, count: 7, reason: 'expired' });
  const items: Item[] = [[null, true, gap], [log[0]!], [log[1]!], [null], [log[5]!]];
  assert.equal(write('otlp', items).out.left, '1 call without an end, 1 entry that is no call and no thought, 1 entry whose body has left memory, 1 gap (7 entries)');
  assert.equal(write('ndjson').out.left, '');
  assert.equal(write('ndjson').out.entries, 16);
  assert.deepEqual(JSON.parse(write('json', items).text).gaps, [{ from: `${kEpoch}-3`, to: `${kEpoch}-9`, count: 7, reason: 'expired' }]);
  // A gap before the first entry stands behind it, where there is a time.
  const events = JSON.parse(write('chrome', items).text).traceEvents;
  assert.equal(events.find(({ cat }: { cat: string }) => cat === 'gap').ts, 1795224245120000);
  checkTraceEvents(JSON.parse(write('chrome', items).text));
});
test('[E49] nothing in, a file all the same', () => {
  for (const format of Object.keys(kFileKinds) as ExportFormat[]) {
    const { text } = write(format, []);
    if (format !== 'ndjson' && format !== 'csv') JSON.parse(text);
  }
});
test('[E49] a cell that a spreadsheet would compute gets an apostrophe', () => {
  for (const bad of ['=1+1', '+1', '-1', '@x', '\tx', '\rx']) assert.match(csvCell(bad), /^"?'/);
  assert.equal(csvCell('a,"b"\n'), '"a,""b""\n"');
  assert.equal(csvCell(-1), '-1');
  assert.equal(csvCell(null), '');
  assert.equal(csvCell('plain'), 'plain');
});
test('[E65] hostile names change no structure', () => {
  const bad = '__proto__"</script><img src=x onerror=alert(1)>\u202e\u0000';
  const action = JSON.stringify({ type: 'action', timestamp_ns: '5', task_id: 't', tool_call_id: 'c', payload: { tool_call: { tool_name: bad, server: bad, arguments: JSON.parse('{"__proto__":{"x":1}}') } } });
  const end = JSON.stringify({ type: 'observation', timestamp_ns: '6', task_id: 't', tool_call_id: 'c', exit_code: 0, stdout: bad, metadata: { tool_name: bad, status: bad } });
  for (const format of ['json', 'otlp', 'chrome', 'har'] as const) JSON.parse(write(format, [[action], [end]]).text);
  assert.equal(JSON.parse(write('otlp', [[action], [end]]).text).resourceSpans[0].scopeSpans[0].spans[0].name, `tools/call ${bad}`);
});
