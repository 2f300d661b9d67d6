// Frames for the tests of the store.

import type { Frame } from '../../src/worker/frames.ts';
import type { Store } from '../../src/worker/store.ts';

export const kEpoch = '5f3a9c01d2';
const encoder = new TextEncoder();
export const bytes = (text: string): Uint8Array => encoder.encode(text);
type More = Record<string, unknown>;

export const frame = (sequence: number, envelope: unknown, epoch = kEpoch): Frame => ({ id: `${epoch}-${sequence}`, event: '', body: bytes(JSON.stringify(envelope)) });

export const thought = (task: string, text: string, more: More = {}): More =>
  ({ type: 'thought', turn_index: 0, task_id: task, thread_id: 'main', ...more, payload: { analysis: { reasoning_chain: text } } });
export const action = (task: string, call: string, more: More = {}, toolCall: More = {}): More =>
  ({ type: 'action', turn_index: 0, task_id: task, thread_id: 'main', tool_call_id: call, ...more, payload: { tool_call: { tool_name: 'read_file', server: 'files', arguments: { path: 'src/a.cc' }, ...toolCall } } });
export const observation = (task: string, call: string, more: More = {}): More => ({
  type: 'observation', turn_index: 0, task_id: task, thread_id: 'main', tool_call_id: call, exit_code: 0, stdout: 'hello\n', stderr: '', duration_ms: 11.482,
  metadata: { tool_name: 'read_file', server: 'files' }, ...more, payload: {},
});

export const allRows = (store: Store): number[] => Array.from({ length: store.columns.size }, (_, at) => store.columns.first + at);

/** Whole numbers below `n`, the same for the same seed. */
export function random(seed: number): (n: number) => number {
  let state = seed * 2654435761 + 1;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const all = [...items], next = random(seed);
  for (let at = all.length - 1; at > 0; --at) {
    const other = next(at + 1);
    [all[at], all[other]] = [all[other]!, all[at]!];
  }
  return all;
}
