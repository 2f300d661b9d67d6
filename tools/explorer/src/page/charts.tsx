// Lines over time, drawn by uPlot. Each chart has its numbers in a table too, with a button per
// stretch, so that nothing needs the pointer.

import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { moment } from '../core/units.ts';
import { inkOf, isDark } from './ink.ts';
import { settings } from './state.ts';

export interface Line {
  label: string;
  /** One of the colours of style.css: `action`, `error`. */
  colour: string;
  values: readonly (number | null)[];
}
interface Props {
  title: string;
  startMs: number;
  bucketMs: number;
  lines: readonly Line[];
  print: (value: number) => string;
  onRange: (fromMs: number, toMs: number) => void;
}

const kHeight = 150;
/** Points that no line reaches: a value between two stretches without any. */
const alone: uPlot.Series.Points.Filter = (plot, series) => {
  const values = plot.data[series]!;
  return [...values.keys()].filter((i) => typeof values[i] === 'number' && typeof values[i - 1] !== 'number' && typeof values[i + 1] !== 'number');
};

export function Chart({ title, startMs, bucketMs, lines, print, onRange }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const newest = useRef(onRange);
  newest.current = onRange;
  const at = (i: number): number => (startMs + i * bucketMs) / 1000;
  const n = lines[0]?.values.length ?? 0;
  const data = [Array.from({ length: n }, (_, i) => at(i)), ...lines.map(({ values }) => [...values])] as uPlot.AlignedData;

  useEffect(() => {
    if (!box.current) return;
    const muted = inkOf('muted'), grid = { stroke: inkOf('line'), width: 1 };
    const axis = { stroke: muted, grid, ticks: grid, font: '11px system-ui, sans-serif' };
    plot.current = new uPlot({
      width: box.current.clientWidth, height: kHeight, legend: { show: false }, padding: [8, 8, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
      scales: { y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [{ ...axis, size: 28, values: (_, ticks) => ticks.map((second) => moment(second * 1000, settings.value.times).slice(11, 16)) }, { ...axis, size: 56, values: (_, ticks) => ticks.map(print) }],
      series: [{}, ...lines.map(({ label, colour }, i) => ({ label, stroke: inkOf(colour), width: 1.5, dash: i ? [6, 3 * i] : [], points: { show: true, size: 5, fill: inkOf(colour), filter: alone } }))],
      hooks: { setSelect: [(self) => {
        if (self.select.width < 4) return;
        newest.current(self.posToVal(self.select.left, 'x') * 1000, self.posToVal(self.select.left + self.select.width, 'x') * 1000);
        self.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }] },
    }, data, box.current);
    const watch = new ResizeObserver(([entry]) => plot.current?.setSize({ width: Math.floor(entry!.contentRect.width), height: kHeight }));
    watch.observe(box.current);
    return () => {
      watch.disconnect();
      plot.current?.destroy();
    };
  }, [isDark.value, settings.value.times, lines.length]);
  useEffect(() => plot.current?.setData(data), [data]);

  return (
    <figure class="chart">
      <figcaption>
        <h3>{title}</h3>
        {lines.map(({ label, colour, values }, i) => (
          <span key={label} class="muted"><i class="swatch" data-dashed={i > 0} style={{ color: `var(--${colour})` }} />{label} {print(values.findLast((value) => value !== null) ?? 0)}</span>
        ))}
      </figcaption>
      <div ref={box} role="img" aria-label={`${title}; the numbers are in the table below`} title="Drag over a stretch to see its entries" />
      <details>
        <summary>Numbers</summary>
        <div class="scroll">
          <table class="data">
            <caption class="sr">{title}</caption>
            <thead><tr><th scope="col">From</th>{lines.map(({ label }) => <th key={label} scope="col" class="num">{label}</th>)}<th scope="col">Entries</th></tr></thead>
            <tbody>{Array.from({ length: n }, (_, i) => lines.some(({ values }) => values[i]) && (
              <tr key={i}>
                <td>{moment(startMs + i * bucketMs, settings.value.times).slice(0, 19).replace('T', ' ')}</td>
                {lines.map(({ label, values }) => <td key={label} class="num">{values[i] === null || values[i] === undefined ? '' : print(values[i])}</td>)}
                <td><button type="button" class="link" onClick={() => onRange(startMs + i * bucketMs, startMs + (i + 1) * bucketMs)}>show</button></td>
              </tr>
            ))}</tbody>
          </table>
        </div>
      </details>
    </figure>
  );
}
