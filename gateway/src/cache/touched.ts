/** Remembers what was touched when, so that an answer that was begun before is known to be outdated. */
export class Touched {
  readonly #most: number;
  /** In the order of the last touch, the oldest first. */
  readonly #moments = new Map<string, number>();
  #now = 0;
  /** Touches up to here are forgotten, so everything from before counts as touched. */
  #horizon = 0;

  /** `most` is how many tags are remembered one by one. */
  constructor(most: number) {
    this.#most = most;
  }

  get now(): number {
    return this.#now;
  }

  touch(tags: readonly string[]): void {
    this.#now += 1;
    for (const tag of tags) {
      this.#moments.delete(tag);
      this.#moments.set(tag, this.#now);
    }
    while (this.#moments.size > this.#most) {
      const [oldest] = this.#moments as Iterable<[string, number]>;
      if (!oldest) return;
      this.#moments.delete(oldest[0]);
      this.#horizon = oldest[1];
    }
  }

  clear(): void {
    this.#now += 1;
    this.#horizon = this.#now;
    this.#moments.clear();
  }

  /** Whether nothing that the tags tell of was touched after the moment. */
  isFresh(tags: readonly string[], moment: number): boolean {
    if (moment < this.#horizon) return false;
    return tags.every((tag) => (this.#moments.get(tag) ?? 0) <= moment);
  }
}
