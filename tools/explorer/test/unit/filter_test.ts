import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kFilterKeys, isNumberKey, parseFilter, printFilter, printTerm, readRange, type Term } from '../../src/core/filter.ts';
import { Matches } from '../../src/worker/matches.ts';
import { Store } from '../../src/worker/store.ts';
import { slabStretches } from '../../src/worker/stretches.ts';
import { View } from '../../src/worker/view.ts';
import { action, allRows, bytes, frame, kEpoch, observation, random, thought } from './store_frames.ts';

const core = (terms: readonly Term[]): unknown => terms.map(({ exclude, key, values }) => ({ exclude, key, values }));

test('[E18] the example of the design is read term by term', () => {
  const { terms, bad } = parseFilter('tool:fs.* -agent:planner dur:>=250ms "disk full"');
  assert.deepEqual(bad, []);
  assert.deepEqual(core(terms), [
    { exclude: false, key: 'tool', values: [{ text: 'fs.', prefix: true }] },
    { exclude: true, key: 'agent', values: [{ text: 'planner', prefix: false }] },
    { exclude: false, key: 'dur', values: [{ text: '>=250ms', prefix: false }] },
    { exclude: false, key: '', values: [{ text: 'disk full', prefix: false }] }]);
  assert.deepEqual(terms.map(({ text }) => text), ['tool:fs.*', '-agent:planner', 'dur:>=250ms', '"disk full"']);
});

test('[E18] parse(print(f)) = f, for whatever may stand in a term', () => {
  const next = random(7);
  const letters = ['a', 'Z', '0', ' ', '"', '\\', ',', ':', '*', '-', '>', '.', '..', '\t', 'ä', '\u202e', '<b>', "'"];
  const word = (): string => Array.from({ length: 1 + next(6) }, () => letters[next(letters.length)]!).join('');
  const numbers = new Map([['dur', ['>1.5s', '2ms..1h', '..3d', '7', '>p95']], ['size', ['<=4KB', '1..2MB']], ['time', ['1h', '2026-11-21', '>=2026-11-21T01:24:05.120Z', '24h..1h']],
    ['seq', [`${kEpoch}-812..${kEpoch}-842`]], ['share', ['>10%']], ['exit', ['-1', '>0']], ['turn', ['3..']], ['cost', ['>=0.1']], ['quality', ['0.5..0.9']]]);
  for (let round = 0; round < 5000; ++round) {
    const terms = Array.from({ length: 1 + next(4) }, () => {
      const key = ['', ...kFilterKeys][next(kFilterKeys.length + 1)]!;
      const value = (): { text: string; prefix: boolean } => {
        if (key === 'has') return { text: ['error', 'stderr', 'thought'][next(3)]!, prefix: false };
        const of = numbers.get(key);
        return of ? { text: of[next(of.length)]!, prefix: false } : { text: word(), prefix: key !== '' && next(3) === 0 };
      };
      return { exclude: next(2) === 0, key, values: Array.from({ length: key === '' ? 1 : 1 + next(3) }, value) };
    });
    const printed = printFilter(terms), { terms: read, bad } = parseFilter(printed);
    assert.deepEqual(bad, [], printed);
    assert.deepEqual(core(read), terms, printed);
  }
});

test('[E18] a bad term is marked at its place and the rest applies', () => {
  for (const [text, at, why] of [
    ['a foo:bar b', [2, 9], /no key foo/], ['a dur:fast b', [2, 10], /cannot be fast/], ['a tool: b', [2, 7], /needs a value/], ['a "open b', [2, 9], /not closed/],
    ['a has:fun b', [2, 9], /has: knows/], ['a "x"y b', [2, 6], /space/], ['a time:2026-13-45 b', [2, 17], /cannot be/], ['a tool:x,,y b', [2, 11], /needs a value/],
    ['a "" b', [2, 4], /no text/], ['a dur:1..x b', [2, 10], /cannot be/], ['a size:3parsec b', [2, 14], /cannot be/],
  ] as const) {
    const { terms, bad } = parseFilter(text);
    assert.deepEqual(bad.map(({ from, to }) => [from, to]), [[...at]], text);
    assert.match(bad[0]!.why, why);
    assert.equal(terms[0]!.values[0]!.text, 'a');
  }
  assert.deepEqual(parseFilter('').terms, []);
  assert.deepEqual(parseFilter(' - -- 12:30 a:b:c').terms.map(({ exclude, values }) => [exclude, values[0]!.text]), [[false, '-'], [true, '-'], [false, '12:30']]);
});

test('[E18] numbers, times and sizes', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  const of = (key: string, text: string): unknown => { const range = readRange(key, text, now); return range && [range.low, range.high, range.lowOpen, range.highOpen]; };
  assert.deepEqual(of('dur', '>=1.5s'), [1500, Infinity, false, false]);
  assert.deepEqual(of('dur', '<2m'), [-Infinity, 120_000, false, true]);
  assert.deepEqual(of('size', '1KB..2MB'), [1024, 2 * 1024 ** 2, false, false]);
  assert.deepEqual(of('time', '1h'), [now - 3_600_000, Infinity, false, false]);
  assert.deepEqual(of('time', '2026-11-20'), [now - 36 * 3_600_000, now - 12 * 3_600_000, false, true]);
  assert.deepEqual(of('time', '2026-11-21T12:00:00..'), [now, Infinity, false, false]);
  assert.deepEqual(of('time', String(BigInt(now) * 1_000_000n)), [now, now, false, false]);
  assert.deepEqual(of('seq', `${kEpoch}-7`), [7, 7, false, false]);
  for (const [key, text] of [['dur', '>'], ['dur', '..'], ['dur', '1e9'], ['dur', '5%'], ['exit', '1s'], ['time', 'now'], ['dur', '<p95']] as const) assert.equal(of(key, text), null, `${key}:${text}`);
  assert.ok(kFilterKeys.filter(isNumberKey).includes('time'));
});

test('[E18] a value becomes a term that means just this value', () => {
  for (const value of ['fs.*', 'a b', '"', 'x,y', '-a', '>1', 'a..b', '']) {
    const { terms, bad } = parseFilter(printTerm('tool', value, true));
    assert.deepEqual(bad, []);
    assert.deepEqual(core(terms), [{ exclude: true, key: 'tool', values: [{ text: value, prefix: false }] }]);
  }
});

const store = new Store();
store.add([
  frame(1, thought('t-1', 'Read the FILE first', { agent_id: 'dev-1', agent_role: 'developer', session_id: 's-1', timestamp_ns: '1795224246000000000' })),
  frame(2, action('t-1', 'c-1', { agent_id: 'dev-1', source_thought_id: 'x', timestamp_ns: '1795224245000000000' }, { tool_name: 'fs.read' })),
  frame(3, observation('t-1', 'c-1', { agent_id: 'dev-1', duration_ms: 2000, timestamp_ns: '1795224247000000000', metadata: {} })),
  frame(4, action('t-2', 'c-2', { agent_id: 'planner', turn_index: 3, timestamp_ns: '1795224245000000000' }, { tool_name: 'fsx' })),
  frame(5, observation('t-2', 'c-2', { agent_id: 'planner', turn_index: 3, exit_code: 137, stderr: 'disk full at C:\\tmp', duration_ms: 1, timestamp_ns: '1795224255000000000' })),
  frame(6, action('t-2', 'c-3', { thread_id: 'side' }, { tool_name: 'shell', server: 'builtin' })),
  { id: `${kEpoch}-7`, event: 'TASK_STARTED', body: bytes('{"type":"lifecycle","task_id":"t-2","payload":{"event":"TASK_STARTED","title":"Über alles"}}') },
  frame(8, { type: 'channel', channel: 'debates/42', payload: { speaker: 'anna', phase: 'opening', content: 'ÄÖÜ' } }),
]);

test('[E18] each key asks its column', async () => {
  const view = new View(store);
  for (const [filter, expected] of Object.entries({
    'type:thought': [1], 'type:TASK_STARTED,thought': [1, 7], 'task:t-1': [1, 2, 3], 'task:t*': [1, 2, 3, 4, 5, 6, 7], 'session:s-1': [1], 'thread:side': [6],
    'agent:dev-1,planner': [1, 2, 3, 4, 5], '-agent:dev-1,planner': [6, 7, 8], 'role:developer': [1], 'tool:fs.*': [2, 3], 'tool:builtin/shell': [6], 'tool:*': [2, 3, 4, 5, 6],
    'server:files': [2, 3, 4, 5], 'status:running': [6], 'status:ok': [2, 3], 'status:error': [4, 5], 'status:abandoned': [4, 5], '-status:error -status:ok': [1, 6, 7, 8],
    'dur:>1s': [2, 3], 'dur:1ms': [4, 5], '-dur:1ms': [1, 2, 3, 6, 7, 8], 'exit:137': [4, 5], 'turn:3': [4, 5], 'seq:2..3': [2, 3], 'time:1795224246500..1795224248000': [3], 'size:>1MB': [],
    'share:>=100%': [2, 3], 'has:error': [4, 5], 'has:stderr': [4, 5], 'has:thought': [1, 2], 'speaker:anna': [8], 'phase:opening': [8], 'task:channel:debates/42': [8],
    'disk FULL': [5], '"disk full"': [5], '"C:\\\\tmp"': [5], 'über': [7], 'äöü': [8], '-e': [], 'file': [1, 2, 4, 5], 'nothing:': [1, 2, 3, 4, 5, 6, 7, 8],
    'tool:fs* dur:>1s "hello"': [3], '"read the file"': [1], 'dur:>=p95 type:observation': [3, 5],
  })) {
    const { items, complete, of } = await view.rows({ source: 'live', filter, from: 0, count: 100, through: -1 });
    assert.deepEqual(items.map(({ id }) => Number(id.split('-')[1])), expected, filter);
    assert.ok(complete);
    assert.equal(of, 8);
  }
});

test('[E19] a list kept up row by row is the list made at once', async () => {
  const filters = ['status:running', 'status:error dur:>5ms', '-tool:shell', '"hello"', 'status:ok -"c-1"', 'has:error', 'task:t-1', 'exit:0 thread:main'];
  const next = random(3);
  for (let round = 0; round < 12; ++round) {
    const live = new Store({ mostRows: 60, mostBodyBytes: 48 << 20 });
    const kept = filters.map((filter) => new Matches(live, parseFilter(filter).terms, slabStretches(live)));
    let sequence = 500;
    const open: string[] = [];
    for (let step = 0; step < 120; ++step) {
      const what = next(10);
      if (what < 4) {
        open.push(`c-${sequence}`);
        live.add([frame(sequence += 2, action(`t-${next(3)}`, open.at(-1)!, {}, { tool_name: ['shell', 'read'][next(2)]! }))]);
      } else if (what < 7 && open.length > 0) {
        const call = open.splice(next(open.length), 1)[0]!;
        const task = allRows(live).map((row) => live.row(row, true)).find((row) => new TextDecoder().decode(live.body(row.row)).includes(`"${call}"`))?.task ?? 't-0';
        live.add([frame(sequence += 2, observation(task, call, { exit_code: next(2), duration_ms: next(12) }))]);
      } else if (what < 8) live.add([frame(sequence - 3 - 2 * next(20), thought(`t-${next(3)}`, 'hello'))], true);
      else if (what === 8 && next(20) === 0) {
        live.mark('reset', '{}', '');
        sequence = 500;
      }
      // Often, or so seldom that much comes and leaves between.
      if (next(round % 2 ? 3 : 40) > 0) continue;
      for (const [at, filter] of filters.entries()) {
        const anew = new Matches(live, parseFilter(filter).terms, slabStretches(live));
        await anew.refresh(Infinity);
        assert.ok(await kept[at]!.refresh(Infinity));
        const rows = (of: Matches): number[] => Array.from({ length: of.end - of.first }, (_, index) => of.row(of.first + index));
        assert.deepEqual(rows(kept[at]!), rows(anew), `${filter}, round ${round}, step ${step}`);
      }
    }
  }
});

test('[E19] a text filter is answered in pieces, and goes on where it was', async () => {
  const big = new Store();
  big.add(Array.from({ length: 20_000 }, (_, n) => frame(n + 1, thought('t', n % 100 ? 'x' : 'needle'))));
  const matches = new Matches(big, parseFilter('needle').terms, slabStretches(big));
  let pieces = 0;
  while (!await matches.refresh(0)) ++pieces;
  assert.equal(pieces, 4);
  assert.equal(matches.end - matches.first, 200);
});

test('[E12] lists end at a pause, begin after Clear, and tell what does not match when dimmed', async () => {
  const view = new View(store), all = { source: 'live' as const, from: -1, count: 3, through: -1 };
  const [first] = allRows(store);
  const last = await view.rows({ ...all, filter: '' });
  assert.deepEqual([last.first, last.end, last.at, last.items.length], [first, first! + 8, first! + 5, 3]);
  const paused = await view.rows({ ...all, filter: 'type:action', through: first! + 4 });
  assert.deepEqual(paused.items.map(({ row }) => row - first!), [1, 3]);
  const cleared = await view.rows({ ...all, filter: 'type:action', after: first! + 1, from: 0, count: 9 });
  assert.deepEqual(cleared.items.map(({ row }) => row - first!), [3, 5]);
  const dim = await view.rows({ ...all, filter: 'type:action', dim: true, from: 0, count: 99 });
  assert.deepEqual([dim.items.length, dim.matches, dim.items.filter((row) => !row.dim).length], [8, 3, 3]);
  const traces = await view.traces({ ...all, filter: 'status:running' });
  assert.deepEqual(traces.items.map(({ task, running, errors }) => [task, running, errors]), [['t-2', 1, 1]]);
  assert.deepEqual((await view.traces({ ...all, filter: '', count: 99, after: first! + 2 })).items.map(({ task }) => task), ['t-2', 'channel:debates/42']);
  assert.deepEqual((await view.traces({ ...all, filter: '', count: 99, through: first! + 2 })).items.map(({ task }) => task), ['t-1']);
});
