/**
 * How long to wait before the next attempt. The window doubles from `firstMs` to `maxMs` with
 * every failure; a random moment of its upper half is taken, so that clients of a server that
 * went away do not all come back at once.
 */
export class Backoff {
  #failures = 0;
  #leastMs: number;

  constructor(
    private readonly firstMs = 1_000,
    private readonly maxMs = 30_000,
    private readonly random: () => number = Math.random,
  ) {
    this.#leastMs = firstMs;
  }

  get failures(): number {
    return this.#failures;
  }

  /** No wait is shorter: what the server asked for by `retry:`. */
  atLeast(ms: number): void {
    this.#leastMs = Math.max(ms, this.firstMs);
  }

  /** Counts a failure. */
  next(): number {
    this.#failures += 1;
    const window = Math.min(this.maxMs, this.#leastMs * 2 ** this.#failures);
    return Math.max(this.#leastMs, (window / 2) * (1 + this.random()));
  }

  succeeded(): void {
    this.#failures = 0;
  }
}

/** Resolves after so long, or as soon as `signal` is aborted. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
