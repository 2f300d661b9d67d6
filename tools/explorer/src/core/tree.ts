// A trace as a tree: task, thread, turn; in a turn thoughts, calls and what else was said; below
// a call its observation and the calls it made. In which order entries came makes no difference.

import type { Row, TraceRow, TreeNode } from './protocol.ts';

/** An entry of the trace. */
export interface Leaf {
  row: Row;
  /** Of an action or observation; empty: none, then it stands alone. */
  callId: string;
  /** Of an action: the call that made it; empty: none. */
  parentCallId: string;
  dependsOn: string[];
}

interface Node {
  tree: TreeNode;
  children: Node[];
  /** The call above it; null: it stands in its turn. */
  parent: Node | null;
  /** The first row that tells of it: siblings stand by this. */
  order: number;
}

const kMainThread = 'main';
const byOrder = (a: Node, b: Node): number => a.order - b.order;

/** Nodes in tree order. The rows of the entries become nodes. */
export function treeOf(summary: TraceRow, entries: readonly Leaf[]): TreeNode[] {
  const leaves = [...entries].sort((a, b) => a.row.row - b.row.row);
  const calls = new Map<string, Node>();
  const nodes = leaves.map((leaf) => {
    // Of two actions with one id the first is the call.
    const isCall = leaf.row.kind === 'action' && leaf.callId !== '' && !calls.has(leaf.callId);
    const node = entryNode(leaf, isCall ? `call:${leaf.callId}` : leaf.row.id === '' ? `row:${leaf.row.row}` : leaf.row.id);
    if (isCall) calls.set(leaf.callId, node);
    return node;
  });
  const callOf = (callId: string, evidence: TreeNode): Node => {
    const known = calls.get(callId);
    if (known) return known;
    const made = missingNode(callId, evidence);
    calls.set(callId, made);
    nodes.push(made);
    return made;
  };
  leaves.forEach(({ row, callId }, at) => {
    if (row.kind === 'observation' && callId !== '') answer(nodes[at]!.parent = callOf(callId, nodes[at]!.tree), nodes[at]!.tree);
  });
  leaves.forEach(({ row, parentCallId }, at) => {
    if (row.kind === 'action' && parentCallId !== '') nodes[at]!.parent = callOf(parentCallId, nodes[at]!.tree);
  });
  cutCycles(nodes);
  return written(stand(nodes, summary), summary);
}

/** The call has this result. */
function answer(call: Node, observation: TreeNode): void {
  const { tree } = call;
  call.order = tree.node === 'missing' ? Math.min(call.order, observation.row) : call.order;
  if (tree.endMs !== null) return;
  tree.endMs = tree.durationMs === null ? observation.timeMs : tree.startMs + tree.durationMs;
  if (tree.node !== 'missing') return;
  const { status, failed, exit, durationMs, tool, server, thread, turn } = observation;
  Object.assign(tree, { status, failed, exit, durationMs, tool, server, thread, turn, pair: observation.row });
  tree.endMs = observation.timeMs;
  tree.startMs = tree.timeMs = observation.timeMs - (durationMs ?? 0);
}

function entryNode({ row, callId, dependsOn }: Leaf, key: string): Node {
  const endMs = row.kind === 'action' ? (row.durationMs === null ? null : row.timeMs + row.durationMs) : row.timeMs;
  // The row itself becomes the node: a copy of thirty thousand would show.
  const tree: TreeNode = Object.assign(row, { depth: 0, node: 'entry' as const, key, below: 0, startMs: row.timeMs, endMs, callId, dependsOn });
  return { tree, children: [], parent: null, order: row.row };
}

/** Stands for an action that is not here. */
function missingNode(callId: string, evidence: TreeNode): Node {
  const tree: TreeNode = {
    ...evidence, row: -1, id: '', kind: 'action', name: '', status: '', failed: false, exit: null, durationMs: null, size: 0, pair: -1, hasBody: false,
    summary: '', node: 'missing', key: `call:${callId}`, startMs: evidence.startMs, endMs: null, callId, dependsOn: [],
  };
  return { tree, children: [], parent: null, order: evidence.row };
}

/** Calls that made each other in a ring: the first of them stands in its turn. */
function cutCycles(nodes: readonly Node[]): void {
  const walked = new Map<Node, Node>();
  for (const start of nodes) {
    let node: Node | null = start;
    while (node && !walked.has(node)) {
      walked.set(node, start);
      node = node.parent;
    }
    if (!node || walked.get(node) !== start) continue;
    let cut = node;
    for (let one = node.parent!; one !== node; one = one.parent!) if (one.order < cut.order) cut = one;
    cut.parent = null;
  }
}

/** Each node below what it belongs to; the task. */
function stand(nodes: readonly Node[], summary: TraceRow): Node {
  const root = heading('task', 'task', summary.task, summary);
  const threads = new Map<string, Node>(), turns = new Map<string, Node>();
  const below = (all: Map<string, Node>, key: string, parent: Node, node: Node, make: () => Node): Node => {
    let found = all.get(key);
    if (!found) {
      all.set(key, found = make());
      parent.children.push(found);
    }
    found.order = Math.min(found.order, node.order);
    return found;
  };
  for (const node of nodes) {
    const { kind, turn } = node.tree;
    const name = node.tree.thread || (kind === 'thought' || kind === 'action' || kind === 'observation' ? kMainThread : '');
    let place = node.parent;
    if (!place && name === '') place = root;
    if (!place) {
      place = below(threads, name, root, node, () => heading('thread', `thread:${name}`, name, { ...summary, thread: name }));
      if (turn >= 0) place = below(turns, `${turn} ${name}`, place, node, () => heading('turn', `turn:${turn} ${name}`, `turn ${turn}`, { ...summary, thread: name, turn }));
    }
    place.children.push(node);
  }
  for (const node of [root, ...turns.values(), ...nodes]) node.children.sort(byOrder);
  for (const thread of threads.values()) thread.children = inTurns(thread.children);
  return root;
}

/** Turns stand as they are numbered, what belongs to none before the first that came after it. */
function inTurns(children: readonly Node[]): Node[] {
  const turns = children.filter(({ tree }) => tree.node === 'turn').sort((a, b) => a.tree.turn - b.tree.turn);
  const loose = children.filter(({ tree }) => tree.node !== 'turn').sort(byOrder);
  const all: Node[] = [];
  let at = 0;
  for (const turn of turns) {
    while (at < loose.length && loose[at]!.order < turn.order) all.push(loose[at++]!);
    all.push(turn);
  }
  return [...all, ...loose.slice(at)];
}

function heading(node: 'task' | 'thread' | 'turn', key: string, text: string, of: Pick<TraceRow, 'task' | 'session' | 'agent'> & { thread?: string; turn?: number }): Node {
  const tree: TreeNode = {
    row: -1, id: '', kind: 'other', name: '', timeMs: Infinity, stamped: true, task: of.task, session: of.session, thread: of.thread ?? '', agent: of.agent,
    role: '', tool: '', server: '', turn: of.turn ?? -1, status: '', failed: false, exit: null, durationMs: null, size: 0, summary: text, pair: -1,
    hasBody: false, depth: 0, node, key, below: 0, startMs: Infinity, endMs: null, callId: '', dependsOn: [],
  };
  return { tree, children: [], parent: null, order: Infinity };
}

/** Depth first, without recursion: calls may be nested as deep as there are calls. */
function written(root: Node, summary: TraceRow): TreeNode[] {
  const nodes: TreeNode[] = [];
  const stack: [Node, number][] = [[root, 0]];
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [{ tree, children }, depth] = next;
    tree.depth = depth;
    nodes.push(tree);
    for (let at = children.length - 1; at >= 0; --at) stack.push([children[at]!, depth + 1]);
  }
  sumUp(nodes);
  root.tree.status = summary.status;
  return nodes;
}

interface Sum {
  count: number;
  startMs: number;
  /** Infinity: something has not ended. */
  endMs: number;
  failed: boolean;
}
const kNothing: Sum = { count: 0, startMs: Infinity, endMs: -Infinity, failed: false };

/** Headings span what is below them; everything knows how much that is. From the last to the first: what is below is summed before. */
function sumUp(nodes: readonly TreeNode[]): void {
  const sums: Sum[] = [];
  for (let at = nodes.length - 1; at >= 0; --at) {
    const node = nodes[at]!;
    const below = sums[node.depth + 1] ?? kNothing, beside = sums[node.depth] ?? kNothing;
    sums[node.depth + 1] = kNothing;
    node.below = below.count;
    if (node.node === 'task' || node.node === 'thread' || node.node === 'turn') {
      node.startMs = node.timeMs = below.startMs;
      node.endMs = below.endMs === Infinity ? null : below.endMs;
      node.durationMs = node.endMs === null ? null : node.endMs - node.startMs;
      node.failed = below.failed;
    }
    sums[node.depth] = {
      count: beside.count + below.count + 1,
      startMs: Math.min(beside.startMs, below.startMs, node.startMs),
      endMs: Math.max(beside.endMs, below.endMs, node.endMs ?? Infinity),
      failed: beside.failed || below.failed || node.failed,
    };
  }
}
