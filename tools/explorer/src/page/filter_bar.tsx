// The filter: a field with completion, its terms as chips, quick ones, time, presets.
// Typing shows at once; Enter, leaving the field and every click commit, which is a place in the
// history.

import { signal } from '@preact/signals';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { kFilterKeys, parseFilter, printTerm, type BadTerm, type Term } from '../core/filter.ts';
import { count } from '../core/units.ts';
import { presetsOpen } from './boxes.ts';
import { Icon } from './icons.tsx';
import { beyond } from './live_state.ts';
import { SafeText } from './safe_text.tsx';
import { filter, setFilter, source } from './state.ts';
import { TimeChoice } from './time_choice.tsx';
import { ask } from './worker_link.ts';

/** Being typed, not committed; null: nothing is. */
export const typing = signal<string | null>(null);
export const filterNow = (): string => typing.value ?? filter.value;

const kTypingMs = 120;
const kQuick = [['Errors', 'status:error'], ['Slow', 'dur:>1s,>p95'], ['Running', 'status:running'], ['Fast', 'dur:<100ms'],
  ['Expensive', 'cost:>=0.1', 'cost'], ['High quality', 'quality:>=0.8', 'quality']] as const;

/** The text without the terms that `leaves` says. */
export const withoutTerms = (text: string, leaves: (term: Term) => boolean): string =>
  parseFilter(text).terms.filter((term) => !leaves(term)).map((term) => term.text).join(' ');
export function toggleTerm(text: string): void {
  const has = parseFilter(filter.value).terms.some((term) => term.text === text);
  setFilter(has ? withoutTerms(filter.value, (term) => term.text === text) : `${filter.value} ${text}`);
}

/** `extras`: keys that have a quick filter where the data has such members (E21). */
export function FilterBar({ shown, of, note, extras }: { shown: number; of: number; note: string; extras: readonly string[] }) {
  const text = filterNow();
  const { terms, bad } = parseFilter(text);
  return (
    <search class="filter">
      <div class="bar">
        <FilterField text={text} bad={bad} />
        <output class="count" title={note}>{count(shown)} of {count(of)}{beyond}</output>
        <div class="tabs" role="group" aria-label="Quick filters">
          {kQuick.filter(([, , key]) => !key || extras.includes(key)).map(([label, term]) => (
            <button type="button" key={term} title={term} aria-pressed={terms.some((one) => one.text === term)} onClick={() => toggleTerm(term)}>{label}</button>
          ))}
        </div>
        <TimeChoice />
        <button type="button" aria-haspopup="dialog" onClick={() => (presetsOpen.value = true)}>Presets<Icon name="down" /></button>
      </div>
      {(terms.length > 0 || bad.length > 0) && (
        <ul class="bar chips" aria-label="Terms of the filter">
          {terms.map((term) => <Chip key={term.from} whole={text} term={term} />)}
          {bad.map(({ from, to, why }) => (
            <li key={`bad ${from}`} class="chip bad"><Icon name="warning" /><span class="cut"><code>{text.slice(from, to)}</code> {why}</span>
              <button type="button" aria-label={`Take out ${text.slice(from, to)}`} onClick={() => commit(`${text.slice(0, from)}${text.slice(to)}`)}><Icon name="close" /></button></li>
          ))}
          {terms.length + bad.length > 1 && <li><button type="button" class="quiet" onClick={() => commit('')}>Clear filter</button></li>}
        </ul>
      )}
    </search>
  );
}
function commit(text: string): void {
  typing.value = null;
  setFilter(text.replace(/\s+/g, ' '));
}

function Chip({ whole, term: { text: term, from, to, key, values, exclude } }: { whole: string; term: Term }) {
  const swap = (by: string) => commit(`${whole.slice(0, from)}${by}${whole.slice(to)}`);
  return (
    <li class="chip">
      <button type="button" title="Click for the contrary" onClick={() => swap(exclude ? term.slice(1) : `-${term}`)}>
        <span class="cut">{exclude && 'not '}{key === '' ? 'text' : key}: <SafeText text={values.map(({ text, prefix }) => `${text}${prefix ? '*' : ''}`).join(' or ')} /></span>
      </button>
      <button type="button" aria-label={`Take out ${term}`} onClick={() => swap('')}><Icon name="close" /></button>
    </li>
  );
}

function FilterField({ text, bad }: { text: string; bad: readonly BadTerm[] }) {
  const input = useRef<HTMLInputElement>(null);
  const marks = useRef<HTMLDivElement>(null);
  const list = useId();
  const why = useId();
  const [offers, setOffers] = useState<readonly string[]>([]);
  const [chosen, setChosen] = useState(-1);
  const timer = useRef(0);
  const caret = useRef(-1);
  const [draft, setDraft] = useState(text);
  useEffect(() => { if (typing.value === null) setDraft(text); }, [text]);

  const newest = useRef(text);
  const wordOf = (whole: string, at: number) => {
    const from = whole.lastIndexOf(' ', at - 1) + 1;
    return { from, to: at, minus: whole[from] === '-' ? '-' : '', text: whole.slice(from, at).replace(/^-/, '') };
  };
  // In the turn of the key: what Enter takes is what is on screen.
  const offer = async (whole: string, at: number) => {
    const { text: now } = wordOf(whole, at);
    const [key = '', value] = now.split(/:(.*)/s);
    newest.current = whole;
    setChosen(-1);
    if (now === '') return setOffers([]);
    if (value === undefined) return setOffers(kFilterKeys.filter((one) => one.startsWith(key) && one !== key).map((one) => `${one}:`));
    const last = value.slice(value.lastIndexOf(',') + 1).replace(/^"/, '');
    const values = await ask('values', { source: source.value, key, prefix: last }).catch(() => []);
    if (input.current !== null && newest.current === whole) setOffers(values.filter((one) => one !== last).map((one) => printTerm(key, one)));
  };
  const type = (to: string, at: number) => {
    setDraft(to);
    void offer(to, at);
    if (typing.value === null) typing.value = filter.value;
    clearTimeout(timer.current);
    timer.current = setTimeout(() => { if (typing.value !== null) typing.value = to; }, kTypingMs);
  };
  const take = (one: string) => {
    const { from, to, minus } = wordOf(draft, input.current?.selectionStart ?? draft.length);
    const value = `${minus}${one}${one.endsWith(':') ? '' : ' '}`;
    const next = `${draft.slice(0, from)}${value}${draft.slice(to)}`;
    caret.current = from + value.length;
    type(next, caret.current);
  };
  useLayoutEffect(() => {
    if (caret.current >= 0) input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = -1;
  }, [draft]);
  const done = () => { clearTimeout(timer.current); newest.current = ''; setOffers([]); commit(draft); };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && offers.length > 0) setChosen((chosen + step + offers.length + 1) % (offers.length + 1) - (chosen === -1 && step === -1 ? 1 : 0));
    else if ((event.key === 'Enter' || event.key === 'Tab') && chosen >= 0 && offers[chosen] !== undefined) take(offers[chosen]);
    else if (event.key === 'Enter') { done(); return; }
    else if (event.key === 'Escape' && offers.length > 0) { newest.current = ''; setOffers([]); }
    else if (event.key === 'Escape') { clearTimeout(timer.current); typing.value = null; setDraft(filter.value); input.current?.blur(); return; }
    else return;
    event.preventDefault();
  };
  return (
    <div class="typed">
      <div class="marks" aria-hidden="true" ref={marks}>{pieces(draft, bad)}</div>
      <input ref={input} id="filter" type="text" spellcheck={false} autocomplete="off" aria-label="Filter" placeholder="Filter, as tool:fs.* -agent:planner status:error  ( / )"
        role="combobox" aria-expanded={offers.length > 0} aria-controls={list} aria-autocomplete="list" aria-invalid={bad.length > 0} aria-describedby={why}
        {...(chosen >= 0 && { 'aria-activedescendant': `${list}-${chosen}` })}
        value={draft} onInput={({ currentTarget: { value, selectionStart } }) => type(value, selectionStart ?? value.length)} onKeyDown={onKeyDown} onBlur={done}
        onScroll={(event) => { if (marks.current) marks.current.scrollLeft = event.currentTarget.scrollLeft; }} />
      <span id={why} class="sr">{bad.map(({ from, to, why: reason }) => `${text.slice(from, to)}: ${reason}`).join('; ')}</span>
      <ul id={list} role="listbox" aria-label="Completions" class="offers" hidden={offers.length === 0}>
        {offers.map((one, at) => (
          <li key={one} id={`${list}-${at}`} role="option" aria-selected={at === chosen} class="cut"
            onPointerDown={(event) => { event.preventDefault(); take(one); }}>{one}</li>
        ))}
      </ul>
    </div>
  );
}
/** The same text under the field, wavy where it means nothing. */
function pieces(text: string, bad: readonly BadTerm[]) {
  let at = 0;
  const parts = bad.flatMap(({ from, to }) => {
    const both = [text.slice(at, from), <u key={from}>{text.slice(from, to)}</u>];
    at = to;
    return both;
  });
  return [...parts, text.slice(at)];
}
