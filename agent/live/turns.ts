// Work that comes one after the other, whoever asks for it meanwhile: what fails ends for whoever asked, and holds up nobody behind it.

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins when all that was asked for before has ended. */
  take<Result>(work: () => Result | Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
