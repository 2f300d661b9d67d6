// What the page asks of the server besides the stream: addresses relative to the page, the bearer
// when there is one, and refusals in words.

import { useEffect, useState } from 'preact/hooks';
import { bearerHeaders, signedIn } from './session.ts';

export class Refused extends Error {
  readonly status: number;
  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

function wordsOf(status: number, text: string): string {
  let told: { error?: unknown; reason?: unknown; message?: unknown } = {};
  try {
    told = (JSON.parse(text) ?? {}) as typeof told;
  } catch { /* no JSON: the status says it */ }
  const inside = (told.error ?? {}) as { message?: unknown }; // as JSON-RPC says it
  const [why] = [told.message, told.reason, told.error, inside.message].filter((one) => typeof one === 'string');
  const kept = status === 401 ? 'a token is needed' : status === 403 ? 'this token may not see it' : status === 404 ? 'this server does not have it' : '';
  return [`HTTP ${status}`, kept, why].filter(Boolean).join(': ');
}

/** Throws Refused with what the server said, and with status 0 when nothing answered. */
export async function rest(path: string, init: RequestInit = {}): Promise<Response> {
  const answer = await fetch(path, { ...init, headers: { ...bearerHeaders(), ...init.headers } }).catch((error: unknown) => {
    throw init.signal?.aborted ? error : new Refused(0, 'the server does not answer');
  });
  if (!answer.ok) throw new Refused(answer.status, wordsOf(answer.status, await answer.text()));
  return answer;
}
export async function restJson<Shape>(path: string, init?: RequestInit): Promise<Shape> {
  return (await rest(path, init)).json() as Promise<Shape>;
}

/** The newest answer and, beside it, why there is no newer one. */
export interface Polled<Shape> {
  value: Shape | undefined;
  failed: string;
}
/** Asked now, and again every so often while the page is looked at; anew for another `key`, and when a token came. */
export function usePolled<Shape>(get: () => Promise<Shape>, everyMs: number, key: string): Polled<Shape> {
  const [state, setState] = useState<Polled<Shape>>({ value: undefined, failed: '' });
  useEffect(() => {
    let here = true, timer = 0;
    const turn = async (): Promise<void> => {
      if (!document.hidden) {
        await get().then(
          (value) => { if (here) setState({ value, failed: '' }); },
          (error: unknown) => { if (here) setState(({ value }) => ({ value, failed: error instanceof Error ? error.message : String(error) })); });
      }
      if (here) timer = window.setTimeout(() => void turn(), everyMs);
    };
    setState({ value: undefined, failed: '' });
    void turn();
    return () => { here = false; clearTimeout(timer); };
  }, [key, signedIn.value]);
  return state;
}
