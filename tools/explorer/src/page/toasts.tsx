// Short words at the corner. Nobody has to read them: what matters stands in a view too, and
// status_line.tsx says it once for screen readers.
//
//   toast('Link copied');
//   toast('Cleared 1 204 rows', { seconds: 10, action: { label: 'Undo', run: undo } });
//   toast('503: server full', { kind: 'error' });     stays until closed
//   toast('Saved', { like: 'presets' });              takes the place of an older one of that name

import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icons.tsx';
import { SafeText } from './safe_text.tsx';

interface Options {
  kind?: 'info' | 'warning' | 'error';
  /** Of being shown; hover and focus hold it. Errors and warnings stay. */
  seconds?: number;
  action?: { label: string; run: () => void };
  like?: string;
}
interface Toast extends Options {
  n: number;
  text: string;
}

const kShown = 3;
const kSeconds = 5;
const shown = signal<readonly Toast[]>([]);
let made = 0;

/** Says a text; the answer takes it back. */
export function toast(text: string, options: Options = {}): () => void {
  const n = ++made;
  const others = shown.value.filter(({ like }) => like === undefined || like !== options.like);
  shown.value = [...others, { ...options, n, text }].slice(-kShown);
  return () => close(n);
}
export function closeToasts(like: string): void {
  shown.value = shown.value.filter((one) => one.like !== like);
}
function close(n: number): void {
  shown.value = shown.value.filter((one) => one.n !== n);
}

function OneToast({ n, text, kind = 'info', seconds = kind === 'info' ? kSeconds : Infinity, action, held }: Toast & { held: boolean }) {
  useEffect(() => {
    if (held || seconds === Infinity) return;
    const timer = setTimeout(() => close(n), seconds * 1000);
    return () => clearTimeout(timer);
  }, [held, n]);
  return (
    <div class="toast" data-kind={kind}>
      {kind !== 'info' && <Icon name="warning" />}
      <span class="grow"><SafeText text={text} /></span>
      {action && <button type="button" onClick={() => { close(n); action.run(); }}>{action.label}</button>}
      <button type="button" class="quiet icon" aria-label="Close this message" onClick={() => close(n)}><Icon name="close" /></button>
    </div>
  );
}

/** Pointer or focus on one holds all: they move when one goes. */
export function Toasts() {
  const [held, setHeld] = useState(false);
  useEffect(() => { if (shown.value.length === 0) setHeld(false); }, [shown.value]);
  return (
    <section class="toasts" aria-label="Messages" onPointerOver={() => setHeld(true)} onPointerLeave={() => setHeld(false)}
      onFocusIn={() => setHeld(true)} onFocusOut={() => setHeld(false)}>
      {shown.value.map((one) => <OneToast key={one.n} held={held} {...one} />)}
    </section>
  );
}
