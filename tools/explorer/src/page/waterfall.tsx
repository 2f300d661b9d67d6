// A trace along time: a map of all of it, lanes of bars, and the same calls as a table.

import { useComputed, useSignal, useSignalEffect, type Signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { TreeNode } from '../core/trace_nodes.ts';
import { counted, duration } from '../core/units.ts';
import { grow, layOut, makeAxis, pan, parseRange, printRange, toMs, toU, zoom, type Axis, type Bar, type Layout, type Stretch } from '../core/waterfall_layout.ts';
import { Duration, Status } from './call_parts.tsx';
import { useKeys } from './keys.ts';
import { route, setParams } from './route.ts';
import { SafeText } from './safe_text.tsx';
import { CallName } from './call_name.tsx';
import { now, source } from './state.ts';
import { isCall, parentOf, type Story } from './story.ts';
import { VirtualList } from './virtual_list.tsx';
import { gutterOf, kInks, kLaneHeight, kRulerHeight, paintLanes, paintMap, type Hit } from './waterfall_paint.ts';

const kZoom = 0.6, kPan = 0.25;
const kSettleMs = 250;
const kMostLanes = 14; // before they scroll

export function Waterfall({ story }: { story: Story }) {
  const { nodes, chosen, choose, trace, said } = story;
  const clockMs = () => (source.value === 'live' ? now.value : trace.summary.lastMs);
  const [fold, setFold] = useState(true);
  const [untraced, setUntraced] = useState(false);
  const still = useMemo(() => layOut(nodes, source.peek() === 'live' ? now.peek() : trace.summary.lastMs), [nodes]);
  const layout = still.running.length > 0 ? grow(still, clockMs()) : still;
  const axis = useMemo(() => makeAxis(layout, fold), [layout, fold]);

  // null: all of it, however long it grows. The address follows when the hand rests.
  const range = useSignal<Stretch | null>(parseRange(route.peek().params.t));
  const asked = route.value.params.t ?? '';
  const written = useRef(asked);
  useEffect(() => {
    if (asked === written.current) return;
    written.current = asked;
    range.value = parseRange(asked);
  }, [asked]);
  const [settled, setSettled] = useState(range.peek());
  useSignalEffect(() => {
    const to = range.value;
    const timer = setTimeout(() => {
      setSettled(to);
      const text = to ? printRange(to) : '';
      if (text === written.current) return;
      written.current = text;
      setParams({ t: text });
    }, kSettleMs);
    return () => clearTimeout(timer);
  });

  const all: Stretch = { fromMs: axis.fromMs, toMs: axis.toMs };
  const see = (to: Stretch) => { range.value = toU(axis, to.fromMs) <= 0 && toU(axis, to.toMs) >= axis.spanU ? null : to; };
  const view = () => range.peek() ?? all;
  const middle = () => (toU(axis, view().fromMs) + toU(axis, view().toMs)) / 2;
  const nearer = (by: number, centre = middle()) => see(zoom(axis, view(), by, centre));
  const along = (by: number) => see(pan(axis, view(), by));
  useKeys('Waterfall', {
    a: ['earlier', () => along(-kPan)], d: ['later', () => along(kPan)], '+': ['nearer', () => nearer(kZoom)], '-': ['farther', () => nearer(1 / kZoom)],
    0: ['all of it', () => { range.value = null; }],
  });

  const calls = useMemo(() => nodes.filter(isCall).sort((a, b) => a.startMs - b.startMs || a.row - b.row), [nodes]);
  const inView = useMemo(() => (settled ? calls.filter((one) => one.startMs <= settled.toMs && (one.endMs ?? Infinity) >= settled.fromMs) : calls), [calls, settled]);
  const [hovered, setHovered] = useState<Hit | null>(null);
  // An observation is looked at as its call, which may not be here and have no row.
  const chosenCall = nodes[chosen]?.kind === 'observation' ? nodes[parentOf(nodes, chosen)] : nodes[chosen];
  const chosenRow = chosenCall?.row ?? -1, chosenKey = chosenCall?.key;
  const span = axis.toMs - axis.fromMs;
  const shareOf = (one: TreeNode) => ((one.endMs ?? (one.status === 'running' ? axis.toMs : one.startMs)) - one.startMs) / span;
  const goTo = useMemo(() => {
    const index = inView.findIndex((one) => one.key === chosenKey);
    return index < 0 ? undefined : { index };
  }, [chosenKey, settled]);

  return (
    <div class="waterfall">
      <div class="bar">
        <button type="button" class="icon" aria-label="Earlier" title="Earlier (a)" onClick={() => along(-kPan)}>‹</button>
        <button type="button" class="icon" aria-label="Later" title="Later (d)" onClick={() => along(kPan)}>›</button>
        <button type="button" class="icon" aria-label="Nearer" title="Nearer (+, Ctrl+wheel)" onClick={() => nearer(kZoom)}>+</button>
        <button type="button" class="icon" aria-label="Farther" title="Farther (-)" onClick={() => nearer(1 / kZoom)}>−</button>
        <button type="button" title="All of it (0)" onClick={() => { range.value = null; }}>Fit</button>
        <label><input type="checkbox" checked={fold} onChange={() => setFold(!fold)} />fold idle time</label>
        <label><input type="checkbox" checked={untraced} onChange={() => setUntraced(!untraced)} />show “no trace”</label>
        <span class="grow" />
        <RangeWords range={range} axis={axis} />
      </div>
      <MiniMap layout={layout} axis={axis} range={range} see={see} />
      <Lanes layout={layout} axis={axis} range={range} untraced={untraced} chosen={chosenRow} hovered={hovered?.bar ?? null}
        onHover={setHovered} onZoom={nearer} onPan={along} onChoose={(hit) => (hit.count > 1 ? see(zoom(axis, view(), 0.1, toU(axis, hit.bar.startMs))) : choose(hit.bar.node))} />
      <p class="hovered" aria-hidden="true">
        {hovered === null ? <span class="muted">{hoverHint(layout)}</span>
        : hovered.count > 1 ? <>{counted(hovered.count, 'call')}, too short to be told apart here{hovered.failed > 0 && <b class="bad"> {hovered.failed} failed</b>}: click comes nearer</>
        : <><b><CallName node={hovered.bar.node} /></b> <Status row={hovered.bar.node} /> <Duration row={hovered.bar.node} startMs={hovered.bar.startMs} />, {percent(shareOf(hovered.bar.node))} of the trace</>}
      </p>
      <VirtualList label={`Calls of the waterfall${settled ? ' in the range shown' : ''}`} main columns="72px minmax(120px,1fr) 176px 72px 60px" head={['Start', 'Tool', 'Status', 'Time', 'Share']}
        first={0} end={inView.length} at={0} items={inView} onWindow={() => undefined} keyOf={(one) => one.key} onSelect={choose} selected={inView[goTo?.index ?? -1]?.key ?? null} {...goTo && { goTo }}
        rowProps={(one) => ({ 'data-state': one.failed ? 'error' : 'none' })}
        cells={(one) => <>
          <span role="gridcell" class="num">{duration(one.startMs - axis.fromMs)}{!one.stamped && <span title="It has no stamp: this is its arrival"> *</span>}</span>
          <span role="gridcell"><CallName node={one} /> <span class="muted"><SafeText text={said(one)} /></span></span>
          <span role="gridcell"><Status row={{ status: one.status, failed: one.failed, exit: null }} /></span>
          <span role="gridcell" class="num"><Duration row={one} startMs={one.startMs} /></span>
          <span role="gridcell" class="num">{percent(shareOf(one))}</span>
        </>} />
    </div>
  );
}

const percent = (share: number) => (share > 0 && share < 0.001 ? '<0.1 %' : `${(share * 100).toFixed(1)} %`);
const hoverHint = ({ lanes, running }: Layout) => `${counted(lanes.length, 'lane')}${running.length > 0 ? `, ${running.length} running` : ''}; point at a bar, click to see it`;

function RangeWords({ range, axis }: { range: Signal<Stretch | null>; axis: Axis }) {
  const seen = range.value;
  return <span class="muted num">{seen ? `${duration(seen.fromMs - axis.fromMs)} to ${duration(seen.toMs - axis.fromMs)}, ${duration(seen.toMs - seen.fromMs)}` : `all ${duration(axis.toMs - axis.fromMs)}`}</span>;
}

const Inks = () => <>{kInks.map((name) => <i key={name} style={{ color: `var(--${name})` }} />)}</>;

/** Paints when what it reads changes, its box does, or the colours do; once per frame. */
function useCanvas(paint: (canvas: HTMLCanvasElement) => void, needs: unknown[]) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const newest = useRef(paint);
  newest.current = paint;
  const due = useRef(0);
  const ask = () => {
    if (due.current === 0) due.current = requestAnimationFrame(() => {
      due.current = 0;
      if (canvas.current) newest.current(canvas.current);
    });
  };
  useEffect(ask, needs);
  useEffect(() => {
    const sized = new ResizeObserver(ask);
    sized.observe(canvas.current!);
    const theme = new MutationObserver(ask);
    theme.observe(document.documentElement, { attributes: true });
    const schemes = ['(prefers-color-scheme: dark)', '(forced-colors: active)'].map((query) => matchMedia(query));
    for (const one of schemes) one.addEventListener('change', ask);
    return () => {
      cancelAnimationFrame(due.current);
      sized.disconnect();
      theme.disconnect();
      for (const one of schemes) one.removeEventListener('change', ask);
    };
  }, []);
  return { canvas, ask };
}

interface LanesProps {
  layout: Layout;
  axis: Axis;
  range: Signal<Stretch | null>;
  untraced: boolean;
  chosen: number;
  hovered: Bar | null;
  onHover: (hit: Hit | null) => void;
  onZoom: (by: number, centre: number) => void;
  onPan: (by: number) => void;
  onChoose: (hit: Hit) => void;
}

function Lanes(props: LanesProps) {
  const { layout, axis, range, untraced, chosen, hovered } = props;
  const box = useRef<HTMLDivElement>(null);
  const hits = useRef<Hit[]>([]);
  const drag = useRef<{ x: number; moved: boolean } | null>(null);
  const view = () => range.peek() ?? { fromMs: axis.fromMs, toMs: axis.toMs };
  const { canvas, ask } = useCanvas((element) => {
    hits.current = paintLanes(element, { layout, axis, view: view(), top: box.current?.scrollTop ?? 0, untraced, chosen, hovered });
  }, [layout, axis, untraced, chosen, hovered]);
  useSignalEffect(() => { void range.value; ask(); });

  const newest = useRef(props);
  newest.current = props;
  useEffect(() => {
    // Preact's listeners are passive for wheels; this one takes Ctrl+wheel from the browser.
    const onWheel = (event: WheelEvent) => {
      const { axis: now, onZoom, onPan } = newest.current;
      const wide = canvas.current!.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) {
        const seen = newest.current.range.peek() ?? now;
        const from = toU(now, seen.fromMs), to = toU(now, seen.toMs);
        const gutter = gutterOf(newest.current.layout);
        onZoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 200))), from + ((event.clientX - wide.left - gutter) / (wide.width - gutter)) * (to - from));
      } else if (event.deltaX !== 0 || event.shiftKey) onPan((event.deltaX || event.deltaY) / wide.width);
      else return;
      event.preventDefault();
    };
    const element = box.current!;
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, []);
  // What is chosen elsewhere comes into view.
  useEffect(() => {
    const at = chosen < 0 ? -1 : layout.lanes.findIndex((lane) => lane.bars.some((bar) => bar.node.row === chosen));
    const element = box.current!;
    if (at < 0) return;
    const y = at * kLaneHeight;
    if (y < element.scrollTop || y + kLaneHeight > element.scrollTop + element.clientHeight - kRulerHeight) element.scrollTop = y - kLaneHeight;
  }, [chosen]);

  const hitAt = (event: MouseEvent): Hit | null => {
    const { left, top } = canvas.current!.getBoundingClientRect();
    const x = event.clientX - left, y = event.clientY - top;
    return hits.current.findLast((hit) => x >= hit.x - 2 && x <= hit.x + hit.width + 2 && y >= hit.y - 3 && y <= hit.y + 19) ?? null;
  };
  const failed = layout.lanes.reduce((sum, lane) => sum + lane.bars.filter(({ node }) => node.failed).length, 0);
  const bars = layout.lanes.reduce((sum, lane) => sum + lane.bars.length, 0);
  const height = kRulerHeight + kLaneHeight * Math.min(kMostLanes, Math.max(2, layout.lanes.length)) + 4;
  return (
    <div ref={box} class="lanes" role="region" aria-label="Lanes" tabIndex={0} style={{ height: `${height}px` }} onScroll={ask}
      onPointerDown={(event) => { drag.current = { x: event.clientX, moved: false }; }}
      onPointerMove={(event) => {
        if (drag.current === null || event.buttons !== 1) {
          const hit = hitAt(event);
          if (hit?.bar !== hovered) props.onHover(hit);
          return;
        }
        const by = (drag.current.x - event.clientX) / canvas.current!.clientWidth;
        if (!drag.current.moved && Math.abs(drag.current.x - event.clientX) < 4) return;
        drag.current = { x: event.clientX, moved: true };
        props.onPan(by);
      }}
      onPointerLeave={() => props.onHover(null)}
      onClick={(event) => {
        const moved = drag.current?.moved;
        drag.current = null;
        const hit = hitAt(event);
        if (!moved && hit) props.onChoose(hit);
      }}>
      <canvas ref={canvas} role="img" aria-label={`Waterfall: ${counted(bars, 'call')} in ${counted(layout.lanes.length, 'lane')}, ${failed} failed. The table below has them all.`}><Inks /></canvas>
      <div style={{ height: `${layout.lanes.length * kLaneHeight + kRulerHeight - height + 4}px` }} />
    </div>
  );
}

/** All of it, with the range on it; dragging makes a new one. (The buttons and keys do as well.) */
function MiniMap({ layout, axis, range, see }: { layout: Layout; axis: Axis; range: Signal<Stretch | null>; see: (to: Stretch) => void }) {
  const { canvas } = useCanvas((element) => paintMap(element, layout, axis), [layout, axis]);
  const from = useRef<number | null>(null);
  const uAt = (event: PointerEvent) => {
    const { left, width } = canvas.current!.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - left) / width)) * axis.spanU;
  };
  const brush = useComputed(() => range.value).value;
  const left = brush ? toU(axis, brush.fromMs) / axis.spanU : 0, right = brush ? toU(axis, brush.toMs) / axis.spanU : 1;
  return (
    <div class="minimap"
      onPointerDown={(event) => { from.current = uAt(event); event.currentTarget.setPointerCapture(event.pointerId); }}
      onPointerMove={(event) => {
        if (from.current === null) return;
        const to = uAt(event);
        if (Math.abs(to - from.current) > axis.spanU / 200) see({ fromMs: toMs(axis, Math.min(from.current, to)), toMs: toMs(axis, Math.max(from.current, to)) });
      }}
      onPointerUp={() => { from.current = null; }}>
      <canvas ref={canvas} role="img" aria-label="Map of the whole trace"><Inks /></canvas>
      {brush && <div class="brush" style={{ left: `${left * 100}%`, width: `${(right - left) * 100}%` }} />}
    </div>
  );
}
