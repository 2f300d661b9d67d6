// The one line that screen readers hear (E56): at most one message per 5 s, what came meanwhile is
// put together. Rows are never live regions.
//
//   say('Live');     announce('traces', 12, (n) => `${n} new traces`);     counts of one name add up

import { signal } from '@preact/signals';

const kQuietMs = 5000;
const said = signal('');
const waiting = new Map<string, { n: number; words: (n: number) => string }>();
let timer = 0;

export function announce(name: string, n: number, words: (n: number) => string): void {
  waiting.set(name, { n: (waiting.get(name)?.n ?? 0) + n, words });
  if (timer === 0) speak();
}
/** The newest of these wins. */
export function say(text: string): void {
  waiting.delete('said');
  announce('said', 0, () => text);
}
function speak(): void {
  timer = 0;
  if (waiting.size === 0) return;
  said.value = [...waiting.values()].map(({ n, words }) => words(n)).join(', ');
  waiting.clear();
  timer = setTimeout(speak, kQuietMs);
}

export function StatusLine() {
  return <p class="sr" role="status" aria-live="polite">{said}</p>;
}
