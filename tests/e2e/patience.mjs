// Waiting on conditions instead of sleeping, and undoing what a test set up.
//
// ctest sets DEVS_SLOW: how much slower a sanitizer makes the program under test.

import { after } from 'node:test';

export const slow = Number(process.env.DEVS_SLOW ?? 1);

// Resolves with what `condition` answers once that is truthy; looks every 5 ms and
// whenever the event loop turns anyway.  Past the deadline it fails, naming `what`.
export async function until(what, condition, ms = 60_000) {
  const deadline = Date.now() + ms * slow;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`not within ${ms * slow} ms: ${what}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
}

// Undoes what a test set up, last first: a server is gone before its folder is.
// `t` is a test, or `wholeFile` for what all tests of a file share.
const owed = new Map();
export function later(t, undo) {
  if (!owed.has(t)) {
    owed.set(t, []);
    t.after(async () => {
      let wrong; // the rest is undone all the same: a server that stays is worse than a test that fails
      for (const one of owed.get(t).reverse()) await Promise.resolve().then(one).catch((error) => { wrong ??= error; });
      if (wrong) throw wrong;
    });
  }
  owed.get(t).push(undo);
}
export const wholeFile = { after };
