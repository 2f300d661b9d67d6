import type { ScopedStreamToken } from './answers.js';
import { askJson, type HeaderSource } from './http.js';
import type { Topic } from './wire.js';

/** A fresh stream token each time; called before every connect. */
export type TokenSupplier = (signal: AbortSignal) => Promise<string>;

/** Tokens of `POST /api/stream-tokens`. `headers` prove who asks. */
export function scopedTokens(
  server: string | URL,
  scope: Topic[],
  options: { headers?: HeaderSource; ttlSeconds?: number } = {},
): TokenSupplier {
  const body = { scope, ...(options.ttlSeconds === undefined ? {} : { ttl_seconds: options.ttlSeconds }) };
  return (signal) => mint(new URL('/api/stream-tokens', server), body, signal, options.headers);
}

export async function mint(
  url: URL,
  body: object,
  signal: AbortSignal,
  headers?: HeaderSource,
): Promise<string> {
  const init = { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' }, signal };
  return (await askJson<Pick<ScopedStreamToken, 'token'>>(url, init, headers)).token;
}
