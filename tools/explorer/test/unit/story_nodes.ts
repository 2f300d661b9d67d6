// Nodes of a trace for the tests of what is made from them.

import { callNumber } from '../../src/core/call_number.ts';
import type { TreeNode } from '../../src/core/trace_nodes.ts';

let row = 0;

export function node(more: Partial<TreeNode>): TreeNode {
  const timeMs = more.timeMs ?? more.startMs ?? 0;
  return {
    row: row++, id: '', kind: 'action', name: '', timeMs, stamped: true, task: 't', thread: 'main', tool: 'read', server: 'files', turn: 0,
    status: 'SUCCESS', failed: false, exit: 0, durationMs: null, pair: -1, depth: 1, node: 'entry', key: `k${row}`, below: 0,
    startMs: timeMs, endMs: null, call: callNumber(`c${row}`), dependsOn: [], witness: row, ...more,
  };
}
export const call = (startMs: number, endMs: number | null, more: Partial<TreeNode> = {}): TreeNode =>
  node({ startMs, endMs, durationMs: endMs === null ? null : endMs - startMs, status: endMs === null ? 'running' : 'SUCCESS', ...more });
export const thought = (timeMs: number, more: Partial<TreeNode> = {}): TreeNode =>
  node({ kind: 'thought', timeMs, status: '', call: 0, ...more });
export const heading = (kind: 'task' | 'thread' | 'turn', more: Partial<TreeNode> = {}): TreeNode =>
  node({ kind: 'other', node: kind, row: -1, depth: 0, call: 0, ...more });
