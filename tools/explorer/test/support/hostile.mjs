// Text that means something to a program that takes it for more than text. Each would show by a
// request, an element, an error or a policy report; `kMark` stands in all of them.

export const kMark = 'devsHostile';
export const kElsewhere = 'http://elsewhere.example/';

const far = `${kElsewhere}${kMark}`;
export const kStrings = [
  `<script>globalThis.${kMark}=1</script>`,
  `<img src=x onerror="globalThis.${kMark}=1"><img src="${far}.png">`,
  `"><svg onload=globalThis.${kMark}=1><style>*{display:none}</style>`,
  `</script></style></textarea></title><iframe src="${far}"></iframe>`,
  `javascript:globalThis.${kMark}=1//`,
  `data:text/html,<script>globalThis.${kMark}=1</script>`,
  `[link](javascript:globalThis.${kMark}=1) ![img](${far}.png) ${far}`,
  `{{constructor.constructor("globalThis.${kMark}=1")()}} \${globalThis.${kMark}=1} #{7*7} <%= 7*7 %>`,
  `';globalThis.${kMark}=1;'";globalThis.${kMark}=1;"\`;globalThis.${kMark}=1;\``,
  `<a href="${far}" style="position:fixed;inset:0" class="top" id="page">${kMark}</a>`,
  `${kMark} \u202e\u2066gnp.exe\u2069\u200b\u200f\ufeff\u00ad\u2028\u2029\u0085`,
  `${kMark} \u001b[2J\u001b[31mred\u001b[0m\u001b]8;;${far}\u0007link\u001b]8;;\u0007\u0008\u0007\u007f`,
  `__proto__ ${kMark}`, `constructor`, `__proto__`, `toString`, `hasOwnProperty`,
  `${kMark} ${'\u0300'.repeat(400)} ${'\ud83d\udc69\u200d'.repeat(100)}`,
  `${kMark} ${'W'.repeat(5000)}`,
  `=HYPERLINK("${far}","${kMark}")`, `+cmd|' /C calc'!A0`, `@SUM(1+1)*${kMark}`,
  `%00%0d%0aX-${kMark}: 1 ../../../etc/passwd`,
  `tool:* -"${kMark}" status:error`, `#/trace/${kMark}?f=x&at=y`,
];

const deep = (depth, text) => { let one = text; for (let n = 0; n < depth; ++n) one = n % 2 ? [one] : { [text]: one }; return one; };

/** Whole envelopes in which every string member is `text`; each its own task. */
export function envelopesOf(text, n) {
  const id = `h-${n}`;
  const common = {
    schema_version: '1.0.0', turn_index: n, timestamp_ns: String(BigInt(Date.now() + n) * 1_000_000n), agent_id: text, agent_role: text,
    session_id: text, task_id: text, thread_id: text, trace_id: text, span_id: text, parent_span_id: text,
  };
  const args = JSON.parse(JSON.stringify({ [text]: text, list: [text, { [text]: [text] }], deep: deep(40, text) }));
  Object.defineProperty(args, '__proto__', { value: { [kMark]: text }, enumerable: true });
  return [
    { type: 'thought', ...common, thought_id: text, payload: { analysis: { observation_reflection: text, state_assessment: text, reasoning_chain: text }, intent: { current_strategy: text, predicted_outcome: text, requirement_id: text } } },
    { type: 'action', ...common, tool_call_id: id, parent_tool_call_id: text, source_thought_id: text,
      payload: { tool_call: { tool_call_id: id, tool_name: text, arguments: args, server: text, upstream_tool: text, depends_on: [text, id] } } },
    { type: 'observation', ...common, tool_call_id: id, exit_code: 1, stdout: text, stderr: text, encoding: 'utf8', duration_ms: 1,
      metadata: { status: text, tool_name: text, server: text, [text.slice(0, 60)]: text },
      payload: { observation: { status: text, tool_name: text, stdout: text, stderr: text },
        result: { stdout: text, is_error: true, content: [{ type: 'text', text }, { type: 'image', mimeType: text, data: text }, { type: 'image', mimeType: 'image/svg+xml', data: Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" onload="globalThis.${kMark}=1"/>`).toString('base64') }, { type: 'resource_link', uri: text, name: text }], structured_content: { [text]: text } } } },
    { type: text.slice(0, 60), ...common, payload: { [text]: text, message: text } },
  ];
}

/** A name of one megabyte and what goes with it. */
export const huge = () => envelopesOf(`${kMark} ${'<b>x</b>'.repeat(30_000)}`, 999).slice(1, 3);
