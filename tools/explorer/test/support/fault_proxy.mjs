// A TCP proxy in front of a real server that fails on demand, as networks and proxies do.
// Only what the server sends is tampered with; requests pass.
//
//   proxy.url                      where the page is opened
//   proxy.cut()                    every connection breaks; new ones work
//   proxy.reset()                  the same by RST
//   proxy.cutAt(n)                 the next stream breaks n bytes after its head, chunk sizes counted
//   proxy.stall() / proxy.flow()   nothing arrives, nobody is told / what was held arrives
//   proxy.hold(bytes)              answers arrive only in pieces of that many bytes, as behind
//                                  a buffering proxy; flow() ends it
//   proxy.refuse(yes)              new connections break at once
//   proxy.requests                 the first line of each request
//   proxy.streams                  stream connections that are open now

import { once } from 'node:events';
import net from 'node:net';
import { later } from '../../../../tests/e2e/patience.mjs';

const kStreamLine = /^GET \S*\/(?:trace\/stream|stream)[?\s]/;

export class FaultProxy {
  static async start(t, server) {
    const proxy = new FaultProxy();
    proxy.target = server.port;
    Object.assign(proxy, { lines: new Set(), requests: [], cuts: [], stalled: false, piece: 0, refusing: false });
    proxy.listener = net.createServer((client) => proxy.#carry(client)).listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    proxy.port = proxy.listener.address().port;
    proxy.url = `http://127.0.0.1:${proxy.port}/`;
    later(t, async () => {
      proxy.cut();
      await new Promise((closed) => proxy.listener.close(closed));
    });
    return proxy;
  }

  get streams() { return [...this.lines].filter(({ stream }) => stream).length; }

  cut() {
    for (const { client, server } of this.lines) { client.destroy(); server.destroy(); }
  }
  reset() {
    for (const { client, server } of this.lines) { client.resetAndDestroy(); server.destroy(); }
  }
  cutAt(bytes) { this.cuts.push(bytes); }
  stall() { this.stalled = true; }
  hold(bytes) { this.piece = bytes; }
  refuse(yes = true) { this.refusing = yes; }
  flow() {
    this.stalled = false;
    this.piece = 0;
    for (const line of this.lines) this.#pass(line, Buffer.alloc(0));
  }

  #pass(line, bytes) {
    line.held = Buffer.concat([line.held, bytes]);
    if (this.stalled) return;
    const ready = this.piece > 0 && line.stream ? line.held.length - (line.held.length % this.piece) : line.held.length;
    const out = line.held.subarray(0, Math.min(ready, line.left));
    line.held = line.held.subarray(ready);
    line.left -= ready;
    if (line.left > 0) line.client.write(out);
    else line.client.end(out, () => line.client.destroy());
  }

  #carry(client) {
    if (this.refusing) return client.destroy();
    const server = net.connect(this.target, '127.0.0.1');
    const line = { client, server, held: Buffer.alloc(0), left: Infinity, stream: false };
    this.lines.add(line);
    const gone = () => { client.destroy(); server.destroy(); this.lines.delete(line); };
    for (const end of [client, server]) end.on('error', gone).on('close', gone);
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1'); // a client writes each head at once
      const [first] = text.split('\r\n', 1);
      if (!/ HTTP\/1\.1$/.test(first)) return server.write(bytes);
      this.requests.push(first);
      line.stream = kStreamLine.test(first);
      line.left = line.stream ? this.cuts.shift() ?? Infinity : Infinity;
      // To the server it is its own address that is asked for.
      const own = `127.0.0.1:${this.target}`;
      server.write(text.replace(/^host: .*$/im, `Host: ${own}`).replace(/^origin: .*$/im, `Origin: http://${own}`), 'latin1');
    });
    server.once('data', (bytes) => { line.left += bytes.indexOf('\r\n\r\n') + 4; }); // the head is written at once
    server.on('data', (bytes) => this.#pass(line, bytes));
  }
}
