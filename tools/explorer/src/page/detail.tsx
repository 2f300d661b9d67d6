// All that is known of one entry; of a call its action and its observation together.
//
//   <Detail source={source.value} row={row} id={id} />
//
// In a trace it is told the thought behind the call and what stands before and after it.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { argumentsOf, at, meaningOf, outputOf, thoughtOf, type Json } from '../core/output.ts';
import type { Entry, EventId, Row, Source } from '../core/protocol.ts';
import { Duration, Kind, Status } from './call_parts.tsx';
import { copy } from './copy.ts';
import { curlOfEntry } from './curl.ts';
import { bytes, clock, toolName } from '../core/units.ts';
import { JsonView, LongText } from './json_view.tsx';
import { OutputView, TextPart } from './output_view.tsx';
import { SafeText } from './safe_text.tsx';
import { addTerm, now, settings } from './state.ts';
import { useEntry, useJson } from './use_entry.ts';

interface Target {
  row: number;
  id: EventId;
}
interface Thinking extends Target {
  summary: string;
}
export interface Around {
  /** null: none was given. */
  thought: Thinking | null;
  before: Target | null;
  after: Target | null;
  choose: (target: Target) => void;
}
interface Props extends Target {
  source: Source;
  around?: Around;
}

const kFacts = ['task', 'session', 'thread', 'agent', 'role', 'server', 'tool'] as const;

export function Detail({ source, row, id, around }: Props) {
  const own = useEntry(source, row, id);
  const pair = useEntry(source, own?.row.pair ?? -1, '');
  if (own === undefined) return <section class="detail" aria-label="Detail" aria-busy="true" />;
  if (own === null) return <section class="detail" aria-label="Detail"><p class="empty">{source === 'replay' ? 'This entry has not come yet in the replay.' : 'This entry is neither in memory nor on the server.'}</p></section>;
  const isObservation = own.row.kind === 'observation';
  const action = isObservation ? pair ?? null : own.row.kind === 'action' ? own : null;
  const observation = isObservation ? own : action === null ? null : pair ?? null;
  return <OneDetail key={`${own.row.id} ${own.row.row}`} source={source} own={own} action={action} observation={observation} {...around && { around }} />;
}

interface Parts {
  source: Source;
  own: Entry;
  action: Entry | null;
  observation: Entry | null;
  around?: Around;
}

function OneDetail({ source, own, action, observation, around }: Parts) {
  const row = observation?.row ?? action?.row ?? own.row;
  const state: Row = action ? { ...action.row, status: row.status, failed: row.failed, exit: row.exit, durationMs: row.durationMs } : row;
  const isCall = action !== null || observation !== null;
  const thought = around?.thought ?? null;

  const tabs = new Map<string, () => ComponentChildren>();
  const result = () => <Result entry={observation} state={state} />;
  if (isCall) {
    if (state.failed) tabs.set('Error', () => <Result entry={observation} state={state} errorFirst />);
    else tabs.set('Output', result);
    tabs.set('Input', () => <Input entry={action} />);
    if (thought) tabs.set('Thought', () => <Thought source={source} row={thought} />);
  } else if (own.row.kind === 'thought') tabs.set('Thought', () => <ThoughtText entry={own} />);
  else tabs.set('Content', () => <Content entry={own} />);
  tabs.set('Raw', () => [action, observation, isCall ? null : own].map((entry) => entry && <Raw key={entry.row.row} entry={entry} />));

  const [picked, setPicked] = useState('');
  const chosen = tabs.has(picked) ? picked : [...tabs.keys()][0]!;
  const name = isCall ? toolName(action?.row ?? row) : own.row.name || own.row.kind;
  return (
    <section class="detail" aria-label="Detail">
      <header>
        <h2><Kind kind={isCall ? 'action' : own.row.kind} /> <SafeText text={name} /></h2>
        <Status row={state} />
        <span class="num"><Duration row={state} startMs={action?.row.timeMs ?? row.timeMs} /></span>
        <span class="grow" />
        {around && <>
          <Step words="Previous" sign="↑" to={around.before} choose={around.choose} />
          <Step words="Next" sign="↓" to={around.after} choose={around.choose} />
        </>}
      </header>
      {isCall && state.status !== '' && state.status !== 'SUCCESS' && <p class={state.failed ? 'why bad' : 'why'}>{meaningOf(state.status, state.exit)}</p>}
      {around && thought && isCall && (
        <p class="why muted">because of <button type="button" class="link because" onClick={() => around.choose(thought)}><Kind kind="thought" /> <SafeText text={thought.summary} /></button></p>
      )}
      <div class="bar"><div class="tabs" role="group" aria-label="Parts">
        {[...tabs.keys()].map((tab) => <button type="button" key={tab} aria-pressed={tab === chosen} onClick={() => setPicked(tab)}>{tab}</button>)}
      </div></div>
      <div class="parts">{tabs.get(chosen)!()}</div>
      <Facts entries={[action, observation, isCall ? null : own].filter((one) => one !== null)} row={action?.row ?? row} />
    </section>
  );
}

function Step({ words, sign, to, choose }: { words: string; sign: string; to: Target | null; choose: (target: Target) => void }) {
  return <button type="button" class="icon" aria-label={`${words} sibling`} title={`${words} sibling`} disabled={to === null} onClick={() => to && choose(to)}>{sign}</button>;
}

/** Why there is no body, when there is none. */
function Missing({ entry }: { entry: Entry }) {
  return <p class="muted">The body has left memory{entry.gone ? <>: <SafeText text={entry.gone} /></> : '.'}</p>;
}

function Result({ entry, state, errorFirst = false }: { entry: Entry | null; state: Row; errorFirst?: boolean }) {
  const json = useJson(entry);
  if (entry === null) return <p class="muted">{state.status === 'running' ? 'No result yet: the call runs.' : 'Its observation is not here.'}</p>;
  if (entry.body === null) return <Missing entry={entry} />;
  return <OutputView output={outputOf(json)} errorFirst={errorFirst} />;
}

function Input({ entry }: { entry: Entry | null }) {
  const json = useJson(entry);
  if (entry === null) return <p class="muted">Its action is not here: the arguments are unknown.</p>;
  if (entry.body === null) return <Missing entry={entry} />;
  const given = argumentsOf(json);
  return (
    <section class="part">
      <h3>arguments {given !== undefined && <button type="button" class="quiet" onClick={() => void copy(JSON.stringify(given, null, 2), 'Arguments')}>Copy</button>}</h3>
      {given === undefined ? <p class="muted">(none)</p> : <JsonView value={given} root="$.payload.tool_call.arguments" />}
    </section>
  );
}

function Thought({ source, row }: { source: Source; row: Thinking }) {
  const entry = useEntry(source, row.row, row.id);
  return entry ? <ThoughtText entry={entry} /> : <p class="muted">{row.summary}</p>;
}

/** `plain`: as it would be spoken, for cards. */
export function ThoughtText({ entry, plain = false }: { entry: Entry; plain?: boolean }) {
  const said = thoughtOf(useJson(entry));
  if (entry.body === null) return <Missing entry={entry} />;
  if (said.length === 0) return <Content entry={entry} />;
  if (plain) return <>{said.map(({ title, text }) => <p key={title} class="keep">{title !== '' && <span class="muted">{title}: </span>}<LongText text={text} /></p>)}</>;
  return <>{said.map(({ title, text }) => <TextPart key={title} title={title || 'Thought'} text={text} />)}</>;
}

function Content({ entry }: { entry: Entry }) {
  const json = useJson(entry);
  if (entry.body === null) return <Missing entry={entry} />;
  return json === null ? <TextPart title="content" text={entry.body} /> : <JsonView value={at(json, 'payload') ?? json} root={at(json, 'payload') ? '$.payload' : '$'} />;
}

function Raw({ entry }: { entry: Entry }) {
  const [tree, setTree] = useState(false);
  const json: Json = useJson(entry);
  if (entry.body === null) return <Missing entry={entry} />;
  return (
    <section class="part">
      <div class="bar">
        <span class="mono grow cut">{entry.row.id || entry.row.kind}</span>
        <button type="button" class="quiet" aria-pressed={tree} onClick={() => setTree(!tree)}>As JSON</button>
        <button type="button" class="quiet" onClick={() => void copy(entry.body!, 'Envelope')}>Copy</button>
        {entry.row.id && <button type="button" class="quiet" onClick={() => void copy(curlOfEntry(entry.row.id), 'Request')}>Copy as curl</button>}
      </div>
      {tree ? <JsonView value={json} /> : <TextPart title={`verbatim, ${bytes(entry.row.size)}`} text={entry.body} />}
    </section>
  );
}

function Facts({ entries, row }: { entries: Entry[]; row: Row }) {
  return (
    <dl class="facts">
      <dt>at</dt><dd>{clock(row.timeMs, settings.value.times, now.peek())}{!row.stamped && <span class="muted"> (arrival: it has no stamp)</span>}</dd>
      {row.turn >= 0 && <><dt>turn</dt><dd>{row.turn}</dd></>}
      {kFacts.filter((key) => row[key] !== '').map((key) => (
        <><dt>{key}</dt><dd><button type="button" class="link" title="Click filters by it, Alt+click excludes it" onClick={(event) => addTerm(key, row[key], event.altKey)}><SafeText text={row[key]} /></button></dd></>
      ))}
      <dt>{entries.length === 1 ? 'entry' : 'entries'}</dt><dd class="mono">{entries.map((one) => one.row.id || `row ${one.row.row}`).join(', ')}</dd>
    </dl>
  );
}
