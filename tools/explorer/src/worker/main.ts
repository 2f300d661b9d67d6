// The worker: wires the line to the store, answers the page, and rings.

import type { Asks, Command, FromWorker, Notice, Tick, ToWorker } from '../core/protocol.ts';
import { makeAnswers, type Room } from './answers.ts';
import { makeLine } from './line.ts';
import { Replay } from './replay.ts';
import { Store } from './store.ts';
import { newsOf } from './news.ts';
import { View } from './view.ts';

const kRingMs = 16;
const kRateMs = 3000;

const post = (message: FromWorker): void => (self as unknown as Worker).postMessage(message);
const store = new Store();
const replay = new Replay(() => {
  room.views.replay = replay.view;
  ring();
});
let version = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let falling: ReturnType<typeof setTimeout> | undefined;
let notices: Notice[] = [];
let whenReplayed = { received: 0, evicted: 0 };
let rates: { at: number; received: number }[] = [];

const line = makeLine({
  add(frames, older) {
    store.add(frames, older);
    ring();
  },
  mark(name, text, id) {
    store.mark(name, text, id);
    ring();
  },
  has: (id) => store.has(id),
  get lastId() { return store.lastId; },
  get firstId() { return store.firstId; },
  since: (id, count) => store.since(id, count),
}, {
  changed: ring,
  notice(notice) {
    notices.push(notice);
    ring();
  },
  need: post,
});
const room: Room = { views: { live: new View(store), file: new View(new Store()), replay: replay.view }, line, ring };
const answers = makeAnswers(room);

function ring(): void {
  timer ??= setTimeout(() => {
    timer = undefined;
    const told = tick();
    post({ tick: told });
    // What came in one go is one message; history and what is caught up with is no news.
    if (told.connection.state === 'live') notices.push(...newsOf(store));
    store.news = [];
    if (notices.length > 0) post({ notices });
    notices = [];
    // The rate falls although nothing comes.
    clearTimeout(falling);
    if (told.perSecond > 0) falling = setTimeout(ring, kRateMs / 3);
  }, kRingMs);
}

function tick(): Tick {
  const { columns, slabs, received, evicted, tracesMade: traces, errors, gapsSeen: gaps, running } = store;
  return {
    version: ++version, rows: columns.size, bodyBytes: slabs.bodyBytes, received, evicted, traces, errors, gaps, running,
    perSecond: perSecond(received), connection: line.connection,
    replay: replay.place && { ...replay.place, came: received - whenReplayed.received, left: evicted - whenReplayed.evicted },
  };
}

function perSecond(received: number): number {
  const now = performance.now();
  const { state } = line.connection;
  // What is caught up with was not said now.
  if (state !== 'live' && state !== 'polling') rates = [];
  else rates = [...rates, { at: now, received }].filter(({ at }) => now - at <= kRateMs);
  return Math.round(((received - (rates[0]?.received ?? received)) * 1000) / kRateMs);
}

function obey(command: Command): void {
  if (command.do === 'replay' && !replay.place) whenReplayed = { received: store.received, evicted: store.evicted };
  if (command.do === 'replay') void replay.obey(command, room.views[command.from]);
  else line.obey(command);
}

async function answer<Name extends keyof Asks>(name: Name, n: number, args: Asks[Name]['ask']): Promise<void> {
  try {
    post({ n, answer: await answers[name](args) });
  } catch (error) {
    post({ n, failed: error instanceof Error ? error.message : String(error) });
  }
}

self.onmessage = ({ data }: MessageEvent<ToWorker>): void => {
  if ('ask' in data) void answer(data.ask, data.n, data.args as never);
  else obey(data);
};
