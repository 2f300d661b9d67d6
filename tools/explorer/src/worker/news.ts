// What has happened, in words for a toast.

import type { Notice } from '../core/protocol.ts';
import type { News, Store } from './store.ts';

export function newsOf(store: Store): Notice[] {
  return store.news.filter(({ row }) => row >= store.columns.first).map((news) => ({ kind: news.kind, text: words(store, news), task: news.trace?.key ?? '', row: news.row }));
}

function words(store: Store, { kind, trace, row }: News): string {
  const { tool, server } = store.whatOf(row);
  const name = server === '' ? tool : `${server}/${tool}`;
  const whose = trace ? ` (${trace.key})` : '';
  if (kind === 'trace') return `New trace ${trace?.key ?? ''}${tool || trace?.tool ? ` (${tool ? name : trace?.tool})` : ''}`;
  if (kind === 'error') return `${name || 'A call'} failed: ${store.row(row, true).status}${whose}`;
  return `${name || 'A call'} waits for approval${whose}`;
}
