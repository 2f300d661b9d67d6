// Where the line (bytes to frames, resume, tokens, leader) hands over to the store.

import type { Command, Connection, EventId, Health, Need, Notice } from '../core/protocol.ts';

export interface Frame {
  id: EventId;
  /** The SSE name; empty: none was sent (never `message`). */
  event: string;
  /** The verbatim data bytes; a view that is good until the call returns (the store copies). */
  body: Uint8Array;
  /** In ms since 1970, where that was not now. */
  cameAt?: number;
}

/** What the line tells the store. Nothing here throws, whatever the bytes are. */
export interface Ingest {
  /**
   * In any order, with any overlap: rows are unique by id and stand in bus order.
   * `older`: history that was asked for, hence no news (no notices, not counted as received).
   */
  add(frames: readonly Frame[], older?: boolean): void;
  /**
   * A row for what the stream says of itself: `gap`, `reset`, `evicted`, `goodbye`,
   * `envelope_oversize`, or a name of the line's own (`disconnected`). `text` is the data of the
   * event, verbatim, or words. After `reset` all derived state starts anew.
   */
  mark(name: string, text: string, id: EventId): void;
  /** Is it here (marks with an id count)? Asked of what came after the last `reset`. */
  has(id: EventId): boolean;
  /** Newest and oldest of those after the last `reset`; empty: nothing yet. */
  readonly lastId: EventId;
  readonly firstId: EventId;
  /**
   * For a new tab: what came after that id (empty: all since the last `reset`), marks under their
   * names, at most `count`, those without a body left out. The bodies are views into slabs that a
   * structured clone would copy whole: copy them first.
   */
  since(id: EventId, count: number): Frame[];
}

/** What the line needs of the rest of the worker. */
export interface LineEvents {
  /** `connection` is another: ring. */
  changed(): void;
  notice(notice: Notice): void;
  need(what: Need): void;
}

/** src/worker/line.ts makes it: `export function makeLine(ingest: Ingest, events: LineEvents): Line`. */
export interface Line {
  readonly connection: Connection;
  /** The last 20, newest first. */
  readonly reconnects: Health['reconnects'];
  /** Every command goes through here; `replay` is not the line's. */
  obey(command: Command): void;
  /** `add`s what is older than `firstId` (of one trace: all that the server has of it); how many came. */
  older(count: number): Promise<number>;
  trace(task: string): Promise<number>;
  refresh(): Promise<number>;
  /** A body that has left memory; null with the reason, for people, when it is gone. */
  body(id: EventId): Promise<{ body: string | null; gone: string }>;
}
