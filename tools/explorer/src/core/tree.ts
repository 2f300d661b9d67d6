// A trace as a tree: task, thread, turn; in a turn thoughts, calls and what else was said; below
// a call its observation and the calls it made. In which order entries came makes no difference.
//
// Nodes are numbers here: entries as they lie in the columns, behind them what no entry is.

import { callKey, EntryNode, type Made, type TreeNode } from './trace_nodes.ts';
import type { TraceRow, TraceRows } from './protocol.ts';
import { kAction, kObservation } from './types.ts';

export interface Trace {
  summary: TraceRow;
  nodes: TreeNode[];
  /** How many of them are entries. */
  entries: number;
  /** What is not loaded of it, in words; empty: nothing. */
  missing: string;
}

const kNone = -1;
const kMainThread = 'main';

export function treeOf(rows: TraceRows): Trace {
  const { summary, left } = rows;
  const tree = new Tree(rows);
  const lost = tree.standCalls();
  tree.stand();
  const missing = [
    ...(summary.incomplete ? ['a gap lies inside'] : []),
    ...(lost > 0 ? [`${lost} ${lost === 1 ? 'action is' : 'actions are'} not here`] : []),
    ...(left > 0 ? [`${left} older ${left === 1 ? 'entry has' : 'entries have'} left memory`] : []),
  ];
  return { summary, nodes: tree.written(), entries: rows.rows.length, missing: missing.join(', ') };
}

class Tree {
  readonly #of: TraceRows;
  readonly #nodes: (EntryNode | Made)[];
  /** Of each node: what it stands below, and the first row that tells of it: siblings stand by this. */
  readonly #parent: number[];
  readonly #order: number[];
  readonly #threads: number[] = [];
  #root = kNone;

  constructor(of: TraceRows) {
    this.#of = of;
    this.#order = [...of.rows];
    this.#nodes = this.#order.map((_, at) => new EntryNode(of, at));
    this.#parent = this.#order.map(() => kNone);
  }

  #add(node: Made, order: number): number {
    this.#parent.push(kNone);
    this.#order.push(order);
    return this.#nodes.push(node) - 1;
  }

  /** Observations and calls below the calls they belong to; how many of these are not here. */
  standCalls(): number {
    const { rows, links, columns: { kind, call, time, duration } } = this.#of;
    const calls = new Map<number, number>();
    let lost = 0;
    for (let at = 0; at < rows.length; ++at) {
      const node = this.#nodes[at] as EntryNode;
      if (kind[at] !== kAction) node.endMs = time[at]!;
      else {
        if (!Number.isNaN(duration[at])) node.endMs = time[at]! + duration[at]!;
        // Of two actions with one id the first is the call.
        if (call[at] === 0 || calls.has(call[at]!)) continue;
        calls.set(call[at]!, at);
        node.isCall = true;
      }
    }
    const callOf = (number: number, at: number): number => {
      const known = calls.get(number);
      if (known !== undefined) return known;
      const made = this.#add(missingNode(number, this.#nodes[at]!), rows[at]!);
      calls.set(number, made);
      ++lost;
      return made;
    };
    for (let at = 0; at < rows.length; ++at) {
      if (kind[at] !== kObservation || call[at] === 0) continue;
      const above = this.#parent[at] = callOf(call[at]!, at);
      answer(this.#nodes[above]!, this.#nodes[at]!);
    }
    if (links.size === 0) return lost;
    for (let at = 0; at < rows.length; ++at) {
      const maker = kind[at] === kAction ? links.get(rows[at]!)?.[0] ?? 0 : 0;
      if (maker !== 0) this.#parent[at] = callOf(maker, at);
    }
    this.#cutCycles();
    return lost;
  }

  /** Calls that made each other in a ring: the first of them stands in its turn. */
  #cutCycles(): void {
    const parent = this.#parent, walked = parent.map(() => kNone);
    for (let start = 0; start < parent.length; ++start) {
      let at = start;
      while (at !== kNone && walked[at] === kNone) {
        walked[at] = start;
        at = parent[at]!;
      }
      if (at === kNone || walked[at] !== start) continue;
      let cut = at;
      for (let one = parent[at]!; one !== at; one = parent[one]!) if (this.#order[one]! < this.#order[cut]!) cut = one;
      parent[cut] = kNone;
    }
  }

  /** What stands below no call stands in its turn, its thread, or the task. */
  stand(): void {
    const { summary } = this.#of;
    const threads = new Map<string, { at: number; turns: Map<number, number> }>();
    const end = this.#nodes.length;
    this.#root = this.#add(heading('task', 'task', summary.task, '', -1), Infinity);
    for (let at = 0; at < end; ++at) {
      if (this.#parent[at] !== kNone) continue;
      const { kind, thread, turn } = this.#nodes[at]!, order = this.#order[at]!;
      const name = thread || (kind === 'thought' || kind === 'action' || kind === 'observation' ? kMainThread : '');
      this.#parent[at] = this.#root;
      if (name === '') continue;
      let own = threads.get(name);
      if (!own) {
        threads.set(name, own = { at: this.#add(heading('thread', `thread:${name}`, summary.task, name, -1), order), turns: new Map() });
        this.#parent[own.at] = this.#root;
        this.#threads.push(own.at);
      }
      this.#order[own.at] = Math.min(this.#order[own.at]!, order);
      this.#parent[at] = own.at;
      if (turn < 0) continue;
      let inside = own.turns.get(turn);
      if (inside === undefined) {
        own.turns.set(turn, inside = this.#add(heading('turn', `turn:${turn} ${name}`, summary.task, name, turn), order));
        this.#parent[inside] = own.at;
      }
      this.#order[inside] = Math.min(this.#order[inside]!, order);
      this.#parent[at] = inside;
    }
  }

  /** All of them, depth first. */
  written(): TreeNode[] {
    const nodes = this.#nodes, parent = this.#parent, order = this.#order;
    const first = nodes.map(() => kNone), next = nodes.map(() => kNone);
    const link = (at: number): void => {
      next[at] = first[parent[at]!]!;
      first[parent[at]!] = at;
    };
    // A chain of siblings grows at its front, hence from the last to the first.
    const sorted = nodes.map((_, at) => at).sort((a, b) => order[a]! - order[b]!);
    for (let n = sorted.length - 1; n >= 0; --n) if (sorted[n] !== this.#root) link(sorted[n]!);
    for (const thread of this.#threads) {
      const children: number[] = [];
      for (let at = first[thread]!; at !== kNone; at = next[at]!) children.push(at);
      first[thread] = kNone;
      for (const at of this.#inTurns(children).reverse()) link(at);
    }
    const all: number[] = [];
    for (let at = this.#root, depth = 0; at !== kNone;) {
      nodes[at]!.depth = depth;
      all.push(at);
      if (first[at] !== kNone) {
        at = first[at]!;
        ++depth;
        continue;
      }
      for (; at !== kNone && next[at] === kNone; --depth) at = parent[at]!;
      if (at !== kNone) at = next[at]!;
    }
    this.#sumUp(all);
    return all.map((at) => nodes[at]!);
  }

  /** Turns stand as they are numbered, what belongs to none before the first that came after it. */
  #inTurns(children: readonly number[]): number[] {
    const isTurn = (at: number): boolean => this.#nodes[at]!.node === 'turn';
    const turns = children.filter(isTurn).sort((a, b) => this.#nodes[a]!.turn - this.#nodes[b]!.turn);
    const loose = children.filter((at) => !isTurn(at));
    const all: number[] = [];
    let n = 0;
    for (const turn of turns) {
      while (n < loose.length && this.#order[loose[n]!]! < this.#order[turn]!) all.push(loose[n++]!);
      all.push(turn);
    }
    return [...all, ...loose.slice(n)];
  }

  /** Headings span what is below them; everything knows how much that is. From the last to the first: what is below is summed before. */
  #sumUp(all: readonly number[]): void {
    const nodes = this.#nodes;
    const start = new Float64Array(nodes.length).fill(Infinity), end = new Float64Array(nodes.length).fill(-Infinity);
    const failed = new Uint8Array(nodes.length);
    for (let n = all.length - 1; n >= 0; --n) {
      const at = all[n]!, above = this.#parent[at]!, node = nodes[at]!;
      if (node.node === 'entry' || node.node === 'missing') {
        start[at] = Math.min(start[at]!, node.startMs);
        // Infinity: something has not ended.
        end[at] = Math.max(end[at]!, node.endMs ?? Infinity);
        if (node.failed) failed[at] = 1;
      } else {
        node.startMs = node.timeMs = start[at]!;
        node.endMs = end[at] === Infinity ? null : end[at]!;
        node.durationMs = node.endMs === null ? null : node.endMs - node.startMs;
        node.failed = failed[at] === 1;
      }
      if (above === kNone) continue;
      nodes[above]!.below += node.below + 1;
      start[above] = Math.min(start[above]!, start[at]!);
      end[above] = Math.max(end[above]!, end[at]!);
      failed[above]! |= failed[at]!;
    }
    (nodes[this.#root] as Made).status = this.#of.summary.status;
  }
}

/** The call has this result. */
function answer(call: EntryNode | Made, observation: EntryNode | Made): void {
  if (call.endMs !== null) return;
  call.endMs = observation.timeMs;
  if (call.node !== 'missing') return;
  const { row, timeMs, status, failed, exit, durationMs, tool, server, thread, turn } = observation;
  Object.assign(call, { status, failed, exit, durationMs, tool, server, thread, turn, pair: row, witness: row });
  call.startMs = call.timeMs = timeMs - (durationMs ?? 0);
}

const kMade: Made = {
  row: -1, id: '', kind: 'other', name: '', timeMs: Infinity, stamped: true, task: '', thread: '', tool: '', server: '', turn: -1,
  status: '', failed: false, exit: null, durationMs: null, pair: -1, node: 'task', key: '', depth: 0, below: 0, startMs: Infinity,
  endMs: null, call: 0, dependsOn: [], witness: -1,
};

/** Stands for an action that is not here. */
function missingNode(call: number, evidence: EntryNode | Made): Made {
  const { row, timeMs, stamped, task, thread, turn } = evidence;
  return { ...kMade, kind: 'action', timeMs, startMs: timeMs, stamped, task, thread, turn, node: 'missing', key: callKey(call), call, witness: row };
}

const heading = (node: 'task' | 'thread' | 'turn', key: string, task: string, thread: string, turn: number): Made =>
  ({ ...kMade, node, key, task, thread, turn });
