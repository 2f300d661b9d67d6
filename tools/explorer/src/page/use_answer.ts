// What a view shows is an answer of the worker, asked again whenever the worker rings.

import { useEffect, useState } from 'preact/hooks';
import type { Asks } from '../core/protocol.ts';
import { ask, tick } from './worker_link.ts';

/**
 * The newest answer; undefined before the first. One ask is out at a time: a bell that rings
 * meanwhile is one more ask when that one is answered.
 */
export function useAnswer<Name extends keyof Asks>(name: Name, args: Asks[Name]['ask']): Asks[Name]['answer'] | undefined {
  const [answer, setAnswer] = useState<Asks[Name]['answer']>();
  const key = JSON.stringify(args);
  useEffect(() => {
    let here = true, out = false, again = false;
    const pull = async () => {
      if (out) { again = true; return; }
      out = true;
      do {
        again = false;
        const got = await ask(name, args).catch(() => undefined);
        if (here && got !== undefined) setAnswer(() => got);
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
