// A secret that nobody may show.  It is in the environment of every server the tests start,
// in URLs and headers sent to it; and it must never come back: not in a byte that reaches a
// test from a socket or a pipe (answers, streams, metrics, stdout, stderr), not in a file a
// server or a tool leaves in its folder.
//
// A test file that saw it ends with 1.  With DEVS_CANARY_DIR each file also writes there
// what it looked at; canary_check.mjs adds that up at the end of the run.

import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';

export const canary = 'devs-canary-7c41e09b52';
const needle = Buffer.from(canary);
const zstd = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

export const seen = { servers: 0, bytes: 0, files: 0, leaks: [] };
const look = (bytes, where) => {
  seen.bytes += bytes.length;
  if (bytes.includes(needle) && !seen.leaks.includes(where)) seen.leaks.push(where);
};

// What a server is started with, unless its test says otherwise.
export const planted = { MCP_BEARER_TOKEN: `${canary}-bearer-0123456789`, STREAM_TOKEN_SECRET: `${canary}-secret-0123456789` };

// Says it to a running server in every way a client may get wrong.
export async function plant(url) {
  seen.servers += 1;
  for (const [method, route] of [['HEAD', '/trace/stream?'], ['HEAD', '/events/stream?streamToken='], ['GET', '/trace/log?limit=1&'],
    ['GET', '/trace/log?limit=none&'], ['GET', '/no/such/route?'], ['GET', '/trace/log?%zz&']])
    for (const headers of [{}, { Authorization: `Bearer ${canary}` }, { Authorization: `Basic ${canary}`, Cookie: `token=${canary}` }]) {
      const query = route.endsWith('=') ? canary : `token=${canary}&access_token=${canary}`;
      await (await fetch(url + route + query, { method, headers })).arrayBuffer();
    }
}

// Every byte that comes in; a secret cut in two is one too.
const { push } = net.Socket.prototype;
const ends = new WeakMap();
net.Socket.prototype.push = function watched(chunk, ...rest) {
  if (chunk) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    look(bytes, 'what a test received');
    const before = ends.get(this);
    if (before) look(Buffer.concat([before, bytes.subarray(0, needle.length)]), 'what a test received');
    ends.set(this, Buffer.from(bytes.subarray(-needle.length)));
  }
  return push.call(this, chunk, ...rest);
};

// What lies in a folder that is about to go; sealed segments as what they were made from.
export function sweep(folder) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) sweep(file);
    if (!entry.isFile()) continue;
    const bytes = fs.readFileSync(file);
    seen.files += 1;
    look(bytes, file);
    for (let at = bytes.indexOf(zstd); at === 0 || (at > 0 && bytes.subarray(0, 4).equals(zstd)); at = bytes.indexOf(zstd, at + 1)) {
      try { look(zstdDecompressSync(bytes.subarray(at)), file); } catch { /* damaged by its test, or not a frame */ }
    }
  }
}

process.on('exit', () => {
  if (process.env.DEVS_CANARY_DIR) {
    fs.mkdirSync(process.env.DEVS_CANARY_DIR, { recursive: true });
    fs.writeFileSync(path.join(process.env.DEVS_CANARY_DIR, `${path.basename(process.argv[1])}.json`), JSON.stringify(seen));
  }
  if (seen.leaks.length === 0) return;
  console.error(`a planted secret came back in: ${seen.leaks.join(', ')}`);
  process.exitCode = 1;
});
