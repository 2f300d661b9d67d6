// A trace as a tree, made anew when the worker says that something of it is another.

import { useMemo } from 'preact/hooks';
import { treeOf, type Trace } from '../core/tree.ts';
import { source } from './state.ts';
import { useAnswer } from './use_answer.ts';

/** undefined: not answered yet; null: nothing of it is here. */
export function useTrace(task: string): Trace | null | undefined {
  const rows = useAnswer('trace', { source: source.value, task }, (last) => (last ? { had: last.stamp } : {}));
  return useMemo(() => rows && treeOf(rows), [rows]);
}
