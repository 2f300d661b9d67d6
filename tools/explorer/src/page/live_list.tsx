// The list of Live, of rows or of traces: follows the newest, stays where one reads.

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Row, Stretch, TraceRow } from '../core/protocol.ts';
import { filterNow } from './filter_bar.tsx';
import { count } from '../core/units.ts';
import { shownColumns, type Column } from './live_columns.tsx';
import { clearedTo, follow, listed } from './live_state.ts';
import { atEdge, liveSince, state } from './news.ts';
import { Room } from './room.tsx';
import { paused, settings, source, through } from './state.ts';
import { useAnswer } from './use_answer.ts';
import { kWindow, VirtualList } from './virtual_list.tsx';
import { tick } from './worker_link.ts';

const kGlowMs = 2000;
/** After it became live what was caught up with still comes on screen. */
const kSettleMs = 500;
/** Where everything glows nothing does. */
const kGlowAtMost = 50;

interface Props<Item> {
  name: 'rows' | 'traces';
  label: string;
  columns: readonly Column<Item>[];
  width: number;
  keyOf: (item: Item) => string | number;
  selected: string | number | null;
  onSelect: (item: Item, index: number) => void;
  onOpen: (item: Item) => void;
  onClose: () => void;
  goTo?: { index: number };
}

/** Indexes from the answer on glow: what came within the last two seconds while live. */
function useFresh(end: number | undefined): number {
  const ends = useRef<{ at: number; end: number }[]>([]);
  const [, again] = useState(0);
  useEffect(() => {
    const timer = setTimeout(() => again((n) => n + 1), kGlowMs);
    return () => clearTimeout(timer);
  }, [end]);
  if (end === undefined) return 0;
  const at = Date.now();
  if (ends.current.length === 0 || source.value !== 'live' || state.value !== 'live' || at - liveSince < kSettleMs || tick.peek().perSecond > kGlowAtMost) ends.current = [{ at: 0, end }];
  else if (ends.current.at(-1)?.end !== end) ends.current.push({ at, end });
  // The first is what was there two seconds ago.
  while (ends.current.length > 1 && at - ends.current[1]!.at > kGlowMs) ends.current.shift();
  return ends.current[0]!.end;
}

export function LiveList<Item extends Row | TraceRow>({ name, label, columns, width, goTo, ...rest }: Props<Item>) {
  const [from, setFrom] = useState(-1);
  const [endThen, setEndThen] = useState(-1);
  const following = follow.value && !paused.value;
  const filter = filterNow();
  const shown = useMemo(() => shownColumns(columns, width), [columns, width]);
  const got = useAnswer(name, {
    source: source.value, filter, from: follow.value ? -1 : from, count: kWindow, through: through.value, after: clearedTo.value,
    ...(settings.value.dim && name === 'rows' && { dim: true }),
  }) as Stretch<Item> | undefined;
  const fresh = useFresh(got?.end);
  useEffect(() => {
    if (got === undefined) return;
    const says = { shown: got.matches ?? got.end - got.first, of: got.of, complete: got.complete, extras: got.extras }, said = listed.peek();
    if (JSON.stringify(says) !== JSON.stringify(said)) listed.value = says;
  }, [got]);
  useEffect(() => {
    atEdge.value = following && source.value === 'live';
    return () => { atEdge.value = false; };
  }, [following, source.value]);
  if (got === undefined) return <div class="list" aria-busy="true" />;
  const setFollow = (on: boolean) => {
    setFrom(got.at);
    setEndThen(got.end);
    follow.value = on;
  };
  const more = follow.value || endThen === -1 ? 0 : Math.max(0, got.end - endThen);
  if (got.end === got.first) return <Room name="LiveEmpty" of={got.of} filter={filter} />;
  return (
    <div class="live-list">
      <VirtualList<Item> {...rest} {...shown} {...got} label={label} main newest={settings.value.newest}
        follow={follow.value} onFollow={setFollow} onWindow={setFrom} {...(goTo && { goTo })}
        rowProps={(item, index) => ({
          class: `${index >= fresh ? 'new ' : ''}${'kind' in item && item.kind === 'mark' ? 'mark-row ' : ''}${'dim' in item && item.dim ? 'dim' : ''}`,
        })} />
      {!follow.value && <button type="button" class="pill" onClick={() => setFollow(true)}>{more > 0 ? `${count(more)} new, go to newest` : 'Go to newest'}</button>}
    </div>
  );
}
