// How long to wait before the next try (explorer.md section 3).

const kMaxDelayMs = 30_000;
const kMaxRetryAfterMs = 120_000;
/** What servers say when they say nothing. */
const kFirstDelayMs = 2_000;

export class Backoff {
  readonly #random: () => number;
  /** The server's `retry:`. */
  #base = kFirstDelayMs;
  #failed = 0;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  get tries(): number {
    return this.#failed;
  }
  retry(ms: number): void {
    this.#base = ms;
  }
  reset(): void {
    this.#failed = 0;
  }
  /** After one more failure. `retryAfter`: of the answer; it wins. */
  next(retryAfterMs: number | null = null): number {
    const doubled = Math.min(this.#base * 2 ** this.#failed++, kMaxDelayMs);
    if (retryAfterMs !== null) return Math.min(retryAfterMs, kMaxRetryAfterMs);
    return doubled * (0.5 + this.#random() / 2);
  }
}

/** `Retry-After`, seconds or a date; null: none that can be read. */
export function retryAfterMs(header: string | null, now: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header.trim())) return Number(header) * 1000;
  const at = /^[A-Z][a-z]{2}, /.test(header.trim()) ? Date.parse(header) : NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
