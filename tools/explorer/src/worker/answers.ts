// Each question of the page and its answer.

import { parseBody, readEnvelope } from '../core/envelope.ts';
import { importFile } from '../core/import.ts';
import type { Asks, Entry, Health, Source } from '../core/protocol.ts';
import { kAction } from '../core/types.ts';
import { exportPiece } from './export_answer.ts';
import type { Line } from './frames.ts';
import { Store } from './store.ts';
import { ratesOf, toolsOf, valuesOf } from './tool_answers.ts';
import { rowsOf, traceOf, traceState } from './trace_answer.ts';
import { View } from './view.ts';

type Answers = { [Name in keyof Asks]: (ask: Asks[Name]['ask']) => Promise<Asks[Name]['answer']> | Asks[Name]['answer'] };

/** What the answers stand on. */
export interface Room {
  views: Record<Source, View>;
  line: Line;
  /** There is more to ask for. */
  ring(): void;
}

// What goes over all rows may take this share of the time: the next one waits.
const kMostShare = 0.2;
const kMostFileRows = 1_000_000;
// Of traces that may not be here whole, the server has been asked once.
const kMostAsked = 1000;

const decoder = new TextDecoder();

/** Runs what is dear no more often than it can afford. */
class Pace {
  readonly #free = new Map<string, number>();

  async run<Result>(key: string, work: () => Promise<Result> | Result): Promise<Result> {
    const wait = (this.#free.get(key) ?? 0) - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const began = performance.now();
    const result = await work();
    const ended = performance.now();
    if (this.#free.size > 100) this.#free.clear();
    this.#free.set(key, ended + (ended - began) * (1 / kMostShare - 1));
    return result;
  }
}

export function makeAnswers(room: Room): Answers {
  const { views, line } = room;
  const pace = new Pace();
  const asked = new Set<string>();

  async function trace({ source, task, had }: Asks['trace']['ask']): Promise<Asks['trace']['answer']> {
    const { store } = views[source];
    // What is here may be its newest part alone.
    if (source === 'live' && !asked.has(task)) {
      if (asked.size > kMostAsked) asked.clear();
      asked.add(task);
      const came = line.trace(task).catch(() => 0);
      if (!traceState(store, task)) await came;
    }
    return traceOf(store, task, had);
  }

  async function admitted({ source, task, filter }: Asks['admitted']['ask']): Promise<number[] | null> {
    const view = views[source], matches = await view.complete(filter), state = traceState(view.store, task);
    return matches && state ? rowsOf(view.store, state).filter((row) => matches.has(row)) : null;
  }

  async function entry({ source, row, id }: Asks['entry']['ask']): Promise<Entry | null> {
    const view = views[source];
    const at = view.store.holds(row) && (id === '' || view.store.id(row) === id) ? row : view.store.rowOf(id);
    const found = at < 0 ? undefined : (await view.read([at]))[0];
    const bytes = at < 0 ? undefined : (await view.bodies([at])).get(at);
    // What was too large for the stream is a mark, whose own body says only that.
    const wanted = found?.name === 'envelope_oversize' && found.kind === 'mark' ? undefined : bytes;
    if (found && wanted) return entryOf(found, decoder.decode(wanted));
    const name = found?.id || id;
    if (name === '' || source !== 'live') return found ? { row: found, body: null, gone: 'its body has left memory', topics: [] } : null;
    const { body, gone } = await line.body(name);
    if (found) return body === null ? { row: found, body, gone, topics: [] } : entryOf(found, body);
    if (body === null) return null;
    const alone = new View(new Store());
    alone.store.add([{ id: name, event: '', body: new TextEncoder().encode(body) }]);
    const [read] = await alone.read([alone.store.columns.first]);
    return entryOf({ ...read!, row: -1, pair: -1, status: read!.status === 'running' ? '' : read!.status }, body);
  }

  async function nextError({ source, filter, row, back }: Asks['nextError']['ask']): Promise<number> {
    const view = views[source], { store } = view;
    const matches = await view.complete(filter);
    const list = matches ?? store.columns;
    // Of a failed call the observation tells.
    const isError = (at: number): boolean => store.failed(at) && store.columns.data.kind[at % store.columns.ring] !== kAction;
    const place = (at: number): number => (matches ? matches.indexFrom(at) : Math.min(Math.max(at, list.first), list.end));
    for (let at = back ? place(row) - 1 : row < 0 ? list.first : place(row + 1); at >= list.first && at < list.end; at += back ? -1 : 1) {
      const found = matches ? matches.row(at) : at;
      if (isError(found)) return found;
    }
    return -1;
  }

  async function indexOf({ source, filter, row }: Asks['indexOf']['ask']): Promise<number> {
    const matches = await views[source].complete(filter);
    if (matches) return matches.has(row) ? matches.indexFrom(row) : -1;
    return views[source].store.holds(row) ? row : -1;
  }

  async function openFile({ file: given }: Asks['import']['ask']): Promise<Asks['import']['answer']> {
    const store = new Store({ mostRows: kMostFileRows, mostBodyBytes: 0 });
    const { file, rows, bad, note } = await importFile(given, ({ id, line: number, at, bytes }) => store.addOfFile({ id, event: '', body: bytes }, number, at));
    // What is on screen stays when nothing can be read.
    if (rows > 0) views.file = new View(store, file);
    room.ring();
    return { rows, bad, note };
  }

  function health(): Health {
    const { store } = views.live, { transport, role } = line.connection;
    return {
      transport, role, rows: store.columns.size, bodyBytes: store.slabs.bodyBytes, evicted: store.evicted,
      parseMs: store.parseMs, gaps: store.gapsSeen, reconnects: line.reconnects,
    };
  }

  const rung = <Answer extends { complete: boolean }>(answer: Answer): Answer => {
    if (!answer.complete) room.ring();
    return answer;
  };
  return {
    rows: async (ask) => rung(await views[ask.source].rows(ask)),
    traces: async (ask) => rung(await views[ask.source].traces(ask)),
    some: ({ source, rows }) => views[source].read(rows.filter((row) => views[source].store.holds(row))),
    trace,
    admitted,
    entry,
    tools: (ask) => pace.run('tools', () => toolsOf(views[ask.source].store, ask.sinceMs)),
    rates: (ask) => pace.run(`rates ${ask.tool}`, () => ratesOf(views[ask.source].store, ask, ask.source === 'live' ? Date.now() : lastMs(views[ask.source].store))),
    values: ({ source, key, prefix }) => valuesOf(views[source].store, key, prefix),
    nextError,
    indexOf,
    older: ({ count }) => line.older(count),
    refresh: () => line.refresh(),
    export: (ask) => exportPiece(views[ask.source], ask),
    import: openFile,
    health,
  };
}

function lastMs({ columns }: Store): number {
  return columns.size > 0 ? columns.data.time[(columns.end - 1) % columns.ring]! : Date.now();
}

function entryOf(row: Entry['row'], body: string): Entry {
  const { value } = parseBody(body);
  const { task, session, agent } = readEnvelope(value, row.name);
  const topics = row.kind === 'channel' ? [task] : row.kind === 'graph' ? ['graph']
    : row.kind === 'mark' ? [] : ['all', ...(task && [`task:${task}`]), ...(session && [`session:${session}`]), ...(agent && [`agent:${agent}`])];
  return { row, body, gone: '', topics };
}
