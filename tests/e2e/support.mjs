// What every end-to-end test needs: a real server on a free port with a folder of
// its own, real clients, and waiting on conditions instead of sleeping.
//
// ctest sets DEVS_BINARY (the program under test) and DEVS_SLOW (how much slower a
// sanitizer makes it); the npm peers come from tools/node.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { plant, planted, sweep } from './canary.mjs';
import { later, slow, until } from './patience.mjs';
import { Conversation, listen } from './wire_schema.mjs';

export * from './patience.mjs';
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const binary = process.env.DEVS_BINARY;
export const modules = path.join(root, 'tools/node/node_modules');

if (!binary || !fs.existsSync(binary)) throw new Error(`DEVS_BINARY is '${binary}': no such program`);

const resolve = createRequire(path.join(root, 'tools/node/package.json')).resolve;
export const load = (name) => import(pathToFileURL(resolve(name)).href);

export const { EventSource } = await load('eventsource');
export const { createParser } = await load('eventsource-parser');
export const { Client } = await load('@modelcontextprotocol/sdk/client/index.js');
export const { StreamableHTTPClientTransport } = await load('@modelcontextprotocol/sdk/client/streamableHttp.js');

export function scratch(t) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'devs-e2e-'));
  later(t, () => {
    if (fs.existsSync(dir)) sweep(dir);
    fs.rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

// --- the server

// The environment a test's program gets: nothing of ours that it reads by itself.
export function plainEnv(extra = {}) {
  const { PATH, HOME, LANG, ASAN_OPTIONS, UBSAN_OPTIONS, TSAN_OPTIONS } = process.env;
  const env = { PATH, HOME, LANG, ASAN_OPTIONS, UBSAN_OPTIONS, TSAN_OPTIONS, ...extra };
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined));
}

// One run of `mcp-orchestrator serve`.
export class Server {
  // options: dir (trace dir, kept by the caller), port, config (object), args, env
  static async start(t, { dir = scratch(t), port = 0, config, args = [], env = {} } = {}) {
    const server = new Server();
    server.dir = dir;
    server.log = path.join(dir, 'trace.log');
    if (config) {
      server.configFile = path.join(dir, 'config.json');
      fs.writeFileSync(server.configFile, JSON.stringify(config));
      args = ['--config', server.configFile, ...args];
    }
    server.process = spawn(binary, ['serve', '--port', String(port), '--trace-dir', dir, ...args],
      { env: plainEnv({ ...planted, ...env }), cwd: dir, stdio: ['ignore', 'pipe', 'pipe'] });
    server.pid = server.process.pid;
    server.out = '';
    server.err = '';
    server.process.stdout.on('data', (text) => { server.out += text; });
    server.process.stderr.on('data', (text) => { server.err += text; });
    server.exited = once(server.process, 'exit').then(([code, signal]) => { server.end = { code, signal }; return server.end; });
    later(t, () => server.kill());

    await until('the line `listening on`', () => {
      if (server.end) throw new Error(`the server ended with ${JSON.stringify(server.end)}:\n${server.err}`);
      return /^listening on (http:\/\/\S+)$/m.exec(server.out);
    }).then((found) => { server.url = found[1]; });
    server.port = Number(new URL(server.url).port);
    await until('/readyz 200', async () => (await fetch(`${server.url}/readyz`)).status === 200);
    await plant(server.url);
    return server;
  }

  async kill() {
    if (!this.end) this.process.kill('SIGKILL');
    return this.exited;
  }

  async stop() {
    this.process.kill('SIGTERM');
    return this.exited;
  }

  logLines() {
    const text = fs.existsSync(this.log) ? fs.readFileSync(this.log, 'utf8') : '';
    return text.split('\n').slice(0, -1);
  }

  publish(envelope, init = {}) {
    return fetch(`${this.url}/trace/publish`, {
      method: 'POST', body: JSON.stringify(envelope), ...init,
      headers: { 'Content-Type': 'application/json', ...init.headers },
    });
  }

  threads() { return fs.readdirSync(`/proc/${this.pid}/task`).length; }

  // Open descriptors; for a user who may not look (the program forbids core files,
  // and with them this), the sockets on its port that it has not closed.
  descriptors() {
    try {
      return fs.readdirSync(`/proc/${this.pid}/fd`).length;
    } catch {
      const port = this.port.toString(16).toUpperCase().padStart(4, '0');
      return fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
        .filter(([, local, , state]) => local?.endsWith(`:${port}`) && ['01', '08'].includes(state)).length;
    }
  }
}

// The npm servers behind the orchestrator, started from the installed modules.
export function npmServers(folder) {
  const command = process.execPath;
  const script = (name) => path.join(modules, '@modelcontextprotocol', name, 'dist/index.js');
  return {
    mcpServers: {
      everything: { command, args: [script('server-everything'), 'stdio'] },
      files: { command, args: [script('server-filesystem'), folder] },
    },
  };
}

// What /metrics says, by series as it is written there: 'a_total{reason="x"}' to a number.
export async function metrics(server) {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return new Map(text.split('\n').filter((line) => line && !line.startsWith('#')).map((line) => {
    const at = line.lastIndexOf(' ');
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

// --- clients

// An official SDK client, connected; what it says and hears is valid by the official schema.
export async function sdkClient(t, server, { headers } = {}) {
  const client = new Client({ name: 'e2e-host', version: '1.0.0' }, { capabilities: {} });
  const transport = new StreamableHTTPClientTransport(new URL(`${server.url}/mcp`), { requestInit: { headers } });
  const wrong = [];
  listen(transport, new Conversation('2025-11-25'), wrong);
  await client.connect(transport);
  later(t, async () => {
    await client.close();
    assert.deepEqual(wrong, []);
  });
  client.transportUsed = transport;
  return client;
}

// All tools by name, once both npm servers have brought theirs.
export function allTools(client) {
  return until('the tools of both npm servers', async () => {
    const names = [];
    for (let cursor; ;) {
      const page = await client.listTools(cursor ? { cursor } : {});
      names.push(...page.tools.map((tool) => tool.name));
      cursor = page.nextCursor;
      if (!cursor) break;
    }
    return names.some((name) => name.startsWith('everything__')) &&
           names.some((name) => name.startsWith('files__')) && names;
  }, 60_000);
}

// An `eventsource` client; `seen` holds {id, type, data} in order of arrival.
export async function eventSource(t, server, { route = '/trace/stream', headers = {}, names = [] } = {}) {
  const source = new EventSource(server.url + route, {
    fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
  });
  source.seen = [];
  const take = (event) => source.seen.push({ id: event.lastEventId, type: event.type, data: event.data });
  source.addEventListener('message', take);
  for (const name of names) source.addEventListener(name, take);
  later(t, () => source.close());
  await until('an open event source', () => source.readyState === EventSource.OPEN);
  return source;
}

// A real curl that follows a stream; `text` is all it has printed.
export async function curl(t, server, { route = '/trace/stream', args = [], greeting = ': connected\n\n' } = {}) {
  const child = spawn('curl', ['-sSN', ...args, server.url + route], { stdio: ['ignore', 'pipe', 'inherit'] });
  child.text = '';
  child.stdout.setEncoding('utf8').on('data', (text) => { child.text += text; });
  child.ended = once(child, 'close');
  child.data = () => [...child.text.matchAll(/^data: (.*)$/gm)].map((found) => found[1]);
  later(t, () => child.kill('SIGKILL'));
  await until(`'${greeting.trim()}' in curl`, () => child.text.includes(greeting));
  return child;
}

// A bare socket that has sent a GET; `text` is what came back.
export async function rawGet(server, route, headers = '') {
  const socket = net.connect(server.port, '127.0.0.1');
  socket.text = '';
  socket.setEncoding('latin1').on('data', (text) => { socket.text += text; });
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(`GET ${route} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n${headers}\r\n`);
  return socket;
}

// --- programs

// Runs a program to its end.
export async function run(program, args, { env = plainEnv(), cwd = root, input = '', ms = 60_000 } = {}) {
  const child = spawn(program, args, { env, cwd, stdio: 'pipe' });
  let out = '', err = '';
  child.stdout.on('data', (text) => { out += text; });
  child.stderr.on('data', (text) => { err += text; });
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const late = setTimeout(() => child.kill('SIGKILL'), ms * slow);
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  return { code, signal, out, err };
}

// A port nobody listens on at the moment.
export async function freePort() {
  const probe = net.createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

// {pid, parent, state} of every process.
function processes() {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [{ pid: Number(name), parent: Number(parent), state }];
    } catch { return []; }  // it ended while we looked
  });
}

export function descendants(pid) {
  const all = processes();
  const found = [];
  for (const seen = [pid]; seen.length > 0;) {
    const parent = seen.pop();
    for (const one of all.filter((other) => other.parent === parent)) {
      found.push(one.pid);
      seen.push(one.pid);
    }
  }
  return found;
}

// A zombie that nobody has reaped yet runs no more.
export function alive(pid) {
  return processes().some((one) => one.pid === pid && one.state !== 'Z' && one.state !== 'X');
}

// The least envelope a publish must accept, numbered.
export const thought = (n) => ({
  type: 'thought', turn_index: n, payload: { analysis: { reasoning_chain: `thought ${n}` } }, timestamp_ns: '0',
});
