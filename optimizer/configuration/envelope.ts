// The least of many lines at a place: which machine is cheapest at best, whatever the pair. Answers in a few comparisons.

/** min over i of intercepts[i] + slopes[i] · x, for x ≥ 0: a concave chain of lines. */
export class Envelope {
  readonly #starts: number[] = [];
  readonly #lines: { readonly slope: number; readonly intercept: number }[] = [];

  constructor(slopes: ArrayLike<number>, intercepts: ArrayLike<number>) {
    const lines = Array.from({ length: slopes.length }, (_, index) => ({
      slope: slopes[index]!,
      intercept: intercepts[index]!,
    })).toSorted((a, b) => a.intercept - b.intercept || a.slope - b.slope);
    for (const line of lines) this.#add(line);
  }

  /** Positive infinity without lines. */
  at(x: number): number {
    let low = 0;
    let high = this.#lines.length - 1;
    if (high < 0) return Number.POSITIVE_INFINITY;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= x) low = middle;
      else high = middle - 1;
    }
    const line = this.#lines[low]!;
    return line.intercept + line.slope * x;
  }

  #add(line: { readonly slope: number; readonly intercept: number }): void {
    for (;;) {
      const last = this.#lines.at(-1);
      if (last === undefined) break;
      if (line.slope >= last.slope) return;
      const crossing = (line.intercept - last.intercept) / (last.slope - line.slope);
      if (crossing > this.#starts.at(-1)!) {
        this.#starts.push(crossing);
        this.#lines.push(line);
        return;
      }
      this.#lines.pop();
      this.#starts.pop();
    }
    this.#starts.push(0);
    this.#lines.push(line);
  }
}
