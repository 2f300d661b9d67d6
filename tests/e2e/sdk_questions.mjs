// Official SDK clients of both generations and the server face of MCP over HTTP: what the
// server asks (elicitation, sampling, roots) and tells (logs, changes).

import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, kinds, startFixture, text } from './fixture.mjs';
import { slow, until, wholeFile } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const fixture = await startFixture(wholeFile);

function it(what, run) {
  for (const kind of kinds) test(`${what} (${kind.name})`, limit, (t) => run(t, kind));
}

const everything = { elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } };
const call = (client, name, args = {}) => client.callTool({ name, arguments: args });

it('[M16] sampling: the model of the client answers', async (t, kind) => {
  const asked = [];
  const { client } = await connect(t, fixture, kind, { capabilities: everything, answers: {
    'sampling/createMessage': (params) => {
      asked.push(params);
      return { role: 'assistant', content: { type: 'text', text: 'Paris' }, model: 'm', stopReason: 'endTurn' };
    },
  } });
  assert.equal(text(await call(client, 'test_sampling', { prompt: 'The capital?' })), 'LLM response: Paris');
  assert.equal(asked[0].messages[0].content.text, 'The capital?');
  assert.equal(asked[0].maxTokens, 100);
});

it('[M16] elicitation by form: accepted, declined, cancelled', async (t, kind) => {
  let answer;
  const { client } = await connect(t, fixture, kind, { capabilities: everything,
    answers: { 'elicitation/create': () => answer } });
  answer = { action: 'accept', content: { username: 'ann', email: 'ann@example.com' } };
  const said = async () => text(await call(client, 'test_elicitation', { message: 'Who?' }));
  assert.equal(await said(), 'User response: action=accept, content={"username":"ann","email":"ann@example.com"}');
  for (const action of ['decline', 'cancel']) {
    answer = { action };
    assert.match(await said(), new RegExp(`action=${action}`));
  }
});

it('[M16] elicitation: all five shapes of choices, and defaults, arrive whole', async (t, kind) => {
  const forms = [];
  const { client } = await connect(t, fixture, kind, { capabilities: everything, answers: {
    'elicitation/create': ({ requestedSchema }) => {
      forms.push(requestedSchema.properties);
      return { action: 'accept', content: forms.length === 1 ? { untitledSingle: 'option2', untitledMulti: ['option1', 'option3'] } : {} };
    },
  } });
  assert.match(text(await call(client, 'test_elicitation_sep1330_enums')), /"untitledMulti":\["option1","option3"\]/);
  assert.match(text(await call(client, 'test_elicitation_sep1034_defaults')), /action=accept/);
  const [choices, defaults] = forms;
  assert.deepEqual(choices.untitledSingle.enum, ['option1', 'option2', 'option3']);
  assert.deepEqual(choices.titledSingle.oneOf[1], { const: 'value2', title: 'Second' });
  assert.deepEqual(choices.legacyEnum.enumNames, ['One', 'Two']);
  assert.deepEqual(choices.untitledMulti.items.enum, ['option1', 'option2', 'option3']);
  assert.deepEqual(choices.titledMulti.items.anyOf[0], { const: 'value1', title: 'First' });
  assert.deepEqual(Object.values(defaults).map((one) => one.default), ['John Doe', 30, 95.5, 'active', true]);
});

it('[M16] elicitation by url: the page is named, the answer is its consent', async (t, kind) => {
  const asked = [];
  const { client } = await connect(t, fixture, kind, { capabilities: everything, answers: {
    'elicitation/create': (params) => { asked.push(params); return { action: 'accept' }; },
  } });
  assert.equal(text(await call(client, 'test_elicitation_url')), 'Consent: accept');
  assert.equal(asked[0].mode, 'url');
  assert.equal(asked[0].url, 'https://example.com/consent?for=fixture');
  assert.equal('elicitationId' in asked[0], kind.era === 'legacy', 'an id is of the legacy era');
});

it('[M16] roots, three kinds of questions at once, two rounds', async (t, kind) => {
  const { client } = await connect(t, fixture, kind, { capabilities: everything, answers: {
    'elicitation/create': ({ requestedSchema }) => ({ action: 'accept',
      content: 'color' in requestedSchema.properties ? { color: 'blue' } : { name: 'Ann' } }),
    'sampling/createMessage': () => ({ role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' }),
    'roots/list': () => ({ roots: [{ uri: 'file:///a' }, { uri: 'file:///b', name: 'b' }] }),
  } });
  assert.equal(text(await call(client, 'test_input_required_result_list_roots')), '2 roots');
  assert.equal(text(await call(client, 'test_input_required_result_multiple_inputs')), 'Hello, Ann!');
  assert.equal(text(await call(client, 'test_input_required_result_multi_round')), 'Ann likes blue');
  assert.equal(text(await call(client, 'test_input_required_result_tampered_state').catch((error) => error)), 'state-ok');
});

it('[M16] a prompt may ask too', async (t, kind) => {
  const { client } = await connect(t, fixture, kind, { capabilities: everything,
    answers: { 'elicitation/create': () => ({ action: 'accept', content: { context: 'work' } }) } });
  const { messages } = await client.getPrompt({ name: 'test_input_required_result_prompt' });
  assert.equal(messages[0].content.text, 'Context: work');
});

it('[M11] a client that declares nothing is asked nothing', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const end = await call(client, 'test_sampling', { prompt: 'x' }).catch((error) => error);
  if (kind.era === 'modern') assert.equal(end.code, -32021);
  else assert.ok(end.isError && /sampling/.test(text(end)), JSON.stringify(end));
});

it('[M14] logs: from the level the client wants, and none that it did not ask for', async (t, kind) => {
  const { client, heard } = await connect(t, fixture, kind);
  const logs = () => (heard.get('notifications/message') ?? []).map((one) => one.data);
  const run = async (level) => {
    if (kind.era === 'legacy') await client.setLoggingLevel(level ?? 'error');
    const _meta = kind.era === 'modern' && level ? { 'io.modelcontextprotocol/logLevel': level } : undefined;
    await client.callTool({ name: 'test_tool_with_logging', arguments: {}, ...(_meta && { _meta }) });
    return logs().splice(0);
  };
  assert.deepEqual(await run(undefined), []);
  await run('debug');
  await until('three lines', () => logs().length === 3);
  assert.deepEqual(logs(), ['Tool execution started', 'Tool processing data', 'Tool execution completed']);
});

it('[M15] lists that change are told to who wants to hear, and are different then', async (t, kind) => {
  const { client, heard } = await connect(t, await startFixture(t), kind);
  const told = (what) => (heard.get(`notifications/${what}/list_changed`) ?? []).length;
  const wanted = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
  const subscription = kind.era === 'modern' ? await client.listen(wanted) : null;
  if (subscription) assert.deepEqual(subscription.honoredFilter, wanted);
  const lists = {
    tools: ['test_trigger_tool_change', async () => (await client.listTools(undefined, { cacheMode: 'refresh' })).tools.map((one) => one.name)],
    prompts: ['test_trigger_prompt_change', async () => (await client.listPrompts(undefined, { cacheMode: 'refresh' })).prompts.map((one) => one.name)],
    resources: ['test_trigger_resource_change', async () => (await client.listResources(undefined, { cacheMode: 'refresh' })).resources.map((one) => one.name)],
  };
  for (const [what, [tool, list]] of Object.entries(lists)) {
    const before = await list();
    await call(client, tool);
    await until(`${what} changed`, () => told(what) === 1);
    assert.equal(Math.abs((await list()).length - before.length), 1, what);
    await call(client, tool);
    await until(`${what} changed back`, () => told(what) === 2);
    assert.deepEqual(await list(), before);
  }
  if (subscription) await subscription.close();
});

it('[M15] a watched resource: its updates come while it is watched, no others', async (t, kind) => {
  const { client, heard } = await connect(t, fixture, kind);
  const uri = 'test://watched-resource';
  const updates = () => heard.get('notifications/resources/updated') ?? [];
  await call(client, 'test_update_resource');
  const subscription = kind.era === 'modern' ? await client.listen({ resourceSubscriptions: [uri] }) : null;
  if (!subscription) await client.subscribeResource({ uri });
  await call(client, 'test_update_resource');
  await until('one update', () => updates().length === 1);
  assert.equal(updates()[0].uri, uri);
  if (subscription) await subscription.close();
  else await client.unsubscribeResource({ uri });
  await call(client, 'test_update_resource');
  await call(client, 'test_simple_text');
  assert.equal(updates().length, 1);
});
