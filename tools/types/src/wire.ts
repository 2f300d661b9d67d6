// Words that every page of the wire uses.

/** `<epoch>-<sequence>`, such as `5f3a9c01d2-184`. Clients only give it back. */
export type EventId = string;

/** `2026-11-21T01:24:05.120Z` */
export type IsoTime = string;

/** Any JSON object. */
export type JsonObject = { [member: string]: unknown };

/** What a stream token may be asked for, and what a reader follows. */
export type Topic =
  | 'all'
  | 'graph'
  | `task:${string}`
  | `session:${string}`
  | `agent:${string}`
  | `owner:${string}`
  | `channel:${string}/${string}`;

/** Events that any stream may send, besides those of its kind. */
export interface ControlEvents {
  gap: Gap;
  reset: Reset;
  evicted: Evicted;
  goodbye: Goodbye;
  envelope_oversize: EnvelopeOversize;
}

/** Entries that cannot be had any more; the stream goes on. */
export interface Gap {
  from: EventId;
  to: EventId;
  /** Sequences of the whole log, matching or not. */
  count: number;
  reason: 'expired' | 'corrupt' | 'recorder';
}

/** The id that was resumed from means nothing to this log: drop what was built on it. */
export interface Reset {
  reason: 'epoch' | 'future' | 'malformed';
  requested: string;
  now: EventId;
}

/** The server closes this stream. */
export interface Evicted {
  reason: 'stalled' | 'token_expired' | 'token_revoked' | 'admin';
  last_id: EventId;
}

/** The server stops; come back after `retry_ms`. */
export interface Goodbye {
  reason: 'shutdown';
  retry_ms: number;
  last_id: EventId;
}

/** An entry over 1 MiB; its text is at `GET /trace/envelopes/{id}`. */
export interface EnvelopeOversize {
  id: EventId;
  bytes: number;
}
