/**
 * Turns at something of which only so many may go on at a time: first come, first served. Whoever wants several asks anew for each, so
 * that nobody keeps the others waiting for longer than one turn.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(atATime: number) {
    this.#free = atATime;
  }

  /** Does something when its turn has come. Throws what the action throws. */
  async take<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
