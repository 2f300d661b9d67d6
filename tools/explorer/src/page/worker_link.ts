// The page's end of the line to its worker.

import { signal, type ReadonlySignal } from '@preact/signals';
import type { Asks, Command, FromWorker, Need, Notice, Tick } from '../core/protocol.ts';
import { startBlobWorker } from './trusted.ts';

type Ask<Name extends keyof Asks> = Asks[Name]['ask'];
type Answer<Name extends keyof Asks> = Asks[Name]['answer'];
interface Waiting {
  resolve: (answer: never) => void;
  reject: (error: Error) => void;
}

const kNothing: Tick = {
  version: 0, rows: 0, bodyBytes: 0, received: 0, evicted: 0, traces: 0, errors: 0, gaps: 0, running: 0, perSecond: 0,
  connection: {
    state: 'connecting', reason: '', transport: 'fetch', role: 'alone', tabs: 1, lastByteAt: 0, nextTryAt: 0, tries: 0,
    caughtUp: 0, catchUpTo: 0, lastId: '',
  },
};

const worker = startBlobWorker((globalThis as { ownText?: string }).ownText ?? '');
const waiting = new Map<number, Waiting>();
const noticeListeners = new Set<(notices: Notice[]) => void>();
const needListeners = new Set<(need: Need) => void>();
let asked = 0;
const told = signal<Tick>(kNothing);

/** The newest of what the worker rang. */
export const tick: ReadonlySignal<Tick> = told;

export function ask<Name extends keyof Asks>(name: Name, args: Ask<Name>): Promise<Answer<Name>> {
  return new Promise((resolve, reject) => {
    const n = ++asked;
    waiting.set(n, { resolve, reject });
    worker.postMessage({ ask: name, n, args });
  });
}
export function command(what: Command): void {
  worker.postMessage(what);
}
export function onNotices(listener: (notices: Notice[]) => void): void {
  noticeListeners.add(listener);
}
export function onNeed(listener: (need: Need) => void): void {
  needListeners.add(listener);
}

worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
  if ('tick' in data) told.value = data.tick;
  else if ('notices' in data) for (const listener of noticeListeners) listener(data.notices);
  else if ('needs' in data) for (const listener of needListeners) listener(data);
  else {
    const one = waiting.get(data.n);
    waiting.delete(data.n);
    if ('failed' in data) one?.reject(new Error(data.failed));
    else one?.resolve(data.answer as never);
  }
};
