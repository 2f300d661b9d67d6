// A clock, a server and a store for the tests of the line, all in memory.

import type { EventId, Need } from '../../src/core/protocol.ts';
import { SseScanner } from '../../src/core/sse.ts';
import { Applied } from '../../src/worker/applied.ts';
import type { Clock } from '../../src/worker/clock.ts';
import type { Frame, Ingest } from '../../src/worker/frames.ts';
import { Stream } from '../../src/worker/stream.ts';
import { Tokens } from '../../src/worker/tokens.ts';
import type { TransportSink } from '../../src/worker/transport.ts';

/** All that is ready to run has run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; ++turn) await new Promise((done) => setImmediate(done));
}

export class FakeClock implements Clock {
  private time = 1_795_224_245_000;
  private timers: { at: number; run: () => void }[] = [];

  now(): number {
    return this.time;
  }
  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return () => { this.timers = this.timers.filter((one) => one !== timer); };
  }
  /** Each timer at its time. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    await settle();
    for (;;) {
      const [next] = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.timers = this.timers.filter((one) => one !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
      await settle();
    }
    this.time = end;
  }
  /** A laptop was shut: the clock went on, timers did not. */
  async sleep(ms: number): Promise<void> {
    for (const timer of this.timers) timer.at += ms;
    this.time += ms;
    await this.pass(1);
  }
}

export class FakeIngest implements Ingest {
  rows: { id: EventId; event: string; text: string }[] = [];
  marks: { name: string; text: string; id: EventId }[] = [];
  /** Ids that were given a second time. */
  twice: EventId[] = [];
  private readonly ids = new Set<EventId>();

  add(frames: readonly Frame[]): void {
    for (const { id, event, body } of frames) {
      if (this.ids.has(id)) this.twice.push(id);
      this.ids.add(id);
      this.rows.push({ id, event, text: new TextDecoder().decode(body) });
    }
  }
  mark(name: string, text: string, id: EventId): void {
    if (id !== '' && this.ids.has(id)) this.twice.push(id);
    if (id !== '') this.ids.add(id);
    this.marks.push({ name, text, id });
  }
  has(id: EventId): boolean {
    return this.ids.has(id);
  }
  get lastId(): EventId {
    return this.rows.at(-1)?.id ?? '';
  }
  get firstId(): EventId {
    return this.rows[0]?.id ?? '';
  }
  since(id: EventId, count: number): Frame[] {
    const from = this.rows.findIndex((row) => row.id === id) + 1;
    return this.rows.slice(from, from + count).map((row) => ({ id: row.id, event: row.event, body: new TextEncoder().encode(row.text) }));
  }
}

/** One request for the stream, to be answered by the test. */
export interface Opened {
  url: URL;
  sink: TransportSink;
  say(text: string | Uint8Array): Promise<void>;
  end(): Promise<void>;
  refuse(error: Error): Promise<void>;
  readonly closed: boolean;
}

/** A stream whose peer is the test. `head`: what HEAD answers, or throws. */
export function rig({ kind = 'fetch' as 'fetch' | 'eventsource', head = (): EventId => 'e-0', random = () => 1, grant = true } = {}) {
  const clock = new FakeClock();
  const ingest = new FakeIngest();
  const applied = new Applied(ingest);
  const opened: Opened[] = [];
  const needs: Need[] = [];
  const tokens = new Tokens(clock, (need) => {
    needs.push(need);
    if (grant) tokens.obey({ do: 'token', token: null, expiresAt: 0, topics: [] });
  });
  const stream = new Stream({
    clock, random, tokens, applied,
    url: (path, query) => {
      const url = new URL(path, 'http://here/');
      for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
      return url.href;
    },
    transport: () => ({
      kind,
      head: async () => head(),
      read: (url, sink, signal) => new Promise<void>((resolve, reject) => {
        const scanner = new SseScanner(sink);
        const one = {
          url: new URL(url), sink,
          async say(text: string | Uint8Array) {
            if (signal.aborted) return;
            sink.byte();
            scanner.push(typeof text === 'string' ? new TextEncoder().encode(text) : text);
            sink.flush();
            await settle();
          },
          async end() { resolve(); await settle(); },
          async refuse(error: Error) { reject(error); await settle(); },
          get closed() { return signal.aborted; },
        };
        signal.addEventListener('abort', () => resolve());
        opened.push(one);
        sink.opened(head());
      }),
    }),
    taken() {}, changed() {},
  });
  return { clock, ingest, applied, tokens, stream, opened, needs, state: () => stream.connection.state, last: () => opened.at(-1)! };
}
