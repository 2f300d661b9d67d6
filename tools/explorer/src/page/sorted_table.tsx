// A table whose columns sort; which one is in the address (`sort=-calls`), so that a link keeps it.

import type { ComponentChildren } from 'preact';
import { Icon } from './icons.tsx';
import { route, setParams } from './route.ts';

export interface Column<Item> {
  key: string;
  head: string;
  isNumber?: boolean;
  value: (item: Item) => string | number | null;
  cell: (item: Item) => ComponentChildren;
}
interface Props<Item> {
  label: string;
  columns: readonly Column<Item>[];
  items: readonly Item[];
  keyOf: (item: Item) => string;
  /** `-calls`: the largest first. */
  order: string;
  /** The name in the address; two tables of one view have two. */
  param?: string;
}

/** What is not known stands last either way. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : Number(a !== b);
}

export function SortedTable<Item>({ label, columns, items, keyOf, order, param = 'sort' }: Props<Item>) {
  const asked = route.value.params[param] || order;
  const isDown = asked.startsWith('-'), key = isDown ? asked.slice(1) : asked;
  const by = columns.find((one) => one.key === key) ?? columns[0]!;
  const sorted = [...items].sort((a, b) => {
    const [one, two] = [by.value(a), by.value(b)];
    const sign = one === null || two === null || !isDown ? 1 : -1;
    return sign * compare(one, two) || (keyOf(a) < keyOf(b) ? -1 : 1);
  });
  return (
    <div class="scroll">
      <table class="data">
        <caption class="sr">{label}</caption>
        <thead><tr>{columns.map(({ key: name, head, isNumber }) => (
          <th key={name} scope="col" class={isNumber ? 'num' : ''} aria-sort={name !== by.key ? 'none' : isDown ? 'descending' : 'ascending'}>
            <button type="button" onClick={() => setParams({ [param]: name === by.key ? `${isDown ? '' : '-'}${name}` : `${isNumber ? '-' : ''}${name}` })}>
              {head}{name === by.key && <Icon name={isDown ? 'down' : 'up'} />}
            </button>
          </th>
        ))}</tr></thead>
        <tbody>{sorted.map((item) => (
          <tr key={keyOf(item)}>{columns.map(({ key: name, isNumber, cell }) => <td key={name} class={isNumber ? 'num' : ''}>{cell(item)}</td>)}</tr>
        ))}</tbody>
      </table>
    </div>
  );
}
