// MCP over the server's own endpoint, each request for itself (2026-07-28).

import { rest } from './rest.ts';

const kVersion = '2026-07-28';
const kMeta = {
  'io.modelcontextprotocol/protocolVersion': kVersion, 'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'explorer', version: '1' },
};
let asked = 0;

export interface McpAnswer<Result> {
  result?: Result;
  error?: { code: number; message: string; data?: unknown };
}
interface Options {
  params?: Record<string, unknown>;
  meta?: Record<string, unknown>;
  signal?: AbortSignal;
}

/** A header takes visible ASCII; other names go in base64, between marks. */
function headerOf(name: string): string {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(name) && !name.startsWith('=?base64?')) return name;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(name)))}?=`;
}

export async function callMcp<Result>(method: string, { params = {}, meta = {}, signal }: Options = {}): Promise<McpAnswer<Result>> {
  const answer = await rest('mcp', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': kVersion, 'Mcp-Method': method,
      ...(typeof params.name === 'string' ? { 'Mcp-Name': headerOf(params.name) } : {}),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++asked, method, params: { ...params, _meta: { ...kMeta, ...meta } } }),
    ...(signal ? { signal } : {}),
  });
  const text = await answer.text();
  if (!answer.headers.get('Content-Type')?.startsWith('text/event-stream')) return JSON.parse(text) as McpAnswer<Result>;
  // A stream: notifications, and the answer last.
  const last = text.split('\n').filter((line) => line.startsWith('data: ')).at(-1);
  if (last === undefined) throw new Error('the stream of the call ended without an answer');
  return JSON.parse(last.slice(6)) as McpAnswer<Result>;
}
