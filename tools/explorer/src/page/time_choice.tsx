// Of which time: the last hour, day, week, month, or from one moment to another (E21). It is a
// `time:` term like any other.

import { useState } from 'preact/hooks';
import { parseFilter } from '../core/filter.ts';
import { withoutTerms } from './filter_bar.tsx';
import { Room } from './room.tsx';
import { filter, setFilter } from './state.ts';

const kSpans = ['1h', '24h', '7d', '30d'];

function setTime(value: string): void {
  const rest = withoutTerms(filter.value, ({ key }) => key === 'time');
  setFilter(value === '' ? rest : `${rest} time:${value}`);
}

export function TimeChoice() {
  const [open, setOpen] = useState(false);
  const term = parseFilter(filter.value).terms.find(({ key }) => key === 'time');
  const value = term?.values[0]?.text ?? '';
  return (
    <>
      <select aria-label="Time" value={value === '' || kSpans.includes(value) ? value : 'range'}
        onChange={(event) => { if (event.currentTarget.value === 'range') setOpen(true); else setTime(event.currentTarget.value); }}>
        <option value="">any time</option>
        {kSpans.map((span) => <option key={span} value={span}>last {span}</option>)}
        <option value="range">from … to</option>
      </select>
      {open && <Room name="RangeDialog" onClose={() => setOpen(false)} onUse={setTime} />}
    </>
  );
}
