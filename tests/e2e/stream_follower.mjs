// What the tests of the StreamClient share: clients that keep what they tell, and a publisher
// that knows what there is to hear.  ctest sets DEVS_TYPES, where the built package is.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { later, root, slow, thought, until } from './support.mjs';

export const types = await import(pathToFileURL(path.join(process.env.DEVS_TYPES, 'index.js')).href);

export const limit = { timeout: 120_000 * slow };
export const boss = { Authorization: 'Bearer bearer-of-the-boss-0123456789' };
export const env = { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: boss.Authorization.slice(7), STREAM_TOKEN_SECRET: 'a-secret-that-outlives-a-restart-0123456789' };
export const config = { sse: { retry_ms: 20 } };
export const quick = { firstRetryMs: 20, maxRetryMs: 200, connectMs: 10_000 * slow, heartbeatMs: 15_000 * slow };

// Opens a client and keeps what it tells: `ids` of entries, `states`, `events` of any kind.
export function follow(t, client, states) {
  const told = { client, states, events: [], ids: [] };
  client.onAny(({ name, data, text, id }) => {
    told.events.push({ name, data, text, id });
    if (!['goodbye', 'evicted', 'reset'].includes(name)) told.ids.push(id);
  });
  client.closed.then((end) => { told.end = end; });
  later(t, async () => { client.close(); await client.closed; });
  client.open();
  return told;
}
export function followTrace(t, server, options = {}) {
  const states = [];
  const client = new types.StreamClient({ url: `${server}/trace/stream`, ...quick, onState: (change) => states.push(change), ...options });
  return follow(t, client, states);
}
export const connected = (told, times = 1) => until(`connect number ${times}`, () => told.states.filter(({ state }) => state === 'connected').length >= times);
export const order = (told) => told.states.map(({ state }) => state);

// Publishes thoughts, one after the other, and knows their ids.
export class Publisher {
  ids = [];
  constructor(server, headers = {}) { Object.assign(this, { server, headers }); }
  async publish(count = 1) {
    for (let n = 0; n < count; ++n) {
      const answer = await this.server.publish(thought(this.ids.length + 1), { headers: this.headers });
      assert.equal(answer.status, 200);
      this.ids.push(...(await answer.json()).ids);
    }
  }
  arrived(told) { return until(`all ${this.ids.length} at the client`, () => told.ids.length >= this.ids.length); }
}

// What client.md shows, as a function of its name.
export const page = fs.readFileSync(path.join(root, 'docs/api/client.md'), 'utf8');
export function documented(name) {
  const code = [...page.matchAll(/```js\n([^]*?)```/g)].map(([, text]) => text).find((text) => text.includes(`function ${name}(`));
  return new Function('types', `${code.replace(/^import (\{.*\}) from '@mcp-orchestrator\/types';$/m, 'const $1 = types;')}\nreturn ${name};`)(types);
}
