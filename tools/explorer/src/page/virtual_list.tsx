// A list of any length of which only what is on screen is in the DOM.
//
// The list knows indexes, not rows: `first`..`end` exist (absolute, as Stretch counts them), `items`
// from `at` are at hand. `onWindow` says what is wanted; the caller asks the worker for that:
//
//   const [from, setFrom] = useState(-1);
//   const got = useAnswer('rows', { source, filter, from: follow ? -1 : from, count: kWindow, through });
//   <VirtualList label="Envelopes" columns="90px 1fr" head={['Time', 'What']} {...got} onWindow={setFrom}
//     keyOf={(row) => row.row} cells={(row) => <><span role="gridcell">..</span>..</>} ... />
//
// Follow: true keeps the newest edge on screen. The list ends it when the person scrolls away or
// selects, and takes it up at the edge; nothing else moves what is on screen: rows that leave or
// come elsewhere shift nothing. The focused row stays in the DOM wherever it is scrolled to.
// In a tree (role treegrid) give `rowProps` aria-level and aria-expanded, and `onFold`.

import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useKeys } from './keys.ts';
import { ListRow, type RowExtras } from './list_row.tsx';
import { rowHeight } from './state.ts';

/** Rows to ask for at once: what a tall screen shows and what lies around it. */
export const kWindow = 96;
const kAround = 4;
/** Rows that have left and still have their room, and are counted. */
const kMostLeft = 4096;
const kNoExtras: RowExtras = {};
/** Browsers draw no element higher than some 17 million pixels; beyond this the bar is a scale. */
const kMaxHeight = 15_000_000;

export interface VirtualListProps<Item> {
  label: string;
  role?: 'grid' | 'treegrid';
  /** grid-template-columns; and the width below which it scrolls sideways. */
  columns: string;
  least?: string;
  head: ComponentChildren[];
  first: number;
  end: number;
  at: number;
  items: readonly Item[];
  onWindow: (from: number) => void;
  keyOf: (item: Item) => string | number;
  /** One element with role="gridcell" per column. The same function as before: rows are drawn anew only where they changed. */
  cells: (item: Item, index: number) => ComponentChildren;
  rowProps?: (item: Item, index: number) => RowExtras;
  selected?: string | number | null;
  /** By click or by moving with the keys. */
  onSelect?: (item: Item, index: number) => void;
  /** Enter, double click, Right in a grid. */
  onOpen?: (item: Item, index: number) => void;
  /** Left, Escape in a grid. */
  onClose?: () => void;
  /** treegrid: Right opens, Left closes. */
  onFold?: (item: Item, open: boolean, index: number) => void;
  follow?: boolean;
  onFollow?: (on: boolean) => void;
  newest?: 'bottom' | 'top';
  /** j, k, G and Home go to it from anywhere in the view. */
  main?: boolean;
  /** Scrolls there, once per new value. */
  goTo?: { index: number };
}

export function VirtualList<Item>(props: VirtualListProps<Item>) {
  const { label, role = 'grid', columns, least, head, first, end, at, items, keyOf, follow = false, newest = 'bottom' } = props;
  const height = rowHeight.value;
  const box = useRef<HTMLDivElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState({ from: 0, to: 40, shift: 0, slots: 40 });
  const [active, setActive] = useState(-1);
  // Where the bar stands and how high the rows' room is (asking the browser costs a layout), what
  // stood on top, whether the focus is to go to the active row and whether that one is to be selected;
  // the index whose place is 0, the index that rows are laid out from.
  const own = useRef({
    top: 0, view: 0, topIndex: first, into: 0, focus: false, select: false, slots: 0, kept: null as { index: number; item: Item } | null,
    base: first, origin: first, end,
  });

  const isOther = (index: number) => first < index || first - index > kMostLeft || first > own.current.end || (end - index) * height > kMaxHeight;
  // What leaves above moves nobody who reads: its room stays until one scrolls there.
  if (follow || newest === 'top' || own.current.topIndex < first || isOther(own.current.base)) own.current.base = first;
  // Rows keep their place in the body while others come and leave: then only the body moves.
  if (isOther(own.current.origin)) own.current.origin = first;
  own.current.end = end;
  const { base, origin } = own.current;
  const total = end - base;
  const placeOf = (index: number) => (newest === 'top' ? end - 1 - index : index - base);
  const indexAt = (place: number) => (newest === 'top' ? end - 1 - place : base + place);
  const real = total * height;
  const bodyHeight = Math.min(real, kMaxHeight);
  const topOf = (index: number) => (newest === 'top' ? origin - index : index - origin) * height;
  const view = () => own.current.view;
  const edgeOf = () => Math.max(0, bodyHeight - view());
  const scale = () => (real <= kMaxHeight ? 1 : (real - view()) / edgeOf());

  const look = () => {
    if (box.current === null) return;
    const top = own.current.top * scale();
    own.current.topIndex = indexAt(Math.floor(top / height));
    own.current.into = top % height;
    const slots = Math.ceil(view() / height) + 1 + 2 * kAround;
    const from = Math.max(0, Math.min(Math.floor(top / height) - kAround, total - slots));
    const to = Math.min(total, from + slots);
    const shift = own.current.top - top;
    setShown((old) => (old.from === from && old.to === to && old.shift === shift && old.slots === slots ? old : { from, to, shift, slots }));
    const low = newest === 'top' ? end - to : base + from;
    if (total > 0 && (Math.max(first, low) < at || low + (to - from) > Math.min(end, at + items.length))) props.onWindow(Math.max(first, low - (kWindow - to + from) / 2 | 0));
  };
  const put = (top: number) => {
    if (top === own.current.top) return;
    box.current!.scrollTop = top;
    own.current.top = box.current!.scrollTop;
  };
  const toPlace = (place: number, into = 0) => put((place * height + into) / scale());
  const edge = () => (newest === 'top' ? 0 : edgeOf());

  const resized = useRef(look);
  resized.current = () => {
    if (box.current === null) return;
    own.current.view = Math.max(0, box.current.clientHeight - height);
    if (follow) put(edge());
    look();
  };
  useLayoutEffect(() => resized.current(), [height]);
  useEffect(() => {
    const watch = new ResizeObserver(() => resized.current());
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  // After each change of what exists: the newest edge, or the same row where it was.
  useLayoutEffect(() => {
    if (box.current === null) return;
    if (follow) put(edge());
    else toPlace(Math.min(Math.max(0, placeOf(own.current.topIndex)), Math.max(0, total - 1)), own.current.into);
    look();
  }, [base, end, follow, height, newest]);
  useLayoutEffect(look);

  const reveal = (index: number) => {
    const place = placeOf(index);
    const top = own.current.top * scale();
    if (place * height < top) toPlace(place);
    else if ((place + 1) * height > top + view()) toPlace(place + 1, -view());
    look();
  };
  useLayoutEffect(() => {
    if (props.goTo !== undefined && props.goTo.index >= first) { setActive(props.goTo.index); reveal(props.goTo.index); }
  }, [props.goTo]);

  const itemOf = (index: number): Item | undefined => items[index - at] ?? (own.current.kept?.index === index ? own.current.kept.item : undefined);
  const onScroll = () => {
    const element = box.current;
    if (element === null) return; // the last scroll of a list that is gone
    if (Math.abs(element.scrollTop - own.current.top) > 1) {
      const away = Math.abs(element.scrollTop - edge());
      own.current.top = element.scrollTop;
      if (follow && away > height) props.onFollow?.(false);
      else if (!follow && away < 2 && total * height > view()) props.onFollow?.(true);
    }
    look();
  };
  const move = (index: number) => {
    if (total === 0) return;
    const to = Math.min(end - 1, Math.max(first, index));
    own.current.focus = own.current.select = true;
    setActive(to);
    reveal(to);
    const item = itemOf(to);
    if (follow) props.onFollow?.(false);
    if (item !== undefined) props.onSelect?.(item, to);
  };
  const down = newest === 'top' ? -1 : 1;
  const here = active >= first && active < end ? active : -1;
  const step = (by: number) => move(here === -1 ? own.current.topIndex : here + by * down);
  const page = () => Math.max(1, Math.floor(view() / height) - 1);
  const toNewest = () => {
    props.onFollow?.(true);
    if (props.onFollow === undefined) move(end - 1);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const item = itemOf(here);
    const act: Record<string, (() => void) | undefined> = {
      ArrowDown: () => step(1), ArrowUp: () => step(-1), PageDown: () => step(page()), PageUp: () => step(-page()),
      Home: () => move(first), End: () => move(end - 1),
      Enter: item && props.onOpen && (() => props.onOpen!(item, here)),
      ArrowRight: item && (props.onFold ? () => props.onFold!(item, true, here) : props.onOpen && (() => props.onOpen!(item, here))),
      ArrowLeft: item && props.onFold ? () => props.onFold!(item, false, here) : props.onClose,
      Escape: props.onClose,
    };
    // A button inside a row keeps its own Enter.
    if (event.key === 'Enter' && event.target instanceof Element && event.target.closest('button,a')) return;
    if (!Object.hasOwn(act, event.key) || act[event.key] === undefined) return;
    event.preventDefault();
    act[event.key]!();
  };
  useKeys(label, props.main ? {
    j: ['next row', () => step(1)], k: ['previous row', () => step(-1)], ArrowDown: ['', () => step(1)], ArrowUp: ['', () => step(-1)],
    G: ['newest', toNewest], Home: ['oldest in memory', () => move(first)],
  } : {});

  // A row that had not come yet when it was moved to is selected when it is here.
  const activeItem = here === -1 ? undefined : items[here - at];
  if (activeItem !== undefined) own.current.kept = { index: here, item: activeItem };
  useLayoutEffect(() => {
    if (!own.current.focus || activeItem === undefined) return;
    const { select } = own.current;
    own.current.focus = own.current.select = false;
    body.current?.querySelector<HTMLElement>('[role="row"][tabindex="0"]')?.focus({ preventScroll: true });
    if (select && keyOf(activeItem) !== props.selected) props.onSelect?.(activeItem, here);
  });

  const indexOf = (event: Event) => Number((event.target as Element).closest<HTMLElement>('[data-index]')?.dataset.index ?? -1);
  const onFocusIn = (event: FocusEvent) => {
    if (indexOf(event) !== here) setActive(indexOf(event));
  };
  const onClick = (event: MouseEvent) => {
    const index = indexOf(event), item = itemOf(index);
    setActive(index);
    if (item === undefined) return;
    if (follow) props.onFollow?.(false);
    props.onSelect?.(item, index);
  };

  // With another number of slots all rows are made anew: the focus goes to the new one.
  if (own.current.slots !== shown.slots) {
    own.current.slots = shown.slots;
    own.current.focus ||= body.current?.contains(document.activeElement) ?? false;
  }
  const places: number[] = [];
  for (let place = shown.from; place < Math.min(shown.to, total); place++) places.push(place);
  const herePlace = here === -1 ? -1 : placeOf(here);
  const away = herePlace !== -1 && !places.includes(herePlace);
  // Where it belongs: a browser scrolls to a focused element that is moved in the DOM.
  if (away) places.splice(herePlace < shown.from ? 0 : places.length, 0, herePlace);
  const tabPlace = herePlace !== -1 ? herePlace : places[Math.min(kAround, places.length - 1)];

  return (
    <div ref={box} class="list" role={role} aria-label={label} aria-rowcount={(newest === 'top' ? total : end - origin) + 1} aria-colcount={head.length}
      style={{ '--columns': columns, '--least': least ?? '0' }} onScroll={onScroll} onKeyDown={onKeyDown} tabIndex={total === 0 ? 0 : -1}>
      <div class="list-head" role="rowgroup"><div role="row" aria-rowindex={1}>{head.map((title) => <span role="columnheader">{title}</span>)}</div></div>
      <div class="list-room" style={{ height: `${bodyHeight}px` }}><div ref={body} class="list-body" role="rowgroup" onClick={onClick} onFocusIn={onFocusIn}
        style={{ transform: `translateY(${placeOf(origin) * height + shown.shift}px)` }}
        onDblClick={(event) => { const item = itemOf(indexOf(event)); if (item !== undefined) props.onOpen?.(item, indexOf(event)); }}>
        {places.map((place) => {
          const index = indexAt(place);
          const item = itemOf(index);
          // A slot of the DOM serves one row after the other; scrolled out, the active row keeps its own.
          const taken = away && index !== here && index % shown.slots === here % shown.slots;
          return (
            <ListRow<Item> key={taken ? -1 : index % shown.slots} item={item} index={index} place={newest === 'top' ? place : index - origin} top={topOf(index)}
              tab={place === tabPlace} selected={item !== undefined && props.selected != null && keyOf(item) === props.selected}
              cells={props.cells} extras={item === undefined ? kNoExtras : props.rowProps?.(item, index) ?? kNoExtras} />
          );
        })}
      </div></div>
    </div>
  );
}
