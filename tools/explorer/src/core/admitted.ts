// A tree as a filter leaves it.

import type { TreeNode } from './trace_nodes.ts';

/** Admitted nodes, and those they stand under; a call is admitted by either of its halves. */
export function admittedOf(nodes: readonly TreeNode[], rows: ReadonlySet<number>): TreeNode[] {
  const kept: TreeNode[] = [];
  // From the end: what is nearer to the root than what was kept last stands above it.
  let below = -1;
  for (let at = nodes.length - 1; at >= 0; --at) {
    const node = nodes[at]!;
    const own = node.row >= 0 && (rows.has(node.row) || (node.pair >= 0 && rows.has(node.pair)));
    if (!own && node.depth >= below) continue;
    below = node.depth;
    kept.push(node);
  }
  return kept.reverse();
}
