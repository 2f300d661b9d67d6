// The page as the server sends it, made anew from the sources of this tree.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { makePage } from '../../build.mjs';

const etag = (bytes, ending) => `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}${ending}"`;

let made;
/** { html, csp, rooms } and each zipped: { html, rooms }. */
export const page = () => (made ??= makePage().then((one) => ({
  ...one, zipped: { html: gzipSync(one.html, { level: 9 }), rooms: gzipSync(one.rooms, { level: 9 }) },
})));

/** Status, headers and body of `/` and `/explorer/rooms.js` (explorer.md section 8). */
export async function pageAnswer({ path, headers: asked }) {
  const { csp, zipped, ...plain } = await page();
  const part = path === '/' ? 'html' : 'rooms';
  const gzip = /\bgzip\b/.test(asked['accept-encoding'] ?? '');
  const body = gzip ? zipped[part] : plain[part];
  const headers = {
    'Content-Type': part === 'html' ? 'text/html; charset=utf-8' : 'text/javascript; charset=utf-8', 'Content-Security-Policy': csp,
    'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin', 'Cache-Control': 'no-cache', Vary: 'Accept, Accept-Encoding',
    ETag: etag(body, gzip ? '-gz' : ''), ...(gzip && { 'Content-Encoding': 'gzip' }),
  };
  return asked['if-none-match'] === headers.ETag ? { status: 304, headers, body: '' } : { status: 200, headers, body };
}
