import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, clock, count, counted, duration, moment, toolName } from '../../src/core/units.ts';

test('[E60] durations have the unit that suits them, and never 60 of one', () => {
  const said: [number | null, string][] = [[null, ''], [0, '0 ms'], [0.004, '4 us'], [0.45, '0.45 ms'], [1.25, '1.3 ms'], [2, '2 ms'], [11.482, '11 ms'], [840.002, '840 ms'],
    [999.7, '1 s'], [3400, '3.4 s'], [12_340, '12.3 s'], [59_990, '1 min'], [125_000, '2 min 5 s'], [3_600_000, '1 h'], [3_840_000, '1 h 4 min'],
    [86_399_999, '1 d'], [180_000_000, '2 d 2 h'], [-5, '-5 ms']];
  for (const [ms, text] of said) assert.equal(duration(ms), text);
});

test('[E60] times of day in UTC, of another day with it, or how long ago', () => {
  const at = 1795224245120.5;
  assert.equal(clock(at, 'utc', at + 1000), '01:24:05.120');
  assert.equal(clock(at, 'utc', at + 86_400_000), '11-21 01:24:05');
  assert.deepEqual([clock(1000, 'relative', 66_200), clock(9000, 'relative', 1000), clock(NaN, 'utc', 0)], ['1 min 5 s ago', 'now', '']);
  assert.equal(moment(at, 'utc'), '2026-11-21T01:24:05.120Z');
});

test('[E26] a tool is called by its server and its own name, once', () => {
  assert.deepEqual([{ server: 'files', tool: 'files__read' }, { server: 'files', tool: 'read' }, { server: '', tool: 'a__b' }, { server: 'x', tool: '' }].map(toolName), ['files/read', 'files/read', 'a__b', '']);
});

test('[E60] counts and sizes', () => {
  assert.deepEqual([count(7), count(98310), count(1234567), counted(1, 'call'), counted(2, 'call')],
    ['7', '98\u00a0310', '1\u00a0234\u00a0567', '1 call', '2 calls']);
  assert.deepEqual([bytes(900), bytes(1536), bytes(5 << 20)], ['900 B', '1.5 KB', '5 MB']);
});
