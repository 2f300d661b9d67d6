// What of the log has been taken over, in bus order, each entry once. The same code takes what
// comes from the server and what comes from the leading tab.

import { before, parseId } from '../core/event_id.ts';
import type { EventId } from '../core/protocol.ts';
import type { SseFrame } from '../core/sse.ts';
import type { Frame, Ingest } from './frames.ts';

/** Of the newest of a log, as many are asked for at first. */
export const kFirstHistory = 5000;

/** What a stream says of itself. */
export const kMarks: readonly string[] = ['gap', 'reset', 'evicted', 'goodbye', 'envelope_oversize'];
const kUtf8 = new TextDecoder();

/** Of a control event, whatever was sent. */
export function saidIn(data: Uint8Array): Record<string, unknown> {
  try {
    const said: unknown = JSON.parse(kUtf8.decode(data));
    return typeof said === 'object' && said !== null ? (said as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
/** Where reading begins in a log whose newest entry is `now`. */
export function startOf(now: unknown): EventId {
  const place = typeof now === 'string' ? parseId(now) : null;
  return place ? before(place, kFirstHistory) : '';
}

export class Applied {
  readonly ingest: Ingest;
  #last: EventId = '';
  /** Of `last`; the epoch with its dash. */
  #epoch = '';
  #sequence = 0;

  constructor(ingest: Ingest) {
    this.ingest = ingest;
  }

  /** The resume point: of the last entry applied, or of a checkpoint behind it. */
  get lastId(): EventId {
    return this.#last;
  }
  set lastId(id: EventId) {
    const place = parseId(id);
    this.#last = id;
    this.#epoch = place ? `${place.epoch}-` : '';
    this.#sequence = place?.sequence ?? 0;
  }

  take(frames: readonly SseFrame[]): void {
    let batch: Frame[] = [];
    const flush = (): void => {
      if (batch.length > 0) this.ingest.add(batch);
      batch = [];
    };
    for (const { id, name, data } of frames) {
      if (id !== null && !this.#moveTo(id, flush)) continue;
      if (data === null) continue;
      if (!kMarks.includes(name)) {
        batch.push({ id: id ?? '', event: name, body: data });
        continue;
      }
      flush();
      this.ingest.mark(name, kUtf8.decode(data), id ?? '');
      if (name === 'reset') this.lastId = startOf(saidIn(data).now);
    }
    flush();
  }

  /** False: had already. */
  #moveTo(id: EventId, flush: () => void): boolean {
    const sequence = this.#epoch !== '' && id.startsWith(this.#epoch) ? Number(id.slice(this.#epoch.length)) : NaN;
    if (sequence <= this.#sequence) return false;
    if (sequence > this.#sequence) {
      this.#last = id;
      this.#sequence = sequence;
      return true;
    }
    // Another log and nobody said so: the leading tab may have begun with it.
    if (this.#last !== '') {
      flush();
      this.ingest.mark('reset', JSON.stringify({ reason: 'epoch', requested: this.#last, now: id }), '');
    }
    this.lastId = id;
    return true;
  }
}
