// What lies in the past: asked for as a replay, which is bounded, has ids, takes the stream
// token and ends by itself.

import { before, parseId } from '../core/event_id.ts';
import type { EventId } from '../core/protocol.ts';
import type { SseFrame } from '../core/sse.ts';
import { kMarks } from './applied.ts';
import type { Ingest } from './frames.ts';
import { kTopics } from './stream.ts';
import type { Tokens } from './tokens.ts';
import type { Transport } from './transport.ts';

const kNewest = 1000;
const kPatienceMs = 20_000;
const kUtf8 = new TextDecoder();

export interface HistoryPorts {
  ingest: Ingest;
  tokens: Tokens;
  transport(): Transport;
  url(path: string, query: Record<string, string | undefined>): string;
}
interface Range {
  from?: EventId;
  to?: EventId;
  taskId?: string;
}

export class History {
  readonly #ports: HistoryPorts;

  constructor(ports: HistoryPorts) {
    this.#ports = ports;
  }

  /** Before the oldest here; how many came. */
  async older(count: number): Promise<number> {
    const first = parseId(this.#ports.ingest.firstId);
    if (!first) return this.refresh(count);
    let came = 0;
    // A stretch may hold nothing of these topics.
    for (let end = first; came === 0 && end.sequence > 1;) {
      const from = before(end, count);
      const { added, gap } = await this.#read({ from, to: before(end, 1) }, true);
      came = added;
      if (gap) break;
      end = parseId(from)!;
    }
    return came;
  }

  /** All that the server has of one trace. */
  async trace(taskId: string): Promise<number> {
    return (await this.#read({ taskId }, true)).added;
  }

  /** The newest, beside the stream; how many were not here. */
  async refresh(count = kNewest): Promise<number> {
    const { ingest, url, transport } = this.#ports;
    const head = parseId(await transport().head(url('trace/stream', await this.#rights()), AbortSignal.timeout(kPatienceMs)));
    if (!head || head.sequence === 0) return 0;
    return (await this.#read({ from: before(head, count - 1), to: before(head, 0) }, ingest.lastId === '')).added;
  }

  /** Both included. */
  async fill(from: EventId, to: EventId): Promise<void> {
    await this.#read({ from, to }, false);
  }

  async #rights(): Promise<{ topics: string; token: string | undefined }> {
    const { token, topics } = await this.#ports.tokens.get(kTopics);
    return { topics: kTopics.filter((one) => topics.includes(one)).join(','), token: token ?? undefined };
  }

  async #read(range: Range, older: boolean): Promise<{ added: number; gap: boolean }> {
    const { ingest, url, transport } = this.#ports;
    const address = url('trace/replay', { ...(await this.#rights()), speed: 'max', ...range });
    const patience = new AbortController();
    let timer = setTimeout(() => patience.abort(), kPatienceMs);
    let frames: SseFrame[] = [];
    let added = 0, gap = false, over = false;
    await transport().read(address, {
      opened() {}, retry() {},
      byte() {
        clearTimeout(timer);
        timer = setTimeout(() => patience.abort(), kPatienceMs);
      },
      frame(frame) { frames.push(frame); },
      flush() {
        const got = frames;
        frames = [];
        const news = got.flatMap(({ id, name, data }) => (id && data && !kMarks.includes(name) && name !== 'replay_end' && !ingest.has(id)
          ? [{ id, event: name, body: data }] : []));
        ingest.add(news, older);
        added += news.length;
        for (const { id, name, data } of got) {
          if (name === 'replay_end') over = true;
          if (name === 'gap') gap = true;
          if ((name === 'gap' || name === 'envelope_oversize') && data && id && !ingest.has(id)) ingest.mark(name, kUtf8.decode(data), id);
        }
        // EventSource would come again.
        if (over) patience.abort();
      },
    }, patience.signal).catch((error: unknown) => { if (!over) throw error; });
    clearTimeout(timer);
    if (!over) throw new Error('reading the past broke off');
    return { added, gap };
  }
}
