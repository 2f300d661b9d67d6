// What the server has beyond memory (E20): the terms that its list of traces knows are asked there,
// when the filter is committed; the others are said to be of what is loaded.

import { useEffect, useState } from 'preact/hooks';
import { parseFilter, type Term } from '../core/filter.ts';
import { questionOf } from '../core/trace_question.ts';
import { clock, count, counted, duration } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { beyond, listed } from './live_state.ts';
import { older } from './older_line.tsx';
import { restJson } from './rest.ts';
import { printRoute, setParams } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { signedIn } from './session.ts';
import { filter, now, settings } from './state.ts';

const kPage = 50;
/** Clicks that follow each other are one question. */
const kPauseMs = 300;
const kStatus = { completed: 'ok', failed: 'error', running: 'running', cancelled: 'cancelled' } as const;

interface ListedTrace {
  trace_id: string;
  conversation_id: string | null;
  span_name: string | null;
  session_tag: string | null;
  status: keyof typeof kStatus;
  start_time: string;
  duration_ms: number | null;
  span_count: number;
  error_count: number;
}
interface Listed {
  traces: ListedTrace[];
  total: number;
}
/** `total` of all that match; the others are those begun before memory begins. */
interface Got {
  text: string;
  total: number;
  older: Listed;
  params: URLSearchParams;
  untilMs: number;
}

const list = (params: URLSearchParams, limit: number, offset: number, signal: AbortSignal): Promise<Listed> =>
  restJson(`api/analytics/traces/list?${params}${params.size > 0 ? '&' : ''}limit=${limit}&offset=${offset}`, { signal });

function useServer(text: string): { got: Got | undefined; failed: string; more: () => Promise<void>; again: () => void } {
  const [got, setGot] = useState<Got>();
  const [asks, setAsks] = useState(0);
  const [failed, setFailed] = useState('');
  useEffect(() => {
    setGot(undefined);
    setFailed('');
    if (text === '') return;
    const stop = new AbortController();
    const ask = async (): Promise<void> => {
      const { params } = questionOf(parseFilter(text).terms, Date.now());
      const { total } = await list(params, 1, 0, stop.signal);
      const untilMs = Math.floor(older.peek().sinceMs), before = new URLSearchParams(params);
      before.set('end_date', String(Math.min(untilMs - 1, Number(params.get('end_date') ?? Infinity))));
      setGot({ text, total, older: await list(before, kPage, 0, stop.signal), params: before, untilMs });
    };
    const timer = setTimeout(() => void ask().catch((error: Error) => { if (!stop.signal.aborted) setFailed(error.message); }), kPauseMs);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [text, signedIn.value, older.value.loads, asks]);
  const more = async (): Promise<void> => {
    if (!got) return;
    const next = await list(got.params, kPage, got.older.traces.length, AbortSignal.timeout(30_000)).catch((error: Error) => { setFailed(error.message); });
    // Another filter, or the same click twice, was answered first.
    if (next) setGot((now) => (now === got ? { ...got, older: { total: next.total, traces: [...got.older.traces, ...next.traces] } } : now));
  };
  // What was asked before is no answer.
  return { got: got?.text === text ? got : undefined, failed, more, again: () => setAsks(asks + 1) };
}

const Terms = ({ of }: { of: readonly Term[] }) => <code><SafeText text={of.map(({ text }) => text).join(' ')} /></code>;

export function ServerTraces({ asTraces }: { asTraces: boolean }) {
  const [open, setOpen] = useState<boolean | null>(null);
  const { sinceMs, before } = older.value;
  const lacks = before > 0;
  const { asked, left, sinceMs: wanted } = questionOf(parseFilter(filter.value).terms, Date.now());
  const inMemory = wanted >= sinceMs;
  const { got, failed, more, again } = useServer(lacks && asTraces && asked.length > 0 && !inMemory ? filter.value : '');
  useEffect(() => setOpen(null), [filter.value]);
  useEffect(() => {
    beyond.value = !lacks ? '' : ` loaded${got && !failed ? `, ${count(got.total)} on the server` : ''}`;
    return () => { beyond.value = ''; };
  }, [lacks, got, failed]);
  if (!lacks || asked.length + left.length === 0) return null;
  const since = clock(got?.untilMs ?? sinceMs, settings.value.times, now.peek());
  const show = (on: boolean): void => {
    setOpen(on);
    // Memory may begin later than when it was asked.
    if (on && got && sinceMs > got.untilMs + 1) again();
  };
  const isOpen = got !== undefined && got.older.total > 0 && (open ?? listed.value.shown === 0);
  return (
    <section class="beyond" aria-label="On the server">
      <div class="bar muted">
        {inMemory && <span>all of that time is in memory</span>}
        {!inMemory && !asTraces && <span>what came before {since} is not loaded</span>}
        {!inMemory && !asTraces && asked.length > 0 && <button type="button" onClick={() => setParams({ rows: 'traces', at: '' }, false)}>Traces of it on the server</button>}
        {failed !== '' && <span class="bad"><Icon name="warning" /> The server did not say what it has: <SafeText text={failed} /></span>}
        {failed !== '' && <button type="button" onClick={again}>Ask again</button>}
        {got && !failed && (
          <>
            <span>{counted(got.total, 'trace')} on the server {got.total === 1 ? 'matches' : 'match'} <Terms of={asked} />, {count(got.older.total)} begun before {since}</span>
            {got.older.total > 0 && <button type="button" aria-expanded={isOpen} onClick={() => show(!isOpen)}>{isOpen ? 'Hide' : 'Show'} {count(got.older.total)} older</button>}
          </>
        )}
        {asTraces && left.length > 0 && <span><Terms of={left} /> is asked of what is loaded alone</span>}
      </div>
      {isOpen && (
        <>
          <h2>From the server <span class="muted">begun before {since}, newest first</span></h2>
          <div class="scroll"><Table traces={got.older.traces} /></div>
          {got.older.traces.length < got.older.total && <div class="bar"><button type="button" onClick={() => void more()}>{count(Math.min(kPage, got.older.total - got.older.traces.length))} more</button></div>}
          <h2>In memory <span class="muted">since {since}</span></h2>
        </>
      )}
    </section>
  );
}

function Table({ traces }: { traces: readonly ListedTrace[] }) {
  return (
    <table class="data">
      <caption class="sr">Traces from the server</caption>
      <thead><tr><th scope="col">trace</th><th scope="col">status</th><th scope="col">started</th><th scope="col" class="num">for</th><th scope="col" class="num">spans</th>
        <th scope="col" class="num">errors</th><th scope="col">root</th><th scope="col">session</th></tr></thead>
      <tbody>{traces.map((trace) => {
        const { trace_id: id, conversation_id: task, status, start_time: start, duration_ms: ms, error_count: errors } = trace;
        return (
          <tr key={id}>
            <td>{task === null ? <SafeText text={id} /> : <a href={printRoute({ view: 'trace', path: [task], params: {} })}><SafeText text={task} /></a>}</td>
            <td><span class="status" data-status={kStatus[status]}><Icon name={kStatus[status]} />{kStatus[status]}</span></td>
            <td>{clock(Date.parse(start), settings.value.times, now.peek())}</td>
            <td class="num">{duration(ms)}</td>
            <td class="num">{count(trace.span_count)}</td>
            <td class="num">{errors > 0 && <span class="bad">{count(errors)}</span>}</td>
            <td><SafeText text={trace.span_name ?? ''} /></td>
            <td><SafeText text={trace.session_tag ?? ''} /></td>
          </tr>
        );
      })}</tbody>
    </table>
  );
}
