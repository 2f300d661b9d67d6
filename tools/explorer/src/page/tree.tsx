// A trace as a tree: task, thread, turn, thoughts, calls with their observations.

import { useEffect, useMemo, useState } from 'preact/hooks';
import type { TreeNode } from '../core/trace_nodes.ts';
import { Duration, isGrowing, Kind, stateOf, Status } from './call_parts.tsx';
import { counted, toolName } from '../core/units.ts';
import { useKeys } from './keys.ts';
import { SafeText } from './safe_text.tsx';
import { CallName } from './call_name.tsx';
import type { Said } from './said_texts.ts';
import { now, source } from './state.ts';
import { folded, isCall, isHeading, parentOf, type Story } from './story.ts';
import { VirtualList } from './virtual_list.tsx';

const isClosed = (node: TreeNode, closed: ReadonlySet<string>): boolean => closed.size > 0 && node.below > 0 && closed.has(node.key);

function visibleOf(nodes: readonly TreeNode[], closed: ReadonlySet<string>): TreeNode[] {
  const seen: TreeNode[] = [];
  let hiddenBelow = Infinity;
  for (const node of nodes) {
    if (node.depth > hiddenBelow) continue;
    hiddenBelow = isClosed(node, closed) ? node.depth : Infinity;
    seen.push(node);
  }
  return seen;
}

const headingText = (node: TreeNode): string =>
  node.node === 'turn' ? (node.turn < 0 ? 'outside of turns' : `turn ${node.turn}`) : `${node.node} ${node.node === 'thread' ? node.thread || '(none)' : node.task}`;

const textOf = (node: TreeNode, said: Said): string =>
  isHeading(node) ? headingText(node) : isCall(node) ? toolName(node) || 'a call' : said(node) || node.name;

function Text({ node, said }: { node: TreeNode; said: Said }) {
  if (!isCall(node)) return <SafeText text={textOf(node, said)} />;
  return <><CallName node={node} />{node.node === 'missing' && ', its action is not here'}</>;
}

export function Tree({ story }: { story: Story }) {
  const { nodes, chosen, choose, trace, said } = story;
  const closed = folded.value;
  const seen = useMemo(() => visibleOf(nodes, closed), [nodes, closed]);
  const fold = (node: TreeNode, close: boolean) => {
    const next = new Set(closed);
    if (close) next.add(node.key);
    else next.delete(node.key);
    folded.value = next;
  };
  const node = nodes[chosen];

  // What is chosen from elsewhere comes into view, its ancestors open.
  const [goTo, setGoTo] = useState<{ index: number }>();
  const key = node?.key;
  useEffect(() => {
    if (!node) return;
    const next = new Set(closed);
    for (let up = parentOf(nodes, chosen); up >= 0; up = parentOf(nodes, up)) next.delete(nodes[up]!.key);
    if (next.size < closed.size) folded.value = next;
    const index = visibleOf(nodes, next).indexOf(node);
    if (index >= 0) setGoTo({ index });
  }, [key]);
  useKeys('Tree', {
    '[': ['collapse all', () => { folded.value = new Set([...closed, ...nodes.filter(({ below, depth }) => below > 0 && depth > 0).map((one) => one.key)]); }],
    ']': ['expand all', () => { folded.value = new Set(); }],
  });

  const { startMs, lastMs } = trace.summary;
  const endMs = trace.summary.running > 0 && source.value === 'live' ? Math.max(lastMs, now.value) : lastMs;
  const share = (ms: number) => Math.max(0, Math.min(100, ((ms - startMs) / (endMs - startMs || 1)) * 100));
  const onFold = (one: TreeNode, open: boolean) => {
    if (one.below > 0 && open === closed.has(one.key)) fold(one, !open);
    else if (!open) {
      const up = parentOf(nodes, nodes.indexOf(one));
      if (up >= 0) choose(nodes[up]!);
    }
  };
  return (
    <div class="tree">
      <VirtualList label="Tree of the trace" role="treegrid" main columns="minmax(180px,1fr) minmax(40px,16%) 176px 64px" head={['What', 'When', 'Status', 'Time']}
        first={0} end={seen.length} at={0} items={seen} onWindow={() => undefined} keyOf={(one) => one.key} selected={key ?? null} {...goTo && { goTo }}
        onSelect={choose} onFold={onFold}
        rowProps={(one) => ({
          'aria-level': one.depth + 1, ...one.below > 0 && { 'aria-expanded': !isClosed(one, closed) },
          'data-kind': one.kind, 'data-node': one.node, 'data-state': isCall(one) ? stateOf(one) : 'none',
        })}
        cells={(one) => <>
          <span role="gridcell" class="what" style={{ '--depth': one.depth }}>
            <span class="guides" />
            {one.below > 0
              ? <button type="button" tabIndex={-1} class="quiet icon" aria-label={`${isClosed(one, closed) ? 'Expand' : 'Collapse'} ${textOf(one, said)}`}
                  onClick={(event) => { event.stopPropagation(); fold(one, !isClosed(one, closed)); }}>{isClosed(one, closed) ? '▸' : '▾'}</button>
              : <span class="no-fold" />}
            {isHeading(one) ? <b class="cut"><SafeText text={headingText(one)} /></b> : <><Kind kind={one.kind} /> <span class="cut"><Text node={one} said={said} /></span></>}
            {isClosed(one, closed) && <span class="muted">{counted(one.below, 'row')}</span>}
            {isCall(one) && said(one) !== '' && <span class="cut muted grow"><SafeText text={said(one)} /></span>}
          </span>
          <span role="gridcell" class="when">
            {isCall(one) && <i data-state={stateOf(one)} style={{
              left: `${share(one.startMs)}%`, width: `${share(isGrowing(one) ? endMs : one.endMs ?? one.startMs + (one.durationMs ?? 0)) - share(one.startMs)}%` }} />}
            {one.kind === 'thought' && <i data-state="thought" style={{ left: `${share(one.startMs)}%` }} />}
          </span>
          <span role="gridcell">{isCall(one) ? <Status row={{ status: one.status, failed: one.failed, exit: null }} /> : isHeading(one) ? one.failed && <span class="bad">errors inside</span> : one.kind === 'observation' ? <span class={one.failed ? 'bad' : 'muted'}>exit {one.exit ?? '?'}</span> : null}</span>
          <span role="gridcell" class="num">{isCall(one) && <Duration row={one} startMs={one.startMs} />}</span>
        </>} />
    </div>
  );
}
