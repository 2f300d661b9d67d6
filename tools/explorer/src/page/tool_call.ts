// One call of a tool from its start to its end: progress as it is told, and what the tool asks the
// person on its way (elicitation by a form). A tool that asks answers with its questions, and is
// called again with what was said to them.

import { membersOf } from '../core/export_parts.ts';
import { callMcp, paramHeaders, type McpAnswer } from './mcp.ts';

export interface ToolResult {
  content?: { type: string; text?: string }[];
  structuredContent?: unknown;
  isError?: boolean;
}
export interface Question {
  message: string;
  schema: unknown;
}
/** `content`: what the form holds. */
export type Reply = { action: 'accept'; content: unknown } | { action: 'decline' } | { action: 'cancel' };
export interface Progress {
  progress: number;
  /** 0: nobody knows. */
  total: number;
  message: string;
}
interface Options {
  name: string;
  schema: unknown;
  given: unknown;
  task: string;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  ask: (question: Question) => Promise<Reply>;
}
interface Asks {
  resultType?: string;
  inputRequests?: unknown;
  requestState?: string;
}

const numberOf = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);

export async function callTool({ name, schema, given, task, signal, onProgress, ask }: Options): Promise<McpAnswer<ToolResult>> {
  let again: Record<string, unknown> = {};
  for (;;) {
    const answer = await callMcp<ToolResult & Asks>('tools/call', {
      params: { name, arguments: given, ...again }, meta: { 'devs.saop/context': { task_id: task, agent_id: 'explorer' } },
      capabilities: { elicitation: { form: {} } }, headers: paramHeaders(schema, given), signal,
      onNotification: (method, { progress, total, message }) => {
        if (method === 'notifications/progress') onProgress({ progress: numberOf(progress), total: numberOf(total), message: typeof message === 'string' ? message : '' });
      },
    });
    if (answer.result?.resultType !== 'input_required') return answer;
    const replies: [string, Reply][] = [];
    for (const [key, request] of Object.entries(membersOf(answer.result.inputRequests))) {
      const { method, params } = membersOf(request), { message, requestedSchema, mode = 'form' } = membersOf(params);
      if (method !== 'elicitation/create' || mode !== 'form') throw new Error(`the tool asks for what this page cannot give: ${String(method)}`);
      replies.push([key, await ask({ message: String(message), schema: requestedSchema })]);
    }
    const { requestState } = answer.result;
    // The same call once more would get the same answer, without an end.
    if (replies.length === 0 && requestState === undefined) throw new Error('the tool says that it needs something, and not what');
    again = { inputResponses: Object.fromEntries(replies), ...(requestState !== undefined && { requestState }) };
  }
}
