// Text of entries of a trace, of those that come on screen: asked of the worker for all of a
// screen at once.

import { signal, type Signal } from '@preact/signals';
import type { Row } from '../core/protocol.ts';
import type { TreeNode } from '../core/trace_nodes.ts';

/** Its summary; empty until it has come. Who asks while it draws is drawn again then. */
export type Said = (node: TreeNode) => string;

// Of those that are on screen no more: a person scrolls back and forth.
const kMostIdle = 2048;

export function makeSaid(read: (rows: number[]) => Promise<readonly Row[]>): Said {
  const texts = new Map<string, Signal<string>>();
  const idle = new Set<string>();
  let wanted = new Map<string, number>();
  // Rows may be numbered anew while an answer is on its way, ids stay. Where there is none (a file,
  // its replay) the time tells what stood in that row before a replay began anew.
  const nameOf = ({ id, row, timeMs }: Pick<TreeNode, 'id' | 'row' | 'timeMs'>): string => id || `row:${row} ${timeMs}`;
  const rest = (name: string): void => {
    idle.add(name);
    for (const oldest of idle) {
      if (idle.size <= kMostIdle) break;
      idle.delete(oldest);
      texts.delete(oldest);
    }
  };
  const make = (name: string): Signal<string> => {
    const text = signal('', { watched: () => void idle.delete(name), unwatched: () => { if (texts.get(name) === text) rest(name); } });
    texts.set(name, text);
    rest(name);
    return text;
  };
  const pull = async (): Promise<void> => {
    const asked = wanted;
    wanted = new Map();
    for (const row of await read([...asked.values()]).catch(() => [])) {
      const text = texts.get(nameOf(row));
      if (text) text.value = row.summary;
      asked.delete(nameOf(row));
    }
    for (const name of asked.keys()) texts.delete(name);
  };
  return (node) => {
    if (node.row < 0) return '';
    const name = nameOf(node);
    let text = texts.get(name);
    if (!text) {
      text = make(name);
      if (wanted.size === 0) queueMicrotask(() => void pull());
      wanted.set(name, node.row);
    }
    return text.value;
  };
}
