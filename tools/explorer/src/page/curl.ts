// What is on screen as a request for a terminal. A token is never in it: `$TOKEN` stands for it.

import type { Term } from '../core/filter.ts';
import { base, signedIn } from './session.ts';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const bearer = () => (signedIn.value ? ` -H "Authorization: Bearer $TOKEN"` : '');

/** Terms of the filter that the stream itself understands narrow it; the rest is the page's. */
const kParameters: Record<string, string> = { task: 'taskId', session: 'sessionId', agent: 'agentId', type: 'types' };

export function curlOfStream(terms: readonly Term[]): string {
  const params = new URLSearchParams();
  for (const { key, values, exclude } of terms) {
    const name = Object.hasOwn(kParameters, key) ? kParameters[key] : undefined;
    if (name !== undefined && !exclude && (values.length === 1 || key === 'type') && !values.some(({ prefix }) => prefix)) params.set(name, values.map(({ text }) => text).join(','));
  }
  if (params.size === 0) params.set('topics', 'all');
  return `curl -N${bearer()} ${quote(`${base}trace/stream?${params}`)}`;
}
export const curlOfEntry = (id: string): string => `curl${bearer()} ${quote(`${base}trace/envelopes/${encodeURIComponent(id)}`)}`;
export const curlOfPublish = (): string =>
  `curl${bearer()} -H 'Content-Type: application/json' ${quote(`${base}trace/publish`)} -d \\\n  '{"type":"thought","turn_index":1,"payload":{"analysis":{"reasoning_chain":"try it"}},"timestamp_ns":"0"}'`;
