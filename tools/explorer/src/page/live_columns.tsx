// What a line of Live shows, column by column. A click on a value makes it a term of the filter,
// Alt+click one that keeps it out.

import type { ComponentChildren } from 'preact';
import type { Row, TraceRow } from '../core/protocol.ts';
import { Duration, Kind, Status } from './call_parts.tsx';
import { clock, count, duration, moment, toolName } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { SafeText } from './safe_text.tsx';
import { addTerm, now, settings, source } from './state.ts';

// What has no state of its own is called, not mounted: thousands of cells a second go by.

export interface Column<Item> {
  title: string;
  /** Of grid-template-columns. */
  width: string;
  /** Shown where the list has at least so many pixels. */
  from: number;
  cell: (item: Item) => ComponentChildren;
  number?: boolean;
}

export function Value({ of, value, children }: { of: string; value: string; children?: ComponentChildren }) {
  if (value === '') return null;
  return (
    <button type="button" class="value cut" tabIndex={-1} title={`${of}: ${value}`}
      onClick={(event) => { event.stopPropagation(); addTerm(of, value, event.altKey); }}>{children ?? SafeText({ text: value })}</button>
  );
}
function Time({ ms, stamped = true }: { ms: number; stamped?: boolean }) {
  const { times } = settings.value;
  return <time title={`${moment(ms, times)}${stamped ? '' : ', the time it came: it says none'}`}>{clock(ms, times, times === 'relative' ? now.value : now.peek())}{stamped ? '' : ' ~'}</time>;
}

function Lasts({ startMs, lastMs, status }: TraceRow) {
  return <>{status === 'running' && source.value === 'live' ? `${duration(Math.max(0, now.value - startMs))} ~` : duration(lastMs - startMs)}</>;
}

export const kRowColumns: readonly Column<Row>[] = [
  { title: 'time', width: '104px', from: 440, cell: (row) => Time({ ms: row.timeMs, stamped: row.stamped }) },
  { title: 'type', width: '36px', from: 0, cell: (row) => Kind(row) },
  { title: 'task', width: 'minmax(72px, 0.6fr)', from: 900, cell: (row) => Value({ of: 'task', value: row.task }) },
  { title: 'turn', width: '40px', from: 980, number: true, cell: (row) => Value({ of: 'turn', value: row.turn < 0 ? '' : String(row.turn) }) },
  { title: 'agent', width: 'minmax(72px, 0.6fr)', from: 980, cell: (row) => Value({ of: 'agent', value: row.agent }) },
  { title: 'tool', width: 'minmax(80px, 1fr)', from: 0, cell: (row) => Value({ of: 'tool', value: row.tool, children: SafeText({ text: toolName(row) }) }) },
  { title: 'status', width: 'minmax(96px, 1.6fr)', from: 0, cell: (row) => Value({ of: 'status', value: row.status, children: Status({ row }) }) },
  { title: 'duration', width: '84px', from: 700, number: true, cell: (row) => (row.status === 'running' ? <Duration row={row} /> : duration(row.durationMs)) },
  { title: 'summary', width: 'minmax(64px, 3fr)', from: 0, cell: (row) => SafeText({ text: row.name === '' || row.kind === 'mark' ? row.summary : `${row.name} ${row.summary}` }) },
];

export const kTraceColumns: readonly Column<TraceRow>[] = [
  { title: 'trace', width: 'minmax(80px, 1.4fr)', from: 0, cell: ({ task, incomplete }) => <><SafeText text={task} />{incomplete && <span class="chip-word" title="A gap lies inside: entries of it are not here"> incomplete</span>}</> },
  { title: 'status', width: '104px', from: 0, cell: ({ status }) => <span class="status" data-status={status}><Icon name={status} />{status}</span> },
  { title: 'started', width: '104px', from: 600, cell: ({ startMs }) => Time({ ms: startMs }) },
  { title: 'for', width: '84px', from: 700, number: true, cell: (trace) => <Lasts {...trace} /> },
  { title: 'calls', width: '56px', from: 0, number: true, cell: ({ calls }) => count(calls) },
  { title: 'running', width: '60px', from: 900, number: true, cell: ({ running }) => (running > 0 ? count(running) : '') },
  { title: 'errors', width: '56px', from: 0, number: true, cell: ({ errors }) => errors > 0 && <span class="bad">{count(errors)}</span> },
  { title: 'thoughts', width: '64px', from: 900, number: true, cell: ({ thoughts }) => count(thoughts) },
  { title: 'last tool', width: 'minmax(120px, 1fr)', from: 700, cell: ({ tool }) => Value({ of: 'tool', value: tool }) },
  { title: 'agent', width: 'minmax(72px, 0.8fr)', from: 980, cell: ({ agent }) => Value({ of: 'agent', value: agent }) },
  { title: 'session', width: 'minmax(72px, 0.8fr)', from: 1100, cell: ({ session }) => Value({ of: 'session', value: session }) },
];

/** What VirtualList takes, of a list that wide. */
export function shownColumns<Item>(columns: readonly Column<Item>[], width: number) {
  const shown = columns.filter(({ from }) => width >= from);
  return {
    columns: shown.map((one) => one.width).join(' '),
    head: shown.map(({ title, number }) => (number ? <span class="num">{title}</span> : title)),
    cells: (item: Item) => shown.map(({ title, cell, number }) => <span key={title} role="gridcell" {...(number && { class: 'num' })}>{cell(item)}</span>),
  };
}
