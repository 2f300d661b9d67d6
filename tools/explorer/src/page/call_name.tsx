// What a call is named: by its tool, else by its id.

import { callNumber } from '../core/call_number.ts';
import { readEnvelope } from '../core/envelope.ts';
import type { TreeNode } from '../core/trace_nodes.ts';
import { toolName } from '../core/units.ts';
import { SafeText } from './safe_text.tsx';
import { source } from './state.ts';
import { useEntry, useJson } from './use_entry.ts';

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
