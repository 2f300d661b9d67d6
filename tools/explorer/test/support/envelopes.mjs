// Envelopes as the orchestrator makes them (docs/wire), small. `more` adds or replaces members.

let clock = BigInt(Date.UTC(2026, 10, 21, 12, 4, 5)) * 1_000_000n;
/** What is made from now on begins there, in ms since 1970. */
export const setClock = (ms) => { clock = BigInt(Math.round(ms)) * 1_000_000n; };
/** One millisecond after the one before. */
const now = () => String((clock += 1_000_000n));
const base = (type, more) => ({
  type, schema_version: '1.0.0', turn_index: 0, timestamp_ns: now(), agent_id: 'dev-1', agent_role: 'developer',
  session_id: 's-1', task_id: 't-1', thread_id: 'main', ...more,
});

export const thought = (text, more = {}) => base('thought', { ...more, payload: more.payload ?? { analysis: { reasoning_chain: text } } });

export const action = (id, tool, args = {}, { server = 'files', ...more } = {}) => base('action', {
  tool_call_id: id, call_index: 0, ...more,
  payload: { tool_call: { tool_call_id: id, tool_name: tool, arguments: args, server, upstream_tool: tool, timeout_ms: 300_000, depends_on: [], ...more.payload?.tool_call } },
});

/** result: stdout, stderr, status, exit_code, duration_ms. */
export function observation(id, tool, { stdout = 'done', stderr = '', status = 'SUCCESS', exit_code = status === 'SUCCESS' ? 0 : 1, duration_ms = 11.482 } = {}, { server = 'files', ...more } = {}) {
  const is_error = status !== 'SUCCESS';
  return base('observation', {
    tool_call_id: id, call_index: 0, exit_code, stdout, stderr, encoding: 'utf8', duration_ms,
    metadata: { status, tool_name: tool, server, executed: true, is_error, truncated: false }, ...more,
    payload: { observation: { status, tool_name: tool, stdout: stdout.slice(0, 2048), stderr: stderr.slice(0, 2048) }, result: { stdout: stdout.slice(0, 2048), is_error, content: [], ...more.payload?.result } },
  });
}

/** A whole call: its action and its observation. */
export const call = (id, tool, args, result, more) => [action(id, tool, args, more), observation(id, tool, result, more)];

/** An entry with a name, to be added with { event: name }. */
export const lifecycle = (name, more = {}) => base('lifecycle', { ...more, payload: more.payload ?? { event: name } });
