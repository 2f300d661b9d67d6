// MCP tasks of the real program, over a `kill -9`.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Server, scratch, slow, until } from './support.mjs';
import { Conversation } from './wire_schema.mjs';

const limit = { timeout: 120_000 * slow };
const config = { builtin: { tools: 'all' }, tasks: { after_ms: 0 } };

// The result or error; both messages are valid by the official schemas.
async function ask(server, method, params, name) {
  const talk = new Conversation('2026-07-28');
  const message = {
    jsonrpc: '2.0', id: 1, method,
    params: {
      ...params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
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
