// The tool graph: what follows what. A picture, two tables that say the same, and questions.

import type { ComponentChildren } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { printTerm } from '../core/filter.ts';
import { counted } from '../core/units.ts';
import { fillOf, letterOf, ringOf } from './graph_colours.ts';
import { GraphDrawing, kMaxDrawn } from './graph_drawing.tsx';
import { useGraph, type Edge, type Graph, type Tool } from './graph_data.ts';
import { isDark } from './ink.ts';
import { useKeys } from './keys.ts';
import { rest, restJson } from './rest.ts';
import { printRoute, route, setParams } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { save } from './save.ts';
import { SortedTable, type Column } from './sorted_table.tsx';
import { toast } from './toasts.tsx';

const kShown = ['drawing', 'tools', 'edges'] as const;
const setFocus = (focus: string): void => setParams({ focus, ...(focus === '' ? { to: '' } : {}) });

function ToolLink({ id }: { id: string }) {
  return <button type="button" class="link tool-name" onClick={() => setFocus(id)}><SafeText text={id} /></button>;
}
const kTools: readonly Column<Tool>[] = [
  { key: 'tool', head: 'Tool', value: ({ id }) => id, cell: ({ id }) => <ToolLink id={id} /> },
  { key: 'server', head: 'Server', value: ({ server }) => server, cell: ({ server }) => <SafeText text={server} /> },
  { key: 'community', head: 'Community', value: ({ community_id: id }) => id, cell: ({ community_id: id }) => letterOf(id) },
  { key: 'rank', head: 'PageRank', isNumber: true, value: ({ pagerank }) => pagerank, cell: ({ pagerank }) => pagerank.toFixed(4) },
  { key: 'degree', head: 'Degree', isNumber: true, value: ({ degree }) => degree, cell: ({ degree }) => degree },
];
const kEdges: readonly Column<Edge>[] = [
  { key: 'from', head: 'From', value: ({ source }) => source, cell: ({ source }) => <ToolLink id={source} /> },
  { key: 'to', head: 'To', value: ({ target }) => target, cell: ({ target }) => <ToolLink id={target} /> },
  { key: 'confidence', head: 'Confidence', isNumber: true, value: ({ confidence }) => confidence, cell: ({ confidence }) => confidence.toFixed(2) },
  { key: 'seen', head: 'Seen', isNumber: true, value: ({ observed_count: n }) => n, cell: ({ observed_count: n }) => n },
  { key: 'type', head: 'Type', value: ({ edge_type: type }) => type, cell: ({ edge_type: type }) => <SafeText text={type} /> },
  { key: 'source', head: 'Known from', value: ({ edge_source: from }) => from, cell: ({ edge_source: from }) => <SafeText text={from} /> },
];

async function download(format: string, extension: string): Promise<void> {
  try {
    save(await (await rest(`api/graph/export?format=${format}`)).blob(), `tool-graph.${extension}`);
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { kind: 'error' });
  }
}

export function GraphView() {
  const { graph, failed, pulses, version, refresh } = useGraph();
  const { focus = '', to = '' } = route.value.params;
  const shown = kShown.find((one) => one === route.value.params.as) ?? 'drawing';
  const path = usePath(focus, to, version);
  useKeys('Graph', { '/': ['search', () => document.getElementById('graph-search')?.focus()], Escape: ['', () => setFocus('')] });

  if (!graph) return (
    <div class="room">
      <div class="bar"><h2 class="grow">Tool graph</h2></div>
      {failed ? <p class="empty" role="alert"><SafeText text={failed} />. The graph is of everybody's calls: with authentication on, an operator's token opens it. <button type="button" onClick={refresh}>Try again</button></p> : <p class="empty">Loading…</p>}
    </div>
  );
  const tools = [...graph.tools.values()], edges = [...graph.edges.values()];
  const servers = [...new Set(tools.map(({ server }) => server))].sort();
  return (
    <div class="room graph-room">
      <div class="bar">
        <h2 class="grow">Tool graph <span class="muted">{counted(tools.length, 'tool')}, {counted(edges.length, 'edge')}, density {graph.density.toFixed(3)}, {graph.communities === 1 ? '1 community' : `${graph.communities} communities`}</span></h2>
        <div class="tabs" role="group" aria-label="Shown as">
          {kShown.map((one) => <button type="button" key={one} aria-pressed={one === shown} onClick={() => setParams({ as: one === 'drawing' ? '' : one })}>{one === 'drawing' ? 'Drawing' : one === 'tools' ? 'Tools' : 'Edges'}</button>)}
        </div>
        <span role="group" aria-label="Export the graph">
          <button type="button" class="quiet" onClick={() => void download('json', 'json')}>JSON</button>
          <button type="button" class="quiet" onClick={() => void download('graphml', 'graphml')}>GraphML</button>
          <button type="button" class="quiet" onClick={() => void download('csv', 'csv')}>CSV</button>
        </span>
      </div>
      {failed && <p class="bad" role="alert"><SafeText text={failed} />; what is shown may be old. <button type="button" class="link" onClick={refresh}>Try again</button></p>}
      <div class="split">
        <div class="graph-main">
          {shown === 'drawing' && <GraphDrawing {...{ graph, servers, pulses, version, focus, path: path.ids }} onFocus={setFocus} />}
          {shown === 'drawing' && tools.length > kMaxDrawn && <p class="muted">The {kMaxDrawn} tools of the highest rank are drawn; the table has all.</p>}
          {shown === 'tools' && <SortedTable label="Tools of the graph" columns={kTools} items={tools} keyOf={({ id }) => id} order="-rank" />}
          {shown === 'edges' && <SortedTable label="Edges of the graph" columns={kEdges} items={edges} keyOf={({ source, target }) => `${source}\n${target}`} order="-confidence" />}
          {edges.length === 0 && <p class="muted">No edge yet: one appears when a task ends in which one tool was called after another.</p>}
        </div>
        <Questions graph={graph} servers={servers} focus={focus} to={to} path={path} />
      </div>
    </div>
  );
}

interface Path {
  ids: string[];
  says: string;
}
function usePath(from: string, to: string, version: number): Path {
  const [got, setGot] = useState<Path>({ ids: [], says: '' });
  useEffect(() => {
    let here = true;
    setGot({ ids: [], says: '' });
    if (from && to) void restJson<{ path: string[]; total_hops: number }>(`api/graph/path?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`).then(
      ({ path, total_hops: hops }) => { if (here) setGot({ ids: path, says: hops < 0 ? 'No path' : counted(hops, 'hop') }); },
      (error: unknown) => { if (here) setGot({ ids: [], says: error instanceof Error ? error.message : String(error) }); });
    return () => { here = false; };
  }, [from, to, version]);
  return got;
}

function useRelated(id: string): { id: string; score: number }[] {
  const [got, setGot] = useState<{ id: string; score: number }[]>([]);
  useEffect(() => {
    let here = true;
    setGot([]);
    if (id) void restJson<{ related?: { tool_id: string; score: number }[] }>(`api/graph/related?tool_id=${encodeURIComponent(id)}`).then(
      ({ related = [] }) => { if (here) setGot(related.map(({ tool_id, score }) => ({ id: tool_id, score }))); }, () => undefined);
    return () => { here = false; };
  }, [id]);
  return got;
}

function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return <section><h3>{title}</h3>{children}</section>;
}
function Ids({ of, none }: { of: readonly (readonly [id: string, says: string])[]; none: string }) {
  if (of.length === 0) return <p class="muted">{none}</p>;
  return <ul class="ids">{of.map(([id, says]) => <li key={id}><ToolLink id={id} /> <span class="muted num">{says}</span></li>)}</ul>;
}

function Search({ id, label, value, graph, onPick }: { id: string; label: string; value: string; graph: Graph; onPick: (tool: string) => void }) {
  return (
    <label class="row">{label}
      <input key={value} id={id} class="grow" list="graph-tools" defaultValue={value} placeholder="a tool" spellcheck={false}
        onChange={({ currentTarget: { value: typed } }) => {
          if (typed === '' || graph.tools.has(typed)) onPick(typed);
          else toast(`There is no tool ${typed} in the graph`, { like: 'graph', kind: 'warning' });
        }} />
    </label>
  );
}

function Questions({ graph, servers, focus, to, path }: { graph: Graph; servers: readonly string[]; focus: string; to: string; path: Path }) {
  const related = useRelated(graph.tools.has(focus) ? focus : '');
  const tool = graph.tools.get(focus);
  const ids = useMemo(() => [...graph.tools.keys()].sort(), [graph, graph.tools.size]);
  const edges = [...graph.edges.values()].sort((a, b) => b.confidence - a.confidence);
  const says = ({ confidence, observed_count: n }: Edge): string => `${confidence.toFixed(2)}, seen ${n}`;
  const fellows = tool ? [...graph.tools.values()].filter(({ id, community_id: of }) => of === tool.community_id && id !== focus).sort((a, b) => b.pagerank - a.pagerank) : [];
  return (
    <aside class="questions" aria-label="Questions">
      <datalist id="graph-tools">{ids.map((id) => <option key={id} value={id} />)}</datalist>
      <Search id="graph-search" label="Tool" value={focus} graph={graph} onPick={setFocus} />
      {focus && !tool && <p class="bad">There is no tool <SafeText text={focus} /> in the graph.</p>}
      {tool ? (
        <>
          <p><SafeText text={tool.server} />, community {letterOf(tool.community_id)}, PageRank {tool.pagerank.toFixed(4)}, degree {tool.degree}. <a href={printRoute({ view: 'live', path: [], params: { f: printTerm('tool', tool.id) } })}>Its entries</a></p>
          <Search id="graph-to" label="Path to" value={to} graph={graph} onPick={(id) => setParams({ to: id })} />
          {path.says && <p role="status"><b><SafeText text={path.says} /></b>{path.ids.map((id, i) => <span key={id}>{i ? ' → ' : ': '}<ToolLink id={id} /></span>)}</p>}
          <Section title="Leads to"><Ids of={edges.filter(({ source }) => source === focus).map((edge) => [edge.target, says(edge)])} none="nothing seen" /></Section>
          <Section title="Follows"><Ids of={edges.filter(({ target }) => target === focus).map((edge) => [edge.source, says(edge)])} none="nothing seen" /></Section>
          <Section title="Related: shares neighbours"><Ids of={related.map(({ id, score }) => [id, score.toFixed(2)])} none="none" /></Section>
          <Section title={`Community ${letterOf(tool.community_id)}`}><Ids of={fellows.slice(0, 20).map(({ id, pagerank }) => [id, pagerank.toFixed(4)])} none="nobody else" /></Section>
        </>
      ) : <Legend servers={servers} />}
    </aside>
  );
}

function Legend({ servers }: { servers: readonly string[] }) {
  const dark = isDark.value;
  return (
    <>
      <p class="muted">Choose a tool: click it, or search. Arrow keys walk along edges.</p>
      <Section title="What is what">
        <ul class="legend">
          <li><i class="dot" style={{ width: '20px', height: '20px' }} /><i class="dot" />size: PageRank</li>
          <li><i class="dot" style={{ background: fillOf(0, dark) }}>A</i><i class="dot" style={{ background: fillOf(1, dark) }}>B</i>hue and letter: community</li>
          {servers.slice(0, 12).map((server) => <li key={server}><i class="dot" style={{ borderColor: ringOf(server, servers, dark) }} />ring: <SafeText text={server} /></li>)}
          <li><i class="stroke" />width: confidence</li>
          <li><i class="stroke" data-dashed="true" />dashes: proposed by a template</li>
        </ul>
      </Section>
    </>
  );
}
