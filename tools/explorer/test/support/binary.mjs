// The real server for browser tests: as tests/e2e starts it, with what those bring.
//
//   const server = await startBinary(t, { config, env, upstreams: true });
//   server.page                the address of the page; server.url has no slash at its end
//   await publish(server, envelope or several)      ids, in order
//   const client = await sdkClient(t, server); await client.callTool({ name, arguments })

import assert from 'node:assert/strict';
import { npmServers, scratch, Server } from '../../../../tests/e2e/support.mjs';

export { allTools, later, plainEnv, scratch, sdkClient, Server, slow, until } from '../../../../tests/e2e/support.mjs';

// The page is the one built in; with DEVS_PAGE_DIR (while working on it) that of a folder.
const kPage = process.env.DEVS_PAGE_DIR ? ['--explorer-dir', process.env.DEVS_PAGE_DIR] : [];

/** Options of Server.start; `upstreams`: the two npm servers, `everything` and `files`, are behind it. */
export async function startBinary(t, { upstreams = false, config, args = [], ...options } = {}) {
  const whole = upstreams ? { ...npmServers(scratch(t)), ...config } : config;
  const server = await Server.start(t, { ...options, config: whole, args: [...kPage, ...args] });
  server.page = `${server.url}/`;
  return server;
}

/** With authentication on; `bearer` is what is accepted. */
export async function startGuarded(t, options = {}) {
  const bearer = 'the-bearer-of-this-test-0123456789abcdef';
  const server = await startBinary(t, { ...options, env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: bearer, ...options.env } });
  return Object.assign(server, { bearer, headers: { Authorization: `Bearer ${bearer}` } });
}

export async function publish(server, envelopes, headers = server.headers ?? {}) {
  const answer = await server.publish(envelopes, { headers });
  const told = await answer.json();
  assert.equal(answer.status, 200, JSON.stringify(told));
  return told.ids;
}
