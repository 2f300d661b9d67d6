// The stream by `fetch`: bytes, so heartbeats count and status codes are seen.

import { retryAfterMs } from '../core/backoff.ts';
import type { EventId } from '../core/protocol.ts';
import { SseScanner } from '../core/sse.ts';
import type { Transport, TransportSink } from './transport.ts';
import { Refusal } from './transport.ts';

const kStream = 'text/event-stream';

/** What a refusing server said in its JSON body: `error`, `reason`, `max`. */
async function saidBy(answer: Response): Promise<string> {
  const said: unknown = await answer.json().catch(() => null);
  if (typeof said !== 'object' || said === null) return '';
  const { error, reason, max } = said as Record<string, unknown>;
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 200) : '');
  return [text(error), text(reason), typeof max === 'number' ? `at most ${max}` : ''].filter(Boolean).join(', ');
}

async function checked(answer: Response): Promise<Response> {
  const type = answer.headers.get('Content-Type') ?? '';
  if (answer.status === 200 && type.startsWith(kStream)) return answer;
  throw new Refusal(answer.status, answer.status === 200 ? `not a stream but ${type || 'something without a type'}` : await saidBy(answer),
    retryAfterMs(answer.headers.get('Retry-After'), Date.now()));
}

const kHow: RequestInit = { cache: 'no-store', credentials: 'omit' };
const headOf = (answer: Response): EventId => answer.headers.get('X-Head-Event-Id') ?? '';

/** The newest id of the log; empty: the server does not say. Takes no slot. */
export async function askHead(url: string, signal: AbortSignal): Promise<EventId> {
  return headOf(await checked(await fetch(url, { ...kHow, method: 'HEAD', signal })));
}

/** Until the end, which is told; throws what refuses and what breaks. */
export async function readStream(url: string, sink: TransportSink, signal: AbortSignal): Promise<void> {
  const answer = await checked(await fetch(url, { ...kHow, headers: { Accept: kStream }, signal }));
  sink.opened(headOf(answer));
  const scanner = new SseScanner(sink);
  const reader = answer.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (signal.aborted) return;
    if (done) break;
    sink.byte();
    scanner.push(value);
    sink.flush();
  }
}

export const fetchTransport: Transport = { kind: 'fetch', head: askHead, read: readStream };
