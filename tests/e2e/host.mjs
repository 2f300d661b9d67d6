// An agent host (the official SDK client) uses tools that live in real MCP servers
// from npm, through the orchestrator.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Server, allTools, curl, eventSource, npmServers, scratch, sdkClient, slow, until, wholeFile } from './support.mjs';

const limit = { timeout: 120_000 * slow };
const long = 'everything__trigger-long-running-operation';
const body = (line) => JSON.parse(line);
const observationOf = (server, id) =>
  server.logLines().map(body).find((one) => one.type === 'observation' && one.tool_call_id === id);

// One server for all tests of this file: its npm children take seconds to start.
const folder = scratch(wholeFile);
fs.writeFileSync(path.join(folder, 'hello.txt'), 'hello from a file\n');
const server = await Server.start(wholeFile, { config: npmServers(folder) });
const client = await sdkClient(wholeFile, server);
await allTools(client);

test('[J1] [M1] the SDK client sees the tools of both npm servers, each under its name', limit, async () => {
  const names = await allTools(client);
  assert.equal(client.getServerVersion().name, 'mcp-orchestrator');
  for (const name of ['everything__echo', 'everything__get-sum', long, 'files__read_text_file', 'files__list_directory', 'echo']) {
    assert.ok(names.includes(name), `${name} is listed`);
  }
  assert.equal(new Set(names).size, names.length, 'no name twice');
  const { tools } = await client.listTools();
  const sum = tools.find((tool) => tool.name === 'everything__get-sum');
  assert.deepEqual(sum.inputSchema.required, ['a', 'b']);
});

test('[J1] tools of both npm servers answer through the orchestrator', limit, async () => {
  const sum = await client.callTool({ name: 'everything__get-sum', arguments: { a: 2, b: 40 } });
  assert.match(sum.content[0].text, /42/);
  const file = await client.callTool({ name: 'files__read_text_file', arguments: { path: path.join(folder, 'hello.txt') } });
  assert.equal(file.content[0].text, 'hello from a file\n');
  const missing = await client.callTool({ name: 'files__read_text_file', arguments: { path: path.join(folder, 'absent') } });
  assert.equal(missing.isError, true);
});

test('[J1] an image and structured content arrive as the upstream sent them', limit, async () => {
  const image = await client.callTool({ name: 'everything__get-tiny-image', arguments: {} });
  const block = image.content.find((one) => one.type === 'image');
  assert.equal(block.mimeType, 'image/png');
  assert.deepEqual([...Buffer.from(block.data, 'base64').subarray(1, 4)], [...Buffer.from('PNG')]);
  const weather = await client.callTool({ name: 'everything__get-structured-content', arguments: { location: 'Chicago' } });
  assert.equal(typeof weather.structuredContent.temperature, 'number');
});

test('[J1] progress of a long tool reaches the caller, growing, before its result', limit, async () => {
  const steps = [];
  const result = await client.callTool({ name: long, arguments: { duration: 1, steps: 5 } }, undefined,
    { onprogress: (progress) => steps.push(progress) });
  assert.match(result.content[0].text, /Long running operation completed/);
  assert.deepEqual(steps.map((one) => one.progress), [1, 2, 3, 4, 5]);
  assert.ok(steps.every((one) => one.total === 5));
});

test('[J1] [M6] a cancelled long call ends as the observation CANCELLED', limit, async () => {
  const cancel = new AbortController();
  const context = { tool_call_id: 'cancelled-1' };
  const call = client.callTool(
    { name: long, arguments: { duration: 30, steps: 300 }, _meta: { 'devs.saop/context': context } }, undefined,
    { signal: cancel.signal, onprogress: () => cancel.abort('enough') });
  await assert.rejects(call, /enough/);
  const observation = await until('the observation', () => observationOf(server, 'cancelled-1'));
  assert.equal(observation.metadata.status, 'CANCELLED');
  assert.equal(observation.exit_code, 130);
  // The upstream is free again: nothing of the cancelled call is in the way.
  const echo = await client.callTool({ name: 'everything__echo', arguments: { message: 'still here' } });
  assert.equal(echo.content[0].text, 'Echo: still here');
});

test('[J1] arguments that break the schema are refused before the tool runs', limit, async () => {
  const result = await client.callTool({ name: 'everything__get-sum', arguments: { a: 2 },
    _meta: { 'devs.saop/context': { tool_call_id: 'invalid-1' } } });
  assert.equal(result.isError, true);
  assert.match(JSON.stringify(result.content), /b/);
  const observation = await until('the observation', () => observationOf(server, 'invalid-1'));
  assert.equal(observation.metadata.status, 'VALIDATION_FAILED');
  assert.equal(observation.metadata.executed, false);
});

test('[J1] an unknown tool is a JSON-RPC error that leaves action and observation', limit, async () => {
  await assert.rejects(client.callTool({ name: 'files__no_such_tool', arguments: {},
    _meta: { 'devs.saop/context': { tool_call_id: 'unknown-1' } } }), (why) => why.code === -32602);
  const observation = await until('the observation', () => observationOf(server, 'unknown-1'));
  assert.equal(observation.metadata.status, 'UNKNOWN_TOOL');
});

test('[J1] many calls in flight on one child each get their own answer', limit, async () => {
  const numbers = Array.from({ length: 60 }, (_, n) => n);
  const answers = await Promise.all(numbers.map((n) =>
    client.callTool({ name: 'everything__get-sum', arguments: { a: n, b: 1000 } })));
  answers.forEach((answer, n) => assert.match(answer.content[0].text, new RegExp(`\\b${n + 1000}\\b`)));
});

test('[J2] eventsource and curl see thought, action, observation in order; the log holds the same bytes', limit, async (t) => {
  const before = server.logLines().length;
  const source = await eventSource(t, server);
  const reader = await curl(t, server);
  const context = { agent_id: 'dev-1', agent_role: 'developer', task_id: 't-e2', session_id: 's-e2', turn_index: 4,
    tool_call_id: 'c-e2', thought: { reasoning_chain: 'read the file first' } };
  const result = await client.callTool({ name: 'files__read_text_file', arguments: { path: path.join(folder, 'hello.txt') },
    _meta: { 'devs.saop/context': context } });

  await until('three events', () => source.seen.length >= 3 && reader.data().length >= 3);
  const [thought, action, observation] = source.seen.map((event) => body(event.data));
  assert.deepEqual([thought.type, action.type, observation.type], ['thought', 'action', 'observation']);
  assert.equal(source.seen.length, 3);

  assert.equal(thought.payload.analysis.reasoning_chain, 'read the file first');
  assert.equal(action.tool_call_id, 'c-e2');
  assert.equal(observation.tool_call_id, 'c-e2');
  assert.equal(action.source_thought_id, thought.thought_id);
  assert.equal(action.payload.tool_call.tool_name, 'files__read_text_file');
  assert.equal(action.payload.tool_call.server, 'files');
  assert.equal(action.payload.tool_call.upstream_tool, 'read_text_file');
  assert.equal(observation.metadata.status, 'SUCCESS');
  assert.equal(observation.stdout, 'hello from a file\n');
  assert.equal(observation.span_id, action.span_id);
  for (const one of [thought, action, observation]) {
    assert.equal(one.turn_index, 4);
    assert.equal(one.task_id, 't-e2');
    assert.match(one.timestamp_ns, /^[1-9][0-9]{18}$/);
  }
  assert.ok(BigInt(thought.timestamp_ns) < BigInt(action.timestamp_ns));
  assert.ok(BigInt(action.timestamp_ns) < BigInt(observation.timestamp_ns));

  const receipt = result._meta['devs.saop/receipt'];
  assert.deepEqual([receipt.thought, receipt.action, receipt.observation], source.seen.map((event) => event.id));

  const streamed = source.seen.map((event) => event.data);
  assert.deepEqual(reader.data(), streamed);
  assert.deepEqual(server.logLines().slice(before), streamed);
});

test('[J2] [S0.10] five tool turns are 15 lines and 15 events in order, with unique tool_call_id', limit, async (t) => {
  const before = server.logLines().length;
  const source = await eventSource(t, server);
  for (let turn = 0; turn < 5; ++turn) {
    await client.callTool({ name: 'everything__echo', arguments: { message: `turn ${turn}` },
      _meta: { 'devs.saop/context': { task_id: 't-five', turn_index: turn, thought: `about turn ${turn}` } } });
  }
  await until('15 events', () => source.seen.length >= 15);
  const envelopes = source.seen.map((event) => body(event.data));
  assert.deepEqual(envelopes.map((one) => one.type), Array(5).fill(['thought', 'action', 'observation']).flat());
  assert.deepEqual(envelopes.map((one) => one.turn_index), [0, 1, 2, 3, 4].flatMap((n) => [n, n, n]));
  const actions = envelopes.filter((one) => one.type === 'action').map((one) => one.tool_call_id);
  const observations = envelopes.filter((one) => one.type === 'observation').map((one) => one.tool_call_id);
  assert.equal(new Set(actions).size, 5);
  assert.deepEqual(observations, actions);
  assert.deepEqual(server.logLines().slice(before), source.seen.map((event) => event.data));
});

test('[J2] without a thought from the host there is none', limit, async (t) => {
  const source = await eventSource(t, server);
  await client.callTool({ name: 'echo', arguments: { text: 'quiet' } });
  await until('two events', () => source.seen.length >= 2);
  assert.deepEqual(source.seen.map((event) => body(event.data).type), ['action', 'observation']);
});
