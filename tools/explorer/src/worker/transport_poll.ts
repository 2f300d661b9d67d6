// The log read again and again, where a proxy holds streams back until they end.

import type { Clock } from './clock.ts';
import type { TransportSink } from './transport.ts';
import { readStream } from './transport_fetch.ts';

const kPollMs = 5_000;

/** Until it fails. `url` of a replay that ends by itself; `read` is told after each. */
export async function poll(url: () => string, sink: TransportSink, clock: Clock, signal: AbortSignal, read: () => void): Promise<void> {
  // Its id is none of the log.
  const entries: TransportSink = { ...sink, frame: (frame) => { if (frame.name !== 'replay_end') sink.frame(frame); } };
  while (!signal.aborted) {
    await readStream(url(), entries, signal);
    if (signal.aborted) return;
    read();
    await new Promise<void>((waited) => {
      const cancel = clock.after(kPollMs, waited);
      signal.addEventListener('abort', () => { cancel(); waited(); }, { once: true });
    });
  }
}
