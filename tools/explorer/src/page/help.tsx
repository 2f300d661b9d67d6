// `?`: what can be pressed, here and now.

import { helpOpen } from './boxes.ts';
import { Dialog } from './dialog.tsx';
import { keysNow } from './keys.ts';
import { settings } from './state.ts';

const kWords: Record<string, string> = { Escape: 'Esc', ArrowRight: '→', ArrowLeft: '←', ArrowDown: '↓', ArrowUp: '↑' };
const wordsOf = (key: string) => key.split(' ').map((one) => kWords[one] ?? one);

export function HelpDialog() {
  return (
    <Dialog title="Keys" wide onClose={() => (helpOpen.value = false)}>
      {!settings.value.singleKeys && <p>Keys of one letter are switched off in the settings.</p>}
      <div class="keys">
        {keysNow().map(({ title, keys }) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>{keys.map(({ key, says }) => <div key={key}><dt>{wordsOf(key).map((one) => <kbd key={one}>{one}</kbd>)}</dt><dd>{says}</dd></div>)}</dl>
          </section>
        ))}
        <section>
          <h3>Pointer</h3>
          <dl>
            <div><dt>click a value</dt><dd>only rows that have it</dd></div>
            <div><dt>Alt+click</dt><dd>rows that do not have it</dd></div>
            <div><dt>double click</dt><dd>open the trace</dd></div>
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
