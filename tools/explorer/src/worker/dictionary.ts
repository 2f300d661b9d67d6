// Values that repeat, each kept once and named by a small number, so that a column can hold it.

export class Dictionary<Value> {
  /** By number; undefined where one is free. */
  readonly values: (Value | undefined)[] = [];
  /** Grows when numbers may have got another meaning. */
  generation = 0;
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = [];

  get size(): number {
    return this.#numbers.size;
  }

  /** `key` stands for the value: equal keys, one value. */
  number(key: string, make: () => Value): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const made = this.#free.pop() ?? this.values.length;
    this.values[made] = make();
    this.#numbers.set(key, made);
    return made;
  }

  /** Forgets what no row uses any more. */
  keep(used: (number: number) => boolean): void {
    ++this.generation;
    for (const [key, number] of this.#numbers) {
      if (used(number)) continue;
      this.#numbers.delete(key);
      this.values[number] = undefined;
      this.#free.push(number);
    }
  }
}
