// The MCP fixture (tests/support/mcp_fixture) as a running program, and every official
// client that can talk to it: SDK v1, and SDK v2 in each way it finds the era.  What
// they say and hear is held against the official schema of its revision.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { planted } from './canary.mjs';
import { Client, later, load, plainEnv, scratch, StreamableHTTPClientTransport, until } from './support.mjs';
import { Conversation, listen } from './wire_schema.mjs';

const v2 = await load('@modelcontextprotocol/client');
const v1Types = await load('@modelcontextprotocol/sdk/types.js');
const program = process.env.DEVS_FIXTURE;

// {url, port, log()} of a fixture of its own; args: --page-size N.
export async function startFixture(t, args = []) {
  assert.ok(program && fs.existsSync(program), `DEVS_FIXTURE is '${program}': no such program`);
  const dir = scratch(t);
  const child = spawn(program, ['--dir', dir, ...args], { env: plainEnv(planted), stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  let out = '';
  child.stdout.on('data', (text) => { out += text; });
  later(t, async () => { child.kill('SIGTERM'); await ended; });
  const [, url] = await until('the line `listening on`', () => /^listening on (\S+)$/m.exec(out));
  return {
    url, port: Number(new URL(url).port), pid: child.pid,
    log: () => fs.readFileSync(path.join(dir, 'trace.log'), 'utf8'),
  };
}

// The clients.  `revision` is what they end up with.
const legacy = { era: 'legacy', revision: '2025-11-25' };
const modern = { era: 'modern', revision: '2026-07-28' };
export const kinds = [
  { name: 'SDK v1', ...legacy, v1: true },
  { name: 'SDK v2, legacy', ...legacy, mode: 'legacy' },
  { name: 'SDK v2, auto', ...modern, mode: 'auto' },
  { name: 'SDK v2, pinned', ...modern, mode: { pin: '2026-07-28' } },
];

const v1Schemas = {
  'elicitation/create': v1Types.ElicitRequestSchema,
  'sampling/createMessage': v1Types.CreateMessageRequestSchema,
  'roots/list': v1Types.ListRootsRequestSchema,
  'notifications/message': v1Types.LoggingMessageNotificationSchema,
  'notifications/resources/updated': v1Types.ResourceUpdatedNotificationSchema,
  'notifications/tools/list_changed': v1Types.ToolListChangedNotificationSchema,
  'notifications/prompts/list_changed': v1Types.PromptListChangedNotificationSchema,
  'notifications/resources/list_changed': v1Types.ResourceListChangedNotificationSchema,
};
const named = (kind, method) => (kind.v1 ? v1Schemas[method] : method);

// A connected client of that kind.  `answers` maps a method to what is answered to it;
// `heard` collects the notifications a server sends, by method; `wrong` what the schema
// says against any message, and must be empty at the end of the test.
export async function connect(t, fixture, kind, { capabilities = {}, answers = {} } = {}) {
  const talk = new Conversation(kind.revision);
  const wrong = [], heard = new Map();
  const about = { name: 'e2e-host', version: '1.0.0' };
  const client = kind.v1 ? new Client(about, { capabilities })
    : new v2.Client(about, { capabilities, versionNegotiation: { mode: kind.mode } });
  const Transport = kind.v1 ? StreamableHTTPClientTransport : v2.StreamableHTTPClientTransport;
  const transport = new Transport(new URL(`${fixture.url}/mcp`));
  listen(transport, talk, wrong);
  for (const [method, answer] of Object.entries(answers))
    client.setRequestHandler(named(kind, method), async (request) => answer(request.params));
  for (const method of Object.keys(v1Schemas).filter((one) => one.startsWith('notifications/')))
    client.setNotificationHandler(named(kind, method), ({ params }) => {
      heard.set(method, [...heard.get(method) ?? [], params]);
    });
  await client.connect(transport);
  later(t, async () => {
    await client.close();
    assert.deepEqual(wrong, [], 'every message is valid by the official schema');
    assert.ok(talk.count > 2, 'messages were seen');
  });
  return { client, transport, talk, wrong, heard };
}

export const text = (result) => result.content[0].text;
