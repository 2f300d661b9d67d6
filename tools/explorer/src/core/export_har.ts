// HAR 1.2 for tools that read nothing else: a page per task, an entry per call. No such HTTP
// request was made, and the file says so.

import { counted, type Writer } from './export.ts';
import { isFailure, OpenCalls, PartsReader, startOf, type Parts } from './export_parts.ts';

const kHttpStatus: ReadonlyMap<string, number> = new Map([['SUCCESS', 200], ['TIMEOUT_EXCEEDED', 504], ['CANCELLED', 499]]);
const iso = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();
const kNoBodySizes = { headersSize: -1, bodySize: -1 };
const kEmpty = { httpVersion: '', cookies: [], headers: [] };

export function makeHarWriter(): Writer {
  const reader = new PartsReader(), calls = new OpenCalls<null>(), pages = new Map<string, bigint>();
  let entries = 0, orphans = 0, unfinished = 0, others = 0;

  function entryOf(action: Parts, end: Parts): unknown {
    const failed = isFailure(end), ms = Number(end.timeNs - startOf(action, end)) / 1e6, wait = end.durationMs ?? ms;
    const started = startOf(action, end);
    if (!pages.has(action.task)) pages.set(action.task, started);
    // The arguments stand as they were written.
    const request = `{"jsonrpc":"2.0","id":${JSON.stringify(action.request || action.call)},"method":"tools/call","params":{"name":${JSON.stringify(action.tool)},"arguments":${action.text || '{}'}}}`;
    const content = end.isBinary
      ? { size: end.text.length, mimeType: 'application/octet-stream', encoding: 'base64', text: end.text }
      : { size: -1, mimeType: 'application/json', text: JSON.stringify({ jsonrpc: '2.0', id: action.request || action.call, result: { content: [{ type: 'text', text: end.text }], isError: failed } }) };
    return {
      pageref: action.task || 'no task', startedDateTime: iso(started), time: wait,
      request: { method: 'POST', url: `mcp://${encodeURIComponent(action.server || end.server || 'unknown')}/tools/call`, ...kEmpty, queryString: [], postData: { mimeType: 'application/json', text: request }, ...kNoBodySizes },
      response: { status: failed ? (kHttpStatus.get(end.status) ?? 500) : 200, statusText: end.status, ...kEmpty, content, redirectURL: '', ...kNoBodySizes },
      cache: {},
      timings: { blocked: -1, dns: -1, connect: -1, ssl: -1, send: 0, wait, receive: 0 },
      comment: action.tool,
      _saop: { action: action.id, observation: end.id },
    };
  }

  return {
    begin: () => '{"log":{"version":"1.2","creator":{"name":"mcp-orchestrator explorer","version":"1"},"comment":"Calls of tools over MCP, in the form of HTTP. No such HTTP request was made.","entries":[\n',
    entry({ row, body, matches }) {
      const parts = reader.read(row, body);
      if (parts.type === 'action') {
        for (const given of calls.open({ action: parts, matches, mark: null })) unfinished += given.matches ? 1 : 0;
      } else if (parts.type === 'observation') {
        const call = calls.take(parts.call);
        if (call && (matches || call.matches)) return (entries++ ? ',\n' : '') + JSON.stringify(entryOf(call.action, parts));
        orphans += matches ? 1 : 0;
      } else others += matches ? 1 : 0;
      return '';
    },
    gap: () => '',
    end() {
      for (const { matches } of calls.rest()) unfinished += matches ? 1 : 0;
      const told = [...pages].map(([task, started]) => ({ startedDateTime: iso(started), id: task || 'no task', title: task ? `task ${task}` : 'no task', pageTimings: { onContentLoad: -1, onLoad: -1 } }));
      return `\n],"pages":${JSON.stringify(told)}}}\n`;
    },
    leftOut: () => [
      ...(unfinished ? [counted(unfinished, 'call without an end', 'calls without an end')] : []),
      ...(orphans ? [counted(orphans, 'observation without its action', 'observations without their action')] : []),
      ...(others ? [counted(others, 'entry that is no call', 'entries that are no call')] : []),
    ],
  };
}
