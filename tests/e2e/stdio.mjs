// MCP over stdio: the official clients of both SDKs start the program themselves, as a desktop
// host does, and every message is held against the schema of its revision.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { planted } from './canary.mjs';
import { Client, Server, binary, later, load, plainEnv, scratch, slow, until } from './support.mjs';
import { Conversation, listen, validate } from './wire_schema.mjs';

const { StdioClientTransport } = await load('@modelcontextprotocol/sdk/client/stdio.js');
const { CreateMessageRequestSchema, ElicitRequestSchema, ListRootsRequestSchema } = await load('@modelcontextprotocol/sdk/types.js');
const { Client: Client2 } = await load('@modelcontextprotocol/client');
const { StdioClientTransport: StdioClientTransport2 } = await load('@modelcontextprotocol/client/stdio');

const limit = { timeout: 60_000 * slow };
const fixture = process.env.DEVS_FIXTURE;
const info = { name: 'host', version: '1' };
const capabilities = { sampling: {}, elicitation: {}, roots: {} };
const answers = {
  elicit: { action: 'accept', content: { username: 'ada', email: 'ada@example.com' } },
  sample: { role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm', stopReason: 'endTurn' },
};

const commands = {
  server: (dir) => ({ command: binary, args: ['serve', '--stdio', '--port', '0', '--trace-dir', dir] }),
  fixture: (dir) => ({ command: fixture, args: ['--stdio', '--dir', dir] }),
};

function connectV1() {
  const client = new Client(info, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, async () => answers.elicit);
  client.setRequestHandler(CreateMessageRequestSchema, async () => answers.sample);
  client.setRequestHandler(ListRootsRequestSchema, async () => ({ roots: [] }));
  return { client, Transport: StdioClientTransport, revision: '2025-11-25' };
}

function connectV2(mode) {
  const client = new Client2(info, { capabilities: { ...capabilities, elicitation: { form: {} } }, versionNegotiation: { mode } });
  client.setRequestHandler('elicitation/create', async () => answers.elicit);
  client.setRequestHandler('sampling/createMessage', async () => answers.sample);
  client.setRequestHandler('roots/list', async () => ({ roots: [] }));
  return { client, Transport: StdioClientTransport2, revision: mode === 'legacy' ? '2025-11-25' : '2026-07-28' };
}

const clients = {
  'SDK v1': () => connectV1(),
  'SDK v2, legacy': () => connectV2('legacy'),
  'SDK v2, 2026-07-28': () => connectV2({ pin: '2026-07-28' }),
};

async function connected(t, what, make) {
  const { client, Transport, revision } = make();
  const transport = new Transport({ ...commands[what](scratch(t)), env: plainEnv(), stderr: 'pipe' });
  const errors = [];
  const conversation = new Conversation(revision);
  // As they come: the SDK drops progress that is in one chunk with the result.
  client.steps = [];
  const { heard } = conversation;
  conversation.heard = (direction, message) => {
    if (message.method === 'notifications/progress') client.steps.push(message.params.progress);
    return heard.call(conversation, direction, message);
  };
  listen(transport, conversation, errors);
  await client.connect(transport);
  client.onerror = (why) => errors.push(`client: ${why}`);
  later(t, async () => {
    await client.close();
    assert.ok(conversation.count > 2, 'messages were heard');
    assert.deepEqual(errors, []);
  });
  return client;
}

for (const [name, make] of Object.entries(clients)) {
  test(`[M1] [M10] ${name} over stdio: the real server lists and calls`, limit, async (t) => {
    const client = await connected(t, 'server', make);
    const { tools } = await client.listTools();
    assert.ok(tools.some((tool) => tool.name === 'echo'));
    const answer = await client.callTool({ name: 'echo', arguments: { text: 'hello' } });
    assert.equal(answer.content[0].text, 'hello');
  });

  test(`[M10] ${name} over stdio: lists, progress, questions and a cancelled call`, limit, async (t) => {
    const client = await connected(t, 'fixture', make);
    assert.ok((await client.listPrompts()).prompts.length > 0);
    assert.ok((await client.listResources()).resources.length > 0);
    assert.equal((await client.readResource({ uri: 'test://static-text' })).contents[0].mimeType, 'text/plain');
    const call = (tool, args = {}, options = undefined) =>
      name === 'SDK v1' ? client.callTool({ name: tool, arguments: args }, undefined, options) : client.callTool({ name: tool, arguments: args }, options);
    await call('test_tool_with_progress', {}, { onprogress: () => {} });
    assert.deepEqual(client.steps, [0, 50, 100]);
    const elicited = await call('test_elicitation', { message: 'Who are you?' });
    assert.match(elicited.content[0].text, /action=accept.*ada@example\.com/);
    const sampled = await call('test_sampling', { prompt: 'Capital of France?' });
    assert.equal(sampled.content[0].text, 'LLM response: Paris');
    const cancel = new AbortController();
    const cancelled = call('test_tool_with_progress', {}, { signal: cancel.signal, onprogress: () => cancel.abort('enough') });
    await assert.rejects(cancelled);
    assert.equal((await call('greet', { name: 'you' })).content[0].text, 'Hello, you!');
  });
}

test('[M15] SDK v2 over stdio: a listen hears of a changed list, until it is closed', limit, async (t) => {
  const client = await connected(t, 'fixture', clients['SDK v2, 2026-07-28']);
  let changes = 0;
  client.setNotificationHandler('notifications/tools/list_changed', () => { changes += 1; });
  const subscription = await client.listen({ toolsListChanged: true });
  await client.callTool({ name: 'test_trigger_tool_change', arguments: {} });
  await until('the change', () => changes > 0);
  await subscription.close();
  assert.equal((await client.callTool({ name: 'greet', arguments: { name: 'you' } })).content[0].text, 'Hello, you!');
});

test('[M10] SDK v1 over HTTP+SSE, when it is switched on', limit, async (t) => {
  const { SSEClientTransport } = await load('@modelcontextprotocol/sdk/client/sse.js');
  const server = await Server.start(t, { config: { mcp: { http_sse: true } } });
  const { client, revision } = connectV1();
  const transport = new SSEClientTransport(new URL(`${server.url}/sse`));
  const errors = [];
  listen(transport, new Conversation(revision), errors);
  await client.connect(transport);
  later(t, () => client.close());
  assert.ok((await client.listTools()).tools.some((tool) => tool.name === 'echo'));
  assert.equal((await client.callTool({ name: 'echo', arguments: { text: 'old' } })).content[0].text, 'old');
  assert.deepEqual(errors, []);
});

// --- without an SDK

class Raw {
  constructor(t, { args = [], dir = scratch(t) } = {}) {
    this.process = spawn(binary, ['serve', '--stdio', '--trace-dir', dir, ...args], { env: plainEnv(planted), cwd: dir, stdio: 'pipe' });
    this.out = '';
    this.err = '';
    this.process.stdout.on('data', (text) => { this.out += text; });
    this.process.stderr.on('data', (text) => { this.err += text; });
    this.process.stdin.on('error', () => {});
    this.exited = once(this.process, 'close').then(([code]) => { this.code = code; return code; });
    later(t, async () => { if (this.code === undefined) this.process.kill('SIGKILL'); await this.exited; });
  }
  say(message) { this.process.stdin.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`); }
  messages() { return this.out.split('\n').slice(0, -1).map((line) => JSON.parse(line)); }
  answer(id) { return until(`the answer to ${id}`, () => this.messages().find((one) => one.id === id)); }
}
const ping = (id) => ({ jsonrpc: '2.0', id, method: 'ping' });

test('[M10] nothing but messages on stdout, junk is answered, EOF ends it within 2 s', limit, async (t) => {
  const host = new Raw(t, { args: ['--port', '0'] });
  for (const line of ['junk', '{}', '[]', '\u0000', '{"jsonrpc":"2.0","id":1}']) host.say(line);
  host.say(ping(7));
  await host.answer(7);
  const errors = host.messages().filter((one) => one.error).map((one) => one.error.code);
  assert.deepEqual(errors, [-32700, -32600, -32600, -32700, -32600]);
  assert.match(host.err, /listening on http/);
  const began = Date.now();
  host.process.stdin.end();
  assert.equal(await host.exited, 0);
  assert.ok(Date.now() - began < 2000 * slow, `${Date.now() - began} ms`);
  for (const message of host.messages()) assert.deepEqual(validate('2025-11-25', 'server', message), []);
});

test('[M10] SIGTERM ends it with exit code 0', limit, async (t) => {
  const host = new Raw(t, { args: ['--port', '0'] });
  host.say(ping(1));
  await host.answer(1);
  host.process.kill('SIGTERM');
  assert.equal(await host.exited, 0);
});

test('[M10] SIGTERM, then the host goes while calls have time to finish: exit code 0 all the same', limit, async (t) => {
  const config = path.join(scratch(t), 'mcp.json');
  fs.writeFileSync(config, JSON.stringify({ builtin: { tools: 'all' }, drain_ms: 3000 }));
  const host = new Raw(t, { args: ['--port', '0', '--config', config] });
  host.say({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 60_000 } } });
  host.say(ping(2));
  await host.answer(2);
  host.process.kill('SIGTERM');
  await until('that it stops', () => /stopping/.test(host.err));
  host.process.stdin.end();
  host.process.stdout.destroy();
  assert.equal(await host.exited, 0);
});

test('[M10] a host that never reads stdout costs nobody anything, and is not waited for', limit, async (t) => {
  const host = new Raw(t, { args: ['--port', '0'] });
  const url = await until('where it listens', () => /listening on (http:\S+)/.exec(host.err)?.[1]);
  host.process.stdout.pause();
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'x'.repeat(100_000) } } });
  for (let i = 0; i < 50; ++i) host.process.stdin.write(`${call}\n`);
  // Some of them were taken; then stdin waits, because stdout does.
  await until('stdin to wait', () => host.process.stdin.writableLength > 2_000_000 && host.process.stdin.writableLength < 49 * call.length);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  host.process.kill('SIGTERM');
  await until('its end', () => host.process.exitCode !== null, 20_000);
  assert.equal(host.process.exitCode, 0);
  host.process.stdout.resume();
});

test('[M10] several at once with one directory and one port: each serves its client', limit, async (t) => {
  const dir = scratch(t);
  const first = new Raw(t, { dir, args: ['--port', '0'] });
  const url = await until('where it listens', () => /listening on (http:\S+)/.exec(first.err)?.[1]);
  const second = new Raw(t, { dir, args: ['--port', new URL(url).port] });
  second.say(ping(2));
  await second.answer(2);
  await until('its own address', () => /listening on (http:\S+)/.exec(second.err));
  assert.notEqual(/listening on (http:\S+)/.exec(second.err)[1], url);
  assert.ok(second.err.includes(`the trace is in ${path.join(dir, '2')}`), second.err);
  first.say(ping(1));
  await first.answer(1);
});

test('[M10] everything asked before the end of stdin is answered', limit, async (t) => {
  const host = new Raw(t, { args: ['--port', '0'] });
  const ids = Array.from({ length: 40 }, (_, i) => i + 1);
  const ask = (id, method, params = {}) => `${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`;
  const hello = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info };
  host.process.stdin.end(ask(0, 'initialize', hello) + ids.map((id) => ask(id, 'tasks/list')).join(''));
  assert.equal(await host.exited, 0);
  const answered = host.messages().map((message) => message.id).sort((a, b) => a - b);
  assert.deepEqual(answered, [0, ...ids]);
});

test('[M10] stdin and stdout may be files: the same answers', limit, async (t) => {
  const dir = scratch(t);
  const [from, to] = [path.join(dir, 'in'), path.join(dir, 'out')];
  const ids = Array.from({ length: 40 }, (_, i) => i + 1);
  fs.writeFileSync(from, ids.map((id) => `${JSON.stringify({ ...ping(id), method: 'tools/list' })}\n`).join(''));
  const child = spawn(binary, ['stdio', '--port', '0', '--trace-dir', path.join(dir, 't')], { env: plainEnv(), stdio: [fs.openSync(from, 'r'), fs.openSync(to, 'w'), 'ignore'] });
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  const answered = fs.readFileSync(to, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line).id);
  assert.deepEqual(answered.sort((a, b) => a - b), ids);
});

test('[M10] `stdio` is `serve --stdio`', limit, async (t) => {
  const child = spawn(binary, ['stdio', '--port', '0', '--trace-dir', scratch(t)], { env: plainEnv() });
  let out = '';
  child.stdout.on('data', (bytes) => { out += bytes; });
  child.stdin.end(`${JSON.stringify(ping(7))}\n`);
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert.equal(JSON.parse(out).id, 7);
});
