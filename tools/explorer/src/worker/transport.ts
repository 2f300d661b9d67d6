// What the two ways to read a stream have in common.

import type { EventId } from '../core/protocol.ts';
import type { SseSink } from '../core/sse.ts';

export interface TransportSink extends SseSink {
  /** The answer is a stream; `head`: the newest id of the log, empty: not said. */
  opened(head: EventId): void;
  /** Something came, be it a comment. */
  byte(): void;
  /** All frames of what came at once have been given; their views are good until this returns. */
  flush(): void;
}

export interface Transport {
  readonly kind: 'fetch' | 'eventsource';
  head(url: string, signal: AbortSignal): Promise<EventId>;
  /** Resolves when the stream has ended; rejects with `Refusal`, or with what broke it. */
  read(url: string, sink: TransportSink, signal: AbortSignal): Promise<void>;
}

/** An answer that is no stream. */
export class Refusal extends Error {
  readonly status: number;
  /** The server's own words. */
  readonly said: string;
  readonly retryAfterMs: number | null;

  constructor(status: number, said: string, retryAfter: number | null) {
    super(`HTTP ${status}${said === '' ? '' : ` (${said})`}`);
    this.status = status;
    this.said = said;
    this.retryAfterMs = retryAfter;
  }
}
