// One row of virtual_list.tsx. It is drawn anew only when something of it is another; its place in
// the DOM is reused for other rows, which is what scrolling fast costs least.

import { Component, type ComponentChildren, type HTMLAttributes } from 'preact';

export type RowExtras = HTMLAttributes<HTMLDivElement> & { [data: `data-${string}`]: string | boolean | undefined };

interface Props<Item> {
  item: Item | undefined;
  index: number;
  place: number;
  top: number;
  tab: boolean;
  selected: boolean;
  cells: (item: Item, index: number) => ComponentChildren;
  extras: RowExtras;
}

const same = (one: object, other: object): boolean => {
  const names = Object.keys(one) as (keyof typeof one)[];
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
};

export class ListRow<Item> extends Component<Props<Item>> {
  #before: Item | undefined;

  override shouldComponentUpdate(next: Props<Item>, state: object) {
    const { extras, ...rest } = this.props;
    const { extras: nextExtras, ...nextRest } = next;
    return state !== this.state || !same(rest, nextRest) || !same(extras, nextExtras);
  }
  render({ item, index, place, top, tab, selected, cells, extras }: Props<Item>) {
    // Until a row has come the one before stands in its place unseen: so the text changes and not the DOM.
    const shown = item ?? this.#before;
    this.#before = shown;
    return (
      <div role="row" aria-rowindex={place + 2} tabIndex={tab ? 0 : -1} aria-selected={selected} {...extras} data-index={index}
        {...(item === undefined && { class: 'wait', 'aria-busy': true })} style={{ transform: `translateY(${top}px)` }}>
        {shown === undefined ? <span role="gridcell" /> : cells(shown, index)}
      </div>
    );
  }
}
