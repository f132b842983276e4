// A counting lock: at most so many at once, the rest waits in order, and beyond a limit is sent away.

export class Slots {
  readonly #atOnceMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(limits: { readonly atOnceMax: number; readonly waitingMax: number }) {
    this.#atOnceMax = limits.atOnceMax;
    this.#waitingMax = limits.waitingMax;
  }

  /** Runs `work` when there is a slot; undefined, without running it, when too many wait. */
  async run<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    if (this.#taken >= this.#atOnceMax) {
      if (this.#waiting.length >= this.#waitingMax) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#taken++;
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      // The slot goes from hand to hand, so nobody can slip in between.
      if (next === undefined) this.#taken--;
      else next();
    }
  }
}
