// The command line of the official Inspector lists and calls, in both eras.

import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { startFixture } from './fixture.mjs';
import { plainEnv, root, run, scratch, slow, wholeFile } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const launcher = path.join(root, 'tests/conformance/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const fixture = await startFixture(wholeFile);
const home = scratch(wholeFile); // it keeps notes in ~/.mcp-inspector

async function inspect(era, method, ...args) {
  const done = await run(process.execPath, [launcher, '--cli', `${fixture.url}/mcp`, '--protocol-era', era, '--format', 'json',
    '--method', method, ...args], { env: plainEnv({ HOME: home }), cwd: home });
  assert.equal(done.code, 0, `${method}: ${done.out}${done.err}`);
  return JSON.parse(done.out).result;
}

for (const era of ['legacy', 'modern']) {
  test(`the Inspector lists tools, resources, templates and prompts (${era})`, limit, async () => {
    const { tools } = await inspect(era, 'tools/list');
    assert.ok(tools.some((tool) => tool.name === 'greet' && tool.inputSchema.required[0] === 'name'));
    const { resources } = await inspect(era, 'resources/list');
    assert.ok(resources.some((one) => one.uri === 'test://static-text'));
    const { resourceTemplates } = await inspect(era, 'resources/templates/list');
    assert.equal(resourceTemplates[0].uriTemplate, 'test://template/{id}/data');
    const { prompts } = await inspect(era, 'prompts/list');
    assert.ok(prompts.some((one) => one.name === 'test_prompt_with_arguments'));
  });

  test(`the Inspector calls, reads and gets (${era})`, limit, async () => {
    const called = await inspect(era, 'tools/call', '--tool-name', 'greet', '--tool-arg', 'name=World');
    assert.equal(called.content[0].text, 'Hello, World!');
    const weather = await inspect(era, 'tools/call', '--tool-name', 'test_structured_content', '--tool-args-json', '{"city":"Bern"}');
    assert.equal(weather.structuredContent.city, 'Bern');
    const read = await inspect(era, 'resources/read', '--uri', 'test://static-text');
    assert.match(read.contents[0].text, /static text/);
    const got = await inspect(era, 'prompts/get', '--prompt-name', 'test_prompt_with_arguments', '--prompt-args', 'arg1=a', 'arg2=b');
    assert.match(got.messages[0].content.text, /arg1='a', arg2='b'/);
  });
}
