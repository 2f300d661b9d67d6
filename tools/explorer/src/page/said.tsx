// Text of entries of a trace, of those that come on screen: asked of the worker for all of a
// screen at once.

import { signal, type Signal } from '@preact/signals';
import { callNumber } from '../core/call_number.ts';
import { readEnvelope } from '../core/envelope.ts';
import type { Source } from '../core/protocol.ts';
import type { TreeNode } from '../core/trace_nodes.ts';
import { toolName } from '../core/units.ts';
import { SafeText } from './safe_text.tsx';
import { source } from './state.ts';
import { useEntry, useJson } from './use_entry.ts';
import { ask } from './worker_link.ts';

/** Its summary; empty until it has come. Who asks while it draws is drawn again then. */
export type Said = (node: TreeNode) => string;

export function makeSaid(from: Source): Said {
  const texts = new Map<string, Signal<string>>();
  let wanted = new Map<string, number>();
  // Rows may be numbered anew while an answer is on its way, ids stay.
  const nameOf = ({ id, row }: { id: string; row: number }) => id || `row:${row}`;
  const pull = async () => {
    const asked = wanted;
    wanted = new Map();
    for (const row of await ask('some', { source: from, rows: [...asked.values()] }).catch(() => [])) {
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
      texts.set(name, text = signal(''));
      if (wanted.size === 0) queueMicrotask(() => void pull());
      wanted.set(name, node.row);
    }
    return text.value;
  };
}

/** The tool of a call; the id of one that has no tool. */
export function CallName({ node }: { node: TreeNode }) {
  const tool = toolName(node);
  return tool !== '' ? <SafeText text={tool} /> : <>call <CallId node={node} /></>;
}

/** It stands in a body alone: that of the call, of its result, or of a call that it made. */
export function CallId({ node }: { node: TreeNode }) {
  const { callId, parentCallId } = readEnvelope(useJson(useEntry(source.value, node.witness, '')), '');
  return <SafeText text={[callId, parentCallId].find((id) => callNumber(id) === node.call) ?? ''} />;
}
