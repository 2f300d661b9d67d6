// The pictures of the waterfall. Colours are those of the style sheet, read from the canvas' own
// children, because a canvas knows no variables.

import { drawnOf, ticksOf, toU, type Axis, type Bar, type Drawn, type Layout, type Stretch } from '../core/waterfall_layout.ts';
import { piecesOf } from '../core/hidden_chars.ts';
import { counted, duration, toolName } from '../core/units.ts';

/** Tokens of style.css; one child of the canvas each, in this order. */
export const kInks = ['bg', 'raised', 'text', 'muted', 'line', 'link', 'error', 'error-fill', 'action-fill', 'action-edge', 'observation-fill', 'observation-edge', 'thought-edge', 'other-fill'] as const;
type Inks = Record<(typeof kInks)[number], string>;

export const kLaneHeight = 24;
export const kRulerHeight = 22;
const kBar = 16;
const kLabelFrom = 34;

export interface Picture {
  layout: Layout;
  axis: Axis;
  view: Stretch;
  /** Pixels scrolled away above. */
  top: number;
  untraced: boolean;
  chosen: number;
  hovered: Bar | null;
}
/** What a point of the last picture is. */
export interface Hit extends Drawn {
  y: number;
}

const inksOf = (canvas: HTMLCanvasElement): Inks =>
  Object.fromEntries(kInks.map((name, at) => [name, getComputedStyle(canvas.children[at]!).color])) as Inks;

function prepare(canvas: HTMLCanvasElement): { draw: CanvasRenderingContext2D; inks: Inks; width: number; height: number } {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const draw = canvas.getContext('2d')!;
  draw.setTransform(scale, 0, 0, scale, 0, 0);
  const inks = inksOf(canvas);
  draw.fillStyle = inks.bg;
  draw.fillRect(0, 0, width, height);
  draw.font = `11px ${getComputedStyle(canvas).fontFamily}`;
  draw.textBaseline = 'middle';
  return { draw, inks, width, height };
}

const plain = (text: string): string => piecesOf(text.slice(0, 200)).map((piece) => (piece.kind === 'hidden' ? `<${piece.text}>` : piece.text)).join('');
/** Pixels at the left that say which thread a lane is of; none while there is but one. */
export const gutterOf = ({ lanes }: Layout): number => (lanes.some((lane) => lane.thread !== lanes[0]!.thread) ? 84 : 0);

/** As much of the text as fits. */
function write(draw: CanvasRenderingContext2D, text: string, x: number, y: number, room: number): void {
  if (room < 8) return;
  let shown = plain(text);
  if (draw.measureText(shown).width > room) {
    let low = 0, high = shown.length;
    while (low < high) {
      const mid = (low + high + 1) >> 1;
      if (draw.measureText(`${shown.slice(0, mid)}…`).width <= room) low = mid;
      else high = mid - 1;
    }
    shown = low === 0 ? '' : `${shown.slice(0, low)}…`;
  }
  draw.fillText(shown, x, y);
}
function hatch(draw: CanvasRenderingContext2D, x: number, y: number, width: number, height: number, colour: string): void {
  draw.save();
  draw.beginPath();
  draw.rect(x, y, width, height);
  draw.clip();
  draw.strokeStyle = colour;
  draw.beginPath();
  for (let at = x - height; at < x + width; at += 6) {
    draw.moveTo(at, y + height);
    draw.lineTo(at + height, y);
  }
  draw.stroke();
  draw.restore();
}

export function paintLanes(canvas: HTMLCanvasElement, { layout, axis, view, top, untraced, chosen, hovered }: Picture): Hit[] {
  const { draw, inks, width: whole, height } = prepare(canvas);
  const gutter = gutterOf(layout), width = whole - gutter;
  draw.translate(gutter, 0);
  const from = toU(axis, view.fromMs);
  const scale = width / (toU(axis, view.toMs) - from || 1);
  const xOf = (ms: number) => (toU(axis, ms) - from) * scale;

  for (const one of axis.pieces) {
    if (!one.folded || one.toMs < view.fromMs || one.fromMs > view.toMs) continue;
    const x = xOf(one.fromMs), wide = xOf(one.toMs) - x;
    draw.fillStyle = inks.raised;
    draw.fillRect(x, 0, wide, height);
    hatch(draw, x, kRulerHeight, wide, height, inks.line);
  }
  draw.strokeStyle = inks.line;
  for (const ms of ticksOf(axis, view, width)) {
    const x = Math.round(xOf(ms)) + 0.5;
    draw.beginPath();
    draw.moveTo(x, kRulerHeight);
    draw.lineTo(x, height);
    draw.stroke();
  }

  const hits: Hit[] = [];
  const firstLane = Math.max(0, Math.floor(top / kLaneHeight));
  const lastLane = Math.min(layout.lanes.length, Math.ceil((top + height) / kLaneHeight));
  for (let at = firstLane; at < lastLane; ++at) {
    const lane = layout.lanes[at]!;
    const y = kRulerHeight + at * kLaneHeight - top;
    const barTop = y + (kLaneHeight - kBar) / 2;
    if (lane.first && at > 0) {
      draw.fillStyle = inks.muted;
      draw.fillRect(-gutter, y, whole, 1);
    }
    if (untraced) for (const one of lane.untraced) hatch(draw, xOf(one.fromMs), barTop, xOf(one.toMs) - xOf(one.fromMs), kBar, inks.muted);
    for (const one of drawnOf(lane, axis, view, width)) {
      paintBar(draw, inks, one, barTop, width, one.bar.node.row === chosen && chosen >= 0, one.bar === hovered);
      hits.push({ ...one, x: one.x + gutter, y: barTop });
    }
    for (const mark of lane.marks) {
      const x = xOf(mark.startMs || mark.timeMs);
      if (x < -6 || x > width + 6) continue;
      draw.fillStyle = mark.row === chosen ? inks.link : inks['thought-edge'];
      draw.beginPath();
      draw.moveTo(x, y + 1);
      draw.lineTo(x + 4, y + 5);
      draw.lineTo(x, y + 9);
      draw.lineTo(x - 4, y + 5);
      draw.fill();
    }
  }
  paintArrows(draw, inks, layout, chosen, xOf, top);
  paintRuler(draw, inks, axis, view, width, xOf);
  if (gutter > 0) paintGutter(draw, inks, layout, gutter, height, top);
  return hits;
}

function paintGutter(draw: CanvasRenderingContext2D, inks: Inks, { lanes }: Layout, gutter: number, height: number, top: number): void {
  draw.fillStyle = inks.raised;
  draw.fillRect(-gutter, 0, gutter, height);
  draw.fillStyle = inks.line;
  draw.fillRect(-1, 0, 1, height);
  lanes.forEach((lane, at) => {
    const y = kRulerHeight + at * kLaneHeight - top;
    if (!lane.first || y < 0 || y > height) return;
    draw.fillStyle = inks.text;
    write(draw, lane.thread || '(no thread)', 6 - gutter, y + kLaneHeight / 2, gutter - 12);
  });
}

function paintBar(draw: CanvasRenderingContext2D, inks: Inks, one: Drawn, y: number, room: number, chosen: boolean, hovered: boolean): void {
  const { node } = one.bar;
  const bad = one.failed > 0;
  const x = Math.max(-2, one.x), width = Math.min(one.x + one.width, room + 2) - x;
  draw.fillStyle = bad ? inks['error-fill'] : one.running ? inks['action-fill'] : inks['observation-fill'];
  draw.fillRect(x, y, width, kBar);
  draw.strokeStyle = bad ? inks.error : one.running ? inks['action-edge'] : inks['observation-edge'];
  draw.lineWidth = bad ? 2 : 1;
  draw.setLineDash(node.stamped ? [] : [3, 2]);
  if (width > 3) draw.strokeRect(x + 0.5, y + 0.5, width - 1, kBar - 1);
  else { draw.fillStyle = draw.strokeStyle; draw.fillRect(x, y, Math.max(2, width), kBar); }
  draw.setLineDash([]);
  draw.lineWidth = 1;
  if (one.running && width > 8) hatch(draw, x + width - 8, y, 8, kBar, inks['action-edge']);
  if (bad) {
    // A failure is seen however narrow its bar is: it has a sign above it.
    draw.fillStyle = inks.error;
    draw.beginPath();
    draw.moveTo(x + width / 2 - 4, y - 4);
    draw.lineTo(x + width / 2 + 4, y - 4);
    draw.lineTo(x + width / 2, y + 1);
    draw.fill();
  }
  if (width >= kLabelFrom) {
    draw.fillStyle = bad ? inks.error : inks.text;
    write(draw, one.count > 1 ? counted(one.count, 'call') : `${bad ? '! ' : ''}${toolName(node) || 'call'}`, x + 5, y + kBar / 2 + 0.5, width - (one.running ? 16 : 10));
  }
  if (chosen || hovered) {
    draw.strokeStyle = inks.link;
    draw.lineWidth = chosen ? 2 : 1;
    draw.strokeRect(x - 1.5, y - 1.5, Math.max(2, width) + 3, kBar + 3);
    draw.lineWidth = 1;
  }
}

/** Of what is chosen; of all, while they are few. */
function paintArrows(draw: CanvasRenderingContext2D, inks: Inks, { arrows }: Layout, chosen: number, xOf: (ms: number) => number, top: number): void {
  const shown = arrows.length <= 50 ? arrows : arrows.filter(({ from, to }) => from.node.row === chosen || to.node.row === chosen);
  const yOf = (bar: Bar) => kRulerHeight + bar.lane * kLaneHeight + kLaneHeight / 2 - top;
  draw.strokeStyle = draw.fillStyle = inks.link;
  for (const { from, to } of shown) {
    const x1 = xOf(from.endMs), y1 = yOf(from), x2 = xOf(to.startMs), y2 = yOf(to);
    const bend = Math.max(6, Math.abs(x2 - x1) / 2);
    draw.beginPath();
    draw.moveTo(x1, y1);
    draw.bezierCurveTo(x1 + bend, y1 + (y1 === y2 ? 11 : 0), x2 - bend, y2 + (y1 === y2 ? 11 : 0), x2 - 3, y2);
    draw.stroke();
    draw.beginPath();
    draw.moveTo(x2, y2);
    draw.lineTo(x2 - 5, y2 - 3);
    draw.lineTo(x2 - 5, y2 + 3);
    draw.fill();
  }
}

function paintRuler(draw: CanvasRenderingContext2D, inks: Inks, axis: Axis, view: Stretch, width: number, xOf: (ms: number) => number): void {
  draw.fillStyle = inks.raised;
  draw.fillRect(0, 0, width, kRulerHeight);
  draw.fillStyle = inks.line;
  draw.fillRect(0, kRulerHeight - 1, width, 1);
  draw.fillStyle = inks.muted;
  let end = -8;
  const label = (text: string, x: number) => {
    const wide = draw.measureText(text).width;
    const at = Math.max(2, Math.min(x, width - wide - 2));
    if (at < end + 8) return;
    draw.fillText(text, at, kRulerHeight / 2);
    end = at + wide;
  };
  const labels = [
    ...ticksOf(axis, view, width).map((ms) => ({ x: xOf(ms) + 3, text: duration(ms - axis.fromMs) })),
    ...axis.pieces.filter((one) => one.folded && one.toMs > view.fromMs && one.fromMs < view.toMs)
      .map((one) => ({ x: xOf(one.fromMs), text: `// ${duration(one.toMs - one.fromMs)} idle //` })),
  ].sort((a, b) => a.x - b.x);
  for (const { text, x } of labels) label(text, x);
}

/** Everything, small. */
export function paintMap(canvas: HTMLCanvasElement, layout: Layout, axis: Axis): void {
  const { draw, inks, width, height } = prepare(canvas);
  const all = { fromMs: axis.fromMs, toMs: axis.toMs };
  const lanes = layout.lanes.length;
  const step = Math.max(1, Math.ceil(lanes / height));
  const tall = Math.max(1, Math.min(6, height / lanes - 1));
  for (const one of axis.pieces) {
    if (!one.folded) continue;
    const x = (one.fromU / axis.spanU) * width;
    hatch(draw, x, 0, ((one.toU - one.fromU) / axis.spanU) * width, height, inks.line);
  }
  for (let at = 0; at < lanes; at += step) {
    const y = lanes === 1 ? (height - tall) / 2 : 1 + (at / lanes) * (height - 2);
    for (const one of drawnOf(layout.lanes[at]!, axis, all, width)) {
      draw.fillStyle = one.failed > 0 ? inks.error : one.running ? inks['action-edge'] : inks['observation-edge'];
      draw.fillRect(one.x, y, Math.max(1, one.width), one.failed > 0 ? Math.max(tall, 3) : tall);
    }
  }
}
