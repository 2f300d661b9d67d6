// What a StreamClient is told, and what it tells.

import type { HeaderSource } from './http.js';
import type { TokenSupplier } from './stream_tokens.js';
import type { ControlEvents, EventId } from './wire.js';

export type StreamState = 'connecting' | 'connected' | 'disconnecting' | 'disconnected' | 'error';

export interface StateChange {
  state: StreamState;
  /** What `connected` rests on. */
  via?: 'stream' | 'polling';
  /** Why: of `error`, and of a `connecting` that the server asked for. */
  reason?: string;
  error?: unknown;
  /** Until the next attempt. */
  retryInMs?: number;
}

/** How it ended: by `close()` or the signal; the stream was over; the server refuses. */
export type StreamEnd = { reason: 'closed' | 'over' } | { reason: 'refused'; error: unknown };

export interface StreamEvent<Name, Data> {
  name: Name;
  data: Data;
  /** `data` as it came. */
  text: string;
  /** The id to resume from once this is handled; empty before the first. */
  id: EventId;
}

/** Any of them, told apart by its name. */
export type AnyEventOf<Events> = { [Name in keyof Events]: StreamEvent<Name, Events[Name]> }[keyof Events];
export type EventsOf<Events> = Events & ControlEvents;

/** What polling brought, in order; see PollSupplier. */
export interface Polled {
  events: { name: string; data: unknown; id?: EventId }[];
  over: boolean;
}
/** Asks by REST for what came after `since`. */
export type PollSupplier = (since: EventId | undefined, signal: AbortSignal) => Promise<Polled>;

export interface StreamOptions {
  url: string | URL;
  /** Put into the URL as `token`; then `headers` are not sent to the stream. */
  token?: TokenSupplier;
  headers?: HeaderSource;
  /** Where to begin: after an entry, such as a snapshot's `last_id`; from the oldest kept. */
  lastEventId?: EventId | 'earliest';
  /** What a fresh connect brings: only what comes (default), or first what there is. */
  fresh?: 'live' | 'history';
  /** Events after which the stream is over. */
  endsWith?: readonly string[];
  /** Events that, when they have no id, are part of the entry whose id comes next. */
  partial?: readonly string[];
  /**
   * Of a stream that knows `message` alone: the member that says what one is. Its control events
   * come out of their wrapper, under their own names. `type`: the explorer's; `event`: those with
   * `framing=message`.
   */
  wrappedBy?: 'type' | 'event';
  /** Takes the stream's place while it fails; without it only the stream is tried. */
  poll?: PollSupplier;
  /** Failures in a row before polling begins. Default 3. */
  pollAfterFailures?: number;
  /** Default 5 000. */
  pollEveryMs?: number;
  /** The stream's heartbeat period, default 15 000; after three without a byte: reconnect. */
  heartbeatMs?: number;
  /** From the request to the first byte of the stream, and for a poll. Default 10 000. */
  connectMs?: number;
  /** First wait after a failure, default 1 000; doubles up to `maxRetryMs`, default 30 000. */
  firstRetryMs?: number;
  maxRetryMs?: number;
  onState?: (change: StateChange) => void;
  /** Closes the client. */
  signal?: AbortSignal;
}
