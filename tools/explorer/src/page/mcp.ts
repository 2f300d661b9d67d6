// MCP over the server's own endpoint, each request for itself (2026-07-28): what a stream says
// before its answer is heard while it runs, and a stream that is closed is a call that is cancelled.

import { membersOf } from '../core/export_parts.ts';
import { SseScanner } from '../core/sse.ts';
import { rest } from './rest.ts';

const kVersion = '2026-07-28';
let asked = 0;

export interface McpAnswer<Result> {
  result?: Result;
  error?: { code: number; message: string; data?: unknown };
}
interface Options {
  params?: Record<string, unknown>;
  meta?: Record<string, unknown>;
  /** What the server may ask of this page within the call. */
  capabilities?: Record<string, unknown>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  onNotification?: (method: string, params: Record<string, unknown>) => void;
}

/** A header takes visible ASCII; other names go in base64, between marks. */
function headerOf(name: string): string {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(name) && !name.startsWith('=?base64?')) return name;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(name)))}?=`;
}

/** Arguments that headers repeat because their schema says so (`x-mcp-header`), for those on the way who read no bodies. */
export function paramHeaders(schema: unknown, given: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(membersOf(membersOf(schema).properties)).flatMap(([name, of]) => {
    const header = membersOf(of)['x-mcp-header'], value = Object.hasOwn(membersOf(given), name) ? membersOf(given)[name] : undefined;
    if (typeof value === 'object') return Object.entries(paramHeaders(of, value));
    return typeof header === 'string' && value !== undefined ? [[`Mcp-Param-${header}`, headerOf(String(value))]] : [];
  }));
}

/** The messages of a stream, as they come. */
async function* messagesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Record<string, unknown>> {
  const came: Record<string, unknown>[] = [];
  const scanner = new SseScanner({
    frame: ({ data }) => { if (data) came.push(membersOf(JSON.parse(new TextDecoder().decode(data)))); }, retry: () => {},
  });
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    scanner.push(piece.value);
    yield* came.splice(0);
  }
}

export async function callMcp<Result>(method: string, { params = {}, meta = {}, capabilities = {}, headers = {}, signal, onNotification }: Options = {}): Promise<McpAnswer<Result>> {
  const id = ++asked;
  const answer = await rest('mcp', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': kVersion, 'Mcp-Method': method,
      ...(typeof params.name === 'string' ? { 'Mcp-Name': headerOf(params.name) } : {}), ...headers,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: {
      'io.modelcontextprotocol/protocolVersion': kVersion, 'io.modelcontextprotocol/clientCapabilities': capabilities,
      'io.modelcontextprotocol/clientInfo': { name: 'explorer', version: '1' }, ...(onNotification && { progressToken: id }), ...meta,
    } } }),
    ...(signal ? { signal } : {}),
  });
  if (!answer.headers.get('Content-Type')?.startsWith('text/event-stream')) return answer.json() as Promise<McpAnswer<Result>>;
  for await (const message of messagesOf(answer.body!)) {
    if (typeof message.method === 'string') onNotification?.(message.method, membersOf(message.params));
    else return message as McpAnswer<Result>;
  }
  throw new Error('the stream of the call ended without an answer');
}
