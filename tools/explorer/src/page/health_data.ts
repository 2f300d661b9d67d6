// What the server says of itself, put together from its routes; each may refuse on its own.

import { readMetrics, type Sample } from '../core/metrics_text.ts';
import { callMcp } from './mcp.ts';
import { rest, restJson } from './rest.ts';

export interface Reader {
  reader: string;
  principal: string;
  topics: string[];
  state: string;
  lag_entries: number;
  lag_ms: number;
  bytes: number;
  connected_at: string;
}
export interface Upstream {
  server: string;
  state: string;
  tools: number;
  in_flight: number;
  restarts: number;
  last_error: string;
}
export interface ServerState {
  ready: { isReady: boolean; reasons: { part: string; reason: string }[] };
  uptimeS: number | null;
  version: string;
  /** The newest event id; empty: not told. */
  head: string;
  /** The server's clock minus ours. */
  clockMs: number;
  readers: Reader[];
  readersFailed: string;
  upstreams: Upstream[];
  upstreamsFailed: string;
  metrics: Sample[];
  metricsFailed: string;
}

async function attempt<Value>(get: Promise<Value>, otherwise: Value): Promise<readonly [Value, string]> {
  try {
    return [await get, ''];
  } catch (error) {
    return [otherwise, error instanceof Error ? error.message : String(error)];
  }
}

/** A 503 of /readyz is an answer: it says why. */
async function readiness(): Promise<ServerState['ready']> {
  const answer = await fetch('readyz');
  const told = (await answer.json()) as { reasons?: { part: string; reason: string }[] };
  return { isReady: answer.ok, reasons: told.reasons ?? [] };
}

let versionKnown = '';
/** Changes with a restart only; asked once. */
async function versionOf(): Promise<string> {
  if (versionKnown) return versionKnown;
  const { result } = await callMcp<{ _meta?: Record<string, { version?: string }> }>('server/discover');
  return (versionKnown = result?._meta?.['io.modelcontextprotocol/serverInfo']?.version ?? '');
}

async function headAndClock(): Promise<readonly [head: string, clockMs: number]> {
  const sent = Date.now(), answer = await rest('trace/stream?topics=all', { method: 'HEAD' });
  const date = Date.parse(answer.headers.get('Date') ?? '');
  // The header has whole seconds, cut off: its time is half a second later on average.
  return [answer.headers.get('X-Head-Event-Id') ?? '', Number.isNaN(date) ? 0 : date + 500 - (sent + Date.now()) / 2];
}

/** Throws when nothing answers at all. */
export async function fetchServer(): Promise<ServerState> {
  const health = await restJson<{ uptime?: number }>('health');
  const [[ready], [version], [[head, clockMs]], [readers, readersFailed], [{ upstreams }, upstreamsFailed], [metrics, metricsFailed]] = await Promise.all([
    attempt(readiness(), { isReady: false, reasons: [] }), attempt(versionOf(), ''), attempt(headAndClock(), ['', 0] as const),
    attempt(restJson<Reader[]>('trace/readers'), []), attempt(restJson<{ upstreams: Upstream[] }>('upstreams'), { upstreams: [] }),
    attempt(rest('metrics').then((answer) => answer.text()).then(readMetrics), []),
  ]);
  return { ready, uptimeS: health.uptime ?? null, version, head, clockMs, readers, readersFailed, upstreams, upstreamsFailed, metrics, metricsFailed };
}
