// Every message the server can send, in every revision, over HTTP and over stdio, is valid by
// the official schema of that revision: a client without an SDK makes the fixture send them
// all, and the definitions it was to see are listed here.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import readline from 'node:readline';
import test from 'node:test';
import { createParser, later, plainEnv, scratch, slow, until } from './support.mjs';
import { Conversation, ofServer, revisions } from './wire_schema.mjs';

const limit = { timeout: 30_000 * slow };
const modernRevision = '2026-07-28';
const since = (revision, first) => revision >= first;
const program = process.env.DEVS_FIXTURE;

// --- what is to be seen

const listed = ['ListToolsResult', 'CallToolResult', 'ListPromptsResult', 'GetPromptResult', 'ListResourcesResult',
  'ListResourceTemplatesResult', 'ReadResourceResult', 'CompleteResult'];
const told = ['ProgressNotification', 'LoggingMessageNotification', 'ToolListChangedNotification',
  'PromptListChangedNotification', 'ResourceListChangedNotification', 'ResourceUpdatedNotification'];
const errors = (...codes) => codes.map((code) => `error ${code}`);

function expected(revision, stdio) {
  if (revision === modernRevision) {
    return [...listed, ...told, 'DiscoverResult', 'InputRequiredResult', 'SubscriptionsListenResult',
      'SubscriptionsAcknowledgedNotification', ...(stdio ? ['CancelledNotification'] : ['HeaderMismatchError']),
      'MissingRequiredClientCapabilityError', 'UnsupportedProtocolVersionError',
      'tasks:CreateTaskResult', 'tasks:GetTaskResult', 'tasks:UpdateTaskResult', 'tasks:CancelTaskResult',
      'tasks:TaskStatusNotification', ...errors(-32700, -32600, -32601, -32602)];
  }
  return [...listed, ...told, 'InitializeResult', 'EmptyResult', 'CancelledNotification',
    'CreateMessageRequest', 'ListRootsRequest',
    ...(since(revision, '2025-06-18') ? ['ElicitRequest'] : []),
    ...(since(revision, '2025-11-25')
      ? ['CreateTaskResult', 'GetTaskResult', 'GetTaskPayloadResult', 'CancelTaskResult', 'ListTasksResult'] : []),
    ...errors(-32700, -32600, -32601, -32602, -32002, ...(stdio ? [] : [-32000, -32001]))];
}
// What a server may send and this one does not.
const never = {
  Result: 'the base of the others',
  PingRequest: 'a client is not pinged',
  GetTaskRequest: 'nothing that is asked of a client becomes its task', GetTaskPayloadRequest: 'the same',
  CancelTaskRequest: 'the same', ListTasksRequest: 'the same',
  TaskStatusNotification: 'optional; a client of 2025-11-25 asks',
  ElicitationCompleteNotification: 'optional; no tool is told that a page is done',
};

// --- clients without an SDK

const form = (asked) => {
  const content = {};
  for (const [name, one] of Object.entries(asked.requestedSchema?.properties ?? {})) {
    if (one.type === 'string') content[name] = one.enum?.[0] ?? one.oneOf?.[0].const ?? 'x';
    if (one.type === 'boolean') content[name] = true;
  }
  return { action: 'accept', ...(asked.mode === 'url' ? {} : { content }) };
};
const answers = {
  'elicitation/create': form,
  'sampling/createMessage': () => ({ role: 'assistant', content: { type: 'text', text: 'x' }, model: 'm' }),
  'roots/list': () => ({ roots: [{ uri: 'file:///a' }] }),
};

class Peer {
  constructor(revision) {
    this.revision = revision;
    this.modern = revision === modernRevision;
    this.talk = new Conversation(revision);
    this.wrong = [];
    this.heard = []; // requests and notifications, in order
    this.waiting = new Map();
    this.silent = false; // asked, it does not answer
    this.next = 1;
  }

  take(message) {
    for (const wrong of this.talk.heard('server', message)) this.wrong.push(`${wrong} in ${JSON.stringify(message)}`);
    for (const one of [message].flat()) {
      if (!('method' in one)) {
        this.waiting.get(one.id)?.(one);
        this.waiting.delete(one.id);
        continue;
      }
      this.heard.push(one);
      if ('id' in one && !this.silent) this.send({ jsonrpc: '2.0', id: one.id, result: answers[one.method](one.params) });
    }
  }

  // The response to a request; `meta` are further members of `_meta`.
  request(method, params = {}, { meta = {}, version = this.revision } = {}) {
    const id = this.next++;
    const _meta = this.modern ? { 'io.modelcontextprotocol/protocolVersion': version,
      'io.modelcontextprotocol/clientCapabilities': this.capabilities, ...meta } : meta;
    const whole = { ...params, ...(Object.keys(_meta).length ? { _meta } : {}) };
    const message = { jsonrpc: '2.0', id, method, ...(Object.keys(whole).length ? { params: whole } : {}) };
    const response = new Promise((resolve) => { this.waiting.set(id, resolve); });
    return Object.assign(response, { id, sent: this.send(message) });
  }
  async result(...request) {
    const { result, error } = await this.request(...request);
    assert.equal(error, undefined, JSON.stringify([request, error]));
    return result;
  }
  async error(...request) {
    const { result, error } = await this.request(...request);
    assert.equal(result, undefined, JSON.stringify(request));
    return error.code;
  }
  notify(method, params) { return this.send({ jsonrpc: '2.0', method, ...(params && { params }) }); }
  call(name, args = {}, more = {}, options = {}) {
    return this.result('tools/call', { name, arguments: args, ...more }, options);
  }
  told(method) { return this.heard.filter((one) => one.method === method); }
}

class HttpPeer extends Peer {
  static async start(t, revision) {
    const peer = new HttpPeer(revision);
    const child = spawn(program, ['--dir', scratch(t), '--page-size', '7'], { env: plainEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    let out = '';
    child.stdout.on('data', (text) => { out += text; });
    [, peer.url] = await until('the line `listening on`', () => /^listening on (\S+)$/m.exec(out));
    peer.stop = async () => { child.kill('SIGTERM'); await ended; await Promise.allSettled(peer.bodies); };
    peer.bodies = [];
    later(t, async () => { child.kill('SIGKILL'); await Promise.allSettled([ended, ...peer.bodies]); });
    return peer;
  }
  headers(message) {
    const headers = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    if (this.session) headers['Mcp-Session-Id'] = this.session;
    if (!this.modern) return headers;
    const params = message.params ?? {};
    const name = params.name ?? params.uri ?? params.taskId;
    return { ...headers, 'MCP-Protocol-Version': params._meta?.['io.modelcontextprotocol/protocolVersion'] ?? this.revision,
      'Mcp-Method': message.method ?? 'none', ...(name && { 'Mcp-Name': name }) };
  }
  send(message, more = {}) {
    const raw = typeof message === 'string';
    if (!raw) this.talk.heard('client', message);
    return this.open('POST', { ...this.headers(raw ? {} : message), ...more }, raw ? message : JSON.stringify(message));
  }
  // Resolves with the status when there is a head; what follows is taken as it comes.
  async open(method, headers, body) {
    const response = await fetch(`${this.url}/mcp`, { method, headers, body });
    this.session ??= response.headers.get('mcp-session-id') ?? undefined;
    this.bodies.push(this.read(response));
    return response.status;
  }
  async read(response) {
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      const text = await response.text();
      if (text) this.take(JSON.parse(text));
      return;
    }
    const parser = createParser({ onEvent: ({ data }) => { if (data) this.take(JSON.parse(data)); } });
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) parser.feed(piece);
  }
}

class StdioPeer extends Peer {
  static async start(t, revision) {
    const peer = new StdioPeer(revision);
    const child = spawn(program, ['--stdio', '--dir', scratch(t), '--page-size', '7'], { env: plainEnv(), stdio: ['pipe', 'pipe', 'ignore'] });
    const ended = once(child, 'close');
    readline.createInterface({ input: child.stdout }).on('line', (line) => peer.take(JSON.parse(line)));
    peer.pipe = child.stdin;
    peer.stop = async () => { child.kill('SIGTERM'); await ended; };
    later(t, async () => { child.kill('SIGKILL'); await ended; });
    return peer;
  }
  async send(message) {
    const raw = typeof message === 'string';
    if (!raw) this.talk.heard('client', message);
    this.pipe.write(`${raw ? message : JSON.stringify(message)}\n`);
  }
}

// --- what they do

// Says what is no request, or none that is served, and waits for the error.
const refused = async (peer, message, code, headers) => {
  await peer.send(message, headers);
  await until(`error ${code}`, () => peer.talk.seen.has(`error ${code}`));
};

// What both eras are asked alike.
async function ask(peer, call) {
  for (const list of ['tools', 'prompts', 'resources', 'resources/templates']) {
    const key = list === 'resources/templates' ? 'resourceTemplates' : list;
    for (let cursor; cursor !== null;) {
      const page = await peer.result(`${list}/list`, cursor ? { cursor } : {});
      assert.ok(page[key].length > 0, list);
      cursor = page.nextCursor ?? null;
    }
  }
  for (const tool of ['test_simple_text', 'test_image_content', 'test_audio_content', 'test_embedded_resource',
    'test_multiple_content_types', 'test_error_handling', 'json_schema_2020_12_tool']) await call(tool);
  await call('test_structured_content', { city: 'Bern' });
  await call('greet', { name: 7 }); // against its schema
  await call('test_tool_with_progress', {}, { meta: { progressToken: 'p' } });
  for (const prompt of ['test_simple_prompt', 'test_prompt_with_image', 'test_prompt_with_icon'])
    await peer.result('prompts/get', { name: prompt });
  await peer.result('prompts/get', { name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } });
  await peer.result('prompts/get', { name: 'test_prompt_with_embedded_resource', arguments: { resourceUri: 'test://x' } });
  for (const uri of ['test://static-text', 'test://static-binary', 'test://template/1/data', 'test://with-icon'])
    await peer.result('resources/read', { uri });
  await peer.result('completion/complete', { ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: { name: 'arg1', value: 't' } });

  assert.equal(await peer.error('no/such'), -32601);
  assert.equal(await peer.error('tools/call', { name: 'no_such' }), -32602);
  assert.equal(await peer.error('resources/read', { uri: 'test://nowhere' }), peer.modern ? -32602 : -32002);
  assert.equal(await peer.error('prompts/get', { name: 'no_such' }), -32602);
  await refused(peer, 'junk', -32700);
  await refused(peer, '{"jsonrpc":"2.0","id":"x"}', -32600);
}

async function change(peer, call) {
  for (const what of ['tool', 'prompt', 'resource']) {
    await call(`test_trigger_${what}_change`);
    await until(`${what}s changed`, () => peer.told(`notifications/${what}s/list_changed`).length > 0);
  }
  await call('test_update_resource');
  await until('an update', () => peer.told('notifications/resources/updated').length > 0);
}

const questions = (revision) => [
  ['test_sampling', { prompt: 'x' }],
  ['test_input_required_result_list_roots'],
  ...(since(revision, '2025-06-18')
    ? [['test_elicitation', { message: 'x' }], ['test_elicitation_sep1034_defaults'],
      ['test_input_required_result_multiple_inputs'], ['test_input_required_result_multi_round']] : []),
  ...(since(revision, '2025-11-25') ? [['test_elicitation_sep1330_enums'], ['test_elicitation_url']] : []),
];

async function legacy(peer, stdio) {
  const { revision } = peer;
  const { protocolVersion } = await peer.result('initialize', { protocolVersion: revision, clientInfo: { name: 'e2e', version: '1' },
    capabilities: { sampling: {}, roots: {}, ...(since(revision, '2025-06-18') && { elicitation: since(revision, '2025-11-25') ? { form: {}, url: {} } : {} }) } });
  assert.equal(protocolVersion, revision);
  await peer.notify('notifications/initialized');
  if (!stdio) assert.equal(await peer.open('GET', { Accept: 'text/event-stream', 'Mcp-Session-Id': peer.session }), 200);
  const call = (name, args, options) => peer.call(name, args, {}, options);
  await peer.result('ping');
  await peer.result('logging/setLevel', { level: 'debug' });
  await call('test_tool_with_logging');
  await peer.result('resources/subscribe', { uri: 'test://watched-resource' });
  await ask(peer, call);
  await change(peer, call);
  await peer.result('resources/unsubscribe', { uri: 'test://watched-resource' });
  for (const [tool, args] of questions(revision)) {
    const before = peer.heard.length;
    await call(tool, args);
    assert.ok(peer.heard.length > before, `${tool} asked`);
  }
  if (!since(revision, '2025-11-25')) { // a choice of several cannot be said
    const before = peer.heard.length;
    assert.ok((await call('test_elicitation_sep1330_enums')).isError);
    assert.equal(peer.heard.length, before);
  }
  peer.silent = true; // what a call asked ends with it
  const open = peer.request('tools/call', { name: 'test_sampling', arguments: { prompt: 'x' } });
  const asked = peer.told('sampling/createMessage').length;
  await until('the question', () => peer.told('sampling/createMessage').length > asked);
  await peer.notify('notifications/cancelled', { requestId: open.id });
  await until('its end', () => peer.told('notifications/cancelled').length > 0);
  peer.silent = false;

  assert.equal(await peer.error('initialize', { protocolVersion: revision, capabilities: {}, clientInfo: { name: 'e2e', version: '1' } }), -32600);
  if (revision === '2025-03-26') await batch(peer);
  if (since(revision, '2025-11-25')) await legacyTasks(peer);
  if (stdio) return;
  const ping = { jsonrpc: '2.0', id: 'v', method: 'ping' };
  await refused(peer, ping, -32000, { 'MCP-Protocol-Version': '1999-01-01' });
  await refused(peer, ping, -32001, { 'Mcp-Session-Id': '0'.repeat(32) });
}

async function batch(peer) {
  const both = ['a', 'b'].map((id) => new Promise((resolve) => { peer.waiting.set(id, resolve); }));
  await peer.send([{ jsonrpc: '2.0', id: 'a', method: 'tools/list' }, { jsonrpc: '2.0', id: 'b', method: 'no/such' },
    { jsonrpc: '2.0', method: 'notifications/initialized' }]);
  await Promise.all(both);
}

async function legacyTasks(peer) {
  const begin = async (name, args) => (await peer.call(name, args, { task: { ttl: 60_000 } })).task.taskId;
  const quick = await begin('slow_compute', { seconds: 0 });
  await peer.result('tasks/result', { taskId: quick });
  assert.equal((await peer.result('tasks/get', { taskId: quick })).status, 'completed');
  const failed = await begin('failing_job');
  assert.ok((await peer.result('tasks/result', { taskId: failed })).isError);
  assert.equal((await peer.result('tasks/get', { taskId: failed })).status, 'failed');
  const asking = await begin('confirm_delete', { filename: 'x' });
  await peer.result('tasks/result', { taskId: asking });
  assert.equal(await peer.error('tasks/result', { taskId: await begin('protocol_error_job') }), -32603);
  const long = await begin('slow_compute', { seconds: 60 });
  assert.equal((await peer.result('tasks/cancel', { taskId: long })).status, 'cancelled');
  assert.equal((await peer.result('tasks/list')).tasks.length, 5);
  assert.equal(await peer.error('tasks/cancel', { taskId: long }), -32602);
}

const all = { sampling: {}, roots: {}, elicitation: { form: {}, url: {} }, extensions: { 'io.modelcontextprotocol/tasks': {} } };

async function modern(peer, stdio) {
  peer.capabilities = all;
  const plain = (name, args, options) => peer.call(name, args, {}, options);
  // A call in as many rounds as it takes.
  const call = async (name, args, options) => {
    for (let more = {}; ;) {
      const result = await peer.call(name, args, more, options);
      if (result.resultType !== 'input_required') return result;
      more = { requestState: result.requestState, inputResponses: Object.fromEntries(
        Object.entries(result.inputRequests).map(([key, { method, params }]) => [key, answers[method](params)])) };
    }
  };
  await peer.result('server/discover');
  await plain('test_tool_with_logging', {}, { meta: { 'io.modelcontextprotocol/logLevel': 'debug' } });
  await ask(peer, plain);
  const listening = peer.request('subscriptions/listen', { notifications: { toolsListChanged: true, promptsListChanged: true,
    resourcesListChanged: true, resourceSubscriptions: ['test://watched-resource'] } });
  await until('the acknowledgement', () => peer.told('notifications/subscriptions/acknowledged').length > 0);
  await change(peer, plain);
  for (const [tool, args] of questions(modernRevision)) assert.equal((await call(tool, args)).resultType, 'complete');
  await modernTasks(peer);

  peer.capabilities = {};
  assert.equal(await peer.error('tools/call', { name: 'failing_job', arguments: {} }), -32021);
  assert.equal(await peer.error('tools/call', { name: 'test_sampling', arguments: { prompt: 'x' } }), -32021);
  assert.equal(await peer.error('tasks/get', { taskId: 'x' }), -32021);
  assert.equal(await peer.error('server/discover', {}, { version: '2999-01-01' }), -32022);
  if (!stdio) {
    const list = { jsonrpc: '2.0', id: 'h', method: 'tools/list', params: { _meta: {
      'io.modelcontextprotocol/protocolVersion': modernRevision, 'io.modelcontextprotocol/clientCapabilities': {} } } };
    await refused(peer, list, -32020, { 'Mcp-Method': 'tools/call' });
  }
  await peer.stop(); // which ends the listen with its response
  await listening;
}

async function modernTasks(peer) {
  const begin = async (name, args = {}) => (await peer.call(name, args)).taskId;
  const status = (taskId, wanted) => until(wanted, async () => {
    const task = await peer.result('tasks/get', { taskId });
    return task.status === wanted && task;
  });
  const asking = await begin('confirm_delete', { filename: 'x' });
  const watched = [asking, await begin('protocol_error_job'), await begin('slow_compute', { seconds: 60 })];
  peer.request('subscriptions/listen', { notifications: { taskIds: watched } });
  await until('the acknowledgement', () => peer.told('notifications/subscriptions/acknowledged').length > 1);
  const { inputRequests } = await status(asking, 'input_required');
  await peer.result('tasks/update', { taskId: asking, inputResponses: Object.fromEntries(
    Object.entries(inputRequests).map(([key, { params }]) => [key, form(params)])) });
  await peer.result('tasks/cancel', { taskId: watched[2] });
  for (const [n, wanted] of ['completed', 'failed', 'cancelled'].entries()) {
    await status(watched[n], wanted);
    await until(`to be told ${wanted}`, () => peer.told('notifications/tasks').some(({ params }) => params.status === wanted));
  }
  assert.ok((await status(await begin('failing_job'), 'completed')).result.isError);
  assert.equal(await peer.error('tasks/get', { taskId: 'made-up' }), -32602);
}

for (const revision of revisions) {
  for (const [where, Transport] of [['HTTP', HttpPeer], ['stdio', StdioPeer]]) {
    test(`[M9] ${revision} over ${where}: every message the server can send is valid by its schema`, limit, async (t) => {
      const peer = await Transport.start(t, revision);
      await (peer.modern ? modern : legacy)(peer, where === 'stdio');
      assert.deepEqual(peer.wrong, []);
      const wanted = expected(revision, where === 'stdio');
      assert.deepEqual(wanted.filter((one) => !peer.talk.seen.has(one)), [], 'never seen');
    });
  }
  test(`[M9] ${revision}: what a server may send is sent here, or it is said why not`, () => {
    const known = new Set([true, false].flatMap((stdio) => expected(revision, stdio)));
    assert.deepEqual(ofServer(revision).filter((one) => !known.has(one) && !never[one]), []);
  });
}
