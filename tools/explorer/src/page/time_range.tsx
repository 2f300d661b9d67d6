// A stretch of time, from one moment to another.

import { useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';

export function RangeDialog({ onClose, onUse }: { onClose: () => void; onUse: (range: string) => void }) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const iso = (local: string) => (local === '' ? '' : new Date(local).toISOString());
  const use = (event: Event) => {
    event.preventDefault();
    if (from !== '' || to !== '') onUse(`${iso(from)}..${iso(to)}`);
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
