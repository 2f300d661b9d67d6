// Who may listen to a scripted server: open, or with a bearer and stream tokens that end.
//
//   server.access.bearer = 'secret'      from now on everything but the page asks for it
//   server.access.lifeMs = 2000          of tokens minted from now on
//   server.access.revokeAll()            no token minted so far is accepted any more
//   server.access.limit(3)               the next mints but three are 429

import { randomUUID } from 'node:crypto';

const kOpen = ['/', '/explorer/rooms.js', '/health', '/healthz', '/readyz'];
const refusal = (reason) => ({ status: 401, body: { error: 'UNAUTHORIZED', reason }, headers: { 'WWW-Authenticate': 'Bearer realm="mcp-orchestrator"' } });

export class ScriptedAccess {
  bearer = '';
  lifeMs = 600_000;
  minted = []; // { token, jti, scope, expires }
  #mints = Infinity;

  limit(mints) { this.#mints = mints; }
  revokeAll() { for (const one of this.minted) one.expires = 0; }

  /** What is answered instead; undefined: it may pass. */
  refuse({ path, headers, query }, isStream) {
    if (this.bearer === '' || kOpen.includes(path)) return undefined;
    if (headers.authorization !== undefined) return headers.authorization === `Bearer ${this.bearer}` ? undefined : refusal('invalid_bearer_token');
    const token = isStream ? query.get('token') ?? query.get('streamToken') : null;
    if (token === null) return refusal('missing_bearer_token');
    const known = this.minted.find((one) => one.token === token);
    if (!known) return refusal('invalid_stream_token');
    return known.expires > Date.now() ? undefined : refusal('expired_stream_token');
  }

  /** POST and DELETE of /api/stream-tokens; undefined: something else was asked. */
  answer({ method, path, body }) {
    if (method === 'DELETE' && path.startsWith('/api/stream-tokens/')) {
      for (const one of this.minted) if (path.endsWith(`/${one.jti}`)) one.expires = 0;
      return { status: 204 };
    }
    if (method !== 'POST' || path !== '/api/stream-tokens') return undefined;
    if ((this.#mints -= 1) < 0) return { status: 429, headers: { 'Retry-After': '2' }, body: { error: 'RATE_LIMITED', limit: 5, window_ms: 30_000 } };
    const { scope } = JSON.parse(body), jti = randomUUID(), iat = Math.floor(Date.now() / 1000), expires = Date.now() + this.lifeMs;
    const part = (what) => Buffer.from(JSON.stringify(what)).toString('base64url');
    const token = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ jti, scp: scope, iat, exp: iat + this.lifeMs / 1000 })}.c2lnbmVk`;
    this.minted.push({ token, jti, scope, expires });
    return { status: 201, headers: { 'Cache-Control': 'no-store' }, body: { success: true, token, expiresAt: new Date(expires).toISOString(), scope } };
  }
}
