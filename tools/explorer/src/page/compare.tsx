// Up to three traces side by side: totals, tools, calls in step, arguments that differ.

import { useEffect, useMemo, useState } from 'preact/hooks';
import { callLines, callsOf, differences, kMostTraces, toolLines, type CallLine, type Difference } from '../core/compare.ts';
import { argumentsOf, type Json } from '../core/output.ts';
import type { Trace } from '../core/tree.ts';
import { count, duration } from '../core/units.ts';
import { Duration, Status } from './call_parts.tsx';
import { Icon } from './icons.tsx';
import { go, printRoute, route } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { source } from './state.ts';
import { useAnswer } from './use_answer.ts';
import { useTrace } from './use_trace.ts';
import { VirtualList } from './virtual_list.tsx';
import { ask } from './worker_link.ts';

const namesOf = (path: readonly string[]) => (path[0] ?? '').split(',').filter(Boolean);
const see = (names: readonly string[]) => go({ view: 'compare', path: [names.join(',')] });

export function CompareView() {
  const asked = namesOf(route.value.path);
  const names = asked.slice(0, kMostTraces);
  const answers = [useTrace(names[0] ?? ''), useTrace(names[1] ?? ''), useTrace(names[2] ?? '')].slice(0, names.length);
  return (
    <div class="compare">
      <header class="bar trace-head">
        <a href={printRoute({ view: 'live', path: [], params: {} })}>‹ Live</a>
        <h1>Compare</h1>
        {names.map((name) => (
          <span class="chip" key={name}><a href={printRoute({ view: 'trace', path: [name], params: {} })}><SafeText text={name} /></a>
            <button type="button" class="icon" aria-label={`Take ${name} out`} onClick={() => see(names.filter((other) => other !== name))}><Icon name="close" /></button></span>
        ))}
        <Add names={names} />
      </header>
      {asked.length > kMostTraces && <p class="why warn" role="status"><Icon name="warning" /> Three traces are the most that are compared: <SafeText text={asked.slice(kMostTraces).join(', ')} /> {asked.length === kMostTraces + 1 ? 'is' : 'are'} left out.</p>}
      {names.length < 2 ? <p class="empty">Choose {names.length === 0 ? 'two or three traces' : 'one or two traces more'} to see what differs.</p>
      : <Compared names={names} traces={answers} />}
    </div>
  );
}

function Add({ names }: { names: readonly string[] }) {
  const known = useAnswer('traces', { source: source.value, filter: '', from: -1, count: 50, through: -1 });
  const [said, setSaid] = useState('');
  const add = (name: string) => {
    if (name === '' || names.includes(name)) return;
    if (names.length >= kMostTraces) setSaid('Three traces are the most that are compared: take one out first.');
    else { setSaid(''); see([...names, name]); }
  };
  return (
    <>
      <form class="bar" onSubmit={(event) => { event.preventDefault(); const field = event.currentTarget.elements.namedItem('task') as HTMLInputElement; add(field.value.trim()); field.value = ''; }}>
        <input name="task" list="known-traces" placeholder="task or trace id" aria-label="Trace to add" autocomplete="off" />
        <datalist id="known-traces">{(known?.items ?? []).filter(({ task }) => !names.includes(task)).map(({ task }) => <option key={task} value={task} />)}</datalist>
        <button type="submit">Add</button>
      </form>
      <span role="status" class="bad">{said}</span>
    </>
  );
}

function Compared({ names, traces }: { names: string[]; traces: (Trace | null | undefined)[] }) {
  const calls = traces.map((trace) => callsOf(trace ?? null));
  const tools = useMemo(() => toolLines(calls), traces);
  const lines = useMemo(() => callLines(calls), traces);
  const [chosen, setChosen] = useState(-1);
  const line = lines[chosen];
  const titles = names.map((name) => <SafeText key={name} text={name} />);
  const total = (words: string, of: (trace: Trace) => string) => (
    <tr><th scope="row">{words}</th>{traces.map((trace, at) => <td key={names[at]} class="num">{trace ? of(trace) : '–'}</td>)}</tr>
  );
  return (
    <>
      <section class="panel"><h2>Totals</h2>
        <table class="data"><thead><tr><th scope="col">of</th>{titles.map((title, at) => <th scope="col" class="num" key={names[at]}>{title}</th>)}</tr></thead>
          <tbody>
            <tr><th scope="row">state</th>{traces.map((trace, at) => <td key={names[at]} class="num">{trace === undefined ? '…' : trace === null ? 'not here' : trace.summary.status}</td>)}</tr>
            {total('calls', ({ summary }) => count(summary.calls))}{total('errors', ({ summary }) => count(summary.errors))}
            {total('thoughts', ({ summary }) => count(summary.thoughts))}{total('time', ({ summary }) => duration(summary.lastMs - summary.startMs))}
          </tbody></table>
      </section>
      <section class="panel"><h2>Tools</h2>
        <div class="scroll" tabIndex={0} role="region" aria-label="Tools"><table class="data"><thead><tr><th scope="col">tool</th>{titles.map((title, at) => <th scope="col" key={names[at]}>{title}</th>)}<th scope="col">differs</th></tr></thead>
          <tbody>{tools.map((tool) => (
            <tr key={tool.tool}><th scope="row"><SafeText text={tool.tool} /></th>
              {tool.of.map((of, at) => <td key={names[at]}>{of.calls === 0 ? <span class="muted">none</span> : <>{count(of.calls)}{of.errors > 0 && <b class="bad"> ({of.errors} failed)</b>} <span class="muted">{duration(of.totalMs)}</span></>}</td>)}
              <td>{tool.differs ? <b>yes</b> : <span class="muted">no</span>}</td></tr>
          ))}</tbody></table></div>
      </section>
      <section class="panel steps"><h2>Calls in step</h2>
        <VirtualList label="Calls in step" columns={`minmax(120px,1fr) repeat(${names.length},minmax(130px,1fr))`} least={`${160 + 140 * names.length}px`} head={['Tool', ...titles]}
          first={0} end={lines.length} at={0} items={lines} onWindow={() => undefined} keyOf={(one) => lines.indexOf(one)} selected={chosen} onSelect={(_, at) => setChosen(at)}
          rowProps={(one) => ({ 'data-state': one.calls.includes(null) ? 'differs' : 'none' })}
          cells={(one) => <><span role="gridcell"><SafeText text={one.tool} /></span>
            {one.calls.map((call, at) => <span role="gridcell" key={names[at]}>{call ? <><Status row={call} /> <span class="muted num"><Duration row={call} startMs={call.startMs} /></span></> : <span class="muted">– not called</span>}</span>)}</>} />
        {line ? <Arguments line={line} names={names} /> : <p class="muted">Choose a row to see which arguments differ.</p>}
      </section>
    </>
  );
}

function Arguments({ line, names }: { line: CallLine; names: string[] }) {
  const [found, setFound] = useState<Difference[] | null>(null);
  const key = line.calls.map((call) => call?.row ?? -1).join(' ');
  useEffect(() => {
    let here = true;
    setFound(null);
    void Promise.all(line.calls.map(async (call) => {
      const entry = call && await ask('entry', { source: source.peek(), row: call.row, id: call.id }).catch(() => null);
      return entry?.body ? argumentsOf(JSON.parse(entry.body) as Json) : undefined;
    })).then((values) => { if (here) setFound(differences(values)); }, () => undefined);
    return () => { here = false; };
  }, [key]);
  if (found === null) return <p class="muted" aria-busy="true">…</p>;
  if (found.length === 0) return <p role="status"><Icon name="ok" /> The arguments are the same.</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Arguments that differ"><table class="data"><thead><tr><th scope="col">argument</th>{names.map((name) => <th scope="col" key={name}><SafeText text={name} /></th>)}</tr></thead>
      <tbody>{found.map((one) => (
        <tr key={one.path}><th scope="row" class="mono"><SafeText text={one.path} /></th>{one.values.map((value, at) => <td key={names[at]} class="mono">{value === undefined ? <span class="muted">(none)</span> : <SafeText text={JSON.stringify(value).slice(0, 500)} />}</td>)}</tr>
      ))}</tbody></table></div>
  );
}
