// `GET /trace/ws`: text frames of one JSON object.

import type { Envelope } from './envelopes.js';
import type { ControlEvents, EventId, Topic } from './wire.js';

/** One entry; `name` as on SSE, `""` for none. */
export interface SocketEntry {
  id: EventId;
  name: string;
  envelope: Envelope;
}

type SocketControl = {
  [Name in keyof ControlEvents]: { type: Name; data: ControlEvents[Name] };
}[keyof ControlEvents];

/** What the server says; an entry is the one without `type`. */
export type SocketMessage =
  | (SocketEntry & { type?: never })
  | { type: 'connected'; id: EventId }
  | { type: 'subscribed'; topics: Topic[] }
  | { type: 'SYNC_REPLAY'; events: SocketEntry[] }
  | { type: 'THOUGHT_STREAM_BATCH'; events: SocketEntry[] }
  | { type: 'error'; data: { error: string; field?: string; message?: string } }
  | SocketControl;

/** What the client may say: a task id or a topic; `*` is `all`. */
export type SocketRequest =
  | { subscribe: string }
  | { unsubscribe: string }
  | { type: 'SYNC_REQUEST'; sinceCheckpointId: EventId };
