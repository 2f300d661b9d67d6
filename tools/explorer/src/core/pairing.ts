// Which observation belongs to which action. Either may come first.

export class Pairing {
  readonly #actions = new Map<string, number>();
  readonly #observations = new Map<string, number>();

  /** The row that waited for this one, which waits no longer; -1: none, and this one waits. */
  meet(isAction: boolean, trace: string, callId: string, row: number): number {
    const key = `${trace}\n${callId}`;
    const [own, others] = isAction ? [this.#actions, this.#observations] : [this.#observations, this.#actions];
    const other = others.get(key);
    if (other === undefined) {
      // Of two with one id the first is the one that is answered.
      if (!own.has(key)) own.set(key, row);
      return -1;
    }
    others.delete(key);
    return other;
  }

  /** Rows in front of `before` are `by` less now. */
  shift(before: number, by: number): void {
    for (const waiting of [this.#actions, this.#observations])
      for (const [key, row] of waiting) if (row < before) waiting.set(key, row - by);
  }

  /** What is older than `first` has left. */
  forget(first: number): void {
    for (const waiting of [this.#actions, this.#observations])
      for (const [key, row] of waiting) if (row < first) waiting.delete(key);
  }

  clear(): void {
    this.#actions.clear();
    this.#observations.clear();
  }
}
