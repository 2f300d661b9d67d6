// Every message the server sends is valid by the official schema of its revision, and
// what holds messages against it (wire_schema.mjs) can tell right from wrong.

import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, later, Server, slow, StreamableHTTPClientTransport } from './support.mjs';
import { Conversation, listen, revisions, validate } from './wire_schema.mjs';

const limit = { timeout: 60_000 * slow };
const answer = (result) => ({ jsonrpc: '2.0', id: 1, result });

test('wire_schema: an initialize and its result are valid in every legacy revision', () => {
  for (const protocolVersion of revisions.slice(0, -1)) {
    const talk = new Conversation(protocolVersion);
    const client = { name: 'a', version: '1' };
    assert.deepEqual(talk.heard('client', { jsonrpc: '2.0', id: 0, method: 'initialize',
      params: { protocolVersion, capabilities: {}, clientInfo: client } }), []);
    assert.deepEqual(talk.heard('server', { jsonrpc: '2.0', id: 0, result: { protocolVersion, capabilities: {}, serverInfo: client } }), []);
  }
});

test('wire_schema: a result is held against the method that was asked, once', () => {
  const talk = new Conversation('2025-11-25');
  assert.deepEqual(talk.heard('client', { jsonrpc: '2.0', id: 'x', method: 'tools/list' }), []);
  assert.match(talk.heard('server', { jsonrpc: '2.0', id: 'x', result: { tools: [{ name: 'a' }] } }).join(), /inputSchema/);
  assert.deepEqual(validate('2025-11-25', 'server', answer({ anything: 1 })), []);
});

test('wire_schema: 2026-07-28 wants resultType and hints, and knows its own errors', () => {
  const wrong = (message, answered) => validate('2026-07-28', 'server', message, answered).join('; ');
  assert.match(wrong(answer({ content: [] }), 'tools/call'), /resultType/);
  assert.match(wrong(answer({ resultType: 'complete', tools: [] }), 'tools/list'), /ttlMs.*cacheScope|cacheScope.*ttlMs/);
  assert.equal(wrong(answer({ resultType: 'input_required', requestState: 's',
    inputRequests: { name: { method: 'elicitation/create', params: { message: 'm', requestedSchema: { type: 'object', properties: {} } } } },
  }), 'tools/call'), '');
  assert.match(wrong(answer({ resultType: 'input_required', inputRequests: { name: { method: 'ping' } } }), 'tools/call'), /inputRequests/);
  const task = { taskId: 't', status: 'working', createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:00Z', ttlMs: 1 };
  assert.equal(wrong(answer({ resultType: 'task', ...task }), 'tools/call'), '');
  assert.match(wrong(answer({ resultType: 'task', taskId: 't', status: 'working' }), 'tools/call'), /createdAt/);
  const told = (params) => wrong({ jsonrpc: '2.0', method: 'notifications/tasks', params });
  assert.equal(told({ ...task, status: 'completed', result: { content: [] } }), '');
  assert.match(told({ ...task, status: 'completed' }), /result/); // a task is told whole
  assert.match(told({ ...task, status: 'failed' }), /error/);
  assert.match(wrong(answer({ resultType: 'complete', ...task, status: 'completed', result: {} }), 'tasks/get'), /content/);
  const error = (code, data) => ({ jsonrpc: '2.0', id: 1, error: { code, message: 'm', data } });
  assert.equal(wrong(error(-32022, { supported: ['2026-07-28'], requested: 'x' })), '');
  assert.match(wrong(error(-32022, { supported: [] })), /requested/);
  assert.match(wrong(error(-32021, { requiredCapabilities: ['sampling'] })), /requiredCapabilities/);
});

test('wire_schema: an error that answers nobody has no id, in no revision null', () => {
  for (const revision of revisions) {
    const error = { jsonrpc: '2.0', error: { code: -32700, message: 'm' } };
    assert.deepEqual(validate(revision, 'server', error), []);
    assert.notDeepEqual(validate(revision, 'server', { ...error, id: null }), []);
  }
});

test('wire_schema: an empty result is empty', () => {
  assert.deepEqual(validate('2025-11-25', 'server', answer({}), 'ping'), []);
  assert.match(validate('2025-11-25', 'server', answer({ ok: true }), 'logging/setLevel').join(), /not empty/);
});

test('wire_schema: nobody sends what only the other side may', () => {
  const ask = { jsonrpc: '2.0', id: 1, method: 'elicitation/create', params: { message: 'm', requestedSchema: { type: 'object', properties: {} } } };
  assert.deepEqual(validate('2025-11-25', 'server', ask), []);
  assert.match(validate('2025-11-25', 'client', ask).join(), /not for the client/);
  assert.match(validate('2026-07-28', 'server', ask).join(), /sends no requests/);
  assert.match(validate('2025-11-25', 'server', { jsonrpc: '2.0', id: 1, method: 'tools/list' }).join(), /not for the server/);
});

test('wire_schema: a batch is legal in 2025-03-26 alone, and holds answers or the rest, not both', () => {
  const two = [answer({ resultType: 'complete' }), { ...answer({ resultType: 'complete' }), id: 2 }];
  for (const revision of revisions) {
    assert.equal(new Conversation(revision).heard('server', two).length === 0, revision === '2025-03-26', revision);
  }
  const mixed = [answer({}), { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }];
  assert.notDeepEqual(new Conversation('2025-03-26').heard('server', mixed), []);
});

test('every message to an SDK client of 2025-11-25 is valid', limit, async (t) => {
  const server = await Server.start(t);
  const client = new Client({ name: 'e2e-host', version: '1.0.0' }, { capabilities: {} });
  const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`));
  const talk = new Conversation('2025-11-25'), wrong = [];
  listen(transport, talk, wrong);
  await client.connect(transport);
  later(t, () => client.close());
  await client.ping();
  await client.listTools();
  await client.callTool({ name: 'echo', arguments: { text: 'hello', structured: { a: 1 } } });
  await client.callTool({ name: 'echo', arguments: {} }).catch(() => {});
  await assert.rejects(client.callTool({ name: 'no_such_tool' }));
  assert.deepEqual(wrong, []);
  assert.ok(talk.count > 10, `only ${talk.count} messages were seen`);
});
