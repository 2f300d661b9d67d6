// How the server is, how its readers are, and how this page is.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { parseId } from '../core/event_id.ts';
import type { Sample } from '../core/metrics_text.ts';
import { bytes, clock, count, duration } from '../core/units.ts';
import { copy } from './copy.ts';
import { fetchServer, type Reader, type ServerState, type Upstream } from './health_data.ts';
import { Icon } from './icons.tsx';
import { usePolled } from './rest.ts';
import { SafeText } from './safe_text.tsx';
import { SortedTable, type Column } from './sorted_table.tsx';
import { now, settings } from './state.ts';
import { useAnswer } from './use_answer.ts';
import { command, tick } from './worker_link.ts';

const kEveryMs = 5000;
const kMaxClockMs = 2000;

type Fact = readonly [name: string, value: ComponentChildren];
function Facts({ of }: { of: readonly Fact[] }) {
  return <dl class="known">{of.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
function Panel({ title, failed = '', children }: { title: string; failed?: string; children: ComponentChildren }) {
  return <section class="panel"><h2>{title}</h2>{failed ? <p class="bad"><SafeText text={failed} /></p> : children}</section>;
}
const Good = ({ ok, children }: { ok: boolean; children: ComponentChildren }) =>
  <span class="status" data-status={ok ? 'ok' : 'error'}><Icon name={ok ? 'ok' : 'error'} />{children}</span>;

export function HealthView() {
  const { value, failed } = usePolled(fetchServer, kEveryMs, 'server');
  return (
    <div class="room">
      <div class="bar"><h2 class="grow">Health</h2>{failed && <span class="bad" role="alert"><SafeText text={failed} /></span>}</div>
      <div class="panels">
        {value && <Server state={value} />}
        <ThisPage />
      </div>
      {value && <Tables state={value} />}
    </div>
  );
}

function Server({ state: { ready, uptimeS, version, head, metrics, metricsFailed, clockMs } }: { state: ServerState }) {
  const of = (name: string): number | null => metrics.find((one) => one.name === name)?.value ?? null;
  const [fill, most] = [of('bus_ring_entries'), of('bus_ring_max_entries')];
  const [waiting, oldest] = [of('recorder_queue_entries'), of('recorder_queue_oldest_ms')];
  const place = parseId(head);
  return (
    <>
      <Panel title="Server">
        <Facts of={[
          ['Ready', <Good ok={ready.isReady}>{ready.isReady ? 'yes' : 'no'}</Good>],
          ...ready.reasons.map(({ part, reason }, i): Fact => [i ? '' : 'Because', <span class="bad"><SafeText text={part} />: <SafeText text={reason} /></span>]),
          ['Version', <SafeText text={version || 'not told'} />],
          ['Uptime', uptimeS === null ? '' : duration(uptimeS * 1000)],
          ['Log (epoch)', <code><SafeText text={place?.epoch ?? 'not told'} /></code>],
          ['Newest entry', <code><SafeText text={head || 'not told'} /></code>],
          ['Clock', Math.abs(clockMs) > kMaxClockMs ? <Good ok={false}>{duration(Math.abs(clockMs))} {clockMs > 0 ? 'ahead of' : 'behind'} this computer</Good> : <Good ok>as this computer's</Good>],
        ]} />
      </Panel>
      <Panel title="Recorder and ring" failed={metricsFailed}>
        <Facts of={[
          ['Disk', <Good ok={!of('recorder_failing')}>{of('recorder_failing') ? 'refuses' : 'takes entries'}</Good>],
          ['Waiting for it', `${count(waiting ?? 0)} entries${oldest ? `, the oldest for ${duration(oldest)}` : ''}`],
          ['Stored', `${count(of('recorder_entries_total') ?? 0)} entries, ${bytes(of('recorder_bytes_total') ?? 0)}`],
          ['Lost', count(of('recorder_lost_entries_total') ?? 0)],
          ['Ring', <><meter min={0} max={most ?? 1} value={fill ?? 0} aria-label="Ring, entries" /> {count(fill ?? 0)} of {count(most ?? 0)}, {bytes(of('bus_ring_bytes') ?? 0)}</>],
          ['Readers', count(metrics.filter(({ name }) => name === 'stream_readers').reduce((sum, { value }) => sum + value, 0))],
        ]} />
      </Panel>
    </>
  );
}

const kReaders: readonly Column<Reader>[] = [
  { key: 'reader', head: 'Reader', value: ({ reader }) => reader, cell: ({ reader }) => <code><SafeText text={reader} /></code> },
  { key: 'principal', head: 'Who', value: ({ principal }) => principal, cell: ({ principal }) => <SafeText text={principal} /> },
  { key: 'topics', head: 'Topics', value: ({ topics }) => topics.join(' '), cell: ({ topics }) => <SafeText text={topics.join(', ')} /> },
  { key: 'state', head: 'Reads from', value: ({ state }) => state, cell: ({ state }) => <SafeText text={state} /> },
  { key: 'lag', head: 'Behind', isNumber: true, value: ({ lag_entries: lag }) => lag, cell: ({ lag_entries: lag, lag_ms: ms }) => (lag ? `${count(lag)} entries, ${duration(ms)}` : 'no') },
  { key: 'bytes', head: 'Sent', isNumber: true, value: (one) => one.bytes, cell: (one) => bytes(one.bytes) },
  { key: 'since', head: 'Since', isNumber: true, value: ({ connected_at: at }) => at, cell: ({ connected_at: at }) => clock(Date.parse(at), settings.value.times, now.value) },
];
const kUpstreams: readonly Column<Upstream>[] = [
  { key: 'server', head: 'Server', value: ({ server }) => server, cell: ({ server }) => <SafeText text={server} /> },
  { key: 'state', head: 'State', value: ({ state }) => state, cell: ({ state }) => <Good ok={state === 'ready' || state === 'up'}><SafeText text={state} /></Good> },
  { key: 'tools', head: 'Tools', isNumber: true, value: ({ tools }) => tools, cell: ({ tools }) => tools },
  { key: 'flight', head: 'Running calls', isNumber: true, value: ({ in_flight: n }) => n, cell: ({ in_flight: n }) => n },
  { key: 'restarts', head: 'Restarts', isNumber: true, value: ({ restarts }) => restarts, cell: ({ restarts }) => restarts },
  { key: 'error', head: 'Last error', value: ({ last_error: error }) => error, cell: ({ last_error: error }) => <span class="keep"><SafeText text={error} /></span> },
];
const kMetrics: readonly Column<Sample>[] = [
  { key: 'name', head: 'Metric', value: ({ name, labels }) => name + labels, cell: ({ name, labels, help }) => <span title={help}><code>{name}</code> <SafeText text={labels} /></span> },
  { key: 'value', head: 'Value', isNumber: true, value: ({ value }) => value, cell: ({ value }) => (Number.isInteger(value) ? count(value) : value.toPrecision(4)) },
  { key: 'help', head: 'Says', value: ({ help }) => help, cell: ({ help }) => <span class="muted"><SafeText text={help} /></span> },
];

function Tables({ state: { readers, readersFailed, upstreams, upstreamsFailed, metrics } }: { state: ServerState }) {
  const [wanted, setWanted] = useState('');
  return (
    <>
      <Panel title={`Upstream servers (${upstreams.length})`} failed={upstreamsFailed}>
        {upstreams.length === 0 ? <p class="muted">None is configured.</p> : <SortedTable label="Upstream servers" columns={kUpstreams} items={upstreams} keyOf={({ server }) => server} order="server" param="up" />}
      </Panel>
      <Panel title={`Readers (${readers.length})`} failed={readersFailed}>
        {readers.length === 0 ? <p class="muted">Nobody reads the stream.</p> : <SortedTable label="Readers" columns={kReaders} items={readers} keyOf={({ reader }) => reader} order="-lag" param="rd" />}
      </Panel>
      {metrics.length > 0 && (
        <details class="panel">
          <summary>All metrics ({metrics.length})</summary>
          <label>Find <input value={wanted} spellcheck={false} onInput={({ currentTarget }) => setWanted(currentTarget.value.toLowerCase())} /></label>
          <SortedTable label="Metrics" columns={kMetrics} items={metrics.filter(({ name, labels, help }) => `${name}${labels} ${help}`.toLowerCase().includes(wanted))} keyOf={({ name, labels }) => `${name}{${labels}}`} order="name" param="mt" />
        </details>
      )}
    </>
  );
}

function ThisPage() {
  const health = useAnswer('health', {});
  const { connection, received, rows, running } = tick.value;
  const facts: (readonly [string, string])[] = health === undefined ? [] : [
    ['Connection', `${connection.state}, by ${health.transport}`], ['Role', health.role + (connection.tabs > 1 ? ` of ${connection.tabs} tabs` : '')],
    ['Rows', count(rows)], ['Bodies', bytes(health.bodyBytes)], ['Received', count(received)], ['Left memory', count(health.evicted)],
    ['Running calls', count(running)], ['Time parsing', duration(health.parseMs) || '0 ms'], ['Gaps', count(health.gaps)], ['Newest id', connection.lastId || 'none'],
  ];
  // Facts of this page alone: no token, payload or header is among them.
  const diagnostics = (): string => JSON.stringify({
    at: new Date().toISOString(), browser: navigator.userAgent, secure: isSecureContext, ...Object.fromEntries(facts), reconnects: health?.reconnects ?? [],
  }, null, 2);
  const time = (ms: number): string => clock(ms, settings.value.times, now.value);
  return (
    <Panel title="This page">
      <Facts of={facts.map(([name, value]) => [name, <SafeText text={value} />])} />
      <div class="bar">
        <button type="button" onClick={() => command({ do: 'reconnect' })}>Reconnect now</button>
        <button type="button" onClick={() => void copy(diagnostics(), 'Diagnostics')}>Copy diagnostics</button>
      </div>
      {health !== undefined && health.reconnects.length > 0 && (
        <div class="scroll">
          <table class="data">
            <caption class="sr">Reconnects, newest first</caption>
            <thead><tr><th scope="col">Reconnect</th><th scope="col">Because</th><th scope="col">Sent id</th><th scope="col">First id</th></tr></thead>
            <tbody>{health.reconnects.map(({ at, cause, sentId, firstId }, i) => (
              <tr key={i}><td>{time(at)}</td><td><SafeText text={cause} /></td><td><code>{sentId || 'none'}</code></td><td><code>{firstId || 'none yet'}</code></td></tr>
            ))}</tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
