// One trace as its three forms share it: the nodes, which one is chosen, which are folded.

import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import type { EventId, Trace, TreeNode } from '../core/protocol.ts';
import { route, setParams } from './route.ts';
import { selected } from './state.ts';

export interface Story {
  trace: Trace;
  nodes: readonly TreeNode[];
  /** Index in `nodes`; -1: nothing of them is chosen. */
  chosen: number;
  /** The id of what is chosen and not among the nodes: filtered away, or no longer in memory. */
  away: EventId;
  choose: (node: TreeNode) => void;
}

/** Keys of nodes whose children are hidden; of all traces, since keys name their trace's things only once chosen there. */
export const folded = signal<ReadonlySet<string>>(new Set());

export const isHeading = ({ node }: TreeNode): boolean => node === 'task' || node === 'thread' || node === 'turn';
export const isCall = (node: TreeNode): boolean => node.kind === 'action' || node.node === 'missing';

const kEventId = /^[0-9a-f]{10}-\d+$/;

/** What stands for a node in the address: an event id, a tool_call_id, else its key. */
const nameOf = (node: TreeNode): string => node.id || node.callId || node.key;

export function useStory(trace: Trace, nodes: readonly TreeNode[]): Story {
  const at = route.value.params.at ?? selected.value?.id ?? '';
  // Of a call the action: it comes before its observation.
  const named = useMemo(() => [({ id }: TreeNode) => id, ({ callId }: TreeNode) => callId, ({ key }: TreeNode) => key]
    .reduce((found, nameOf) => (found >= 0 || at === '' ? found : nodes.findIndex((node) => nameOf(node) === at)), -1), [nodes, at]);
  const away = named === -1 && kEventId.test(route.value.params.at ?? '') ? at : '';
  let chosen = named;
  // Nobody has chosen yet: what went wrong is what one came for.
  if (chosen === -1 && away === '') chosen = nodes.findIndex((node) => node.failed && isCall(node));
  if (chosen === -1 && away === '') chosen = nodes.findIndex((node) => !isHeading(node));
  const choose = (node: TreeNode) => {
    selected.value = isHeading(node) ? null : { row: node.row, id: node.id };
    setParams({ at: nameOf(node) });
  };
  return { trace, nodes, chosen, away, choose };
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
  /** What it said, in one line. */
  why: string;
}
export function failuresOf(nodes: readonly TreeNode[]): Failure[] {
  const failed = nodes.filter((node) => node.failed && isCall(node));
  const pairs = new Set(failed.map(({ pair }) => pair));
  const whys = new Map(failed.length === 0 ? [] : nodes.filter(({ row }) => pairs.has(row)).map(({ row, summary }) => [row, summary]));
  return failed.map((call) => ({ call, why: whys.get(call.pair) ?? '' }));
}
