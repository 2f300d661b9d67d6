// A log once more (E37): memory, the opened file, or a stretch of its time, entry by entry. A mode
// over any view; what comes live meanwhile is stored and counted.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { parseFilter } from '../core/filter.ts';
import { clock, count } from '../core/units.ts';
import { Icon } from './icons.tsx';
import { useKeys } from './keys.ts';
import { entriesOf, openedFile } from './opened_file.tsx';
import { SafeText } from './safe_text.tsx';
import { filter, lookAt, now, settings } from './state.ts';
import { RangeDialog } from './time_range.tsx';
import { toast } from './toasts.tsx';
import { command, tick } from './worker_link.ts';

const kSpeeds = [0.5, 1, 2, 5, 10];

/** The filter's choice of time. */
const timeOf = (text: string): string => parseFilter(text).terms.filter(({ key }) => key === 'time').map((term) => term.text).join(' ');

export function ReplayBar() {
  const file = openedFile.value;
  const from = file ? 'file' : 'live';
  const [range, setRange] = useState(() => timeOf(filter.peek()));
  const [speed, setSpeed] = useState(1);
  const [choosing, setChoosing] = useState(false);
  const play = useRef<HTMLButtonElement>(null);

  const { replay } = tick.value;
  const { at, of, timeMs, plays, came, left } = replay ?? { at: 0, of: 0, timeMs: 0, plays: true, came: 0, left: 0 };
  const isOver = replay !== undefined && at === of;
  const order = (more: { at?: number; step?: number; speed?: number }) =>
    command({ do: 'replay', on: true, from, filter: range, at: -1, step: 0, speed: -1, ...more });
  const toggle = () => order(plays ? { speed: 0 } : isOver ? { at: 0, speed } : { speed });
  const step = (by: 1 | -1) => order({ step: by, speed: 0 });

  // Before anything on screen can be pressed. Rows of one stretch are not those of another.
  useLayoutEffect(() => {
    lookAt('replay');
    order({ at: 0, speed });
  }, [range]);
  useEffect(() => {
    play.current?.focus();
    return () => {
      command({ do: 'replay', on: false, from: 'live', filter: '', at: 0, step: 0, speed: 0 });
      const all = tick.peek().replay?.came ?? 0;
      toast(all === 0 ? 'Nothing came live meanwhile' : `${entriesOf(all)} came live meanwhile`, { like: 'replay' });
      // What had the focus has gone with the bar.
      requestAnimationFrame(() => {
        if (document.activeElement === document.body) document.querySelector<HTMLElement>('.indicator > button:last-child')?.focus();
      });
    };
  }, []);
  const leave = () => lookAt(from);
  useKeys('Replay', {
    Space: ['play, stand still', toggle], '.': ['the next entry', () => step(1)], ',': ['the one before', () => step(-1)], r: ['leave the replay', leave],
  });

  const place = `${count(at)} of ${count(of)}${timeMs > 0 ? `, ${clock(timeMs, settings.value.times, now.value)}` : ''}`;
  return (
    <section class="bar replay" aria-label="Replay">
      <b>Replay, not live</b>
      <span class="cut">{file ? <SafeText text={file.name} /> : 'memory'}{range && <>, <SafeText text={range} /></>}</span>
      {range && <button type="button" class="quiet icon" aria-label="Replay all of it" title="Replay all of it" onClick={() => setRange('')}><Icon name="close" /></button>}
      <button ref={play} type="button" class="primary" onClick={toggle}><Icon name={plays ? 'pause' : 'play'} />{plays ? 'Pause' : isOver ? 'Play again' : 'Play'}</button>
      <button type="button" disabled={isOver} onClick={() => step(1)}>Step</button>
      <label>Speed <select value={speed} onChange={({ currentTarget: { value } }) => {
        setSpeed(Number(value));
        if (plays) order({ speed: Number(value) });
      }}>{kSpeeds.map((one) => <option key={one} value={one}>{one}×</option>)}</select></label>
      <input class="grow" type="range" aria-label="Entry" aria-valuetext={place} min={0} max={of} value={at} onInput={({ currentTarget: { value } }) => order({ at: Number(value) })} />
      <output class="count">{place}</output>
      <span role="status">{isOver && (of > 0 ? 'End of the replay' : 'Nothing of that time is here')}</span>
      <button type="button" aria-haspopup="dialog" onClick={() => setChoosing(true)}>From … to</button>
      <span class="muted">{count(came)} came live</span>
      {!file && left > 0 && <span>Memory is full: the oldest entries leave it</span>}
      <button type="button" onClick={leave}>Leave</button>
      {choosing && <RangeDialog onClose={() => setChoosing(false)} onUse={(stretch) => setRange(`time:${stretch}`)} />}
    </section>
  );
}
