// The whole view state is in the fragment (explorer.md section 6): it never reaches a server.

import { signal, type ReadonlySignal } from '@preact/signals';
import { ofNow } from '../core/old_links.ts';

export type ViewName = 'live' | 'trace' | 'tools' | 'graph' | 'channel' | 'approvals' | 'health' | 'compare' | 'run' | 'unknown';

/** `#/<view>/<rest>?<params>` */
export interface Route {
  view: ViewName;
  /** Decoded path segments after the view. */
  path: readonly string[];
  params: Readonly<Record<string, string>>;
}

const kViews: readonly string[] = ['live', 'trace', 'tools', 'graph', 'channel', 'approvals', 'health', 'compare', 'run'];
const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

export function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  const [view = '', ...rest] = path.split('/').map(decode);
  const params: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const part of query.split('&').filter(Boolean)) {
    const [name = '', value = ''] = part.split(/=(.*)/s, 2).map(decode);
    params[name] = value;
  }
  const name = view === '' ? 'live' : view;
  return { view: kViews.includes(name) ? (name as ViewName) : 'unknown', path: rest, params };
}

export function printRoute({ view, path, params }: Route): string {
  const query = Object.entries(params).filter(([, value]) => value !== '')
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
  return `#/${[view, ...path.map(encodeURIComponent)].join('/')}${query ? `?${query}` : ''}`;
}

const now = ofNow(location.href);
if (now !== null) history.replaceState(null, '', now);
const here = signal<Route>(parseRoute(location.hash));
export const route: ReadonlySignal<Route> = here;
addEventListener('hashchange', () => (here.value = parseRoute(location.hash)));

/** A place one comes back from with Back; `replace`: the same place, seen a little differently. */
export function go(to: Partial<Route> & { view: ViewName }, replace = false): void {
  const text = printRoute({ path: [], params: {}, ...to });
  if (text === printRoute(here.value)) return;
  if (replace) history.replaceState(null, '', text);
  else history.pushState(null, '', text);
  here.value = parseRoute(text);
}
export function setParams(params: Record<string, string>, replace = true): void {
  go({ ...here.value, params: { ...here.value.params, ...params } }, replace);
}
