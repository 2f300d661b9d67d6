// A trace as a conversation: a card per turn, threads as tabs. Text is text: no markup, no links.

import { useMemo, useState } from 'preact/hooks';
import { outputOf } from '../core/output.ts';
import type { TreeNode } from '../core/trace_nodes.ts';
import { turnsOf, type Call, type Turn } from '../core/turns.ts';
import { clock, counted, toolName } from '../core/units.ts';
import { Duration, Kind, stateOf, Status } from './call_parts.tsx';
import { ThoughtText } from './detail.tsx';
import { OutputView } from './output_view.tsx';
import { SafeText } from './safe_text.tsx';
import { CallName } from './call_name.tsx';
import { now, settings, source } from './state.ts';
import type { Story } from './story.ts';
import { useEntry, useJson } from './use_entry.ts';

const kAtOnce = 50;

export function Turns({ story }: { story: Story }) {
  const threads = useMemo(() => turnsOf(story.nodes), [story.nodes]);
  const chosen = story.nodes[story.chosen];
  const [picked, setPicked] = useState<string | null>(null);
  const thread = picked !== null && threads.has(picked) ? picked : chosen && threads.has(chosen.thread) ? chosen.thread : [...threads.keys()][0] ?? '';
  const turns = threads.get(thread) ?? [];
  // Where the choice is, is where one begins to read; else at the newest.
  const [from, setFrom] = useState(() => {
    const at = turns.findIndex((turn) => turn.turn === chosen?.turn);
    return Math.max(0, (at < 0 ? turns.length : at + kAtOnce / 2) - kAtOnce);
  });
  const shown = turns.slice(from, from + kAtOnce);
  const later = turns.length - from - shown.length;
  return (
    <div class="turns">
      {threads.size > 1 && (
        <div class="bar"><span class="muted">Threads</span><div class="tabs" role="group" aria-label="Threads">
          {[...threads].map(([name, of]) => (
            <button type="button" key={name} aria-pressed={name === thread} onClick={() => { setPicked(name); setFrom(Math.max(0, of.length - kAtOnce)); }}><SafeText text={name || '(no thread)'} /> <span class="muted">{of.length}</span></button>
          ))}
        </div></div>
      )}
      {from > 0 && <button type="button" onClick={() => setFrom(Math.max(0, from - kAtOnce))}>{counted(from, 'earlier turn')}: show {Math.min(from, kAtOnce)}</button>}
      {shown.map((turn) => <TurnCard key={turn.key} turn={turn} story={story} />)}
      {later > 0 && <button type="button" onClick={() => setFrom(Math.min(turns.length - 1, from + kAtOnce))}>{counted(later, 'later turn')}: show {Math.min(later, kAtOnce)}</button>}
    </div>
  );
}

function TurnCard({ turn, story }: { turn: Turn; story: Story }) {
  const [most, setMost] = useState(kAtOnce);
  return (
    <article class="panel turn" aria-label={turn.turn < 0 ? 'Outside of turns' : `Turn ${turn.turn}`}>
      <header>
        <h2>{turn.turn < 0 ? 'outside of turns' : `turn ${turn.turn}`}</h2>
        <span class="muted">{clock(turn.fromMs, settings.value.times, now.peek())}</span>
        <span class="grow" />
        <span class="muted">{counted(turn.calls, 'call')}{turn.failed > 0 && <b class="bad">, {turn.failed} failed</b>}</span>
      </header>
      {turn.said.slice(0, most).map((said) =>
        'thought' in said ? <ThoughtCard key={said.thought.key} node={said.thought} story={story} />
        : 'call' in said ? <CallCard key={said.call.node.key} call={said.call} story={story} />
        : <p key={said.entry.key} class="said"><Kind kind={said.entry.kind} /> <SafeText text={said.entry.name} /> <SafeText text={story.said(said.entry)} /></p>)}
      {turn.said.length > most && <button type="button" onClick={() => setMost(most + 2 * kAtOnce)}>{counted(turn.said.length - most, 'step')} more: show {Math.min(turn.said.length - most, 2 * kAtOnce)}</button>}
    </article>
  );
}

function ThoughtCard({ node, story }: { node: TreeNode; story: Story }) {
  const entry = useEntry(source.value, node.row, node.id);
  return (
    <div class="said" data-kind="thought"><Kind kind="thought" />
      <div class="grow">{entry ? <ThoughtText entry={entry} plain /> : <SafeText text={story.said(node)} />}</div>
    </div>
  );
}

function CallCard({ call, story }: { call: Call; story: Story }) {
  const { node } = call;
  const [open, setOpen] = useState(node.failed);
  const isChosen = story.nodes[story.chosen] === node;
  return (
    <div class="call" data-state={stateOf(node)} aria-current={isChosen ? 'true' : undefined}>
      <div class="bar">
        <button type="button" class="quiet icon" aria-expanded={open} aria-label={`Result of ${toolName(node) || 'a call'}`} onClick={() => setOpen(!open)}>{open ? '▾' : '▸'}</button>
        <button type="button" class="quiet call-name" onClick={() => story.choose(node)}><Kind kind="action" /> <b class="cut"><CallName node={node} /></b></button>
        <span class="cut muted grow">{node.node === 'missing' ? 'its action is not here' : <SafeText text={story.said(node)} />}</span>
        <Status row={node} /><span class="num"><Duration row={node} startMs={node.startMs} /></span>
      </div>
      {open && <ResultOf node={call.observation} running={node.status === 'running'} failed={node.failed} />}
      {call.calls.map((inner) => <CallCard key={inner.node.key} call={inner} story={story} />)}
    </div>
  );
}

function ResultOf({ node, running, failed }: { node: TreeNode | null; running: boolean; failed: boolean }) {
  const entry = useEntry(source.value, node?.row ?? -1, node?.id ?? '');
  const json = useJson(entry);
  if (node === null) return <p class="muted result">{running ? 'No result yet: the call runs.' : 'Its observation is not here.'}</p>;
  if (!entry) return <p class="muted result">…</p>;
  return <div class="result">{entry.body === null ? <p class="muted">The body has left memory. <SafeText text={entry.gone} /></p> : <OutputView output={outputOf(json)} errorFirst={failed} />}</div>;
}
