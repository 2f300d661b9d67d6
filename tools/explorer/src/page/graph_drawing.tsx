// The picture of the graph, on a canvas: drawn when something changed, and for the second of a
// pulse; at rest no frame is painted. What it shows stands in two tables as well.

import { useEffect, useRef, useState } from 'preact/hooks';
import { layoutGraph } from '../core/graph_layout.ts';
import { fillOf, kDimmed, letterOf, ringOf } from './graph_colours.ts';
import { edgeKey, type Edge, type Graph, type Tool } from './graph_data.ts';
import { along, kAll, nearer, showing, type Sight } from './graph_sight.ts';
import { inkOf, isDark } from './ink.ts';
import { useKeys } from './keys.ts';
import { startBlobWorker } from './trusted.ts';

/** The most important ones; the tables have all. */
export const kMaxDrawn = 300;
const kPulseMs = 1000;
const kPad = 36;
const kStep = 1.5, kWheel = 1.25;
/** Of the window, at once. */
const kAlong = 0.25;
/** Pixels that a hand moves in a click. */
const kStill = 4;
/** Square pixels; where there is less for each, all are smaller. */
const kRoomOfOne = 4000;

interface Place {
  tool: Tool;
  x: number;
  y: number;
  r: number;
}
interface Scene {
  places: Map<string, Place>;
  edges: Edge[];
  servers: string[];
}

interface Props {
  graph: Graph;
  servers: string[];
  pulses: Map<string, number>;
  version: number;
  focus: string;
  path: readonly string[];
  onFocus: (id: string) => void;
}

/** The tools to draw and where, 0 to 1: so much work that a worker of its own does it. */
function useLayout(graph: Graph): { tools: Tool[]; places: Float64Array } | null {
  const [got, setGot] = useState<{ tools: Tool[]; places: Float64Array } | null>(null);
  useEffect(() => {
    const tools = [...graph.tools.values()].sort((a, b) => b.pagerank - a.pagerank || (a.id < b.id ? -1 : 1)).slice(0, kMaxDrawn);
    const index = new Map(tools.map(({ id }, i) => [id, i]));
    const edges: number[] = [];
    for (const { source, target, confidence } of graph.edges.values()) {
      const from = index.get(source), to = index.get(target);
      if (from !== undefined && to !== undefined) edges.push(from, to, confidence);
    }
    const worker = startBlobWorker(`onmessage = ({ data }) => postMessage((${layoutGraph})(data))`);
    worker.onmessage = ({ data: places }: MessageEvent<Float64Array>) => {
      worker.terminate();
      setGot({ tools, places });
    };
    worker.postMessage({ ids: tools.map(({ id }) => id), edges });
    return () => worker.terminate();
  }, [graph]);
  return got;
}

export function GraphDrawing({ graph, servers, pulses, version, focus, path, onFocus }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const scene = useRef<Scene>({ places: new Map(), edges: [], servers });
  const layout = useLayout(graph);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [sight, setSight] = useState<Sight>(kAll);
  const drag = useRef<{ x: number; y: number; moved: boolean } | null>(null);

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setSize({ width: Math.floor(entry!.contentRect.width), height: Math.floor(entry!.contentRect.height) }));
    watch.observe(canvas.current!.parentElement!);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    const onWheel = (event: WheelEvent): void => {
      if (!event.ctrlKey) return;
      event.preventDefault(); // else the page itself is zoomed
      setSight((old) => nearer(old, event.deltaY < 0 ? kWheel : 1 / kWheel, event.offsetX, event.offsetY, size));
    };
    canvas.current!.addEventListener('wheel', onWheel, { passive: false });
    return () => canvas.current?.removeEventListener('wheel', onWheel);
  }, [size]);
  useEffect(() => setSight((old) => along(old, 0, 0, size)), [size]);
  useEffect(() => {
    const place = scene.current.places.get(focus);
    if (place) setSight((old) => showing(old, place, size));
  }, [focus]);

  useEffect(() => {
    if (!layout || !canvas.current || size.width === 0) return;
    const { tools, places } = layout, most = Math.max(...tools.map(({ pagerank }) => pagerank), 1e-9);
    const fit = Math.min(1, Math.sqrt((size.width * size.height) / (tools.length * kRoomOfOne)));
    scene.current = {
      servers, edges: [...graph.edges.values()],
      places: new Map(tools.map((tool, i) => [tool.id, {
        tool, r: fit * (6 + 16 * Math.sqrt(tool.pagerank / most)) * Math.sqrt(sight.scale),
        x: sight.x + sight.scale * (kPad + places[2 * i]! * (size.width - 2 * kPad)), y: sight.y + sight.scale * (kPad + places[2 * i + 1]! * (size.height - 2 * kPad - 12)),
      }])),
    };
    const context = canvas.current.getContext('2d')!;
    const ratio = devicePixelRatio;
    canvas.current.width = size.width * ratio;
    canvas.current.height = size.height * ratio;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    let frame = 0, timer = 0;
    const paint = (): void => {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      const at = performance.now();
      for (const [key, since] of pulses) if (at - since > kPulseMs) pulses.delete(key);
      draw(context, scene.current, { focus, path, pulses, at, still });
      if (pulses.size === 0) return;
      if (still) timer = window.setTimeout(paint, kPulseMs); // a still mark for as long
      else frame = requestAnimationFrame(paint);
    };
    paint();
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [layout, size, sight, version, focus, path.join('\n'), isDark.value]);

  const at = (event: MouseEvent): Place | undefined => {
    let best: Place | undefined, least = 12;
    for (const place of scene.current.places.values()) {
      const away = Math.hypot(place.x - event.offsetX, place.y - event.offsetY) - place.r;
      if (away < least) [best, least] = [place, away];
    }
    return best;
  };
  const walk = (event: KeyboardEvent): void => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] as [number, number] | undefined;
    if (!way) return;
    event.preventDefault();
    const next = neighbourTowards(scene.current, focus, way);
    if (next) onFocus(next);
  };
  const zoom = (by: number) => setSight((old) => nearer(old, by, size.width / 2, size.height / 2, size));
  const move = (right: number, down: number) => setSight((old) => along(old, -right * kAlong * size.width, -down * kAlong * size.height, size));
  const fit = () => setSight(kAll);
  useKeys('Drawing', {
    '+': ['nearer', () => zoom(kStep)], '-': ['farther', () => zoom(1 / kStep)], 0: ['all of it', fit],
    a: ['left', () => move(-1, 0)], d: ['right', () => move(1, 0)], w: ['up', () => move(0, -1)], s: ['down', () => move(0, 1)],
  });
  const button = (sign: string, label: string, key: string, run: () => void) => (
    <button type="button" class="icon" aria-label={label} title={`${label} (${key})`} onClick={run}>{sign}</button>
  );

  return (
    <>
      <div class="bar" role="group" aria-label="Part of the drawing">
        {button('+', 'Nearer', '+, Ctrl+wheel', () => zoom(kStep))}
        {button('−', 'Farther', '-', () => zoom(1 / kStep))}
        <button type="button" title="All of it (0)" onClick={fit}>Fit</button>
        {button('←', 'Left', 'a', () => move(-1, 0))}
        {button('→', 'Right', 'd', () => move(1, 0))}
        {button('↑', 'Up', 'w', () => move(0, -1))}
        {button('↓', 'Down', 's', () => move(0, 1))}
        <output class="num muted">{Math.round(sight.scale * 100)} %</output>
      </div>
      <div class="drawing" aria-busy={layout === null}>
        <canvas ref={canvas} tabIndex={0} role="img" aria-label={`Graph of ${graph.tools.size} tools and ${graph.edges.size} edges${focus ? `, at ${focus}` : ''}. Arrow keys walk to neighbours.`}
          onClick={(event) => { if (!drag.current?.moved) onFocus(at(event)?.tool.id ?? ''); }}
          onPointerDown={({ offsetX: x, offsetY: y }) => { drag.current = { x, y, moved: false }; }}
          onPointerMove={(event) => {
            const { current: from } = drag, { offsetX: x, offsetY: y } = event;
            if (event.buttons !== 1 || !from) event.currentTarget.title = at(event)?.tool.id ?? '';
            else if (from.moved || Math.hypot(x - from.x, y - from.y) >= kStill) {
              event.currentTarget.setPointerCapture(event.pointerId);
              drag.current = { x, y, moved: true };
              setSight((old) => along(old, x - from.x, y - from.y, size));
            }
          }} onKeyDown={walk} />
      </div>
    </>
  );
}

/** The neighbour that lies best in that direction; without a focus, the most important tool. */
export function neighbourTowards({ places, edges }: Pick<Scene, 'places' | 'edges'>, focus: string, [dx, dy]: readonly [number, number]): string | null {
  const from = places.get(focus);
  if (!from) return places.keys().next().value ?? null;
  let best: string | null = null, most = 0.2; // nothing that lies behind
  for (const { source, target } of edges) {
    const id = source === focus ? target : target === focus ? source : '';
    const to = places.get(id);
    if (!to || id === focus) continue;
    const along = ((to.x - from.x) * dx + (to.y - from.y) * dy) / (Math.hypot(to.x - from.x, to.y - from.y) || 1);
    if (along > most) [best, most] = [id, along];
  }
  return best;
}

interface Look {
  focus: string;
  path: readonly string[];
  pulses: ReadonlyMap<string, number>;
  at: number;
  still: boolean;
}

function draw(to: CanvasRenderingContext2D, { places, edges, servers }: Scene, { focus, path, pulses, at, still }: Look): void {
  const dark = isDark.peek();
  const [line, text, link, bg] = ['edge-of-control', 'text', 'link', 'bg'].map(inkOf) as [string, string, string, string];
  const steps = new Set(path.slice(1).map((id, i) => edgeKey(path[i]!, id)));
  const near = new Set([focus, ...path]);
  for (const { source, target } of edges) if (source === focus || target === focus) near.add(source).add(target);

  for (const edge of edges) {
    const a = places.get(edge.source), b = places.get(edge.target);
    if (!a || !b) continue;
    const key = edgeKey(edge.source, edge.target), since = pulses.get(key);
    const isStep = steps.has(key), isNear = edge.source === focus || edge.target === focus;
    to.globalAlpha = 1;
    to.strokeStyle = to.fillStyle = isStep || isNear ? link : line;
    to.lineWidth = 0.5 + 2.5 * edge.confidence + (isStep || isNear ? 1 : 0);
    to.setLineDash(edge.edge_source === 'template' ? [5, 4] : []);
    drawArrow(to, a, b);
    if (since === undefined) continue;
    to.globalAlpha = still ? 0.5 : 0.6 * Math.max(0, 1 - (at - since) / kPulseMs);
    to.strokeStyle = link;
    to.lineWidth += 8;
    to.setLineDash([]);
    drawArrow(to, a, b);
  }
  to.setLineDash([]);
  for (const { tool, x, y, r } of places.values()) {
    to.globalAlpha = focus && !near.has(tool.id) ? kDimmed : 1;
    to.beginPath();
    to.arc(x, y, r, 0, 2 * Math.PI);
    to.fillStyle = fillOf(tool.community_id, dark);
    to.fill();
    to.lineWidth = tool.id === focus ? 5 : 2.5;
    to.strokeStyle = tool.id === focus ? link : ringOf(tool.server, servers, dark);
    to.stroke();
    to.fillStyle = text;
    to.font = `600 ${r > 10 ? 12 : 9}px system-ui, sans-serif`;
    to.textAlign = 'center';
    to.textBaseline = 'middle';
    to.fillText(letterOf(tool.community_id), x, y + 0.5);
  }
  drawLabels(to, [...places.values()], near, focus, text, bg);
  to.globalAlpha = 1;
}

function drawArrow(to: CanvasRenderingContext2D, a: Place, b: Place): void {
  const dx = b.x - a.x, dy = b.y - a.y, far = Math.hypot(dx, dy);
  if (far < 1) return; // a tool that follows itself
  const [ux, uy] = [dx / far, dy / far];
  const [x, y] = [b.x - ux * (b.r + 2), b.y - uy * (b.r + 2)];
  to.beginPath();
  to.moveTo(a.x + ux * a.r, a.y + uy * a.r);
  to.lineTo(x, y);
  to.stroke();
  to.setLineDash([]);
  to.beginPath();
  to.moveTo(x, y);
  to.lineTo(x - 8 * ux - 4 * uy, y - 8 * uy + 4 * ux);
  to.lineTo(x - 8 * ux + 4 * uy, y - 8 * uy - 4 * ux);
  to.fill();
}

/** The important ones first, and none over another. */
function drawLabels(to: CanvasRenderingContext2D, places: readonly Place[], near: ReadonlySet<string>, focus: string, ink: string, paper: string): void {
  const taken: [number, number, number, number][] = [];
  to.font = '11px system-ui, sans-serif';
  to.textBaseline = 'top';
  to.lineWidth = 3;
  to.lineJoin = 'round';
  const width = to.canvas.width / devicePixelRatio, height = to.canvas.height / devicePixelRatio;
  const order = [...places].sort((a, b) => Number(near.has(b.tool.id)) - Number(near.has(a.tool.id)) || b.tool.pagerank - a.tool.pagerank);
  for (const { tool, x, y, r } of order) {
    if (x < 0 || x > width || y < 0 || y > height) continue;
    const label = tool.label.length > 28 ? `${tool.label.slice(0, 27)}…` : tool.label;
    const half = to.measureText(label).width / 2 + 2, middle = Math.max(half, Math.min(width - half, x));
    const box: [number, number, number, number] = [middle - half, y + r + 3, middle + half, y + r + 16];
    const isOver = (other: Place): boolean => other.tool !== tool && other.x + other.r > box[0] && other.x - other.r < box[2] && other.y + other.r > box[1] && other.y - other.r < box[3];
    if (taken.some(([l, t, right, bottom]) => box[0] < right && box[2] > l && box[1] < bottom && box[3] > t)) continue;
    if (!near.has(tool.id) && places.some(isOver)) continue;
    taken.push(box);
    to.globalAlpha = focus && !near.has(tool.id) ? kDimmed : 1;
    to.strokeStyle = paper;
    to.strokeText(label, middle, box[1]);
    to.fillStyle = ink;
    to.fillText(label, middle, box[1]);
  }
}
