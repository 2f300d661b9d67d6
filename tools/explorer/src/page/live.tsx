// Live: what happens, as it happens.

import { useEffect, useState } from 'preact/hooks';
import { parseFilter } from '../core/filter.ts';
import type { Row, TraceRow } from '../core/protocol.ts';
import { presetsOpen } from './boxes.ts';
import { copy } from './copy.ts';
import { curlOfStream } from './curl.ts';
import { FilterBar, filterNow, toggleTerm } from './filter_bar.tsx';
import { Icon } from './icons.tsx';
import { useKeys } from './keys.ts';
import { kRowColumns, kTraceColumns } from './live_columns.tsx';
import { LiveList } from './live_list.tsx';
import { clear, follow, listed, toCompare } from './live_state.ts';
import { Room } from './room.tsx';
import { go, printRoute, route, setParams } from './route.ts';
import { filter, selected, settings, source, width } from './state.ts';
import { toast } from './toasts.tsx';
import { ask } from './worker_link.ts';

/** Beside a detail the list has this part of the width. */
const kListPart = 0.56;
const kSideBySide = 1000;

const openTrace = (task: string, at = '') => go({ view: 'trace', path: [task], params: { at } });

export function compareWith(task: string): void {
  const { value } = toCompare;
  const open = { label: 'Compare', run: () => go({ view: 'compare', path: [toCompare.value.join(',')] }) };
  if (value.includes(task)) toCompare.value = value.filter((one) => one !== task);
  else if (value.length === 3) return void toast('Three traces can be compared; take one out first', { kind: 'warning', like: 'compare', action: open });
  else toCompare.value = [...value, task];
  if (toCompare.value.length === 0) toast('No trace to compare', { like: 'compare' });
  else toast(`To compare: ${toCompare.value.join(', ')}`, { like: 'compare', seconds: 10, action: open });
}

export function LiveView() {
  const asTraces = route.value.params.rows === 'traces';
  const [task, setTask] = useState('');
  const [goTo, setGoTo] = useState<{ index: number }>();
  const { shown, of, complete, extras } = listed.value;
  const chosen = asTraces ? null : selected.value;

  const select = (row: Row) => {
    selected.value = { row: row.row, id: row.id };
    setTask(row.task || row.session);
    setParams({ at: row.id });
  };
  const close = () => {
    selected.value = null;
    setParams({ at: '' });
  };
  const show = async (row: number) => {
    const index = row < 0 ? -1 : await ask('indexOf', { source: source.value, filter: filter.value, row });
    // Meanwhile one may have gone on to another.
    if (index < 0 || selected.value?.row !== row) return;
    follow.value = false;
    setGoTo({ index });
  };
  const toError = async (back: boolean) => {
    const row = await ask('nextError', { source: source.value, filter: filter.value, row: selected.value?.row ?? -1, back });
    if (row < 0) return void toast(back ? 'No error before this' : 'No error after this', { like: 'error' });
    const entry = await ask('entry', { source: source.value, row, id: '' });
    if (entry !== null) select(entry.row);
    await show(row);
  };
  // The row that a link names, and the selected one under another filter, are brought on screen.
  useEffect(() => {
    const { at } = route.value.params;
    if (at === undefined || at === '') return;
    if (selected.value?.id === at) return void show(selected.value.row);
    void ask('entry', { source: source.value, row: -1, id: at }).then((entry) => {
      if (route.peek().params.at !== at) return; // the server may have been asked
      selected.value = { row: entry?.row.row ?? -1, id: at };
      return show(entry?.row.row ?? -1);
    }).catch(() => undefined);
  }, [filterNow(), asTraces]);

  useKeys('Live', {
    '/': ['filter', () => document.getElementById('filter')?.focus()],
    n: ['next error', () => void toError(false)], p: ['previous error', () => void toError(true)],
    e: ['errors only', () => toggleTerm('status:error')],
    c: ['compare this trace', () => { if (task !== '') compareWith(task); }],
    s: ['presets', () => (presetsOpen.value = true)],
    Escape: ['close the detail', close],
  });

  const note = `${complete ? '' : 'still searching; '}of what is loaded`;
  const wide = width.value >= kSideBySide;
  const listWidth = chosen !== null && wide ? width.value * kListPart : width.value;
  const rows = settings.value.newest === 'bottom';
  return (
    <div class="live">
      <FilterBar shown={shown} of={of} note={note} extras={extras} />
      <div class="bar">
        <div class="tabs" role="group" aria-label="Rows">
          <button type="button" aria-pressed={asTraces} onClick={() => setParams({ rows: 'traces', at: '' }, false)}>Traces</button>
          <button type="button" aria-pressed={!asTraces} onClick={() => setParams({ rows: '' }, false)}>Envelopes</button>
        </div>
        {rows && <Room name="OlderLine" quiet />}
        <span class="grow" />
        {toCompare.value.length > 0 && <a href={printRoute({ view: 'compare', path: [toCompare.value.join(',')], params: {} })}>Compare {toCompare.value.length}</a>}
        <button type="button" onClick={() => void clear()}>Clear</button>
        <button type="button" onClick={() => void copy(location.href, 'Link')}><Icon name="link" />Link</button>
        <button type="button" onClick={() => void copy(curlOfStream(parseFilter(filter.value).terms), 'Command')}>curl</button>
      </div>
      <Room name="ServerTraces" quiet asTraces={asTraces} />
      <div class="split">
        {asTraces
          ? <LiveList<TraceRow> key="traces" name="traces" label="Traces" columns={kTraceColumns} width={width.value} keyOf={(trace) => trace.task}
              selected={task} onSelect={(trace) => setTask(trace.task)} onOpen={(trace) => openTrace(trace.task)} onClose={() => setTask('')} />
          : <LiveList<Row> key="rows" name="rows" label="Envelopes" columns={kRowColumns} width={listWidth} keyOf={(row) => row.row}
              selected={chosen?.row ?? null} onSelect={select} onOpen={(row) => openTrace(row.task || row.session, row.id)} onClose={close} {...(goTo && { goTo })} />}
        {chosen !== null && (
          <section class="side" aria-label="Selected entry">
            <div class="bar">
              {task !== '' && <a href={printRoute({ view: 'trace', path: [task], params: { at: chosen.id } })}>Open its trace</a>}
              <span class="grow" />
              <button type="button" class="quiet icon" aria-label="Close the detail" onClick={close}><Icon name="close" /></button>
            </div>
            <Room name="Detail" source={source.value} row={chosen.row} id={chosen.id} />
          </section>
        )}
      </div>
      {!rows && <div class="bar"><Room name="OlderLine" quiet /></div>}
    </div>
  );
}
