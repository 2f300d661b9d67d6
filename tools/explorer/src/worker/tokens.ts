// Stream tokens: the page mints them, this asks for them when one is needed (E63).

import type { Command, Need } from '../core/protocol.ts';
import type { Clock } from './clock.ts';

/** A token is used for this part of its life, so that none expires on the way. */
const kUsedShare = 0.8;

export interface Granted {
  /** null: none is known to be wanted. */
  token: string | null;
  topics: readonly string[];
}

/** No token can be had. */
export class NoToken extends Error {
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

export class Tokens {
  readonly #clock: Clock;
  readonly #need: (what: Need) => void;
  #have: (Granted & { until: number; asked: readonly string[] }) | null = null;
  #why: Extract<Need, { needs: 'token' }>['after'] = 'start';
  #asking: readonly string[] | null = null;
  #waiting: { resolve: (granted: Granted) => void; reject: (error: NoToken) => void }[] = [];

  constructor(clock: Clock, need: (what: Need) => void) {
    this.#clock = clock;
    this.#need = need;
  }

  get(topics: readonly string[]): Promise<Granted> {
    const have = this.#have;
    if (have && topics.every((one) => have.asked.includes(one))) {
      if (have.token === null || this.#clock.now() < have.until) return Promise.resolve(have);
      this.#why = 'expired';
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      if (this.#asking) return;
      this.#asking = [...topics];
      this.#need({ needs: 'token', after: this.#why, topics: [...topics] });
    });
  }
  /** It did not open, or opens nothing any more. */
  drop(why: 'expired' | 'refused'): void {
    this.#have = null;
    this.#why = why;
  }

  /** False: nobody had asked. */
  obey(command: Extract<Command, { do: 'token' | 'no_token' }>): boolean {
    const waiting = this.#waiting;
    const asked = this.#asking;
    this.#waiting = [];
    this.#asking = null;
    if (command.do === 'no_token') {
      this.#have = null;
      for (const { reject } of waiting) reject(new NoToken(command.status, command.reason));
      return waiting.length > 0;
    }
    const { token, topics, expiresAt } = command;
    const now = this.#clock.now();
    this.#have = { token, topics: token === null ? asked ?? topics : topics, until: now + (expiresAt - now) * kUsedShare, asked: asked ?? topics };
    this.#why = 'start';
    for (const { resolve } of waiting) resolve(this.#have);
    return waiting.length > 0;
  }
}
