// One trace as its three forms share it: the nodes, which one is chosen, which are folded.

import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { callNumber } from '../core/call_number.ts';
import { parseId } from '../core/event_id.ts';
import type { EventId } from '../core/protocol.ts';
import type { TreeNode } from '../core/trace_nodes.ts';
import type { Trace } from '../core/tree.ts';
import { route, setParams } from './route.ts';
import { makeSaid, type Said } from './said_texts.ts';
import { selected, source } from './state.ts';
import { ask } from './worker_link.ts';

export interface Story {
  trace: Trace;
  nodes: readonly TreeNode[];
  /** Index in `nodes`; -1: nothing of them is chosen. */
  chosen: number;
  /** The id of what is chosen and not among the nodes: filtered away, or no longer in memory. */
  away: EventId;
  choose: (node: TreeNode) => void;
  said: Said;
}

/** Keys of nodes whose children are hidden; of all traces, since keys name their trace's things only once chosen there. */
export const folded = signal<ReadonlySet<string>>(new Set());

export const isHeading = ({ node }: TreeNode): boolean => node === 'task' || node === 'thread' || node === 'turn';
export const isCall = (node: TreeNode): boolean => node.kind === 'action' || node.node === 'missing';

const kEventId = /^[0-9a-f]{10}-\d+$/;

/** What stands for a node in the address: an event id, else its key; a tool_call_id is understood too. */
const nameOf = (node: TreeNode): string => node.id || node.key;
function placeOf(nodes: readonly TreeNode[], name: string): number {
  if (name === '') return -1;
  const found = parseId(name) ? nodes.findIndex(({ id }) => id === name) : -1;
  if (found >= 0) return found;
  // Of a call the action: it comes before its observation.
  const call = callNumber(name), called = nodes.findIndex((node) => node.call === call);
  return called >= 0 ? called : nodes.findIndex(({ key }) => key === name);
}

export function useStory(trace: Trace, nodes: readonly TreeNode[]): Story {
  const at = route.value.params.at ?? selected.value?.id ?? '';
  const named = useMemo(() => placeOf(nodes, at), [nodes, at]);
  const away = named === -1 && kEventId.test(route.value.params.at ?? '') ? at : '';
  // Nobody has chosen yet: what went wrong is what one came for.
  const first = useMemo(() => {
    const failed = nodes.findIndex((node) => node.failed && isCall(node));
    return failed >= 0 ? failed : nodes.findIndex((node) => !isHeading(node));
  }, [nodes]);
  const chosen = named === -1 && away === '' ? first : named;
  const from = source.value;
  const said = useMemo(() => makeSaid((rows) => ask('some', { source: from, rows })), [from]);
  const choose = (node: TreeNode) => {
    selected.value = isHeading(node) ? null : { row: node.row, id: node.id };
    setParams({ at: nameOf(node) });
  };
  return { trace, nodes, chosen, away, choose, said };
}

export function parentOf(nodes: readonly TreeNode[], at: number): number {
  const { depth } = nodes[at]!;
  let up = at - 1;
  while (up >= 0 && nodes[up]!.depth >= depth) --up;
  return up;
}

/** The node before or after with the same parent; null: none. */
export function siblingOf(nodes: readonly TreeNode[], at: number, by: 1 | -1): TreeNode | null {
  const { depth } = nodes[at]!;
  for (let to = at + by; to >= 0 && to < nodes.length && nodes[to]!.depth >= depth; to += by) {
    if (nodes[to]!.depth === depth) return nodes[to]!;
  }
  return null;
}

/** The last thought before it in its turn. */
export function thoughtBehind(nodes: readonly TreeNode[], at: number): TreeNode | null {
  const { turn, thread } = nodes[at]!;
  for (let up = at - 1; up >= 0 && !isHeading(nodes[up]!); --up) {
    const node = nodes[up]!;
    if (node.kind === 'thought' && node.turn === turn && node.thread === thread) return node;
  }
  return null;
}

export interface Failure {
  call: TreeNode;
  /** Its index. */
  at: number;
  /** It says why. */
  result: TreeNode | undefined;
}
export function failuresOf(nodes: readonly TreeNode[]): Failure[] {
  const failed: Failure[] = [];
  const results = new Map<number, TreeNode>();
  nodes.forEach((node, at) => {
    if (!node.failed) return;
    if (isCall(node)) failed.push({ call: node, at, result: undefined });
    else results.set(node.row, node);
  });
  return failed.map((one) => ({ ...one, result: results.get(one.call.pair) }));
}
