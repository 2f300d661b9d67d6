// One trace: its head, what went wrong, and its three forms over one selection.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { TreeNode } from '../core/trace_nodes.ts';
import type { Trace } from '../core/tree.ts';
import { Status } from './call_parts.tsx';
import { copy } from './copy.ts';
import { Detail, type Around } from './detail.tsx';
import { duration, counted } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { useKeys } from './keys.ts';
import { restJson } from './rest.ts';
import { go, printRoute, route, setParams } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { CallId, CallName } from './call_name.tsx';
import { addTerm, now, setFilter, setSetting, settings, source, type Settings } from './state.ts';
import { failuresOf, isCall, isHeading, siblingOf, thoughtBehind, useStory, type Failure, type Story } from './story.ts';
import { TraceFilter, useFiltered } from './trace_filter.tsx';
import { Tree } from './tree.tsx';
import { Turns } from './turns.tsx';
import { useTrace } from './use_trace.ts';
import { Waterfall } from './waterfall.tsx';

type Form = Settings['trace'];
const kForms: readonly { form: Form; words: string; key: string }[] = [
  { form: 'tree', words: 'Tree', key: 'g t' }, { form: 'waterfall', words: 'Waterfall', key: 'g w' }, { form: 'turns', words: 'Turns', key: 'g c' },
];
const kShownFailures = 3;

export function TraceView() {
  const task = route.value.path[0] ?? '';
  return <OneTrace key={task} task={task} />;
}

function OneTrace({ task }: { task: string }) {
  const trace = useTrace(task);
  if (trace === undefined) return <p class="empty" aria-busy="true">Looking for trace <b><SafeText text={task} /></b> …</p>;
  return trace === null ? <Unknown task={task} /> : <Known trace={trace} />;
}

/** Not in memory. A trace id may be known to the server by the name of its task. */
function Unknown({ task }: { task: string }) {
  const [said, setSaid] = useState('');
  useEffect(() => {
    if (!/^[0-9a-f]{32}$/.test(task) || source.value !== 'live') return;
    void restJson<{ traces?: { conversation_id?: string | null }[] }>(`api/analytics/traces?limit=1&trace_id=${task}`).then(({ traces }) => {
      const [first] = traces ?? [];
      if (first?.conversation_id && first.conversation_id !== task) go({ ...route.peek(), path: [first.conversation_id] }, true);
      else setSaid('The server does not know this trace id either.');
    }).catch(() => undefined);
  }, [task]);
  return (
    <div class="empty">
      <h1>No trace <SafeText text={task} /></h1>
      <p>Nothing of this task or trace id is here{source.value === 'live' ? '' : ` in this ${source.value}`}. {said}</p>
      <p>It may not have begun, be older than what is kept, or be spelled otherwise. This page shows it as soon as its first entry comes.</p>
      <div class="bar"><a class="button" href={printRoute({ view: 'live', path: [], params: {} })}>All traces</a>
        <button type="button" onClick={() => addTerm('task', `${task}*`)}>Search for tasks that begin so</button></div>
    </div>
  );
}

function Known({ trace }: { trace: Trace }) {
  const filtered = useFiltered(trace);
  const story = useStory(trace, filtered.nodes);
  const { nodes, chosen, choose } = story;
  const failures = useMemo(() => failuresOf(nodes), [nodes]);
  const asked = route.value.params.v;
  const form = kForms.find((one) => one.form === asked)?.form ?? settings.value.trace;
  const show = (to: Form) => { setSetting('trace', to); setParams({ v: to }); };
  const compare = () => go({ view: 'compare', path: [trace.summary.task] });
  const error = (by: 1 | -1) => {
    const next = by === 1 ? failures.find(({ at }) => at > chosen) ?? failures[0] : failures.findLast(({ at }) => at < chosen) ?? failures.at(-1);
    if (next) choose(next.call);
  };
  useKeys('Trace', {
    ...Object.fromEntries(kForms.map(({ form: to, words, key }) => [key, [words, () => show(to)] as const])),
    n: ['next error', () => error(1)], p: ['previous error', () => error(-1)], c: ['compare', compare],
    Escape: ['back to Live', () => go({ view: 'live' })],
  });
  const Form = { tree: Tree, waterfall: Waterfall, turns: Turns }[form];
  return (
    <div class="trace">
      <Head trace={trace} shown={filtered.shown} form={form} show={show} compare={compare} />
      {trace.missing !== '' && <p class="why warn"><Icon name="warning" /> incomplete: <SafeText text={trace.missing} /></p>}
      {failures.length > 0 && <Failures failures={failures} story={story} />}
      {nodes.length === 0 ? <p class="empty">Nothing of this trace is admitted by the filter. <button type="button" onClick={() => setFilter('')}>Show all</button></p> : <div class="split">
        <Form story={story} />
        <Chosen story={story} />
      </div>}
    </div>
  );
}

interface HeadProps {
  trace: Trace;
  /** Entries that the filter leaves. */
  shown: number;
  form: Form;
  show: (to: Form) => void;
  compare: () => void;
}

function Head({ trace: { summary, entries }, shown, form, show, compare }: HeadProps) {
  const endMs = summary.running > 0 && source.value === 'live' ? Math.max(summary.lastMs, now.value) : summary.lastMs;
  const running = summary.status === 'running';
  return (
    <header class="bar trace-head">
      <a href={printRoute({ view: 'live', path: [], params: {} })}>‹ Live</a>
      <h1>trace <SafeText text={summary.task} /></h1>
      {summary.session !== '' && <span>session <button type="button" class="link" onClick={(event) => addTerm('session', summary.session, event.altKey)}><SafeText text={summary.session} /></button></span>}
      <Status row={{ status: running ? 'running' : summary.status === 'cancelled' ? 'CANCELLED' : summary.status, failed: summary.status === 'error', exit: null }} />
      <span>{counted(summary.calls, 'call')}, <b class={summary.errors > 0 ? 'bad' : ''}>{counted(summary.errors, 'error')}</b>, {duration(endMs - summary.startMs)}{running ? ' ~' : ''}</span>
      <span class="grow" />
      <TraceFilter shown={shown} of={entries} />
      <div class="tabs" role="group" aria-label="Form">
        {kForms.map((one) => <button type="button" key={one.form} aria-pressed={one.form === form} onClick={() => show(one.form)}>{one.words}</button>)}
      </div>
      <button type="button" onClick={compare}>Compare</button>
      <button type="button" onClick={() => void copy(location.href, 'Link')}><Icon name="link" />Link</button>
    </header>
  );
}

/** Which call failed, and why, before anything is clicked. */
function Failures({ failures, story }: { failures: Failure[]; story: Story }) {
  const [all, setAll] = useState(false);
  const shown = all ? failures : failures.slice(0, kShownFailures);
  return (
    <ul class="failures" aria-label="What failed">
      {shown.map(({ call, result }) => (
        <li key={call.key}>
          <button type="button" class="quiet" aria-current={story.nodes[story.chosen] === call ? 'true' : undefined} onClick={() => story.choose(call)}>
            <Icon name="error" /><b><CallName node={call} /></b> failed
            <span class="muted"><SafeText text={call.status} />{call.exit === null ? '' : `, exit ${call.exit}`}{call.durationMs === null ? '' : `, after ${duration(call.durationMs)}`}</span>
            {result && <span class="cut mono"><SafeText text={story.said(result)} /></span>}
          </button>
        </li>
      ))}
      {failures.length > shown.length && <li><button type="button" class="quiet" onClick={() => setAll(true)}>{counted(failures.length - shown.length, 'more error')}</button></li>}
    </ul>
  );
}

function Chosen({ story: { nodes, chosen, away, choose, said } }: { story: Story }) {
  const node = nodes[chosen];
  if (away !== '') return <Detail source={source.value} row={-1} id={away} />;
  if (!node) return <section class="detail" aria-label="Detail"><p class="empty">Nothing is chosen.</p></section>;
  if (isHeading(node) || node.row < 0) return <About node={node} />;
  // An observation is looked at as its call.
  const own = node.kind === 'observation' ? nodes.findLastIndex((one, at) => at < chosen && isCall(one) && one.pair === node.row) : chosen;
  const at = own < 0 ? chosen : own;
  const thought = isCall(nodes[at]!) ? thoughtBehind(nodes, at) : null, before = siblingOf(nodes, at, -1), after = siblingOf(nodes, at, 1);
  const around: Around = {
    thought: thought && { row: thought.row, id: thought.id, summary: said(thought) }, before, after,
    choose: (target) => { const to = [before, after, thought].find((one) => one?.row === target.row); if (to) choose(to); },
  };
  return <Detail source={source.value} row={node.row} id={node.id} around={around} />;
}

function About({ node }: { node: TreeNode }) {
  return (
    <section class="detail" aria-label="Detail">
      <header><h2>{node.node === 'missing' ? 'An action that is not here' : <SafeText text={`${node.node} ${node.node === 'turn' ? node.turn : node.node === 'thread' ? node.thread : node.task}`} />}</h2></header>
      <p class="why">{node.node === 'missing'
        ? <>{node.pair >= 0 ? 'The observation of call ' : 'What was called by call '}<b><CallId node={node} /></b> has come, its action has not: it may be older than what is kept. It takes this place when it comes.</>
        : <>{counted(node.below, 'row')} below it{node.endMs === null ? '' : `, over ${duration(node.endMs - node.startMs)}`}.</>}</p>
    </section>
  );
}
