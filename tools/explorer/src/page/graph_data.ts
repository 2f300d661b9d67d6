// The tool graph as the page knows it: a snapshot, then what the log says after its `last_id`.

import { useEffect, useRef, useState } from 'preact/hooks';
import { compareIds, parseId } from '../core/event_id.ts';
import { membersOf } from '../core/export_parts.ts';
import type { Row } from '../core/protocol.ts';
import { restJson } from './rest.ts';
import { signedIn } from './session.ts';
import { useAnswer } from './use_answer.ts';
import { ask, tick } from './worker_link.ts';

export interface Tool {
  id: string;
  label: string;
  server: string;
  pagerank: number;
  degree: number;
  community_id: number;
}
export interface Edge {
  source: string;
  target: string;
  confidence: number;
  observed_count: number;
  edge_type: string;
  edge_source: string;
}
interface Snapshot {
  nodes: Tool[];
  edges: Edge[];
  metadata: { density: number };
  last_id: string;
}
export interface Graph {
  tools: Map<string, Tool>;
  edges: Map<string, Edge>;
  density: number;
  communities: number;
  /** Grows with each snapshot: what was laid out has to be laid out anew. */
  round: number;
}
export const edgeKey = (from: string, to: string): string => `${from}\n${to}`;

// More at once than this, and a new snapshot costs less than its parts.
const kMaxEvents = 64;

/** Changes the graph; false: only a new snapshot knows what this means. `pulse` gets the edges that changed. */
export function applyEvent(graph: Graph, name: string, payload: unknown, pulse: (key: string) => void): boolean {
  const of = membersOf(payload);
  const text = (member: string): string => (typeof of[member] === 'string' ? of[member] : '');
  const number = (member: string): number => (typeof of[member] === 'number' ? of[member] : 0);
  if (name === 'edge_created' || name === 'edge_updated') {
    const source = text('from_tool_id'), target = text('to_tool_id'), key = edgeKey(source, target);
    // Rank and community of a new tool are the server's to say.
    if (!graph.tools.has(source) || !graph.tools.has(target)) return false;
    const isNew = !graph.edges.has(key);
    graph.edges.set(key, {
      source, target, confidence: number(name === 'edge_created' ? 'confidence_score' : 'new_confidence'),
      observed_count: number('observed_count'), edge_type: text('edge_type'), edge_source: text('edge_source'),
    });
    if (isNew) for (const id of [source, target]) graph.tools.get(id)!.degree++;
    pulse(key);
  } else if (name === 'metrics_updated') {
    graph.density = number('density');
    graph.communities = number('communities_count');
    if (number('node_count') !== graph.tools.size || number('edge_count') !== graph.edges.size) return false;
    for (const one of Array.isArray(of.pagerank_top_10) ? of.pagerank_top_10 : []) {
      const { tool_id: id, score } = membersOf(one), tool = typeof id === 'string' ? graph.tools.get(id) : undefined;
      if (tool && typeof score === 'number') tool.pagerank = score;
    }
  } else return name !== 'graph_synced';
  return true;
}

function graphOf({ nodes, edges, metadata }: Snapshot, round: number): Graph {
  return {
    tools: new Map(nodes.map((tool) => [tool.id, tool])), edges: new Map(edges.map((edge) => [edgeKey(edge.source, edge.target), edge])),
    density: metadata.density, communities: new Set(nodes.map(({ community_id: id }) => id)).size, round,
  };
}

export interface GraphNow {
  graph: Graph | null;
  failed: string;
  /** When each edge changed, by performance.now(); of the last while. */
  pulses: Map<string, number>;
  /** Another one: draw again. */
  version: number;
  refresh: () => void;
}

export function useGraph(): GraphNow {
  const at = useRef({ lastId: '', gaps: 0, busy: false, again: false, graph: null as Graph | null, pulses: new Map<string, number>() }).current;
  const [state, setState] = useState({ version: 0, failed: '' });
  const rows = useAnswer('rows', { source: 'live', filter: 'type:graph', from: -1, count: kMaxEvents, through: -1 });
  const newest = useRef(rows);
  newest.current = rows;
  const changed = (failed = ''): void => setState(({ version }) => ({ version: version + 1, failed }));

  const snapshot = async (): Promise<void> => {
    const got = await restJson<Snapshot>('api/graph/snapshot');
    at.graph = graphOf(got, (at.graph?.round ?? 0) + 1);
    at.lastId = got.last_id;
    at.pulses.clear();
  };
  /** The events not seen yet; false: one of them asks for a snapshot. */
  const follow = async (items: readonly Row[], isWhole: boolean): Promise<boolean> => {
    const fresh = items.filter(({ id }) => !(compareIds(id, at.lastId) <= 0));
    if (fresh.length === items.length && !isWhole && items.length > 0) return false;
    for (const { row, id, name } of fresh) {
      const entry = await ask('entry', { source: 'live', row, id });
      if (!entry?.body || !at.graph) return false;
      at.lastId = id;
      if (!applyEvent(at.graph, name, (JSON.parse(entry.body) as { payload?: unknown }).payload, (key) => at.pulses.set(key, performance.now()))) return false;
    }
    return true;
  };
  // One of these runs at a time; whoever comes meanwhile makes it run once more.
  const pull = async (isFresh: boolean): Promise<void> => {
    if (at.busy) {
      at.again = true;
      return;
    }
    at.busy = true;
    try {
      const seen = at.lastId, had = newest.current;
      if (isFresh || !at.graph || !had || !(await follow(had.items, had.end - had.first <= had.items.length))) await snapshot();
      if (at.lastId !== seen || isFresh) changed();
    } catch (error) {
      changed(error instanceof Error ? error.message : String(error));
    }
    at.busy = false;
    if (at.again) {
      at.again = false;
      await pull(false);
    }
  };

  // What was between is not known after a gap, nor in another log.
  const { gaps, connection: { lastId } } = tick.value, epoch = parseId(lastId)?.epoch ?? '';
  useEffect(() => {
    const isFresh = !at.graph || gaps !== at.gaps || (epoch !== '' && epoch !== parseId(at.lastId)?.epoch);
    at.gaps = gaps;
    if (isFresh) void pull(true);
  }, [gaps, epoch, signedIn.value]);
  useEffect(() => {
    if (at.graph && rows?.items.length) void pull(false);
  }, [rows?.end]);
  return { graph: at.graph, failed: state.failed, pulses: at.pulses, version: state.version, refresh: () => void pull(true) };
}
