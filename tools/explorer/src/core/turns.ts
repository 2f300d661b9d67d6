// A trace as a conversation: per thread its turns, in them what was thought and called, in order.

import type { TreeNode } from './trace_nodes.ts';

export interface Call {
  /** The action, or what stands for it. */
  node: TreeNode;
  observation: TreeNode | null;
  /** Calls made by this one. */
  calls: Call[];
}

export type Said = { thought: TreeNode } | { call: Call } | { entry: TreeNode };

export interface Turn {
  key: string;
  thread: string;
  /** -1: entries that belong to no turn. */
  turn: number;
  fromMs: number;
  said: Said[];
  calls: number;
  failed: number;
}

/** Per thread, in order of appearance. Calls of a call stay with it, whatever turn they name. */
export function turnsOf(nodes: readonly TreeNode[]): Map<string, Turn[]> {
  const threads = new Map<string, Map<number, Turn>>();
  // The calls around the node at hand, by depth.
  const around: { depth: number; call: Call; turn: Turn }[] = [];
  for (const node of nodes) {
    if (node.node === 'task' || node.node === 'thread' || node.node === 'turn') {
      around.length = 0;
      continue;
    }
    while (around.length > 0 && around.at(-1)!.depth >= node.depth) around.pop();
    const outer = around.at(-1);
    if (node.kind === 'observation' && outer && node.node !== 'missing') {
      outer.call.observation = node;
      continue;
    }
    const turn = outer?.turn ?? turnOf(threads, node);
    if (node.kind === 'action' || node.node === 'missing' || node.kind === 'observation') {
      const call: Call = { node, observation: node.kind === 'observation' && node.node === 'entry' ? node : null, calls: [] };
      if (outer) outer.call.calls.push(call);
      else turn.said.push({ call });
      ++turn.calls;
      turn.failed += Number(node.failed);
      around.push({ depth: node.depth, call, turn });
    } else if (node.kind === 'thought') turn.said.push({ thought: node });
    else turn.said.push({ entry: node });
  }
  return new Map([...threads].map(([thread, turns]) => [thread, [...turns.values()]]));
}

function turnOf(threads: Map<string, Map<number, Turn>>, { thread, turn, timeMs }: TreeNode): Turn {
  const turns = threads.get(thread) ?? new Map<number, Turn>();
  threads.set(thread, turns);
  const made = turns.get(turn) ?? { key: `${thread} ${turn}`, thread, turn, fromMs: timeMs, said: [], calls: 0, failed: 0 };
  turns.set(turn, made);
  return made;
}
