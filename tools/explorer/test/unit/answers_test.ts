import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile } from '../../src/core/percentile.ts';
import type { Source, TraceRows } from '../../src/core/protocol.ts';
import { summaryOf } from '../../src/core/summary.ts';
import { treeOf } from '../../src/core/tree.ts';
import { piecesOf } from '../../src/core/hidden_chars.ts';
import { kAction, kObservation, kThought } from '../../src/core/types.ts';
import { makeAnswers, type Room } from '../../src/worker/answers.ts';
import type { Line } from '../../src/worker/frames.ts';
import { newsOf } from '../../src/worker/news.ts';
import { Store } from '../../src/worker/store.ts';
import { ratesOf, toolsOf, valuesOf } from '../../src/worker/tool_answers.ts';
import { View } from '../../src/worker/view.ts';
import { action, allRows, frame, kEpoch, observation, thought } from './store_frames.ts';

const at = (ms: number): { timestamp_ns: string } => ({ timestamp_ns: String(BigInt(1795224245000 + ms) * 1_000_000n) });

/** Answers over a store, and a line that has some bodies and knows one more trace. */
function roomOf(store: Store, remote: Record<string, string> = {}): { room: Room; answers: ReturnType<typeof makeAnswers>; asked: string[] } {
  const asked: string[] = [];
  const line = {
    connection: { transport: 'fetch', role: 'leader' }, reconnects: [],
    body: (id: string) => { asked.push(id); return Promise.resolve({ body: remote[id] ?? null, gone: id in remote ? '' : 'gone since yesterday' }); },
    trace: (task: string) => {
      asked.push(task);
      if (task === 'old') store.add([frame(1, thought('old', 'long ago'))], true);
      return Promise.resolve(1);
    },
  } as unknown as Line;
  const room: Room = { views: { live: new View(store), file: new View(new Store()), replay: new View(new Store()) }, line, ring: () => {} };
  return { room, answers: makeAnswers(room), asked };
}

const saidIn = async (answers: ReturnType<typeof makeAnswers>, source: Source, { rows }: TraceRows): Promise<string[]> =>
  (await answers.some({ source, rows: [...rows] })).map(({ summary }) => summary);

test('[E38] percentiles are those a person finds by counting', () => {
  // Nearest rank: of 1..n the value at ceil(p * n).
  const golden: [number[], number | null, number | null, number | null][] = [
    [[], null, null, null], [[7], 7, 7, 7], [[1, 2], 1, 2, 2], [[1, 2, 3, 4], 2, 4, 4],
    [Array.from({ length: 100 }, (_, n) => n + 1), 50, 95, 99], [Array.from({ length: 20 }, (_, n) => (n + 1) * 10), 100, 190, 200], [[5, 5, 5, 900], 5, 900, 900],
  ];
  for (const [numbers, p50, p95, p99] of golden) assert.deepEqual([percentile(numbers, 0.5), percentile(numbers, 0.95), percentile(numbers, 0.99)], [p50, p95, p99]);
});

test('[E38] per tool and server: calls, running, errors, percentiles, last use', () => {
  const store = new Store();
  let sequence = 0;
  // 20 calls of 10, 20 .. 200 ms; every fifth fails; in no order.
  for (const n of [13, 4, 20, 1, 9, 17, 6, 2, 15, 11, 8, 19, 3, 10, 5, 18, 7, 14, 12, 16])
    store.add([frame(++sequence, action('t', `c-${n}`, at(n))), frame(++sequence, observation('t', `c-${n}`, { ...at(n + 500), duration_ms: n * 10, exit_code: n % 5 ? 0 : 1 }))]);
  store.add([frame(++sequence, action('t', 'r', at(9000))), frame(++sequence, action('t', 'o', at(0), { server: 'other' })), frame(++sequence, observation('t', 'lost', { duration_ms: 0.5, metadata: { tool_name: 'alone', server: 's' } }))]);
  const [files, other, alone] = toolsOf(store, 0);
  assert.deepEqual(files, { tool: 'read_file', server: 'files', calls: 21, running: 1, errors: 4, p50: 100, p95: 190, p99: 200, max: 200, lastMs: 1795224254000 });
  assert.deepEqual([other!.server, other!.calls, other!.running, other!.p50], ['other', 1, 1, null]);
  assert.deepEqual([alone!.tool, alone!.calls, alone!.p99], ['alone', 1, 0.5]);
  assert.deepEqual(toolsOf(store, 1795224245000 + 8000).filter(({ server }) => server === 'files').map(({ calls, errors }) => [calls, errors]), [[1, 0]]);
  const rates = ratesOf(store, { source: 'live', buckets: 10, bucketMs: 1000, tool: 'read_file' }, 1795224254500);
  assert.deepEqual(rates.calls, [21, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  assert.deepEqual([rates.startMs, rates.errors[0], rates.p50[0], rates.p95[0], rates.p50[1]], [1795224245000, 4, 100, 190, null]);
});

test('[E18] values complete a key, most frequent first', () => {
  const store = new Store();
  store.add([frame(1, action('t-1', 'a', { agent_id: 'x' })), frame(2, action('t-2', 'b', { agent_id: 'y' })), frame(3, action('t-2', 'c', { agent_id: 'y' }))]);
  assert.deepEqual(valuesOf(store, 'agent', ''), ['y', 'x']);
  assert.deepEqual(valuesOf(store, 'task', 't-1'), ['t-1']);
  assert.deepEqual(valuesOf(store, 'status', ''), ['error', 'ok', 'running']);
  assert.deepEqual(valuesOf(store, '', 'se'), ['seq', 'server', 'session']);
  assert.deepEqual(valuesOf(store, 'constructor', ''), []);
});

test('[E52] a trace of which the newest part alone is here is read whole, once', async () => {
  const store = new Store();
  store.add([frame(9, thought('old', 'just now'))]);
  const { answers, asked } = roomOf(store);
  const trace = () => answers.trace({ source: 'live', task: 'old' });
  assert.ok(await trace(), 'shown at once');
  assert.deepEqual(await saidIn(answers, 'live', (await trace())!), ['long ago', 'just now']);
  assert.deepEqual(asked, ['old']);
});

test('[E28] a line shows the output wherever it is, and the error first when the call failed', () => {
  const of = (more: object, failed = false): string => summaryOf(kObservation, '', failed, { type: 'observation', ...more }, '');
  assert.equal(of({ stdout: 'a', payload: { result: { stdout: 'b' } } }), 'a');
  assert.equal(of({ stdout: '', payload: { result: { stdout: 'b' }, observation: { stdout: 'c' } } }), 'b');
  assert.equal(of({ payload: { observation: { stdout: 'c' } } }), 'c');
  assert.equal(of({ stdout: 'out', stderr: 'err' }, true), 'err');
  assert.equal(of({ stdout: 'help\n\ttext', stderr: '' }, true), 'help text');
  assert.equal(of({ stdout: '', stderr: 'warned' }), 'warned');
  assert.equal(of({ stdout: 'AAECAw==', encoding: 'base64' }), 'base64, 4 bytes');
  assert.equal(of({ payload: { result: { content: [{ type: 'image', mimeType: 'image/png', data: 'x' }] } } }), 'image/png');
  assert.equal(summaryOf(kAction, '', false, { payload: { tool_call: { arguments: { path: 'a.cc', lines: [1, 2] } } } }, ''), 'path: a.cc, lines: [1,2]');
  assert.equal(summaryOf(kThought, '', false, { payload: { content: 'x'.repeat(1000) } }, '').length, 200);
  assert.equal(summaryOf(kThought, '', false, { payload: { content: `${'x'.repeat(199)}\u{1f4ad}` } }, ''), 'x'.repeat(199));
});

test('[E30] what an eye would miss is named, terminal escapes go, placeholders stand out', () => {
  const shown = (text: string, keep = false): string => piecesOf(text, keep).map((piece) => (piece.kind === 'text' ? piece.text : `<${piece.text}>`)).join('');
  assert.equal(shown('a\u202eb\u200bc\u2066d\u00ade\ufefff'), 'a<U+202E>b<U+200B>c<U+2066>d<U+00AD>e<U+FEFF>f');
  assert.equal(shown('\x1b[1;31mred\x1b[0m \x1b]8;;http://x\x1b\\link\x1b]8;;\x07 \x1b(B\x9b2Jx'), 'red link x');
  assert.equal(shown('\x1b[31mred', true), '<U+001B>[31mred');
  assert.equal(shown('line\r\nnext\ttab\rover\0'), 'line\r\nnext\ttab<U+000D>over<U+0000>');
  assert.equal(shown('key [REDACTED_FIELD_0123456789ab] [REDACTED_x]'), 'key <[REDACTED_FIELD_0123456789ab]> [REDACTED_x]');
  assert.equal(shown('\u{e0041}\ud800\u2028'), '<U+E0041><U+D800><U+2028>');
  assert.equal(shown('\u{1f4ad} Ärger'), '\u{1f4ad} Ärger');
  assert.deepEqual(piecesOf(''), []);
});

test('[E16] an entry is answered by row or id, from memory or by id from the server', async () => {
  const store = new Store(), body = JSON.stringify(thought('t', 'from the server', { session_id: 's' }));
  store.add([frame(5, action('t', 'c', { agent_id: 'a' }))]);
  store.mark('envelope_oversize', `{"id":"${kEpoch}-6","bytes":2000000}`, `${kEpoch}-6`);
  const { answers, asked } = roomOf(store, { [`${kEpoch}-2`]: body, [`${kEpoch}-6`]: body });
  const here = await answers.entry({ source: 'live', row: -1, id: `${kEpoch}-5` });
  assert.deepEqual([here!.row.row, here!.topics, here!.gone], [store.columns.first, ['all', 'task:t', 'agent:a'], '']);
  assert.deepEqual(JSON.parse(here!.body!), action('t', 'c', { agent_id: 'a' }));
  const large = await answers.entry({ source: 'live', row: store.columns.first + 1, id: '' });
  assert.deepEqual([large!.row.kind, large!.body], ['mark', body]);
  const far = await answers.entry({ source: 'live', row: -1, id: `${kEpoch}-2` });
  assert.deepEqual([far!.row.row, far!.row.id, far!.row.summary, far!.topics], [-1, `${kEpoch}-2`, 'from the server', ['all', 'task:t', 'session:s']]);
  assert.equal(await answers.entry({ source: 'live', row: -1, id: `${kEpoch}-3` }), null);
  assert.deepEqual(asked, [`${kEpoch}-6`, `${kEpoch}-2`, `${kEpoch}-3`]);
});

test('[E52] a trace that is not here is asked for once; unknown to the server too it is nothing', async () => {
  const store = new Store();
  store.add([frame(50, thought('t', 'x'))]);
  const { answers, asked } = roomOf(store);
  assert.deepEqual(await saidIn(answers, 'live', (await answers.trace({ source: 'live', task: 'old' }))!), ['long ago']);
  assert.equal(await answers.trace({ source: 'live', task: 'never' }), null);
  assert.equal(await answers.trace({ source: 'live', task: 'never' }), null);
  assert.deepEqual(asked, ['old', 'never']);
});

test('[E54] the next error is that of an observation, forwards and back, under the filter', async () => {
  const store = new Store();
  const envelopes = [action('t', 'a'), observation('t', 'a', { exit_code: 1 }), thought('t', 'x'), action('u', 'b'), observation('u', 'b', { exit_code: 1 })];
  store.add(envelopes.map((one, n) => frame(n + 1, one)));
  const { answers } = roomOf(store), [first] = allRows(store);
  const next = (row: number, back = false, filter = ''): unknown => answers.nextError({ source: 'live', filter, row, back });
  assert.equal(await next(-1), first! + 1);
  assert.equal(await next(first! + 1), first! + 4);
  assert.equal(await next(first! + 4), -1);
  assert.equal(await next(first! + 4, true), first! + 1);
  assert.equal(await next(-1, false, 'task:u'), first! + 4);
  assert.equal(await answers.indexOf({ source: 'live', filter: 'task:u', row: first! + 4 }), first! + 1);
  assert.equal(await answers.indexOf({ source: 'live', filter: 'task:u', row: first! + 2 }), -1);
  assert.equal(await answers.indexOf({ source: 'live', filter: '', row: first! + 2 }), first! + 2);
});

test('[E49] [E50] what is exported in pieces and opened as a file is the same, body for body', async () => {
  const store = new Store();
  store.add(Array.from({ length: 1200 }, (_, n) => frame(n + 1, n % 2 ? observation('t', `c-${n >> 1}`) : action('t', `c-${n >> 1}`))));
  const { room, answers } = roomOf(store);
  const exported = async (source: 'live' | 'file', filter: string): Promise<string[]> => {
    const bodies: string[] = [];
    for (let from = -1, first = true; first || from >= 0; first = false) {
      const { items, next } = await answers.export({ source, filter, task: '', from });
      bodies.push(...items.filter(({ matches }) => matches).map(({ body }) => body!));
      from = next;
    }
    return bodies;
  };
  const out = await exported('live', '');
  assert.equal(out.length, 1200);
  assert.deepEqual(await answers.import({ file: new Blob([out.map((body) => `${body}\n`).join('')]), name: 'trace.log' }), { rows: 1200, bad: [], note: '' });
  const { items } = await answers.rows({ source: 'file', filter: '"hello" status:ok', from: 0, count: 3, through: -1 });
  assert.deepEqual(items.map(({ kind, summary, hasBody, size }) => [kind, summary, hasBody, size > 100]), Array(3).fill(['observation', 'hello', true, true]));
  const trace = (await answers.trace({ source: 'file', task: 't' }))!;
  assert.equal(treeOf(trace).nodes.length, 1203);
  assert.equal((await saidIn(answers, 'file', trace)).at(-1), 'hello');
  assert.equal((await answers.entry({ source: 'file', row: room.views.file.store.columns.first, id: '' }))!.body, out[0]);
  assert.deepEqual(await exported('file', ''), out);
  assert.equal((await exported('file', 'type:action')).length, 600);
  assert.equal(room.views.live.store.columns.size, 1200);
  const { rows } = await answers.import({ file: new Blob(['no log\n']), name: 'x' });
  assert.deepEqual([rows, room.views.file.store.columns.size], [0, 1200], 'a file that is none takes nothing away');
});

test('[E15] news are new traces, failures and gates of what came live, not of history', () => {
  const store = new Store();
  store.add([frame(10, thought('old', 'x'))], true);
  store.add([frame(11, thought('t', 'x')), frame(12, action('t', 'c')), frame(13, observation('t', 'c', { exit_code: 124 })),
    { ...frame(14, { type: 'hitl', task_id: 't', payload: { event: 'HITL_GATE_REQUIRED', tool_name: 'rm' } }), event: 'HITL_GATE_REQUIRED' }]);
  store.add([frame(9, observation('old', 'y', { exit_code: 1 }))], true);
  assert.deepEqual(newsOf(store).map(({ kind, text, task }) => [kind, text, task]), [
    ['trace', 'New trace t (read_file)', 't'], ['error', 'files/read_file failed: TIMEOUT_EXCEEDED (t)', 't'], ['gate', 'rm waits for approval (t)', 't']]);
  assert.deepEqual([store.tracesMade, store.errors, store.received], [1, 2, 4]);
});
