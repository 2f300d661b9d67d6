// Everything between the server and the store: own stream or another tab's, history, tokens.

import type { Command, Connection } from '../core/protocol.ts';
import { Applied } from './applied.ts';
import { kClock } from './clock.ts';
import type { Ingest, Line, LineEvents } from './frames.ts';
import { History } from './history.ts';
import { Family } from './leader.ts';
import { Stream } from './stream.ts';
import { Tokens } from './tokens.ts';
import type { Transport } from './transport.ts';
import { eventSourceTransport } from './transport_eventsource.ts';
import { fetchTransport } from './transport_fetch.ts';

type Got = Extract<Command, { do: 'got' }>;

/** Why a body is nowhere, for people. */
function whyGone({ status, text }: Got): string {
  const member = (name: string): string | undefined => new RegExp(`"${name}":"([^"]{1,100})"`).exec(text)?.[1];
  if (status === 0) return 'the server cannot be reached';
  if (status === 404) return 'the server does not know it';
  if (status === 410) return `the server keeps it no more; the oldest it has is ${member('oldest') ?? 'younger'}`;
  return `HTTP ${status} (${member('reason') ?? member('error') ?? 'no reason given'})`;
}

export function makeLine(ingest: Ingest, events: LineEvents): Line {
  let base = '';
  let hasLocks = false;
  let transport: Transport = fetchTransport;
  let family: Family | null = null;
  const applied = new Applied(ingest);
  const tokens = new Tokens(kClock, (what) => events.need(what));
  const asked = new Map<number, (got: Got) => void>();
  let questions = 0;

  const url = (path: string, query: Record<string, string | undefined>): string => {
    const made = new URL(path, base);
    for (const [name, value] of Object.entries(query)) if (value !== undefined) made.searchParams.set(name, value);
    return made.href;
  };
  const history = new History({ ingest, tokens, url, transport: () => transport });
  const changed = (): void => {
    family?.streamChanged();
    events.changed();
  };
  const stream = new Stream({
    clock: kClock, tokens, applied, url, changed, transport: () => transport,
    taken: (frames, after) => family?.passOn(frames, after),
  });

  const join = (): void => {
    if (base === '') return;
    family = new Family({
      name: `explorer:${new URL(base).pathname}`, hasLocks, clock: kClock, applied,
      connection: () => stream.connection,
      lead: () => stream.start(), follow: () => stream.stop(), reconnect: () => stream.start('asked for by hand'),
      fetch: (from, to) => history.fill(from, to), changed: events.changed,
    });
    events.changed();
  };
  const leave = (): void => {
    family?.leave();
    family = null;
    stream.stop();
  };
  const follows = (): boolean => family?.role === 'follower';

  return {
    get connection(): Connection {
      const own = stream.connection;
      if (!family) return own;
      const { role, tabs, told } = family;
      if (role !== 'follower') return { ...own, role, tabs };
      return { ...(told ?? { ...own, state: 'connecting', reason: '' }), role, tabs, lastId: applied.lastId };
    },
    get reconnects() {
      return stream.reconnects;
    },

    obey(command: Command): void {
      switch (command.do) {
        case 'start':
          transport = command.eventSource || typeof ReadableStream === 'undefined' ? eventSourceTransport : fetchTransport;
          ({ base, hasLocks } = command);
          leave();
          return join();
        case 'live':
          if (command.on === (family !== null)) return;
          return command.on ? join() : leave();
        case 'reconnect':
          if (follows()) return family?.tellLeader('reconnect');
          return family ? stream.start('asked for by hand') : join();
        case 'take_over': return family?.takeOver();
        case 'token':
          tokens.obey(command);
          return stream.tokenCame();
        case 'no_token':
          if (!tokens.obey(command)) stream.signedOut(command.reason);
          return;
        case 'online': return stream.setOnline(command.online);
        case 'visible': return command.visible ? stream.shown() : undefined;
        case 'got':
          asked.get(command.n)?.(command);
          asked.delete(command.n);
      }
    },
    older: (count) => history.older(count),
    trace: (task) => history.trace(task),
    refresh: () => history.refresh(),
    async body(id) {
      const got = await new Promise<Got>((answered) => {
        asked.set(++questions, answered);
        events.need({ needs: 'get', n: questions, path: `trace/envelopes/${encodeURIComponent(id)}` });
      });
      return got.status === 200 ? { body: got.text, gone: '' } : { body: null, gone: whyGone(got) };
    },
  };
}
