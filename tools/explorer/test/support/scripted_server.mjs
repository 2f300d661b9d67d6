// A server that serves the page with its real headers and says on `/trace/stream` what a
// test has written down (transcript.mjs); every request is kept.
//
//   const server = await ScriptedServer.start(t, { stream: [kGreeting, frame(...), wait('x'), cut()] });
//   server.stream = ...           for the next: steps, or (request, n) => steps (n counts from 0)
//   server.routes.set('GET /health', (request) => ({ status: 200, body: {...} }));
//   server.routes.set('GET /a/stream', () => ({ steps: [...] }));    another stream
//   server.go('x'); server.streams() ; server.requests
//
// Without `stream` it streams `server.log` (scripted_log.mjs). `server.access` may ask for a
// bearer (scripted_access.mjs). What has no route is asked of `behind`, the address of a real
// server, if there is one (then it also judges who may); else it is 404.

import { once } from 'node:events';
import http from 'node:http';
import { later } from '../../../../tests/e2e/patience.mjs';
import { pageAnswer } from './page.mjs';
import { ScriptedAccess } from './scripted_access.mjs';
import { ScriptedLog } from './scripted_log.mjs';
import { play, playHead } from './transcript.mjs';

export { ScriptedLog } from './scripted_log.mjs';
export * from './transcript.mjs';

const kStreams = ['/trace/stream', '/stream'];
const kOne = '/trace/envelopes/';

export class ScriptedServer {
  /** prefix: '/tools/trace', the page is at '/tools/trace/' and nothing elsewhere. */
  static async start(t, { stream, routes = {}, behind, prefix = '', port = 0, log = new ScriptedLog(), access = {} } = {}) {
    const server = new ScriptedServer();
    Object.assign(server, { log, behind, prefix, requests: [], open: new Set(), routes: new Map(Object.entries(routes)) });
    server.access = Object.assign(new ScriptedAccess(), access);
    server.stream = stream ?? ((request) => log.follow(request));
    server.gates = new Map();
    server.listener = http.createServer((request, response) => {
      server.#answer(request, response).catch((error) => {
        if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' });
        response.end(String(error.stack)); // for the test to fail by
      });
    });
    server.listener.on('clientError', (_, socket) => socket.destroy());
    server.listener.keepAliveTimeout = 60_000;
    server.listener.listen(port, '127.0.0.1');
    await once(server.listener, 'listening');
    server.port = server.listener.address().port;
    server.url = `http://127.0.0.1:${server.port}${prefix}/`;
    later(t, () => server.stop());
    return server;
  }

  /** As if the process had died; `start` with the same port brings another one. */
  async stop() {
    this.listener.closeAllConnections();
    if (this.listener.listening) await new Promise((closed) => this.listener.close(closed));
  }

  /** Every open stream breaks. */
  cut() {
    for (const response of this.open) response.destroy();
  }

  /** Says `text` on every open stream. */
  say(text) {
    for (const response of this.open) response.write(text);
  }

  go(name) {
    this.#gate(name).open();
  }

  /** The GET requests for a stream, in order. */
  streams() {
    return this.requests.filter(({ method, path }) => method === 'GET' && kStreams.includes(path));
  }

  /** Those for a path. */
  asked(method, path) {
    return this.requests.filter((one) => one.method === method && one.path === path);
  }

  #gate(name) {
    if (!this.gates.has(name)) {
      const gate = {};
      gate.opened = new Promise((open) => { gate.open = open; });
      this.gates.set(name, gate);
    }
    return this.gates.get(name);
  }

  async #answer(request, response) {
    const url = new URL(request.url, 'http://here');
    if (!url.pathname.startsWith(`${this.prefix}/`)) return response.writeHead(404).end();
    const parts = [];
    for await (const part of request) parts.push(part);
    const asked = {
      method: request.method, url: request.url, path: url.pathname.slice(this.prefix.length), query: url.searchParams,
      headers: request.headers, body: Buffer.concat(parts).toString(), at: performance.now(),
      gone: () => response.destroyed || response.writableEnded,
      onGone: (listener) => response.once('close', listener),
    };
    this.requests.push(asked);
    const route = this.routes.get(`${asked.method} ${asked.path}`) ?? this.routes.get(asked.path);
    const said = await (typeof route === 'function' ? route(asked) : route);
    if (said?.steps) return this.#steps(said.steps, asked, response);
    if (said) return this.#send(response, said);
    if (['/', '/explorer/rooms.js'].includes(asked.path) && ['GET', 'HEAD'].includes(asked.method))
      return this.#send(response, await pageAnswer(asked));
    const isStream = kStreams.includes(asked.path);
    if (!this.behind || (isStream && this.stream)) {
      const refused = this.access.refuse(asked, isStream || asked.path === '/trace/replay');
      if (refused) return this.#send(response, refused);
    }
    if (isStream && this.stream) return this.#play(asked, response);
    if (this.behind) return this.#pass(request, asked, response);
    return this.#send(response, this.access.answer(asked) ?? this.#ofLog(asked) ?? { status: 404, body: { error: 'NOT_FOUND' } });
  }

  #ofLog({ method, path, query }) {
    if (method !== 'GET') return undefined;
    if (path === '/trace/replay') return this.log.replay(query);
    const body = path.startsWith(kOne) ? this.log.body(decodeURIComponent(path.slice(kOne.length))) : undefined;
    return body && { body };
  }

  #send(response, { status = 200, headers = {}, body = '' }) {
    const text = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(text);
  }

  async #play(asked, response) {
    const isHead = asked.method === 'HEAD', n = this.streams().length - (isHead ? 0 : 1);
    const steps = typeof this.stream === 'function' ? await this.stream(asked, n) : this.stream;
    if (isHead) return playHead(steps, response); // its leading steps alone, and no slot
    return this.#steps(steps, asked, response);
  }

  async #steps(steps, asked, response) {
    this.open.add(response);
    response.once('close', () => this.open.delete(response));
    await play(steps, response, { gate: (name) => this.#gate(name).opened, gone: asked.gone });
  }

  #pass(request, asked, response) {
    const behind = new URL(this.behind);
    const headers = { ...request.headers, host: behind.host };
    if (headers.origin) headers.origin = behind.origin;
    // A connection of its own: one that is given up is never the next request's.
    const onward = http.request({ agent: false, host: behind.hostname, port: behind.port, method: asked.method, headers,
      path: asked.url.slice(this.prefix.length) }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      answer.once('close', () => { if (!answer.complete) response.destroy(); });
      response.once('close', () => answer.destroy());
    });
    onward.on('error', () => response.destroy());
    onward.end(asked.body);
  }
}
