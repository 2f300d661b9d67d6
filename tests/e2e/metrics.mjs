// GET /metrics, as a scraper reads it: every promised name is there, typed and explained,
// moves when it should, and no counter ever goes back.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, eventSource, sdkClient, slow, thought, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };

// What an operator is promised (issue 3, docs/operations.md).
const promised = {
  bus_published_total: 'counter', 'bus_refused_total{reason="full"}': 'counter', 'bus_refused_total{reason="unavailable"}': 'counter',
  bus_ring_entries: 'gauge', bus_ring_bytes: 'gauge', bus_ring_max_entries: 'gauge', bus_ring_max_bytes: 'gauge',
  recorder_queue_entries: 'gauge', recorder_queue_bytes: 'gauge', recorder_queue_oldest_ms: 'gauge',
  recorder_commit_seconds: 'histogram', recorder_entries_total: 'counter', recorder_bytes_total: 'counter',
  recorder_failures_total: 'counter', recorder_lost_entries_total: 'counter', recorder_freed_segments_total: 'counter',
  recorder_failing: 'gauge', segments_dropped_total: 'counter', segments_disk_bytes: 'gauge',
  stream_deliveries_total: 'counter', stream_delivered_bytes_total: 'counter', stream_live_lag_seconds: 'histogram',
  'stream_gaps_total{reason="expired"}': 'counter', 'stream_gaps_total{reason="corrupt"}': 'counter',
  'stream_gaps_total{reason="recorder"}': 'counter', 'stream_readers{state="live"}': 'gauge',
  'streams_refused_total{code="503"}': 'counter', 'streams_refused_total{code="429"}': 'counter',
  streams_opened_total: 'counter', saop_published_total: 'counter', calls_started_total: 'counter',
};

// Reads Prometheus text exposition format 0.0.4 strictly; fails on anything else.
// {samples: Map of series to number, types: Map of name to type, helps: Map}
export function parse(text) {
  const found = { samples: new Map(), types: new Map(), helps: new Map() };
  const name = '[a-zA-Z_:][a-zA-Z0-9_:]*';
  const label = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"';
  const sample = new RegExp(`^((${name})(?:\\{${label}(?:,${label})*\\})?) (\\d+(?:\\.\\d+)?(?:e[+-]\\d+)?)$`);
  assert.ok(text.endsWith('\n'));
  const over = new Set();  // families whose lines have ended
  let family;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = new RegExp(`^# (HELP|TYPE) (${name}) (.+)$`).exec(line);
    if (comment) {
      const [, kind, of, rest] = comment;
      if (of !== family) {
        assert.ok(!over.has(of), `the lines of ${of} stand together`);
        if (family) over.add(family);
        family = of;
      }
      const where = kind === 'HELP' ? found.helps : found.types;
      assert.ok(!where.has(of), `one ${kind} of ${of}`);
      assert.ok(![...found.samples.keys()].some((series) => series.split('{')[0] === of), 'before its samples');
      where.set(of, rest);
      continue;
    }
    const [, series, of, value] = sample.exec(line) ?? assert.fail(`not of the format: ${line}`);
    const base = found.types.get(family) === 'histogram' ? of.replace(/_(bucket|sum|count)$/, '') : of;
    assert.equal(base, family, `${series} stands below its TYPE`);
    assert.ok(!found.samples.has(series), `${series} twice`);
    found.samples.set(series, Number(value));
  }
  return found;
}

async function scrape(server) {
  const answer = await fetch(`${server.url}/metrics`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  return parse(await answer.text());
}

function neverBack(before, after) {
  for (const [series, value] of before.samples) {
    const name = series.split('{')[0];
    const counts = before.types.get(name) === 'counter' ||
                   before.types.get(name.replace(/_(bucket|sum|count)$/, '')) === 'histogram';
    if (counts) assert.ok(after.samples.get(series) >= value, `${series}: ${value}, then ${after.samples.get(series)}`);
  }
}

test('[T33] every promised metric is there from the start, typed and explained', limit, async (t) => {
  const { samples, types, helps } = await scrape(await Server.start(t));
  for (const [series, type] of Object.entries(promised)) {
    const name = series.split('{')[0];
    assert.equal(types.get(name), type, name);
    assert.ok(samples.has(type === 'histogram' ? `${name}_count` : series), series);
  }
  for (const name of types.keys()) assert.ok(helps.has(name), `# HELP ${name}`);
});

test('[T33] metrics move with what they count, and never go back', limit, async (t) => {
  const server = await Server.start(t, { config: { sse: { max_clients: 2 }, trace: { ring_entries: 64 } } });
  const client = await sdkClient(t, server);
  const before = await scrape(server);
  const source = await eventSource(t, server);
  for (let n = 0; n < 10; ++n) assert.equal((await server.publish(thought(n))).status, 200);
  await client.callTool({ name: 'echo', arguments: { text: 'counted' } });
  await until('twelve events', () => source.seen.length === 12);
  await eventSource(t, server);
  assert.equal((await fetch(`${server.url}/trace/stream`)).status, 503, 'two clients are the most');
  const after = await scrape(server);
  neverBack(before, after);

  const moved = (series) => after.samples.get(series) - before.samples.get(series);
  assert.equal(moved('bus_published_total'), 12);
  assert.equal(moved('saop_published_total'), 10);
  assert.equal(moved('calls_started_total'), 1);
  assert.equal(moved('recorder_entries_total'), 12);
  assert.ok(moved('recorder_bytes_total') > 500);
  assert.equal(moved('bus_ring_entries'), 12);
  assert.equal(moved('bus_ring_bytes') + 12, moved('recorder_bytes_total'), 'without the line ends');
  assert.equal(after.samples.get('bus_ring_max_entries'), 64);
  assert.ok(moved('recorder_commit_seconds_count') >= 1 && moved('recorder_commit_seconds_sum') > 0);
  assert.equal(moved('stream_deliveries_total'), 12);
  assert.ok(moved('stream_delivered_bytes_total') > moved('recorder_bytes_total'));
  assert.ok(moved('stream_live_lag_seconds_count') >= 1);
  assert.equal(moved('streams_opened_total'), 2);
  assert.equal(moved('streams_refused_total{code="503"}'), 1);
  assert.equal(moved('stream_readers{state="live"}'), 2);
  assert.equal(after.samples.get('recorder_queue_entries'), 0);

  for (const [name, type] of after.types) {
    if (type !== 'histogram') continue;
    const buckets = [...after.samples].filter(([series]) => series.startsWith(`${name}_bucket{`)).map(([, value]) => value);
    assert.deepEqual(buckets, buckets.toSorted((a, b) => a - b), `${name} is cumulative`);
    assert.equal(buckets.at(-1), after.samples.get(`${name}_count`), `+Inf of ${name} is its count`);
  }
});

test('[T33] an entry more than the ring holds leaves the ring, not the count', limit, async (t) => {
  const server = await Server.start(t, { config: { trace: { ring_entries: 64 } } });
  const many = Array.from({ length: 100 }, (_, n) => thought(n));
  for (let round = 0; round < 3; ++round) {
    const before = await scrape(server);
    assert.equal((await server.publish(many)).status, round === 0 ? 503 : 200, 'more than the ring at once');
    many.length = 50;
    neverBack(before, await scrape(server));
  }
  const { samples } = await scrape(server);
  assert.equal(samples.get('bus_published_total'), 100);
  assert.equal(samples.get('bus_ring_entries'), 64);
  assert.equal(samples.get('bus_refused_total{reason="full"}'), 1);
});
