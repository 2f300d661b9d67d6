// Stream tokens that end while a stream is open, and clients as they are: `eventsource` 5,
// the 3 that the MCP SDK brings, and the EventSource of a browser, on a page of another
// origin.  All run the same few lines of code.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { pathToFileURL } from 'node:url';
import { canary } from './canary.mjs';
import { openPage } from './chromium.mjs';
import { EventSource, Server, later, modules, scratch, slow, thought, until } from './support.mjs';

const ofSdk = createRequire(path.join(modules, '@modelcontextprotocol/sdk/package.json')).resolve('eventsource');
const { EventSource: EventSource3 } = await import(pathToFileURL(ofSdk).href);

const ttl = 60; // seconds, the least there is
const users = ['five', 'three', 'browser'];
const bearer = (user) => `${canary}-bearer-of-${user}`;
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const config = {
  auth: { tokens: users.map((name) => ({ name, role: 'user', sha256: sha256(bearer(name)) })) },
  cors: { origins: ['http://127.0.0.1:*'] },
};
const env = { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: `${canary}-bearer-of-the-boss` };

// What every client runs, the page too.  `mint` answers a fresh token.
function follow(EventSource, server, mint) {
  const told = { ids: [], evicted: [], refused: 0, opened: 0 };
  let last = '';
  const open = async () => {
    const token = await mint();
    const from = last ? `&lastEventId=${last}` : '';
    const source = new EventSource(`${server}/trace/stream?token=${token}${from}`);
    told.close = () => source.close();
    source.onopen = () => { told.opened += 1; };
    source.onmessage = (event) => { last = event.lastEventId; told.ids.push(last); };
    source.addEventListener('evicted', (event) => { // the token has ended: the same URL would be refused
      told.evicted.push(JSON.parse(event.data).reason);
      source.close();
      open();
    });
    source.onerror = () => { // a refusal is final; a broken connection is tried again by EventSource itself
      if (source.readyState !== 2) return;
      told.refused += 1;
      open();
    };
  };
  open();
  return told;
}

// Tokens as an application gives them to its users: who asks has proved who they are there.
function minter(server, user, minted) {
  return async () => {
    const answer = await fetch(`${server()}/api/stream-tokens`, {
      method: 'POST', body: JSON.stringify({ scope: [`owner:${user}`], ttl_seconds: ttl }),
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer(user)}` },
    });
    assert.equal(answer.status, 201);
    const { token } = await answer.json();
    minted.push(token);
    return token;
  };
}
// A publish over a connection that no stream ever used: `fetch` may take up that of a stream
// which is just being closed.
const agent = new http.Agent({ keepAlive: true });
function post(port, user, envelope) {
  return new Promise((resolve, reject) => {
    http.request({ port, host: '127.0.0.1', path: '/trace/publish', method: 'POST', agent,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${bearer(user)}` } }, async (answer) => {
      answer.setEncoding('utf8');
      resolve(JSON.parse((await answer.toArray()).join('')));
    }).on('error', reject).end(JSON.stringify(envelope));
  });
}
const claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

// A page of another origin, whose own server hands out the tokens.
async function pageOf(t, mint) {
  const app = http.createServer(async (request, answer) => {
    answer.setHeader('Content-Type', request.url === '/token' ? 'text/plain' : 'text/html');
    answer.end(request.url === '/token' ? await mint() : '<!doctype html><title>a page</title>');
  }).listen(0, '127.0.0.1');
  await new Promise((listening) => app.on('listening', listening));
  later(t, () => app.close());
  later(t, () => app.closeAllConnections());
  return openPage(t, `http://127.0.0.1:${app.address().port}/`);
}

test('[S1.8] a token revoked, then one expired, under three clients: fresh tokens, nothing lost, nothing twice', { timeout: 300_000 * slow }, async (t) => {
  const dir = scratch(t);
  let server = await Server.start(t, { dir, config, env });
  const { port, url } = server;
  const minted = Object.fromEntries(users.map((user) => [user, []]));
  const mint = Object.fromEntries(users.map((user) => [user, minter(() => url, user, minted[user])]));
  const page = await pageOf(t, mint.browser);
  await page.run(`${follow}; window.told = follow(EventSource, '${url}', async () => (await fetch('/token')).text()); 0`);
  const inNode = { five: follow(EventSource, url, mint.five), three: follow(EventSource3, url, mint.three) };
  for (const one of Object.values(inNode)) later(t, () => one.close());
  const told = async (user) => inNode[user] ?? JSON.parse(await page.run('JSON.stringify(told)'));
  const all = (what, holds) => until(what, async () => {
    for (const user of users) if (!holds(await told(user))) return false;
    return true;
  });

  const published = Object.fromEntries(users.map((user) => [user, []]));
  let count = 0;
  const publish = async () => {
    count += 1;
    for (const user of users) {
      const answer = await post(port, user, thought(count));
      published[user].push(answer.ids[0]);
    }
  };
  const has = (one) => one.ids.length === count;

  later(t, () => agent.destroy());
  await all('open streams', (one) => one.opened === 1);
  for (let n = 0; n < 10; ++n) await publish();
  await all('ten events', has);

  // Revoked in mid-stream, while more is published.
  for (const user of users) {
    const gone = await fetch(`${url}/api/stream-tokens/${claims(minted[user][0]).jti}`,
      { method: 'DELETE', headers: { Authorization: `Bearer ${bearer(user)}` } });
    assert.equal(gone.status, 204);
  }
  await until('fresh tokens', async () => {
    await publish();
    return users.every((user) => minted[user].length === 2);
  });
  await all('what came meanwhile', has);
  for (const user of users) assert.deepEqual((await told(user)).evicted, ['token_revoked'], user);

  // Expired: the stream goes on, but once its connection breaks the same URL opens nothing.
  const expired = users.map((user) => minted[user][1]);
  await until('tokens that have expired', () => Date.now() / 1000 > Math.max(...expired.map((token) => claims(token).exp)), 90_000);
  await publish();
  await all('an event after expiry', has);
  await server.kill();
  agent.destroy(); // its connections are gone too
  server = await Server.start(t, { dir, config, env, port });
  await until('fresh tokens again', async () => {
    await publish();
    return users.every((user) => minted[user].length === 3);
  });
  for (let n = 0; n < 10; ++n) await publish();
  await all('what came meanwhile', has);

  for (const user of users) {
    const one = await told(user);
    assert.deepEqual(one.ids, published[user], `${user}: each once, in order`);
    assert.equal(one.refused, 1, `${user}: the expired token was refused once`);
  }
});
