// A server on which a day's work has happened: real calls through real upstream servers, some
// of which failed, agents of other programs, a debate, a call that still runs. And the places
// to look at it from.

import assert from 'node:assert/strict';
import { allTools, publish, sdkClient, startBinary, until } from './binary.mjs';
import { action, call, lifecycle, setClock, thought } from './envelopes.mjs';

const named = (event, task) => lifecycle(event, { task_id: task, session_id: 's-7', payload: { event, status: event.slice(5).toLowerCase() } });
const post = async (url, body) => {
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${url}: ${answer.status} ${await answer.text()}`);
};

export async function busyHouse(t) {
  const server = await startBinary(t, { upstreams: true });
  const client = await sdkClient(t, server);
  setClock(Date.now() - 60_000);
  await allTools(client);
  // A task of real calls: two pass, one names a file that is not there.
  const real = (task, n, name, args) => client.callTool({ name, arguments: args, _meta: { 'devs.saop/context': { task_id: task, session_id: 's-7', agent_id: 'dev-1', thread_id: 'main', turn_index: n, tool_call_id: `${task}-${n}` } } });
  for (const task of ['t-40', 't-41']) {
    await publish(server, thought('Read what is there, add it up, then say it.', { task_id: task, session_id: 's-7' }));
    await real(task, 0, 'everything__echo', { message: `hello from ${task}` });
    await real(task, 1, 'everything__get-sum', { a: 20, b: 22 });
    await real(task, 2, 'files__read_text_file', { path: 'no/such/file.txt' });
    await publish(server, named('TASK_COMPLETED', task));
  }
  // An agent of another program: a build that failed, and why.
  const at = { task_id: 't-42', session_id: 's-7', agent_id: 'dev-2' };
  await publish(server, [
    thought('The parser is in src/parser.cc. Look at it before touching the build.', at),
    ...call('b-1', 'read_file', { path: 'src/parser.cc', lines: [1, 120] }, { stdout: 'int parse(const char* text) {\n  return 0;\n}\n' }, { ...at, turn_index: 0 }),
    thought('Now build everything, four at a time.', { ...at, turn_index: 1 }),
    ...call('b-2', 'run', { cmd: 'make -j4 all', cwd: '/src' }, { stdout: '', stderr: "make: *** No rule to make target 'all'.  Stop.\n", status: 'TOOL_ERROR', exit_code: 2, duration_ms: 840.2 }, { ...at, turn_index: 1, server: 'shell' }),
    ...call('b-3', 'search', { query: 'makefile targets', limit: 5 }, { stdout: '', stderr: 'No result within 5000 ms; the tool was stopped.', status: 'TIMEOUT_EXCEEDED', exit_code: 124, duration_ms: 5000 }, { ...at, turn_index: 2, server: 'web' }),
    ...call('b-4', 'write_file', { path: 'Makefile', text: 'all:\n\tc++ -o parser src/*.cc\n' }, { stdout: 'written, 31 bytes', duration_ms: 2.1 }, { ...at, turn_index: 3 }),
    action('b-5', 'run', { cmd: 'make -j4 all', cwd: '/src' }, { ...at, turn_index: 4, server: 'shell' }),
  ]);
  for (let n = 0; n < 24; ++n) {
    const many = { task_id: `t-${50 + n}`, session_id: 's-8', agent_id: `dev-${n % 3}` };
    await publish(server, [thought(`step ${n}`, many), ...call(`m-${n}`, ['list_directory', 'read_file', 'search'][n % 3], { n }, { stdout: `result ${n}`, duration_ms: 3 + n * 7 }, many)]);
  }
  const debate = `${server.url}/api/debates/42/events`;
  const say = (event, data) => post(debate, { event, data });
  await say('phase_transition', { debateId: '42', phase: 'opening', fromPhase: 'none', toPhase: 'opening', timestamp: 1795224245000 });
  for (let n = 1; n <= 4; ++n)
    await say('utterance', { id: `u${n}`, debateId: '42', timestamp: 1795224245120 + n * 1000, turnNumber: n, phase: 'opening', speaker: n % 2 ? 'pro' : 'con', content: `Point ${n}: what was measured, not what was meant.` });
  await until('the graph', async () => (await (await fetch(`${server.url}/api/graph/snapshot`)).json()).edges?.length > 0);
  return server;
}

/** name, fragment, what must be seen before one looks */
export const kViews = [
  ['live-traces', '#/live?rows=traces', 't-73'],
  ['live-envelopes', '#/live?rows=envelopes', 'list_directory'],
  ['live-filtered', '#/live?rows=envelopes&f=status%3Aerror', 'read_text_file'],
  ['live-nothing', '#/live?f=tool%3Anothing', 'Clear'],
  ['tree', '#/trace/t-42?v=tree&at=b-2', 'No rule to make target'],
  ['waterfall', '#/trace/t-42?v=waterfall&at=b-2', 'No rule to make target'],
  ['turns', '#/trace/t-42?v=turns', 'four at a time'],
  ['trace-unknown', '#/trace/t-none', 'No trace'],
  ['tools', '#/tools', 'read_file'],
  ['graph', '#/graph', /\b2 edges/],
  ['run', '#/run', 'echo'],
  ['health', '#/health', 'everything'],
  ['compare', '#/compare/t-40,t-41', 't-41'],
  ['channel', '#/channel/debates/42', 'what was measured'],
  ['approvals', '#/approvals', /approval/i],
  ['unknown', '#/nowhere', 'Live'],
];

/** Goes there and waits for it. */
export async function visit(tab, server, [, fragment, sign]) {
  await tab.page.goto(`${server.page}${fragment}`);
  await tab.page.locator('main').getByText(sign).first().waitFor();
  await tab.page.waitForFunction(() => document.querySelector('main [aria-busy="true"]') === null);
}
