// Where each call of a trace stands in the waterfall: lanes, and the axis with its folds.
// Times are ms since 1970; `u` is a place on the axis, in ms of which the folded ones are few.

import type { TreeNode } from './trace_nodes.ts';

export interface Bar {
  node: TreeNode;
  startMs: number;
  endMs: number;
  running: boolean;
  /** Index in `Layout.lanes`. */
  lane: number;
}

export interface Lane {
  thread: string;
  /** The first lane of its thread carries the name and the marks. */
  first: boolean;
  /** By start; in one lane no two overlap. */
  bars: Bar[];
  /** Thoughts, by time. */
  marks: TreeNode[];
  /** Time inside a turn that no call covers. */
  untraced: Stretch[];
}

export interface Stretch {
  fromMs: number;
  toMs: number;
}

export interface Layout extends Stretch {
  lanes: Lane[];
  arrows: { from: Bar; to: Bar }[];
  /** Nothing runs and nothing is thought there. */
  idle: Stretch[];
  running: Bar[];
}

export interface Piece extends Stretch {
  fromU: number;
  toU: number;
  folded: boolean;
}

export interface Axis extends Stretch {
  pieces: Piece[];
  spanU: number;
}

/** What stands at one place: a bar, or several that are too narrow to be told apart. */
export interface Drawn {
  bar: Bar;
  count: number;
  failed: number;
  running: boolean;
  x: number;
  width: number;
}

const kFoldFrom = 0.1; // of the span, E33
const kFoldedTo = 0.04; // of what is left
const kLeastSpanMs = 0.01;

const isCall = (node: TreeNode) => node.kind === 'action' || node.node === 'missing';
export const startOf = (node: TreeNode): number => node.startMs || node.timeMs;

/** `taken` sorted by start: what of `whole` it leaves free. */
function freeOf(whole: Stretch, taken: readonly Stretch[]): Stretch[] {
  const free: Stretch[] = [];
  let at = whole.fromMs;
  for (const one of taken) {
    if (one.fromMs > at) free.push({ fromMs: at, toMs: Math.min(one.fromMs, whole.toMs) });
    at = Math.max(at, one.toMs);
  }
  if (at < whole.toMs) free.push({ fromMs: at, toMs: whole.toMs });
  return free;
}

export function layOut(nodes: readonly TreeNode[], nowMs: number): Layout {
  const threads = new Map<string, Lane[]>();
  const turns = new Map<string, { thread: string; whole: Stretch; calls: Stretch[] }>();
  const bars: Bar[] = [];
  const thoughts: TreeNode[] = [];
  let fromMs = Infinity, toMs = -Infinity;

  for (const node of nodes) {
    if (node.node === 'task' || node.node === 'thread' || node.node === 'turn') continue;
    const startMs = startOf(node);
    if (!threads.has(node.thread)) threads.set(node.thread, []);
    let endMs = startMs;
    if (isCall(node)) {
      const running = node.status === 'running';
      endMs = Math.max(startMs, running ? nowMs : (node.endMs ?? startMs + (node.durationMs ?? 0)));
      bars.push({ node, startMs, endMs, running, lane: -1 });
    } else if (node.kind === 'thought') thoughts.push(node);
    fromMs = Math.min(fromMs, startMs);
    toMs = Math.max(toMs, endMs);

    if (node.turn < 0) continue;
    const key = `${node.turn} ${node.thread}`;
    const turn = turns.get(key) ?? { thread: node.thread, whole: { fromMs: startMs, toMs: endMs }, calls: [] };
    turns.set(key, turn);
    turn.whole = { fromMs: Math.min(turn.whole.fromMs, startMs), toMs: Math.max(turn.whole.toMs, endMs) };
    if (isCall(node)) turn.calls.push({ fromMs: startMs, toMs: endMs });
  }
  if (fromMs > toMs) return { fromMs: nowMs, toMs: nowMs, lanes: [], arrows: [], idle: [], running: [] };

  const newLane = (thread: string, first: boolean): Lane => ({ thread, first, bars: [], marks: [], untraced: [] });
  bars.sort((a, b) => a.startMs - b.startMs || a.node.row - b.node.row);
  const ends = new Map([...threads.keys()].map((thread) => [thread, [] as number[]]));
  for (const bar of bars) {
    const { thread } = bar.node;
    const own = threads.get(thread)!, taken = ends.get(thread)!;
    const free = taken.findIndex((end) => end <= bar.startMs);
    const at = free < 0 ? own.push(newLane(thread, own.length === 0)) - 1 : free;
    own[at]!.bars.push(bar);
    // A running one keeps its lane whatever the clock says.
    taken[at] = bar.running ? Infinity : bar.endMs;
  }
  for (const [thread, own] of threads) if (own.length === 0) own.push(newLane(thread, true));
  for (const thought of thoughts.sort((a, b) => startOf(a) - startOf(b))) threads.get(thought.thread)![0]!.marks.push(thought);
  const byStart = (a: Stretch, b: Stretch) => a.fromMs - b.fromMs;
  for (const { thread, whole, calls } of turns.values()) threads.get(thread)![0]!.untraced.push(...freeOf(whole, calls.sort(byStart)));

  const lanes = [...threads.values()].flat();
  lanes.forEach((lane, at) => { for (const bar of lane.bars) bar.lane = at; });

  const byCall = new Map(bars.map((bar) => [bar.node.call, bar]));
  const arrows = bars.flatMap((to) => to.node.dependsOn.flatMap((id) => {
    const from = byCall.get(id);
    return from && from !== to ? [{ from, to }] : [];
  }));
  const busy = [...bars.map((bar) => ({ fromMs: bar.startMs, toMs: bar.endMs })),
    ...thoughts.map((thought) => ({ fromMs: startOf(thought), toMs: startOf(thought) }))].sort(byStart);
  return { fromMs, toMs, lanes, arrows, idle: freeOf({ fromMs, toMs }, busy), running: bars.filter(({ running }) => running) };
}

/** The same a moment later: what runs is longer, nothing else has changed. */
export function grow(layout: Layout, nowMs: number): Layout {
  for (const bar of layout.running) bar.endMs = Math.max(bar.endMs, nowMs);
  return layout.running.length === 0 ? layout : { ...layout, toMs: Math.max(layout.toMs, nowMs) };
}

export function makeAxis(layout: Layout, fold: boolean): Axis {
  const { fromMs } = layout;
  const toMs = Math.max(layout.toMs, fromMs + kLeastSpanMs);
  const span = toMs - fromMs;
  const folds = fold ? layout.idle.filter((one) => one.toMs - one.fromMs > span * kFoldFrom) : [];
  const left = folds.reduce((sum, one) => sum - (one.toMs - one.fromMs), span);
  // Nothing but silence between two points: what is folded still has a width.
  const foldedU = Math.max(left, kLeastSpanMs) * kFoldedTo;
  const pieces: Piece[] = [];
  let u = 0;
  const add = (from: number, to: number, folded: boolean) => {
    if (to <= from) return;
    const width = folded ? foldedU : to - from;
    pieces.push({ fromMs: from, toMs: to, fromU: u, toU: u += width, folded });
  };
  let at = fromMs;
  for (const one of folds) {
    add(at, one.fromMs, false);
    add(one.fromMs, one.toMs, true);
    at = one.toMs;
  }
  add(at, toMs, false);
  return { fromMs, toMs, pieces, spanU: u };
}

export function toU(axis: Axis, ms: number): number {
  for (const one of axis.pieces) {
    if (ms <= one.toMs) return one.fromU + ((Math.max(ms, one.fromMs) - one.fromMs) / (one.toMs - one.fromMs)) * (one.toU - one.fromU);
  }
  return axis.spanU;
}

export function toMs(axis: Axis, u: number): number {
  for (const one of axis.pieces) {
    if (u <= one.toU) return one.fromMs + ((Math.max(u, one.fromU) - one.fromU) / (one.toU - one.fromU)) * (one.toMs - one.fromMs);
  }
  return axis.toMs;
}

/** `by` < 1 comes nearer; `centre` keeps its place on the screen. Never beyond the axis. */
export function zoom(axis: Axis, view: Stretch, by: number, centre: number): Stretch {
  const from = toU(axis, view.fromMs), to = toU(axis, view.toMs);
  const width = Math.min(axis.spanU, Math.max(kLeastSpanMs, (to - from) * by));
  const start = centre - ((centre - from) / (to - from || 1)) * width;
  return within(axis, start, width);
}

/** `by` is of what is seen: 0.2 goes on by a fifth. */
export function pan(axis: Axis, view: Stretch, by: number): Stretch {
  const from = toU(axis, view.fromMs), width = toU(axis, view.toMs) - from;
  return within(axis, from + width * by, width);
}

function within(axis: Axis, start: number, width: number): Stretch {
  const from = Math.max(0, Math.min(start, axis.spanU - width));
  return { fromMs: toMs(axis, from), toMs: toMs(axis, from + width) };
}

/** Index of the first bar that ends at or after `ms`: bars of a lane do not overlap. */
function firstFrom(bars: readonly Bar[], ms: number): number {
  let low = 0, high = bars.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (bars[mid]!.endMs < ms) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** What of a lane is seen, `width` pixels wide. Bars under one pixel that touch become one. */
export function drawnOf(lane: Lane, axis: Axis, view: Stretch, width: number): Drawn[] {
  const from = toU(axis, view.fromMs);
  const scale = width / (toU(axis, view.toMs) - from || 1);
  const drawn: Drawn[] = [];
  for (let at = firstFrom(lane.bars, view.fromMs); at < lane.bars.length; ++at) {
    const bar = lane.bars[at]!;
    if (bar.startMs > view.toMs) break;
    const x = (toU(axis, bar.startMs) - from) * scale;
    const wide = (toU(axis, bar.endMs) - from) * scale - x;
    const last = drawn.at(-1);
    if (last && wide < 1 && (last.count > 1 || last.width <= 1) && x < last.x + last.width + 1 && !bar.running) {
      last.width = Math.max(last.width, x + wide - last.x);
      ++last.count;
      last.failed += Number(bar.node.failed);
    } else drawn.push({ bar, count: 1, failed: Number(bar.node.failed), running: bar.running, x, width: Math.max(1, wide) });
  }
  return drawn;
}

/** Round times for labels, about `apart` pixels from each other, none inside a fold. */
export function ticksOf(axis: Axis, view: Stretch, width: number, apart = 90): number[] {
  const from = toU(axis, view.fromMs), to = toU(axis, view.toMs);
  const least = ((to - from) * apart) / Math.max(width, apart);
  const ten = 10 ** Math.floor(Math.log10(least || 1));
  const step = ([1, 2, 5].find((by) => ten * by >= least) ?? 10) * ten;
  const ticks: number[] = [];
  for (const one of axis.pieces) {
    if (one.folded || one.toMs < view.fromMs || one.fromMs > view.toMs) continue;
    const first = Math.ceil((Math.max(one.fromMs, view.fromMs) - axis.fromMs) / step);
    const last = Math.floor((Math.min(one.toMs, view.toMs) - axis.fromMs) / step);
    for (let n = first; n <= last; ++n) ticks.push(axis.fromMs + n * step);
  }
  return ticks;
}

/** `<from>-<to>` in ns, as in the address; null: all of it. */
export function parseRange(text: string | undefined): Stretch | null {
  const found = /^(\d{1,19})-(\d{1,19})$/.exec(text ?? '');
  if (!found) return null;
  const fromMs = Number(found[1]) / 1e6, toMs = Number(found[2]) / 1e6;
  return toMs > fromMs ? { fromMs, toMs } : null;
}
// Whole ms and the rest apart: their product with a million has more digits than a number holds.
const printNs = (ms: number): string =>
  (BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.round((ms - Math.floor(ms)) * 1e6))).toString();
export const printRange = ({ fromMs, toMs }: Stretch): string => `${printNs(fromMs)}-${printNs(toMs)}`;
