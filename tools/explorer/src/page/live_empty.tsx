// Where no row is: why, and what to do about it (E61).

import { copy } from './copy.ts';
import { curlOfPublish } from './curl.ts';
import { typing } from './filter_bar.tsx';
import { count } from '../core/units.ts';
import { clearedTo } from './live_state.ts';
import { setFilter, source } from './state.ts';

export function LiveEmpty({ of, filter }: { of: number; filter: string }) {
  if (of === 0 && source.value === 'live') return (
    <div class="empty">
      <h2>No envelope yet</h2>
      <p>What agents do appears here as it happens. To see one now:</p>
      <pre tabIndex={0} aria-label="A request that publishes an envelope">{curlOfPublish()}</pre>
      <button type="button" onClick={() => void copy(curlOfPublish(), 'Command')}>Copy</button>
    </div>
  );
  if (filter !== '') return (
    <div class="empty">
      <h2>Nothing matches</h2>
      <p>The filter <code>{filter}</code> hides {of === 1 ? 'the only row' : `all ${count(of)} rows`}.</p>
      <button type="button" onClick={() => { typing.value = null; setFilter(''); }}>Clear filter</button>
    </div>
  );
  if (of === 0 && source.value === 'replay') return <div class="empty"><h2>Nothing has come yet</h2><p>The replay stands before its first entry.</p></div>;
  return (
    <div class="empty">
      <h2>{clearedTo.value >= 0 ? 'Cleared' : source.value === 'replay' ? 'Nothing has come yet' : 'Nothing here'}</h2>
      <p>{clearedTo.value >= 0 ? `${count(of)} rows are in memory and not shown; new ones appear here.` : 'There is no row in it.'}</p>
      {clearedTo.value >= 0 && <button type="button" onClick={() => (clearedTo.value = -1)}>Show them</button>}
    </div>
  );
}
