// Every tool with what it does to the time and the nerves: counts, errors, percentiles, and
// the lines of the last while. In memory, or what the server counts over a day.

import { printTerm } from '../core/filter.ts';
import type { ToolRow } from '../core/protocol.ts';
import { clock, count, counted, duration, toolName } from '../core/units.ts';
import { Chart } from './charts.tsx';
import { restJson, usePolled } from './rest.ts';
import { go, route, setParams } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { SortedTable, type Column } from './sorted_table.tsx';
import { now, source } from './state.ts';
import { useAnswer } from './use_answer.ts';

const kDayMs = 86_400_000;
const kServerEveryMs = 10_000;
const kBuckets = 60;
const kSpans: Readonly<Record<string, readonly [label: string, bucketMs: number]>> = {
  '5m': ['5 min', 5_000], '1h': ['1 h', 60_000], '24h': ['24 h', 1_440_000],
};

interface Stats {
  groups: { key: string; count: number; calls: number; errors: number; p50_ms: number | null; p95_ms: number | null; p99_ms: number | null; max_ms: number | null }[];
  groups_left_out: number;
}
async function fromServer(): Promise<{ rows: ToolRow[]; leftOut: number }> {
  const from = new Date(Date.now() - kDayMs).toISOString();
  const { groups, groups_left_out: leftOut } = await restJson<Stats>(`trace/stats?group_by=tool&from=${encodeURIComponent(from)}`);
  const rows = groups.filter(({ key }) => key).map(({ key, calls, errors, p50_ms, p95_ms, p99_ms, max_ms }): ToolRow =>
    ({ tool: key, server: '', calls, running: 0, errors, p50: p50_ms, p95: p95_ms, p99: p99_ms, max: max_ms, lastMs: 0 }));
  return { rows, leftOut };
}

const termsOf = ({ tool, server }: ToolRow): string => [printTerm('tool', tool), ...(server ? [printTerm('server', server)] : [])].join(' ');
const rate = ({ calls, errors }: ToolRow): number | null => (calls === 0 ? null : errors / calls);
const percent = (share: number): string => `${(100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
const timeOf = (key: 'p50' | 'p95' | 'p99' | 'max'): Column<ToolRow> =>
  ({ key, head: key, isNumber: true, value: (row) => row[key], cell: (row) => duration(row[key]) });

const kToolColumn: Column<ToolRow> = {
  key: 'tool', head: 'Tool', value: ({ server, tool }) => `${server}/${tool}`,
  cell: (row) => (
    <button type="button" class="link tool-name" title="Show its entries" onClick={() => go({ view: 'live', params: { f: termsOf(row) } })}>
      <SafeText text={toolName(row)} />
    </button>
  ),
};
const kCounts: readonly Column<ToolRow>[] = [
  { key: 'calls', head: 'Calls', isNumber: true, value: ({ calls }) => calls, cell: ({ calls }) => count(calls) },
  { key: 'running', head: 'Running', isNumber: true, value: ({ running }) => running, cell: ({ running }) => (running ? count(running) : '') },
  { key: 'errors', head: 'Errors', isNumber: true, value: ({ errors }) => errors, cell: ({ errors }) => (errors ? <span class="bad">{count(errors)}</span> : '') },
  { key: 'rate', head: 'Error rate', isNumber: true, value: rate, cell: (row) => (row.errors ? percent(rate(row) ?? 0) : '') },
  timeOf('p50'), timeOf('p95'), timeOf('p99'), timeOf('max'),
];
const kLast: Column<ToolRow> = { key: 'last', head: 'Last use', isNumber: true, value: ({ lastMs }) => lastMs || null, cell: ({ lastMs }) => (lastMs ? clock(lastMs, 'relative', now.value) : '') };
const kInMemory = [kToolColumn, ...kCounts, kLast];
const kOfServer = [kToolColumn, ...kCounts.filter(({ key }) => key !== 'running')];

export function ToolsView() {
  const isServer = route.value.params.range === '24h' && source.value === 'live';
  return (
    <div class="room">
      <div class="bar">
        <h2 class="grow">Tools <span class="muted">{isServer ? 'server, 24 h' : 'in memory'}</span></h2>
        {source.value === 'live' && (
          <div class="tabs" role="group" aria-label="Where the numbers are from">
            <button type="button" aria-pressed={!isServer} onClick={() => setParams({ range: '' })}>In memory</button>
            <button type="button" aria-pressed={isServer} onClick={() => setParams({ range: '24h' })}>Server, 24 h</button>
          </div>
        )}
      </div>
      {isServer ? <ServerTable /> : <><Charts /><MemoryTable /></>}
    </div>
  );
}

const keyOf = ({ server, tool }: ToolRow): string => `${server}\n${tool}`;

function MemoryTable() {
  const rows = useAnswer('tools', { source: source.value, sinceMs: 0 });
  if (rows?.length === 0) return <p class="empty">No tool was called yet. <a href="#/run">Run one</a>.</p>;
  return <SortedTable label="Tools, in memory" columns={kInMemory} items={rows ?? []} keyOf={keyOf} order="-calls" />;
}

function ServerTable() {
  const { value, failed } = usePolled(fromServer, kServerEveryMs, 'stats');
  return (
    <>
      {failed && <p class="bad" role="alert"><SafeText text={failed} /></p>}
      {value?.rows.length === 0 && <p class="empty">The server counted no call in the last 24 hours.</p>}
      {value && value.rows.length > 0 && <SortedTable label="Tools, server, 24 h" columns={kOfServer} items={value.rows} keyOf={keyOf} order="-calls" />}
      {value !== undefined && value.leftOut > 0 && <p class="muted">{counted(value.leftOut, 'more tool')} not listed.</p>}
    </>
  );
}

function Charts() {
  const span = Object.hasOwn(kSpans, route.value.params.span ?? '') ? route.value.params.span! : '5m';
  const [, bucketMs] = kSpans[span]!;
  const rates = useAnswer('rates', { source: source.value, buckets: kBuckets, bucketMs, tool: '' });
  if (!rates) return null;
  const { startMs, envelopes, calls, errors, p50, p95 } = rates;
  const onRange = (from: number, to: number): void => {
    const time = (ms: number): string => new Date(Math.round(ms)).toISOString();
    go({ view: 'live', params: { f: `time:${time(from)}..${time(to)}` } });
  };
  const shared = { startMs, bucketMs: rates.bucketMs, onRange };
  return (
    <section aria-label="Over time">
      <div class="bar">
        <div class="tabs" role="group" aria-label="How far back">
          {Object.entries(kSpans).map(([key, [label]]) => <button type="button" key={key} aria-pressed={key === span} onClick={() => setParams({ span: key === '5m' ? '' : key })}>{label}</button>)}
        </div>
        <span class="muted">Drag over a stretch of a chart to see its entries.</span>
      </div>
      <div class="charts">
        <Chart {...shared} title="Envelopes per second" print={(value) => String(Number(value.toPrecision(2)))}
          lines={[{ label: 'envelopes/s', colour: 'link', values: envelopes.map((n) => (n * 1000) / rates.bucketMs) }]} />
        <Chart {...shared} title="Error rate" print={(value) => percent(value)}
          lines={[{ label: 'of calls', colour: 'error', values: calls.map((n, i) => (n ? (errors[i] ?? 0) / n : null)) }]} />
        <Chart {...shared} title="Latency" print={(value) => duration(value) || '0'}
          lines={[{ label: 'p50', colour: 'observation-edge', values: p50 }, { label: 'p95', colour: 'action-edge', values: p95 }]} />
      </div>
    </section>
  );
}
