// One connection to the server and what becomes of it (explorer.md section 3): states, retries,
// resume. It gives up only where trying again cannot help, and says what can.

import { Backoff } from '../core/backoff.ts';
import { parseId } from '../core/event_id.ts';
import type { Connection, ConnectionState, EventId, Health } from '../core/protocol.ts';
import type { SseFrame } from '../core/sse.ts';
import { Applied, saidIn, startOf } from './applied.ts';
import type { Clock } from './clock.ts';
import { NoToken, type Tokens } from './tokens.ts';
import { Refusal, type Transport, type TransportSink } from './transport.ts';
import { poll } from './transport_poll.ts';

const kNoByteMs = 20_000;
const kSilenceMs = 90_000;
/** Of a replay that has ended without its last entry: what follows matches nothing here. */
const kCaughtUpMs = 1_000;
const kSteadyMs = 10_000;
const kWatchMs = 1_000;
/** Timers that come so much later were asleep. */
const kSleptMs = 30_000;
/** Opens without a byte, until the log is polled instead. */
const kMuteOpens = 2;
const kReconnectsKept = 20;
export const kTopics: readonly string[] = ['all', 'graph'];

export interface StreamPorts {
  clock: Clock;
  random?: () => number;
  transport(): Transport;
  tokens: Tokens;
  applied: Applied;
  /** Absolute; undefined parameters are left out. */
  url(path: string, query: Record<string, string | undefined>): string;
  /** What was just taken over, to be passed on; `after`: the resume point before it. */
  taken(frames: readonly SseFrame[], after: EventId): void;
  changed(): void;
}

type Ending = { cause: string; then: 'retry' | 'now' | 'auth' | 'failed' };
const kAsking = '?';

export class Stream {
  readonly reconnects: Health['reconnects'] = [];
  readonly #ports: StreamPorts;
  readonly #backoff: Backoff;
  #state: ConnectionState = 'off';
  #reason = '';
  #online = true;
  #lastByteAt = 0;
  #nextTryAt = 0;
  #from = 0;
  #head: EventId = '';
  #mute = 0;
  /** A new token has been tried and nothing has come since. */
  #renewed = false;
  /** What was said of the one before. */
  #refused = '';
  #cause = '';
  #running: AbortController | null = null;
  readonly #pending = new Set<() => void>();
  #watchedAt = 0;

  constructor(ports: StreamPorts) {
    this.#ports = ports;
    this.#backoff = new Backoff(ports.random);
  }

  get connection(): Connection {
    const { applied } = this.#ports;
    const sequence = (id: EventId): number => parseId(id)?.sequence ?? 0;
    return {
      state: this.#state === 'retrying' && !this.#online ? 'offline' : this.#state,
      reason: this.#reason,
      transport: this.#mute >= kMuteOpens ? 'poll' : this.#ports.transport().kind,
      role: 'alone', tabs: 1,
      lastByteAt: this.#lastByteAt, nextTryAt: this.#nextTryAt, tries: this.#backoff.tries,
      caughtUp: Math.max(0, sequence(applied.lastId) - this.#from), catchUpTo: Math.max(0, sequence(this.#head) - this.#from),
      lastId: applied.lastId,
    };
  }

  /** Now, and with everything forgotten that held it back. */
  start(cause = ''): void {
    this.#backoff.reset();
    this.#renewed = false;
    this.#mute = Math.min(this.#mute, kMuteOpens - 1);
    this.#open(cause);
  }
  stop(): void {
    this.#leave();
    this.#set('off', '');
  }
  setOnline(online: boolean): void {
    const back = online && !this.#online;
    this.#online = online;
    if (back && this.#state !== 'off') this.start('online again');
    else this.#ports.changed();
  }
  /** A tab that is looked at again does not wait. */
  shown(): void {
    if (this.#nextTryAt > 0) this.start(this.#cause);
  }
  tokenCame(): void {
    if (this.#state === 'auth') this.start('a token came');
  }
  signedOut(reason: string): void {
    if (this.#state !== 'off') this.#giveUp('auth', reason);
  }

  #set(state: ConnectionState, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#ports.changed();
  }
  #after(ms: number, run: () => void): () => void {
    const forget = (): void => {
      cancel();
      this.#pending.delete(forget);
    };
    const cancel = this.#ports.clock.after(ms, () => {
      this.#pending.delete(forget);
      run();
    });
    this.#pending.add(forget);
    return forget;
  }
  #leave(): void {
    for (const forget of [...this.#pending]) forget();
    this.#running?.abort();
    this.#running = null;
    this.#nextTryAt = 0;
  }

  #open(cause: string): void {
    this.#leave();
    this.#cause = cause;
    const running = new AbortController();
    this.#running = running;
    this.#watchedAt = this.#ports.clock.now();
    this.#watch();
    this.#set('connecting', '');
    void this.#run(running).then(
      (ending) => { if (this.#running === running) this.#ended(ending); },
      (error: unknown) => { if (this.#running === running) this.#failed(error); },
    );
  }

  async #run(running: AbortController): Promise<Ending> {
    const { applied, tokens, url } = this.#ports;
    const { signal } = running;
    const { token, topics } = await tokens.get(kTopics);
    if (signal.aborted) return { cause: '', then: 'retry' };
    const query = { topics: kTopics.filter((one) => topics.includes(one)).join(','), token: token ?? undefined };
    const heard = this.#after(kNoByteMs, () => {
      this.#mute++;
      this.#again(`not a byte in ${kNoByteMs / 1000} s`);
    });
    const transport = this.#ports.transport();
    // What refuses a HEAD has no words; the GET that follows is told them.
    const head = (): Promise<EventId> => transport.head(url('trace/stream', query), signal).catch((error: unknown) => {
      if (error instanceof Refusal) return '';
      throw error;
    });
    if (applied.lastId === '') applied.lastId = startOf(await head());
    if (signal.aborted) return { cause: '', then: 'retry' };
    const sink = this.#sink(running, heard);
    if (this.#mute < kMuteOpens) {
      await transport.read(url('trace/stream', { ...query, lastEventId: applied.lastId || kAsking }), sink, signal);
      return sink.ending;
    }
    const heldBack = 'A proxy holds the stream back; the log is read every 5 s instead';
    await poll(() => url('trace/replay', { ...query, speed: 'max', from: applied.lastId || undefined }), sink, this.#ports.clock, signal,
      () => { heard(); this.#set('polling', heldBack); });
    return sink.ending;
  }

  #sink(running: AbortController, heard: () => void): TransportSink & { ending: Ending } {
    const { applied, clock } = this.#ports;
    const gone = (): boolean => this.#running !== running;
    const sentId = applied.lastId;
    let frames: SseFrame[] = [];
    let first = true;
    let quiet = (): void => {};
    const sink = {
      ending: { cause: 'the connection was closed', then: 'retry' } as Ending,
      opened: (head: EventId): void => {
        if (gone()) return;
        this.#head = head;
        this.#from = parseId(sentId)?.sequence ?? 0;
      },
      byte: (): void => {
        if (gone()) return;
        this.#lastByteAt = clock.now();
        quiet();
        quiet = this.#after(kCaughtUpMs, () => { if (this.#state === 'catching_up') this.#live(); });
        if (this.#state !== 'connecting' || this.#mute >= kMuteOpens) return;
        heard();
        this.#mute = 0;
        this.#renewed = false;
        this.#refused = '';
        if (this.#behind()) this.#set('catching_up', '');
        else this.#live();
      },
      frame: (frame: SseFrame): void => void frames.push(frame),
      retry: (ms: number): void => this.#backoff.retry(ms),
      flush: (): void => {
        const got = frames;
        frames = [];
        if (gone() || got.length === 0) return this.#ports.changed();
        const told = this.#take(got, sentId);
        if (told) sink.ending = told;
        const id = got.find((one) => one.id !== null)?.id;
        if (first && id) {
          first = false;
          this.#logReconnect(sentId, id);
        }
        if (told && told.then !== 'retry') this.#ended(told);
        else if (this.#state === 'catching_up' && !this.#behind()) this.#live();
        else this.#ports.changed();
      },
    };
    return sink;
  }

  /** What the frames say of the stream's end, if they do. */
  #take(frames: readonly SseFrame[], sentId: EventId): Ending | null {
    const { applied } = this.#ports;
    const after = applied.lastId;
    // The answer to "where is the head?" is no news.
    const shown = sentId === '' ? frames.filter(({ name, data }) => !(name === 'reset' && data && saidIn(data).requested === kAsking)) : frames;
    applied.take(shown);
    this.#ports.taken(shown, after);
    let told: Ending | null = null;
    for (const { name, data } of frames) {
      if (data === null) continue;
      if (name === 'goodbye') told = { cause: `the server said goodbye (${String(saidIn(data).reason ?? '')})`, then: 'retry' };
      if (name === 'evicted') told = this.#evicted(String(saidIn(data).reason ?? ''));
      if (name !== 'reset') continue;
      const { now } = saidIn(data);
      applied.lastId = startOf(now);
      // Its newest entries lie before what this stream goes on with.
      if (applied.lastId !== '' && applied.lastId !== now) told = { cause: 'the log is another one', then: 'now' };
    }
    return told;
  }

  #evicted(reason: string): Ending {
    if (reason === 'token_expired') {
      this.#ports.tokens.drop('expired');
      return { cause: 'the token expired', then: 'now' };
    }
    if (reason === 'token_revoked') {
      this.#ports.tokens.drop('refused');
      return { cause: 'Token not accepted: it was revoked', then: 'auth' };
    }
    if (reason === 'admin') return { cause: 'An operator ended this stream', then: 'failed' };
    return { cause: `the server ended this stream (evicted: ${reason})`, then: 'retry' };
  }

  #behind(): boolean {
    const had = parseId(this.#ports.applied.lastId), head = parseId(this.#head);
    return had !== null && head !== null && had.epoch === head.epoch && had.sequence < head.sequence;
  }
  #live(): void {
    this.#after(kSteadyMs, () => {
      this.#backoff.reset();
      this.#ports.changed();
    });
    this.#set('live', '');
  }
  #logReconnect(sentId: EventId, firstId: EventId): void {
    if (this.#cause === '') return;
    this.reconnects.unshift({ at: this.#ports.clock.now(), cause: this.#cause, sentId, firstId });
    this.reconnects.length = Math.min(this.reconnects.length, kReconnectsKept);
  }

  #ended({ cause, then }: Ending): void {
    if (then === 'auth' || then === 'failed') return this.#giveUp(then, cause);
    // What goes wrong again and again waits as everything does.
    if (then === 'now' && this.#backoff.tries === 0) {
      this.#backoff.next();
      return this.#open(cause);
    }
    this.#again(cause);
  }
  #failed(error: unknown): void {
    if (error instanceof NoToken) {
      if (error.status === 429 || error.status === 503) return this.#again(`${error.message}, while asking for a token`, 'full');
      if (error.status === 0 || error.status >= 500) return this.#again(error.message);
      return this.#giveUp('auth', [error.message, this.#refused].filter(Boolean).join(': '));
    }
    if (!(error instanceof Refusal)) {
      const came = this.#state === 'live' || this.#state === 'catching_up';
      return this.#again(came ? 'the connection broke' : 'the server cannot be reached');
    }
    const { status, said, message, retryAfterMs } = error;
    if (status === 429 || status === 503) return this.#again(message, 'full', retryAfterMs);
    if (status >= 500) return this.#again(message, 'retrying', retryAfterMs);
    const foreign = /\b(origin|host)\b/.test(said);
    if ((status === 401 || status === 403) && !foreign) {
      if (this.#renewed) return this.#giveUp('auth', `Token not accepted: ${message}`);
      this.#renewed = true;
      this.#refused = message;
      this.#ports.tokens.drop('refused');
      return this.#open(this.#cause);
    }
    this.#giveUp('failed', failure(error, foreign));
  }

  #again(cause: string, state: 'retrying' | 'full' = 'retrying', retryAfter: number | null = null): void {
    this.#leave();
    const delay = this.#backoff.next(retryAfter);
    this.#cause = cause;
    this.#nextTryAt = this.#ports.clock.now() + delay;
    this.#watchedAt = this.#ports.clock.now();
    this.#watch();
    this.#after(delay, () => this.#open(cause));
    this.#set(state, cause);
  }
  #giveUp(state: 'auth' | 'failed', reason: string): void {
    this.#leave();
    this.#set(state, reason);
  }

  /** By the clock on the wall: it goes on while a laptop sleeps. */
  #watch(): void {
    this.#after(kWatchMs, () => {
      const now = this.#ports.clock.now();
      const slept = now - this.#watchedAt > kSleptMs;
      this.#watchedAt = now;
      if (this.#lastByteAt > now) this.#lastByteAt = now;
      const silence = now - this.#lastByteAt;
      const listening = this.#state === 'live' || this.#state === 'catching_up';
      if (slept && this.#nextTryAt > 0) return this.start('slept');
      if (listening && this.#ports.transport().kind === 'fetch' && silence >= kSilenceMs)
        return this.#open(`no sign of life for ${Math.round(silence / 1000)} s`);
      this.#watch();
    });
  }
}

function failure({ status, said, message }: Refusal, foreign: boolean): string {
  if (status === 200) return `HTTP 200 on the stream, ${said}: is another server at this address?`;
  if (status === 204) return 'HTTP 204 on the stream: nothing will come there, reload the page';
  if (status === 404) return `${message} on the stream: wrong address or prefix?`;
  if (foreign) return `${message} on the stream: open the page at the server's own address`;
  return `${message} on the stream: reload the page`;
}
