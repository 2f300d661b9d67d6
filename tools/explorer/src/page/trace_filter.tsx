// The filter inside one trace: what it does not admit is not there, but what stands above the rest.

import { useMemo } from 'preact/hooks';
import { admittedOf } from '../core/admitted.ts';
import { parseFilter, printTerm } from '../core/filter.ts';
import type { Trace } from '../core/tree.ts';
import { count } from '../core/units.ts';
import { useKeys } from './keys.ts';
import { SafeText } from './safe_text.tsx';
import { filter, setFilter, source } from './state.ts';
import { useAnswer } from './use_answer.ts';

/** The trace as the filter of the address leaves it. */
export function useFiltered(trace: Trace) {
  const text = filter.value;
  // A trace without a task has the name of its trace id or session: then of all rows.
  const own = useMemo(() => trace.nodes.some((node) => node.row >= 0 && node.task === trace.summary.task), [trace.nodes]);
  const asked = own ? `${printTerm('task', trace.summary.task)} ${text}` : text;
  const rows = useAnswer('admitted', { source: source.value, task: trace.summary.task, filter: text === '' ? '' : asked });
  const nodes = useMemo(() => (text === '' || !rows ? trace.nodes : admittedOf(trace.nodes, new Set(rows))), [trace.nodes, text, rows]);
  return { nodes, shown: useMemo(() => nodes.reduce((sum, { row }) => sum + Number(row >= 0), 0), [nodes]) };
}

export function TraceFilter({ shown, of }: { shown: number; of: number }) {
  const text = filter.value;
  const { bad } = parseFilter(text);
  useKeys('Filter', { '/': ['filter', () => document.getElementById('filter')?.focus()] });
  return (
    <search class="trace-filter">
      <form onSubmit={(event) => { event.preventDefault(); setFilter((event.currentTarget.elements.namedItem('filter') as HTMLInputElement).value); }}>
        <input key={text} id="filter" type="search" aria-label="Filter this trace" placeholder="filter: tool:fs.* share:>10%" defaultValue={text} onSearch={(event) => setFilter(event.currentTarget.value)} />
      </form>
      {text !== '' && <span role="status">{count(shown)} of {count(of)} <button type="button" class="link" onClick={() => setFilter('')}>all</button></span>}
      {bad.map((one) => <span key={one.from} class="bad"><SafeText text={`${text.slice(one.from, one.to)}: ${one.why}`} /></span>)}
    </search>
  );
}
