// Debates on a real server: a driver that plays one while many watch, `eventsource`, curl,
// a browser, and the page that documents them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { openPage } from './chromium.mjs';
import { EventSource, Server, eventSource, later, metrics, plainEnv, rawGet, root, run, scratch, slow, until } from './support.mjs';

const limit = { timeout: 60_000 * slow };
const page = fs.readFileSync(path.join(root, 'docs/api/debates.md'), 'utf8');
const names = ['connected', 'utterance', 'phase_transition', 'intervention_submitted', 'intervention_response', 'pause', 'resume',
  'complete', 'error', 'goodbye'];
const utterance = (n, phase = 'opening') => ({ id: `u${n}`, timestamp: 1795224245120 + n, phase, speaker: n % 2 ? 'pro' : 'con', content: `turn ${n}` });
const finish = { debateId: '42', totalDurationMs: 9, finalPhase: 'closing', timestamp: 1795224245999 };

async function post(server, route, body, headers = {}) {
  const answer = await fetch(server.url + route, {
    method: 'POST', headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(body ?? {}) });
  return { status: answer.status, body: await answer.json() };
}
async function say(server, debate, event, data) {
  const { status, body } = await post(server, `/api/debates/${debate}/events`, { event, data });
  assert.equal(status, 201, JSON.stringify(body));
  return body.id;
}
const get = async (server, route) => (await fetch(server.url + route)).json();
const clients = async (server, debate) => (await get(server, `/api/debates/${debate}`)).clients;
const follow = (t, server, debate, query = '') => eventSource(t, server, { route: `/api/debates/${debate}/stream${query}`, names });
const lines = (server, event) => server.err.split('\n').filter((line) => line.includes(`"${event}"`)).map((line) => JSON.parse(line));

// A program of this folder; `said` is what it printed, line by line.
function play(t, script, args) {
  const child = spawn(process.execPath, [path.join(root, 'tests/e2e', script), ...args.map(String)],
    { env: plainEnv(), stdio: ['pipe', 'pipe', 'inherit'] });
  child.said = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    child.said.push(...parts.map((line) => JSON.parse(line)));
  });
  child.ended = once(child, 'close').then(([code]) => code);
  later(t, () => child.kill('SIGKILL'));
  return child;
}

// A way to the server that can break: `url`, `cut()` breaks what is open, while `down` nothing
// gets through.  Made before its server, which has to know its Host.
async function relay(t) {
  const way = { open: new Set(), down: false };
  const listener = net.createServer((near) => {
    if (way.down) return near.resetAndDestroy();
    const far = net.connect(way.port, '127.0.0.1');
    way.open.add(near);
    for (const [from, to] of [[near, far], [far, near]]) {
      from.on('error', () => {}).on('close', () => { to.destroy(); way.open.delete(near); });
      from.pipe(to);
    }
  }).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  later(t, () => { way.cut(); listener.close(); });
  way.host = `127.0.0.1:${listener.address().port}`;
  way.url = `http://${way.host}`;
  way.cut = () => { for (const near of way.open) near.resetAndDestroy(); };
  return way;
}

test('[S3.16] [S3.4] [S3.9] a driver plays a whole debate while many processes watch; some drop, one comes late', { timeout: 120_000 * slow }, async (t) => {
  const turns = 40;
  const ways = await Promise.all([5, 17, 33].map(() => relay(t)));
  const server = await Server.start(t, { config: { sse: { retry_ms: 50 }, http: { hosts: ways.map(({ host }) => host) } } });
  for (const way of ways) way.port = server.port;
  const driver = play(t, 'debate_driver.mjs', [server.url, 'tea', turns]);
  await until('the driver', () => driver.said.some(({ ready }) => ready));
  const audience = [...[1, 2, 3].map(() => server), ...ways].map(({ url }) => play(t, 'debate_client.mjs', [url, 'tea']));
  for (const [n, way] of ways.entries()) { // their connections break, after so many utterances
    const one = audience[3 + n];
    const look = () => {
      if (one.said.filter(({ event }) => event === 'utterance').length < [5, 17, 33][n]) return;
      one.stdout.off('data', look);
      way.cut();
    };
    one.stdout.on('data', look);
  }
  const other = await follow(t, server, 'coffee');
  const shell = spawn('curl', ['-sSN', `${server.url}/api/debates/tea/stream`], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  shell.stdout.setEncoding('utf8').on('data', (text) => { printed += text; });
  const shellEnded = once(shell, 'close');
  later(t, () => shell.kill('SIGKILL'));
  await until('the audience', async () => await clients(server, 'tea') === audience.length + 2);

  driver.stdin.write('go\n');
  await until('the pause', () => driver.said.some(({ paused }) => paused));
  assert.equal((await get(server, '/api/debates/tea')).status, 'paused');
  const asked = await post(server, '/api/debates/tea/interventions', { type: 'question', content: 'Milk?', directedTo: 'pro' });
  assert.equal(asked.status, 201);
  await until('the answer', () => driver.said.some(({ event }) => event === 'intervention_response'));
  await until('the debate goes on', async () => (await get(server, '/api/debates/tea')).status === 'live');
  driver.stdin.write('go\n');
  assert.equal(await driver.ended, 0);

  // Everybody has the same: what the driver told, and what the house said by itself.
  const told = driver.said.filter(({ event }) => event);
  const [whole] = await Promise.all(audience.map(async (one) => {
    assert.equal(await one.ended, 0);
    return one.said.filter(({ event, broken }) => !broken && event !== 'connected');
  }));
  for (const one of told) {
    const heard = whole.find(({ id }) => id === one.id);
    assert.deepEqual(heard, one);
  }
  assert.deepEqual(whole.filter(({ event }) => event !== 'connected').length, told.length + 3); // pause, resume, the intervention
  for (const one of audience) {
    const events = one.said.filter(({ event, broken }) => !broken && event !== 'connected');
    assert.deepEqual(events, whole);
  }
  for (const [n, way] of ways.entries()) { // it was cut before the end, or at it
    const connects = audience[3 + n].said.filter(({ event }) => event === 'connected').length;
    assert.ok(connects === 2 || n === 2, `${way.host}: ${connects}`);
  }
  // curl was told the end, and the same bytes; another debate heard nothing.
  await shellEnded;
  assert.deepEqual([...printed.matchAll(/^event: utterance\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data)),
    told.filter(({ event }) => event === 'utterance').map(({ data }) => data));
  assert.deepEqual(other.seen.map(({ type }) => type), ['connected']);

  // Who comes now reads the story, and need not come again.
  const late = play(t, 'debate_client.mjs', [server.url, 'tea']);
  assert.equal(await late.ended, 0);
  assert.deepEqual(late.said.filter(({ event }) => event !== 'connected'), whole);
  const again = await fetch(`${server.url}/api/debates/tea/stream`, { headers: { 'Last-Event-ID': whole.at(-1).id } });
  assert.equal(again.status, 204);
  const transcript = await get(server, '/api/debates/tea/transcript');
  assert.equal(transcript.status, 'completed');
  assert.deepEqual(transcript.phases, ['opening', 'closing']);
  assert.deepEqual(transcript.utterances, told.filter(({ event }) => event === 'utterance').map(({ data }) => data));
});

test('[S3.8] clients tell an error of the debate from a broken connection', limit, async (t) => {
  const server = await Server.start(t, { config: { sse: { retry_ms: 50 } } });
  const source = await follow(t, server, '42');
  const seen = [];
  source.addEventListener('error', ({ data }) => seen.push(data !== undefined ? JSON.parse(data).error : 'broken'));
  await say(server, '42', 'error', { debateId: '42', error: 'model', timestamp: 1 });
  await until('the error', () => seen.length === 1);
  assert.deepEqual(seen, ['model']);
  assert.equal(source.readyState, EventSource.OPEN);
  const [reader] = await get(server, '/trace/readers');
  await fetch(`${server.url}/trace/readers/${reader.reader}`, { method: 'DELETE' });
  await until('the break', () => seen.includes('broken'));
  await until('it is back', () => source.readyState === EventSource.OPEN);
  await say(server, '42', 'utterance', utterance(1));
  await until('what comes then', () => source.seen.some(({ type }) => type === 'utterance'));
});

for (const count of [50, 200]) {
  test(`[S3.10] ${count} clients of one debate: the last has an utterance within 500 ms`, limit, async (t) => {
    const server = await Server.start(t);
    await post(server, '/api/debates', { debateId: '42' });
    let last = 0, heard = 0;
    for (let n = 0; n < count; ++n) {
      const socket = await rawGet(server, '/api/debates/42/stream');
      later(t, () => socket.destroy());
      socket.on('data', (text) => {
        heard += text.split('event: utterance\n').length - 1;
        last = Date.now();
      });
    }
    await until('all are there', async () => await clients(server, '42') === count);
    const took = [];
    for (let turn = 1; turn <= 20; ++turn) {
      const begin = Date.now();
      await say(server, '42', 'utterance', utterance(turn));
      await until('the last', () => heard === turn * count);
      took.push(last - begin);
    }
    took.sort((a, b) => a - b);
    assert.ok(took.at(-1) < 500 * slow, `${took.join(' ')} ms`);
  });
}

test('[S3.11] clients come and go for a while, ten a second and faster; then it is as before', limit, async (t) => {
  const server = await Server.start(t);
  await say(server, '42', 'utterance', utterance(1));
  const before = server.descriptors();
  for (let round = 0; round < 10; ++round) {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => rawGet(server, '/api/debates/42/stream')));
    await until('ten', async () => await clients(server, '42') === 10);
    for (const [n, socket] of sockets.entries()) (n % 2 ? socket.resetAndDestroy() : socket.destroy());
    await until('none', async () => await clients(server, '42') === 0);
  }
  assert.equal(lines(server, 'channel_connect').length, 100);
  assert.equal(lines(server, 'channel_disconnect').length, 100);
  await until('descriptors as before', () => server.descriptors() <= before);
  assert.equal((await metrics(server)).get('stream_readers{state="live"}') ?? 0, 0);
});

test('[S3.13] connect, disconnect and broadcast are lines of JSON with counts', limit, async (t) => {
  const server = await Server.start(t);
  const one = await follow(t, server, '42'), two = await follow(t, server, '43');
  await until('both', () => one.seen.length === 1 && two.seen.length === 1);
  const id = await say(server, '42', 'utterance', utterance(1));
  two.close();
  await until('the line', () => lines(server, 'channel_disconnect').length === 1);
  const { clientId } = JSON.parse(one.seen[0].data);
  const connect = lines(server, 'channel_connect').find(({ client }) => client === clientId);
  assert.equal(connect.channel, 'debates/42');
  assert.equal(connect.clients, '1');
  const broadcast = lines(server, 'channel_broadcast').find((line) => line.id === id);
  assert.deepEqual([broadcast.channel, broadcast.event, broadcast.clients], ['debates/42', 'utterance', '1']);
  const [gone] = lines(server, 'channel_disconnect');
  assert.deepEqual([gone.channel, gone.client, gone.clients, gone.clients_of_all],
    ['debates/43', JSON.parse(two.seen[0].data).clientId, '0', '1']);
});

test('[S3.14] on shutdown every client gets goodbye, and its stream ends within a second', limit, async (t) => {
  const server = await Server.start(t);
  const sockets = [];
  for (let n = 0; n < 50; ++n) sockets.push(await rawGet(server, `/api/debates/${n % 5}/stream${n % 2 ? '?framing=message' : ''}`));
  await until('all', () => sockets.every(({ text }) => text.includes('retry: 2000')));
  const closed = sockets.map(async (socket) => {
    await until('goodbye', () => socket.text.includes('goodbye'));
    const said = Date.now();
    if (!socket.closed) await once(socket, 'close');
    return Date.now() - said;
  });
  const ended = await server.stop();
  assert.deepEqual(ended, { code: 0, signal: null });
  for (const ms of await Promise.all(closed)) assert.ok(ms < 1000 * slow, `${ms} ms`);
  for (const { text } of sockets) assert.match(text, /"retry_ms":\d+/);
});

test('[S3.15] CORS: debates for any page that authenticates, channels for those of the list', limit, async (t) => {
  const listed = 'http://page.test:5173', foreign = 'http://evil.example';
  const open = await Server.start(t, { config: { cors: { origins: [listed] } } });
  const token = 'a-token-of-some-length';
  const closed = await Server.start(t, { config: { cors: { origins: [listed] } }, env: { AUTH_ENABLED: 'true', MCP_BEARER_TOKEN: token } });
  const ask = async (server, route, origin, credential) => {
    const controller = new AbortController();
    const answer = await fetch(server.url + route, { signal: controller.signal,
      headers: { Origin: origin, ...(credential ? { Authorization: `Bearer ${credential}` } : {}) } });
    controller.abort();
    return [answer.status, answer.headers.get('access-control-allow-origin')];
  };
  const debate = '/api/debates/42/stream', channel = '/api/channels/runs/7/stream';
  assert.deepEqual(await ask(open, debate, listed), [200, listed]);
  assert.deepEqual(await ask(open, debate, 'http://localhost:8081'), [200, 'http://localhost:8081']);
  assert.deepEqual(await ask(open, debate, foreign), [403, null]);
  assert.deepEqual(await ask(closed, debate, foreign, token), [200, '*']);
  assert.equal((await ask(closed, debate, foreign, 'wrong'))[0], 401);
  assert.deepEqual(await ask(closed, channel, listed, token), [200, listed]);
  assert.deepEqual(await ask(closed, channel, foreign, token), [403, null]);
  assert.deepEqual(await ask(open, channel, 'http://localhost:8081'), [403, null]);
});

// What a user's page does, run inside one: `seen` is what it heard.
const watch = (debate) => `
  seen = []; trouble = 0;
  source = new EventSource('/api/debates/${debate}/stream');
  for (const name of ['connected', 'utterance', 'phase_transition', 'complete'])
    source.addEventListener(name, (event) => { seen.push([name, event.data]); if (name === 'complete') source.close(); });
  source.onerror = (event) => { if (event.data === undefined) ++trouble; };
  new Promise((open) => { source.onopen = () => open(true); })`;

test('[S3.12] three browsers: each hears everything, over a reload and over a network that drops', { timeout: 120_000 * slow }, async (t) => {
  const way = await relay(t);
  const server = await Server.start(t, { config: { sse: { retry_ms: 100 }, http: { hosts: [way.host] } } });
  way.port = server.port;
  const pages = await Promise.all([server, server, way].map(({ url }) => openPage(t, `${url}/health`)));
  for (const one of pages) await one.run(watch('42'));
  await until('three', async () => lines(server, 'channel_connect').length === 3);
  const heard = (one) => one.run("seen.filter(([name]) => name === 'utterance').map(([, data]) => JSON.parse(data).id).join()");
  await say(server, '42', 'utterance', utterance(1));
  for (const one of pages) await until('the first', async () => await heard(one) === 'u1');

  // A reload starts anew, by the turn it has: the page keeps that.
  await pages[1].run("location.reload(); true");
  await until('the page', () => pages[1].run("typeof seen === 'undefined' && document.readyState === 'complete'"));
  await say(server, '42', 'utterance', utterance(2));
  await pages[1].run(watch('42').replace("/stream'", "/stream?lastTurnNumber=1'").replace("'utterance',", "'utterance', 'catchup_utterance', 'catchup_complete',"));
  await until('the catch-up', () => pages[1].run("seen.some(([name]) => name === 'catchup_complete')"));
  assert.equal(await pages[1].run("seen.filter(([name]) => name === 'catchup_utterance').map(([, data]) => JSON.parse(data).id).join()"), 'u2');

  // The network of one goes, and comes back.
  await until('the second', async () => await heard(pages[2]) === 'u1,u2');
  way.down = true;
  way.cut();
  await until('it noticed', () => pages[2].run('trouble > 1')); // the break, and that nobody answers
  await say(server, '42', 'utterance', utterance(3));
  way.down = false;
  for (const one of [pages[0], pages[2]]) await until('the third, once', async () => await heard(one) === 'u1,u2,u3');
  await until('the third', () => pages[1].run("seen.some(([name, data]) => name === 'utterance' && JSON.parse(data).id === 'u3')"));
  await say(server, '42', 'complete', finish);
  for (const one of pages) await until('the end', () => one.run("seen.at(-1)[0] === 'complete'"));
});

test('[S3.3] docs/api/debates.md: every event with its members, every route; its curl and JavaScript lines run', limit, async (t) => {
  const server = await Server.start(t);
  for (const name of ['connected', 'utterance', 'phase_transition', 'intervention_submitted', 'intervention_response', 'pause', 'resume',
    'complete', 'error', 'catchup_start', 'catchup_utterance', 'catchup_complete'])
    assert.ok(page.includes(`| \`${name}\` |`), name);
  const listed = await run(process.env.DEVS_ROUTES, [scratch(t)]);
  const routes = listed.out.trim().split('\n').map((line) => line.split(/\s+/).slice(0, 2).join(' ')).filter((line) => /\/api\/(debates|channels)/.test(line));
  assert.equal(routes.length, 18, routes.join('\n'));
  for (const route of routes.filter((line) => line.includes('/api/debates'))) assert.ok(page.includes(`\`${route}\``), route);

  // Its shell, run: each line that does not follow a stream.
  const shell = [...page.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, block]) => block.replace(/\\\n\s*/g, '').trim().split('\n'));
  const told = [];
  const [, code] = /```js\n([^]*?)```/.exec(page);
  const body = `${code.replace(/^import .*$/m, '')}\nreturn followDebate;`;
  const followDebate = new Function('EventSource', 'fetch', body)(EventSource, fetch);
  let stop;
  let ran = 0;
  for (const line of shell.filter((one) => !one.startsWith('#'))) {
    const here = line.replaceAll('http://127.0.0.1:3100', server.url);
    if (/curl -N/.test(here)) {
      const answer = await run('sh', ['-c', `${here.replace('curl -N', 'curl -sSN --max-time 1')} || true`]);
      assert.match(answer.out, /^(event: connected|data: \{"event":"connected")/, line);
    } else {
      const answer = await run('sh', ['-c', here.replace('curl ', 'curl -sS -w "\\n%{http_code}" ')]);
      assert.match(answer.out, /\n20[01]$/, `${line}\n${answer.out}`);
    }
    ++ran;
    if (!stop) {
      stop = followDebate(server.url, '42', (event, data) => told.push([event, data]));
      t.after(() => stop());
      await until('connected', () => told.length > 0);
    }
  }
  assert.ok(ran >= 8, `${ran}`);
  await until('the end', () => told.some(([event]) => event === 'complete'));
  assert.ok(told.some(([event]) => event === 'utterance'));
});
