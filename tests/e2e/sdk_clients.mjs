// Official SDK clients of both generations drive the server face of MCP over HTTP: what a
// client asks for.  sdk_questions.mjs has what the server asks and tells.

import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, kinds, startFixture, text } from './fixture.mjs';
import { slow, until, wholeFile } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const fixture = await startFixture(wholeFile);
const small = await startFixture(wholeFile, ['--page-size', '7']);

// One test per kind of client.
function it(what, run) {
  for (const kind of kinds) test(`${what} (${kind.name})`, limit, (t) => run(t, kind));
}

it('[M1] it connects in its era, and knows who we are', async (t, kind) => {
  const { client, transport } = await connect(t, fixture, kind);
  if (!kind.v1) {
    assert.equal(client.getProtocolEra(), kind.era);
    assert.equal(client.getNegotiatedProtocolVersion(), kind.revision);
  }
  assert.equal(client.getServerVersion().name, 'mcp-orchestrator');
  const can = client.getServerCapabilities();
  for (const each of ['tools', 'prompts', 'resources']) assert.equal(can[each].listChanged, true, each);
  assert.ok(can.resources.subscribe && can.logging && can.completions);
  assert.equal(transport.sessionId !== undefined, kind.era === 'legacy', 'sessions are legacy');
  if (kind.era === 'modern') {
    assert.deepEqual((await client.discover()).supportedVersions, ['2026-07-28']);
  } else {
    assert.deepEqual(await client.ping(), {});
  }
});

it('[M13] tools: listed with title, icons and output schema; text and structured content', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const { tools } = await client.listTools();
  const names = tools.map((tool) => tool.name);
  assert.deepEqual(names, [...names].sort(), 'in one order');
  const weather = tools.find((tool) => tool.name === 'test_structured_content');
  assert.equal(weather.title, 'Weather');
  assert.equal(weather.icons[0].src, 'https://example.com/icon.png');
  assert.equal(weather.annotations.readOnlyHint, true);
  assert.ok(weather.outputSchema.properties.celsius);
  const result = await client.callTool({ name: weather.name, arguments: { city: 'Bern' } });
  assert.deepEqual(result.structuredContent, { city: 'Bern', celsius: 21.5 });
  assert.deepEqual(JSON.parse(text(result)), result.structuredContent);
});

it('[M13] content: image, audio, embedded resource and several at once', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const types = async (name) => (await client.callTool({ name, arguments: {} })).content.map((one) => one.type);
  assert.deepEqual(await types('test_image_content'), ['image']);
  assert.deepEqual(await types('test_audio_content'), ['audio']);
  assert.deepEqual(await types('test_embedded_resource'), ['resource']);
  assert.deepEqual(await types('test_multiple_content_types'), ['text', 'image', 'resource']);
});

it('[M13] errors: a failing tool is a result, bad arguments too, an unknown tool is -32602', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const failed = await client.callTool({ name: 'test_error_handling', arguments: {} });
  assert.ok(failed.isError && text(failed).includes('intentionally'));
  const refused = await client.callTool({ name: 'greet', arguments: { name: 1 } });
  assert.ok(refused.isError && /name/.test(text(refused)), text(refused));
  await assert.rejects(client.callTool({ name: 'no_such_tool', arguments: {} }), (error) => error.code === -32602);
});

it('[M3] progress comes before the answer, each once, growing', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const seen = [];
  const result = await client.callTool({ name: 'test_tool_with_progress', arguments: {} },
    ...(kind.v1 ? [undefined] : []), { onprogress: ({ progress, total }) => seen.push([progress, total]) });
  assert.equal(text(result), 'Progressed to 100.');
  assert.deepEqual(seen, [[0, 100], [50, 100], [100, 100]]);
});

it('[M6] a cancelled call ends at the tool, and is observed CANCELLED', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const cancelled = () => fixture.log().split('"CANCELLED"').length;
  const before = cancelled();
  const stop = new AbortController();
  const call = client.callTool({ name: 'test_until_cancelled', arguments: {} }, ...(kind.v1 ? [undefined] : []),
    { signal: stop.signal, onprogress: () => stop.abort('enough') });
  await assert.rejects(call);
  await until('the observation', () => cancelled() > before);
  assert.equal(text(await client.callTool({ name: 'test_simple_text', arguments: {} })),
    'This is a simple text response for testing.');
});

it('[M13] resources: list, templates, text, picture, template instance, unknown', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const { resources } = await client.listResources();
  assert.ok(resources.some((one) => one.uri === 'test://static-text' && one.mimeType === 'text/plain'));
  assert.ok(resources.find((one) => one.uri === 'test://with-icon').icons.length === 1);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.deepEqual(resourceTemplates.map((one) => one.uriTemplate), ['test://template/{id}/data']);
  const read = async (uri) => (await client.readResource({ uri })).contents[0];
  assert.equal((await read('test://static-text')).text, 'This is the content of the static text resource.');
  assert.equal((await read('test://static-binary')).mimeType, 'image/png');
  assert.equal(JSON.parse((await read('test://template/42/data')).text).id, '42');
  // SDK v2 shows its caller the code of the modern era also when it heard that of the legacy one.
  await assert.rejects(read('test://nowhere'),
    (error) => error.code === (kind.v1 ? -32002 : -32602) && error.data.uri === 'test://nowhere');
});

it('[M13] prompts: list, arguments, image, embedded resource', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const { prompts } = await client.listPrompts();
  assert.ok(prompts.find((one) => one.name === 'test_prompt_with_icon').icons.length === 1);
  assert.deepEqual(prompts.find((one) => one.name === 'test_prompt_with_arguments').arguments.map((one) => one.required), [true, true]);
  const get = async (name, args = {}) => (await client.getPrompt({ name, arguments: args })).messages[0].content;
  assert.equal((await get('test_prompt_with_arguments', { arg1: 'a', arg2: 'b' })).text, "Prompt with arguments: arg1='a', arg2='b'");
  assert.equal((await get('test_prompt_with_image')).type, 'image');
  assert.equal((await get('test_prompt_with_embedded_resource', { resourceUri: 'test://x' })).resource.uri, 'test://x');
  await assert.rejects(get('no_such_prompt'), (error) => error.code === -32602);
});

it('[M7] completion of a prompt argument', async (t, kind) => {
  const { client } = await connect(t, fixture, kind);
  const { completion } = await client.complete({
    ref: { type: 'ref/prompt', name: 'test_prompt_with_arguments' }, argument: { name: 'arg1', value: 'test' },
  });
  assert.deepEqual(completion.values, ['testValue1', 'testValue2']);
});

it('pages: every tool once, in the order of one large page; a made-up cursor is -32602', async (t, kind) => {
  const { client } = await connect(t, small, kind);
  const whole = (await (await connect(t, fixture, kind)).client.listTools()).tools.map((tool) => tool.name);
  assert.ok(whole.length > 3 * 7);
  const names = [];
  for (let cursor; cursor !== null;) { // SDK v2 follows the pages itself when it is given no cursor
    const page = await client.listTools(cursor && { cursor });
    if (kind.v1) assert.ok(page.tools.length <= 7);
    names.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor ?? null;
  }
  assert.deepEqual(names, whole);
  await assert.rejects(client.listTools({ cursor: 'made-up' }), (error) => error.code === -32602);
});
