// What a view shows is an answer of the worker, asked again whenever the worker rings.

import { useEffect, useState } from 'preact/hooks';
import type { Asks } from '../core/protocol.ts';
import { ask, tick } from './worker_link.ts';

// What takes more than a frame to draw is drawn less often: of the time that is over it takes a fifth.
const kFrameMs = 16, kRest = 4;

/**
 * The newest answer; undefined before the first. One ask is out at a time: a bell that rings
 * meanwhile is one more ask when that one is answered. `more` is asked besides, knowing the
 * answer before; what is answered undefined is as it was.
 */
export function useAnswer<Name extends keyof Asks>(
  name: Name, args: Asks[Name]['ask'], more?: (last: Asks[Name]['answer']) => Partial<Asks[Name]['ask']>,
): Asks[Name]['answer'] | undefined {
  const [answer, setAnswer] = useState<Asks[Name]['answer']>();
  const key = JSON.stringify(args);
  useEffect(() => {
    let here = true, out = false, again = false;
    let last: Asks[Name]['answer'];
    const pull = async () => {
      if (out) { again = true; return; }
      out = true;
      do {
        again = false;
        const got = await ask(name, last && more ? { ...args, ...more(last) } : args).catch(() => undefined);
        if (!here || got === undefined) continue;
        last = got;
        const from = performance.now();
        setAnswer(() => got);
        await null; // drawn
        const took = performance.now() - from;
        if (took > kFrameMs) await new Promise((rested) => setTimeout(rested, (took - kFrameMs) * kRest));
      } while (here && again);
      out = false;
    };
    let version = -1;
    const stop = tick.subscribe(({ version: now }) => {
      if (now === version) return;
      version = now;
      void pull();
    });
    return () => { here = false; stop(); };
  }, [name, key]);
  return answer;
}
