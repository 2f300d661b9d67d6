// Time, so that tests can have another one.

export interface Clock {
  now(): number;
  /** Runs once; the answer takes it back. */
  after(ms: number, run: () => void): () => void;
}

export const kClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};
