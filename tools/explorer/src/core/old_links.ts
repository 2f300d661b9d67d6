// Addresses of before there was a fragment: `?trace_id=`, and what the list of traces is asked.

const kTerms = new Map([['session_tag', 'session'], ['workflow', 'task'], ['agent_id', 'agent'], ['tool_name', 'tool']]);
const kStates = new Map([['failed', 'error'], ['completed', 'ok'], ['running', 'running'], ['cancelled', 'CANCELLED']]);
const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

/** The same place as an address of now; null: nothing of it was old. What it does not know stays. */
export function ofNow(address: string): string | null {
  const url = new URL(address);
  const old = url.searchParams;
  const take = (name: string): string => {
    const value = old.get(name) ?? '';
    old.delete(name);
    return value;
  };
  const before = old.size;
  const trace = [take('trace_id'), take('conversation_id'), take('task_id')].find((name) => name !== '');
  const terms: string[] = [];
  for (const [name, key] of kTerms) {
    const value = take(name);
    if (value !== '') terms.push(`${key}:${quote(value)}`);
  }
  const state = kStates.get(take('status')), least = take('min_duration'), words = take('search');
  if (state !== undefined) terms.push(`status:${state}`);
  if (/^\d+(\.\d+)?$/.test(least)) terms.push(`dur:>=${least}ms`);
  if (words !== '') terms.push(quote(words));
  if (old.size === before) return null;
  // An address that names a place already is believed.
  if (url.hash === '') url.hash = trace ? `#/trace/${encodeURIComponent(trace)}` : terms.length > 0 ? `#/live?f=${encodeURIComponent(terms.join(' '))}` : '';
  return url.href;
}
