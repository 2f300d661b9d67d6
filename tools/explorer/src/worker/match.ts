// Filter terms as questions to the columns. What depends on a name is answered once per number
// of the dictionary, not once per row.

import { isNumberKey, readRange, wholeIn, type Range, type Term, type Value } from '../core/filter.ts';
import type { TraceState } from '../core/roll_up.ts';
import { percentile } from '../core/percentile.ts';
import { kindName } from '../core/envelope.ts';
import { kFailed, kHasStderr, kHasThought, kNoExit, kObservation, kRunning, kStatuses, kSuccess } from '../core/types.ts';
import { textTerms, type TextTerm } from './search.ts';
import type { Store } from './store.ts';
import type { Dictionary } from './dictionary.ts';

export interface Compiled {
  /** All terms but those of text. */
  admits(row: number): boolean;
  texts: TextTerm[];
  /** The answer for a row may change when the other half of its call comes. */
  changes: boolean;
  /** ... and at any time. */
  drifts: boolean;
}

type Question = (row: number) => boolean;

const kOfTheCall: readonly string[] = ['status', 'dur', 'exit', 'has', 'tool', 'server', 'share'];

export function compile(store: Store, terms: readonly Term[], nowMs: number): Compiled {
  const questions = terms.filter(({ key }) => key !== '').map((term) => {
    const ask = isNumberKey(term.key) ? askNumber(store, term, nowMs) : askName(store, term);
    return term.exclude ? (row: number) => !ask(row) : ask;
  });
  return {
    admits: (row) => questions.every((question) => question(row)),
    texts: textTerms(terms),
    changes: terms.some(({ key }) => kOfTheCall.includes(key)),
    drifts: terms.some(({ key, values }) => ['share', 'cost', 'quality'].includes(key) ||
      values.some(({ text }) => (key === 'time' && /[a-z]/.test(text)) || (key === 'dur' && text.includes('p')))),
  };
}

/** Terms asked of whole traces (`isOfTrace`), as docs/api/traces.md asks them of the list: to the millisecond. */
export function traceAdmits(terms: readonly Term[], nowMs: number): (trace: TraceState) => boolean {
  const questions = terms.map(({ key, values, exclude }) => {
    const { text } = values[0]!, range = isNumberKey(key) ? readRange(key, text, nowMs)! : null;
    const [low, high] = range ? wholeIn(range) : [0, 0];
    const lies = (from: number, to: number): boolean => to - from >= low && to - from <= high;
    const ask = (trace: TraceState): boolean => {
      const { startMs, lastMs, status } = trace, runs = status === 'running' || trace.running > 0;
      return key === 'time' ? lies(0, Math.floor(startMs))
        : key === 'dur' ? !runs && lies(Math.floor(startMs), Math.floor(lastMs))
        : range ? within(range, trace[key as 'cost' | 'quality'])
        : text === kRunning ? runs : status === 'error' || trace.errors > trace.cancelled;
    };
    return exclude ? (trace: TraceState) => !ask(trace) : ask;
  });
  return (trace) => questions.every((question) => question(trace));
}

const within = ({ low, high, lowOpen, highOpen }: Range, number: number): boolean =>
  (lowOpen ? number > low : number >= low) && (highOpen ? number < high : number <= high);

const fits = (values: readonly Value[], text: string): boolean =>
  values.some((value) => (value.prefix ? text !== '' && text.startsWith(value.text) : text === value.text));

function askName(store: Store, { key, values }: Term): Question {
  const { columns } = store;
  const any = (text: string): boolean => fits(values, text);
  switch (key) {
    case 'type': {
      const lower = values.map(({ text, prefix }) => ({ text: text.toLowerCase(), prefix }));
      return (row) => fits(lower, kindName(columns.data.kind[row % columns.ring]!)) || any(store.nameOf(row));
    }
    case 'status': return askStatus(store, values);
    case 'has': return askHas(store, values);
    case 'tool': return remembered(store.what, (row) => columns.data.what[row % columns.ring]!,
      ({ tool, server }) => any(tool) || (server !== '' && any(`${server}/${tool}`)));
    case 'server': return remembered(store.what, (row) => columns.data.what[row % columns.ring]!, ({ server }) => any(server));
    case 'task': return remembered(store.who, (row) => columns.data.who[row % columns.ring]!, (who) => any(who.key) || any(who.task));
    default: {
      const name = key as 'session' | 'thread' | 'agent' | 'role' | 'phase' | 'speaker';
      return remembered(store.who, (row) => columns.data.who[row % columns.ring]!, (who) => any(who[name]));
    }
  }
}

function remembered<Of>(dictionary: Dictionary<Of>, number: (row: number) => number, ask: (value: Of) => boolean): Question {
  let answers: (boolean | undefined)[] = [], generation = dictionary.generation;
  return (row) => {
    if (generation !== dictionary.generation) [answers, generation] = [[], dictionary.generation];
    const at = number(row);
    return (answers[at] ??= ask(dictionary.values[at]!));
  };
}

function askStatus(store: Store, values: readonly Value[]): Question {
  const lower = values.map(({ text, prefix }) => ({ text: text.toLowerCase(), prefix }));
  const admitted = kStatuses.map((name) => name !== '' && fits(lower, name.toLowerCase()));
  const error = fits(lower, 'error'), running = fits(lower, kRunning);
  admitted[kSuccess] ||= fits(lower, 'ok');
  return (row) => admitted[store.columns.data.status[row % store.columns.ring]!]! || (error && store.failed(row)) || (running && store.isRunning(row));
}

function askHas(store: Store, values: readonly Value[]): Question {
  const flag = new Map([['error', kFailed], ['stderr', kHasStderr], ['thought', kHasThought]]);
  const flags = values.reduce((all, { text }) => all | (flag.get(text) ?? 0), 0);
  return (row) => (store.columns.data.flags[row % store.columns.ring]! & flags) !== 0;
}

function askNumber(store: Store, { key, values }: Term, nowMs: number): Question {
  const { columns } = store;
  const ranges = values.flatMap(({ text }) => readRange(key, text, nowMs) ?? []);
  const read: (row: number) => number =
    key === 'dur' ? (row) => columns.data.duration[row % columns.ring]!
    : key === 'share' ? (row) => shareOf(store, row)
    : key === 'cost' || key === 'quality' ? (row) => (row >= store.sinceReset ? store.whoOf(row).trace?.[key] : undefined) ?? NaN
    : key === 'exit' ? (row) => { const exit = columns.data.exit[row % columns.ring]!; return exit === kNoExit ? NaN : exit; }
    : key === 'turn' ? (row) => { const turn = columns.data.turn[row % columns.ring]!; return turn < 0 ? NaN : turn; }
    : key === 'seq' ? (row) => columns.data.sequence[row % columns.ring]!
    : key === 'time' ? (row) => columns.data.time[row % columns.ring]!
    : (row) => columns.data.size[row % columns.ring]!;
  const percentiles = ranges.map(({ lowPercentile }) => (lowPercentile > 0 ? percentilesOf(store, lowPercentile) : null));
  return (row) => {
    const number = read(row);
    return ranges.some((range, at) =>
      within(percentiles[at] ? { ...range, low: percentiles[at].get(store.whatOf(row).tool) ?? Infinity } : range, number));
  };
}

/** Percent of the time of its trace. */
function shareOf(store: Store, row: number): number {
  const trace = row >= store.sinceReset ? store.whoOf(row).trace : null;
  return trace && trace.lastMs > trace.startMs ? (100 * store.columns.data.duration[row % store.columns.ring]!) / (trace.lastMs - trace.startMs) : NaN;
}

/** Per tool, over what is in memory. */
function percentilesOf(store: Store, share: number): Map<string, number> {
  const { data, ring, first, end } = store.columns;
  const durations = new Map<string, number[]>();
  for (let row = first; row < end; ++row) {
    const duration = data.duration[row % ring]!;
    if (data.kind[row % ring] !== kObservation || Number.isNaN(duration)) continue;
    const { tool } = store.whatOf(row);
    const known = durations.get(tool);
    if (known) known.push(duration);
    else durations.set(tool, [duration]);
  }
  return new Map([...durations].map(([tool, all]) => [tool, percentile(Float64Array.from(all).sort(), share)!]));
}
