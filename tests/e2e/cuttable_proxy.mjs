// A TCP proxy in front of a server that fails on demand, as networks and proxies do.

import { once } from 'node:events';
import net from 'node:net';
import { later } from './support.mjs';

export class CuttableProxy {
  static async start(t, port) {
    const proxy = new CuttableProxy();
    proxy.port = port; // of the server
    proxy.pairs = new Set();
    proxy.requests = []; // the first line of each
    proxy.paused = false;
    proxy.torn = 0;
    proxy.blocks = () => false; // which first lines are answered by the proxy itself, with 502
    proxy.listener = net.createServer((client) => proxy.#carry(client)).listen(0, '127.0.0.1');
    await once(proxy.listener, 'listening');
    proxy.url = `http://127.0.0.1:${proxy.listener.address().port}`;
    later(t, () => { proxy.cut(); proxy.listener.close(); });
    return proxy;
  }

  // Every connection breaks; new ones work.
  cut() {
    for (const { client, server } of this.pairs) { client.resetAndDestroy(); server.destroy(); }
  }

  // What the server sends does not arrive any more, and nobody is told.
  pause() {
    this.paused = true;
  }

  // The next time the server sends `text`, what stands before it arrives, and then nothing.
  tearAt(text) {
    this.tear = text;
  }

  #send(client, bytes) {
    if (this.paused) return;
    const at = this.tear ? bytes.indexOf(this.tear) : -1;
    if (at < 0) return client.write(bytes);
    this.tear = undefined;
    this.torn += 1;
    client.end(bytes.subarray(0, at));
  }

  #carry(client) {
    const server = net.connect(this.port, '127.0.0.1');
    const pair = { client, server };
    this.pairs.add(pair);
    const gone = () => { client.destroy(); server.destroy(); this.pairs.delete(pair); };
    for (const end of [client, server]) end.on('error', gone).on('close', gone);
    client.on('data', (bytes) => {
      const text = bytes.toString('latin1'), [line] = text.split('\r\n', 1); // a client writes each head at once
      if (!/ HTTP\/1\.1$/.test(line)) return server.write(bytes);
      this.requests.push(line);
      if (this.blocks(line)) return client.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      server.write(text.replace(/^host: .*$/im, `Host: 127.0.0.1:${this.port}`), 'latin1');
    });
    server.on('data', (bytes) => this.#send(client, bytes));
  }
}
