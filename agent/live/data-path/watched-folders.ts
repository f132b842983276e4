// Which folders the system watches for this process, by its numbers of watches. A desktop has tens of thousands: in pages of plain arrays each takes
// its name and 12 bytes, as an object in a map it took 120. Numbers only grow, so a page without folders is let go of.

/** One watched folder: its path is that of the folder above and its name. */
export interface WatchedFolder {
  readonly above: number;
  readonly name: string;
}

const perPage = 256;

interface Page {
  readonly above: Int32Array;
  readonly names: (string | undefined)[];
  count: number;
}

export class WatchedFolders {
  readonly #pages = new Map<number, Page>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(watch: number): WatchedFolder | undefined {
    const page = this.#pages.get(Math.floor(watch / perPage));
    const name = page?.names[watch % perPage];
    return page === undefined || name === undefined
      ? undefined
      : { above: page.above[watch % perPage]!, name };
  }

  /** `watch`: not negative. */
  set(watch: number, { above, name }: WatchedFolder): void {
    const at = Math.floor(watch / perPage);
    const page = this.#pages.get(at) ?? {
      above: new Int32Array(perPage),
      names: Array.from({ length: perPage }, () => undefined),
      count: 0,
    };
    this.#pages.set(at, page);
    if (page.names[watch % perPage] === undefined) {
      page.count++;
      this.#size++;
    }
    page.above[watch % perPage] = above;
    page.names[watch % perPage] = name;
  }

  delete(watch: number): void {
    const at = Math.floor(watch / perPage);
    const page = this.#pages.get(at);
    if (page === undefined || page.names[watch % perPage] === undefined) return;
    page.names[watch % perPage] = undefined;
    this.#size--;
    if (--page.count === 0) this.#pages.delete(at);
  }

  clear(): void {
    this.#pages.clear();
    this.#size = 0;
  }

  *keys(): IterableIterator<number> {
    for (const [at, { names }] of this.#pages)
      for (const [slot, name] of names.entries()) if (name !== undefined) yield at * perPage + slot;
  }
}
