// Of which time: the last hour, day, week, month, or from one moment to another (E21). It is a
// `time:` term like any other.

import { useState } from 'preact/hooks';
import { parseFilter } from '../core/filter.ts';
import { Dialog } from './dialog.tsx';
import { withoutTerms } from './filter_bar.tsx';
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
      {open && <RangeDialog onClose={() => setOpen(false)} />}
    </>
  );
}

function RangeDialog({ onClose }: { onClose: () => void }) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const iso = (local: string) => (local === '' ? '' : new Date(local).toISOString());
  const use = (event: Event) => {
    event.preventDefault();
    if (from !== '' || to !== '') setTime(`${iso(from)}..${iso(to)}`);
    onClose();
  };
  return (
    <Dialog title="From one moment to another" onClose={onClose}>
      <form onSubmit={use}>
        <p><label>From <input type="datetime-local" step="1" value={from} onInput={(event) => setFrom(event.currentTarget.value)} /></label>{' '}
          <label>to <input type="datetime-local" step="1" value={to} onInput={(event) => setTo(event.currentTarget.value)} /></label></p>
        <p class="muted">In the time of this computer; an empty end is open.</p>
        <button type="submit" class="primary">Use it</button>
      </form>
    </Dialog>
  );
}
