import { Backoff, wait } from './backoff.js';
import { headersOf, HttpRefusal } from './http.js';
import { SseParser, type SseFrame } from './sse_parser.js';
import type {
  AnyEventOf,
  EventsOf,
  PollSupplier,
  StateChange,
  StreamEnd,
  StreamEvent,
  StreamOptions,
  StreamState,
} from './stream_options.js';
import type { ControlEvents, EventId, Reset } from './wire.js';

const kConnectMs = 10_000;

const controls: Record<keyof ControlEvents, true> = {
  gap: true,
  reset: true,
  evicted: true,
  goodbye: true,
  envelope_oversize: true,
};

/** Why a stream that had been open is not any more. */
interface Break {
  reason: string;
  /** Absent: the server said so before. */
  error?: unknown;
}

/**
 * Follows one stream until it is over: reconnects with backoff, a fresh token each time, and the
 * id of the last entry, so that every entry is handed over once.
 *
 * An entry is handed over when it is dispatched to the listeners; a listener that throws is
 * reported as an uncaught error, and the stream goes on. Use it once: `open()`, then `close()`.
 */
export class StreamClient<Events> {
  /** Never rejects. */
  readonly closed: Promise<StreamEnd>;

  #options: StreamOptions;
  #stop = new AbortController();
  #listeners = new Map<PropertyKey, Set<(event: never) => void>>();
  #anyListeners = new Set<(event: AnyEventOf<EventsOf<Events>>) => void>();
  #backoff: Backoff;
  #told: StateChange = { state: 'disconnected' };
  #polls = false; // and polling works
  #last: EventId | undefined;
  #earliest: boolean;
  #held: SseFrame[] = [];
  #unauthorized = false;
  #parting: string | undefined; // the server has said that it closes
  #opened = false;
  #end: StreamEnd | undefined;
  #resolve!: (end: StreamEnd) => void;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.firstRetryMs, options.maxRetryMs);
    this.#earliest = options.lastEventId === 'earliest';
    this.#last = this.#earliest ? undefined : options.lastEventId;
    this.closed = new Promise((resolve) => (this.#resolve = resolve));
  }

  get state(): StreamState {
    return this.#told.state;
  }
  /** Of the last entry handed over; undefined: none, and no other place to resume from. */
  get lastEventId(): EventId | undefined {
    return this.#last;
  }

  /** Answers what ends the listening. */
  on<Name extends keyof EventsOf<Events>>(
    name: Name,
    listener: (event: StreamEvent<Name, EventsOf<Events>[Name]>) => void,
  ): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }
  /** Of every event, those without a listener of their own too. */
  onAny(listener: (event: AnyEventOf<EventsOf<Events>>) => void): () => void {
    this.#anyListeners.add(listener);
    return () => void this.#anyListeners.delete(listener);
  }

  open(): this {
    if (this.#opened) throw new Error('a StreamClient is opened once');
    this.#opened = true;
    const { signal } = this.#options;
    const close = () => this.close();
    if (signal?.aborted) this.close();
    signal?.addEventListener('abort', close);
    void this.#run().finally(() => {
      signal?.removeEventListener('abort', close);
      this.#set({ state: 'disconnected' });
      this.#resolve(this.#end ?? { reason: 'closed' });
    });
    return this;
  }

  close(): void {
    this.#finish({ reason: 'closed' });
  }

  #finish(end: StreamEnd): void {
    if (this.#end) return;
    this.#end = end;
    if (this.#opened) this.#set({ state: 'disconnecting', reason: end.reason });
    this.#stop.abort();
  }

  // --- the loop

  async #run(): Promise<void> {
    while (!this.#end) {
      if (!this.#polls && this.state !== 'connecting') this.#set({ state: 'connecting' });
      try {
        const broken = await this.#follow();
        if (this.#end) return;
        await this.#rest(broken.error, broken.reason);
      } catch (error) {
        if (this.#end) return;
        if (this.#isFinal(error)) {
          this.#set({ state: 'error', error, reason: reasonOf(error) });
          return this.#finish({ reason: 'refused', error });
        }
        await this.#rest(error, reasonOf(error));
      }
    }
  }

  // A token may expire between its making and its use: the second 401 in a row is meant.
  #isFinal(error: unknown): boolean {
    if (!(error instanceof HttpRefusal)) return false;
    const again = this.#unauthorized;
    this.#unauthorized = error.status === 401;
    return error.isFinal || (error.status === 401 && again);
  }

  // Until the next attempt. `error` is undefined when the server had asked for it.
  async #rest(error: unknown, reason: string): Promise<void> {
    const { poll, pollAfterFailures = 3 } = this.#options;
    const asked = error instanceof HttpRefusal ? (error.retryAfterMs ?? 0) : 0;
    const retryInMs = Math.max(asked, this.#backoff.next());
    if (error === undefined) this.#set({ state: 'connecting', reason, retryInMs });
    else if (!this.#polls) this.#set({ state: 'error', reason, error, retryInMs });
    if (poll && this.#backoff.failures >= pollAfterFailures) await this.#poll(poll, retryInMs);
    else await wait(retryInMs, this.#stop.signal);
  }

  async #poll(poll: PollSupplier, forMs: number): Promise<void> {
    const { connectMs = kConnectMs, pollEveryMs = 5_000 } = this.#options;
    const until = Date.now() + forMs;
    while (!this.#end) {
      try {
        const inTime = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(connectMs)]);
        const { events, over } = await poll(this.#last, inTime);
        if (this.#end) return;
        this.#polls = true;
        this.#set({ state: 'connected', via: 'polling' });
        for (const { name, data, id } of events) {
          if (this.#end) return;
          if (id !== undefined) this.#last = id;
          this.#tell(name, data, JSON.stringify(data));
        }
        if (over) return this.#finish({ reason: 'over' });
      } catch (error) {
        if (this.#end) return;
        this.#polls = false;
        this.#set({ state: 'error', error, reason: reasonOf(error) });
      }
      const left = until - Date.now();
      if (left <= 0) return;
      await wait(Math.min(left, pollEveryMs), this.#stop.signal);
    }
  }

  // --- one connection

  async #follow(): Promise<Break> {
    const { connectMs = kConnectMs, heartbeatMs = 15_000 } = this.#options;
    const silence = new Watchdog(connectMs);
    const signal = AbortSignal.any([this.#stop.signal, silence.signal]);
    this.#held = [];
    this.#parting = undefined;
    try {
      const answer = await this.#request(signal);
      if (answer === undefined) {
        this.#finish({ reason: 'over' });
        return { reason: 'over' };
      }
      const parser = new SseParser();
      const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
      // A body that ended at the same moment would leave a read waiting for ever.
      signal.addEventListener('abort', () => void reader.cancel().catch(() => {}));
      for (let first = true; ; first = false) {
        const { done, value } = await reader.read();
        signal.throwIfAborted();
        if (done) return this.#parting ? { reason: this.#parting } : ended();
        silence.feed(3 * heartbeatMs);
        if (first) this.#connected(answer);
        for (const frame of parser.push(value)) {
          this.#take(frame);
          signal.throwIfAborted(); // a listener may have closed it
        }
      }
    } catch (error) {
      if (silence.signal.aborted) throw silence.signal.reason;
      if (this.#parting) return { reason: this.#parting };
      throw error;
    } finally {
      silence.stop();
    }
  }

  // Undefined: the stream is over, and all of it has been seen.
  async #request(signal: AbortSignal): Promise<Response | undefined> {
    const { token, headers } = this.#options;
    const url = new URL(this.#options.url, globalThis.location?.href);
    if (token) url.searchParams.set('token', await token(signal));
    if (this.#earliest && this.#last === undefined) url.searchParams.set('lastEventId', 'earliest');
    const answer = await fetch(url, {
      headers: {
        ...(token ? {} : await headersOf(headers)),
        Accept: 'text/event-stream',
        ...(this.#last === undefined ? {} : { 'Last-Event-ID': this.#last }),
      },
      cache: 'no-store',
      signal,
    });
    if (answer.status === 204) return undefined;
    if (answer.status !== 200) throw await HttpRefusal.of(answer);
    if (answer.headers.get('Content-Type') !== 'text/event-stream') {
      await answer.body?.cancel();
      throw new Error(`no event stream but ${answer.headers.get('Content-Type')}`);
    }
    return answer;
  }

  // With the first byte: a proxy that holds it back is no stream.
  #connected(answer: Response): void {
    this.#backoff.succeeded();
    this.#unauthorized = false;
    this.#polls = false;
    // What is published between this head and the first entry is not lost either.
    const head = answer.headers.get('X-Head-Event-Id');
    if (this.#last === undefined && this.#isLive() && head) this.#last = head;
    this.#set({ state: 'connected', via: 'stream' });
  }

  #isLive(): boolean {
    return !this.#earliest && (this.#options.fresh ?? 'live') === 'live';
  }

  #take(frame: SseFrame): void {
    if (frame.retry !== undefined) this.#backoff.atLeast(frame.retry);
    if (frame.id === undefined && this.#options.partial?.includes(frame.event)) {
      this.#held.push(frame);
      return;
    }
    if (frame.id !== undefined) {
      this.#last = frame.id;
      for (const part of this.#held.splice(0)) this.#dispatch(part);
    }
    this.#dispatch(frame);
  }

  #dispatch(frame: SseFrame): void {
    if (frame.data === undefined || this.#end) return;
    let data: unknown;
    try {
      data = JSON.parse(frame.data);
    } catch (error) {
      return uncaught(error);
    }
    let name = frame.event;
    const control = this.#unwrap(name, data);
    if (control) [name, data] = [control.name, control.data];
    if (name === 'reset') this.#last = this.#isLive() ? (data as Reset).now : undefined;
    if (name === 'goodbye' || name === 'evicted') this.#parting = name;
    this.#tell(name, data, frame.data);
    if (this.#options.endsWith?.includes(name)) this.#finish({ reason: 'over' });
  }

  // The control event in a `message`; undefined: it is none.
  #unwrap(event: string, data: unknown): { name: string; data: unknown } | undefined {
    const { wrappedBy } = this.#options;
    if (!wrappedBy || event !== 'message') return undefined;
    const wrapper = data as { type?: unknown; event?: unknown; data?: unknown } | null;
    const name = wrapper?.[wrappedBy];
    if (typeof name !== 'string' || !Object.hasOwn(controls, name)) return undefined;
    return { name, data: wrapper?.data };
  }

  #tell(name: string, data: unknown, text: string): void {
    const event = { name, data, text, id: this.#last ?? '' };
    for (const listener of [...(this.#listeners.get(name) ?? []), ...this.#anyListeners]) {
      try {
        listener(event as never);
      } catch (error) {
        uncaught(error);
      }
    }
  }

  #set(change: StateChange): void {
    const { state, via } = this.#told;
    if (change.state === 'connected' && state === 'connected' && change.via === via) return;
    this.#told = change;
    try {
      this.#options.onState?.(change);
    } catch (error) {
      uncaught(error);
    }
  }
}

/** Aborts its signal when it is not fed in time, and when it is no longer needed. */
class Watchdog {
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout>;

  constructor(ms: number) {
    this.#timer = this.#start(ms);
  }
  get signal(): AbortSignal {
    return this.#abort.signal;
  }
  feed(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start(ms);
  }
  stop(): void {
    clearTimeout(this.#timer);
    this.#abort.abort();
  }
  #start(ms: number): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#abort.abort(new Error(`no byte for ${ms} ms`)), ms);
  }
}

function ended(): Break {
  return { reason: 'the stream ended', error: new Error('the stream ended') };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function uncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
