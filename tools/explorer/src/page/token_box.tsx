// Where a bearer is given. It lives in memory (session.ts); "keep in this tab" uses the storage of
// the tab, never a cookie, the address or what outlives the tab.

import { useEffect, useState } from 'preact/hooks';
import { tokenBox } from './boxes.ts';
import { Dialog } from './dialog.tsx';
import { SafeText } from './safe_text.tsx';
import { authNeeded, giveBearer, signOut, tokenInAddress } from './session.ts';

export function TokenDialog() {
  const [text, setText] = useState('');
  const [keep, setKeep] = useState(false);
  const close = () => (tokenBox.value = false);
  const why = authNeeded.value;
  const use = (event: Event) => {
    event.preventDefault();
    if (text.trim() === '') return;
    giveBearer(text.trim(), keep);
    close();
  };
  return (
    <Dialog title="Token" onClose={close}>
      <form onSubmit={use}>
        {why && <p class="bad" role="alert"><SafeText text={why} /></p>}
        {tokenInAddress.value && <p class="bad">A token stood in the address of this page. It was removed and not used: whoever saw the address has it, so replace it at the server.</p>}
        <p><label for="bearer">Bearer token of this server</label><br />
          <input id="bearer" type="password" class="wide" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </p>
        <p><label><input type="checkbox" checked={keep} onChange={(event) => setKeep(event.currentTarget.checked)} />Keep in this tab over a reload</label></p>
        <div class="bar">
          <button type="submit" class="primary" disabled={text.trim() === ''}>Use it</button>
          <button type="button" onClick={() => { signOut(); close(); }}>Sign out in all tabs</button>
        </div>
      </form>
    </Dialog>
  );
}

/** Opens the box when a token is asked for, or one was given in the wrong place. */
export function useTokenBox(): void {
  useEffect(() => authNeeded.subscribe((why) => { if (why !== null) tokenBox.value = true; }), []);
  useEffect(() => tokenInAddress.subscribe((was) => { if (was) tokenBox.value = true; }), []);
}
