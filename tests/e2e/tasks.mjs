// MCP tasks of the real program, over a `kill -9`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, scratch, slow, until } from './support.mjs';
import { Conversation } from './wire_schema.mjs';

const limit = { timeout: 120_000 * slow };
const config = { builtin: { tools: 'all' }, tasks: { after_ms: 0 } };

const tasks = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

// The result or error; both messages are valid by the official schemas.
async function ask(server, method, params, name, capabilities = tasks) {
  const talk = new Conversation('2026-07-28');
  const message = {
    jsonrpc: '2.0', id: 1, method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': capabilities,
      },
    },
  };
  const response = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, 'Mcp-Name': name,
    },
    body: JSON.stringify(message),
  });
  const answer = await response.json();
  assert.deepEqual([...talk.heard('client', message), ...talk.heard('server', answer)], []);
  return answer;
}
const sleep = async (server, ms) => (await ask(server, 'tools/call', { name: 'sleep', arguments: { ms } }, 'sleep')).result;
const get = (server, taskId) => ask(server, 'tasks/get', { taskId }, taskId);

test('[M52] over kill -9 an ended task keeps its result, a running one is failed and its call abandoned', limit, async (t) => {
  const dir = scratch(t);
  let server = await Server.start(t, { dir, config });
  const ended = await sleep(server, 50);
  assert.equal(ended.resultType, 'task');
  const whole = await until('the end', async () => {
    const { result } = await get(server, ended.taskId);
    return result.status === 'completed' && result;
  });
  const entries = (type) => server.logLines().map((line) => JSON.parse(line)).filter((one) => one.type === type);
  const running = await sleep(server, 600_000);
  await until('its action', () => entries('action').length === 2);
  const fresh = await sleep(server, 600_000);
  await server.kill();  // right after the reply

  server = await Server.start(t, { dir, config });
  const { result: kept } = await get(server, ended.taskId);
  assert.deepEqual(kept, whole);
  assert.equal(kept.result.content[0].text, 'slept 50 ms');
  for (const task of [running, fresh]) {
    const { result: lost } = await get(server, task.taskId);
    assert.equal(lost.status, 'failed');
    assert.equal(lost.createdAt, task.createdAt);
    assert.equal(lost.error.code, -32603);
  }
  const [first, ...open] = entries('observation').map((one) => [one.tool_call_id, one.metadata.status]);
  assert.equal(first[1], 'SUCCESS');
  assert.deepEqual(open, entries('action').slice(1).map((one) => [one.tool_call_id, 'ABANDONED']));
});

test('[M52] killed after every reply, no task that a client has heard of is unknown', limit, async (t) => {
  const dir = scratch(t);
  const known = [];
  for (let round = 0; round < 5; ++round) {
    const server = await Server.start(t, { dir, config });
    for (const id of known) assert.ok((await get(server, id)).result, `${id} in round ${round}`);
    known.push((await sleep(server, 600_000)).taskId);
    await server.kill();
  }
});

// One request of 2025-11-25, without a session.
async function legacy(server, method, params) {
  const answer = await fetch(`${server.url}/mcp`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'MCP-Protocol-Version': '2025-11-25' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  });
  return answer.json();
}

test('[M53] tools that a server of 2025-11-25 runs as tasks only are tasks for clients of both eras', limit, async (t) => {
  const server = await Server.start(t, { config: { mcpServers: { jobs: { command: process.env.DEVS_FIXTURE, args: ['--stdio'] } } } });
  const job = await until('the job is listed', async () => {
    const { result } = await legacy(server, 'tools/list', {});
    return result.tools.find((tool) => tool.name === 'jobs__failing_job');
  });
  assert.equal(job.execution.taskSupport, 'required');
  const call = { name: 'jobs__failing_job', arguments: {} };
  assert.equal((await ask(server, 'tools/call', call, call.name, {})).error.code, -32021);
  assert.equal((await legacy(server, 'tools/call', call)).error.code, -32601);

  const ended = async (name) => {
    const { result: begun } = await ask(server, 'tools/call', { name, arguments: {} }, name);
    assert.equal(begun.resultType, 'task');
    return until('the end of the task', async () => {
      const { result } = await get(server, begun.taskId);
      return result.status !== 'working' && result;
    });
  };
  const modern = await ended('jobs__failing_job');
  assert.equal(modern.status, 'completed');
  assert.equal(modern.result.isError, true);
  assert.equal(modern.result.content[0].text, 'The job failed');
  assert.equal(modern.result._meta?.['io.modelcontextprotocol/related-task'], undefined);
  const broken = await ended('jobs__protocol_error_job');
  assert.equal(broken.status, 'failed');
  assert.equal(broken.error.message, 'The job broke the protocol');

  const { result: { task } } = await legacy(server, 'tools/call', { ...call, task: {} });
  const { result } = await legacy(server, 'tasks/result', { taskId: task.taskId });
  assert.equal(result.isError, true);
  assert.equal(result._meta['io.modelcontextprotocol/related-task'].taskId, task.taskId);
  assert.equal((await legacy(server, 'tasks/get', { taskId: task.taskId })).result.status, 'failed');
});
