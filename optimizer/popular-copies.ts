// Which files get an extra copy near their readers, and on which machine: gain = λ · size · P(no copy up on the site) · (cost WAN −
// cost LAN), less what bringing it costs; densest first under each machine's spare bytes. Arithmetic only.

export interface CopyDemand {
  readonly site: number;
  /** λ: reads expected on the site within the plan's horizon, ≥ 0. */
  readonly reads: number;
  /** > 0. */
  readonly byteCount: number;
  /** P(no copy is up on the site) without the copies that are chosen here, 0..1. */
  readonly absence: number;
  /** Positions of the hosts that have it already: there it costs no push. */
  readonly heldBy?: readonly number[];
  /** Positions of hosts that get none. */
  readonly barred?: readonly number[];
}

export interface CopyHost {
  readonly site: number;
  /** Bytes that popular copies may take on it, those that it holds already included. */
  readonly spareBytes: number;
  /** P(down), 0..1. */
  readonly down: number;
}

/** Costs of a byte; only their proportions count. */
export interface CopyCosts {
  readonly wan: number;
  readonly lan: number;
  /** Of a byte that is brought ahead of its reads. */
  readonly push: number;
}

export interface CopyQuestion {
  readonly demands: readonly CopyDemand[];
  readonly hosts: readonly CopyHost[];
  readonly costs: CopyCosts;
}

export interface PopularCopy {
  /** Positions in the question. */
  readonly demand: number;
  readonly host: number;
  /** > 0, in cost of a byte times bytes. */
  readonly gain: number;
  readonly isPushed: boolean;
}

interface Offer extends PopularCopy {
  readonly density: number;
}

/**
 * Copies by gain per byte, each the best that still fits; a further copy of a file counts only for the odds that the earlier ones are
 * down. On one machine its gain is within one copy's of the best knapsack (Dantzig, 1957). A copy without gain is not made.
 */
export function choosePopularCopies(question: CopyQuestion): readonly PopularCopy[] {
  const { demands, hosts } = question;
  const room = hosts.map(({ spareBytes }) => spareBytes);
  const absence = demands.map((demand) => demand.absence);
  const onSite = hostsBySite(hosts);
  const taken = new Map<number, Set<number>>();
  const bestOffer = (demand: number): Offer | undefined => {
    let best: Offer | undefined;
    for (const host of onSite.get(demands[demand]!.site) ?? []) {
      if (room[host]! < demands[demand]!.byteCount || taken.get(demand)?.has(host) === true) continue;
      if (demands[demand]!.barred?.includes(host) === true) continue;
      const offer = offerOf(question, { demand, host, absence: absence[demand]! });
      if (offer.gain > 0 && (best === undefined || offer.density > best.density)) best = offer;
    }
    return best;
  };
  const queue = new OfferQueue(demands.flatMap((_, demand) => bestOffer(demand) ?? []));
  const chosen: PopularCopy[] = [];
  for (let offer = queue.take(); offer !== undefined; offer = queue.take()) {
    const { demand, host } = offer;
    if (room[host]! >= demands[demand]!.byteCount) {
      room[host]! -= demands[demand]!.byteCount;
      absence[demand]! *= hosts[host]!.down;
      taken.set(demand, (taken.get(demand) ?? new Set()).add(host));
      chosen.push({ demand, host, gain: offer.gain, isPushed: offer.isPushed });
    }
    const next = bestOffer(demand);
    if (next !== undefined) queue.add(next);
  }
  return chosen;
}

function offerOf(
  { demands, hosts, costs }: CopyQuestion,
  { demand, host, absence }: { readonly demand: number; readonly host: number; readonly absence: number },
): Offer {
  const { reads, byteCount, heldBy } = demands[demand]!;
  const isPushed = heldBy?.includes(host) !== true;
  const perByte = reads * absence * (1 - hosts[host]!.down) * (costs.wan - costs.lan);
  const density = perByte - (isPushed ? costs.push : 0);
  return { demand, host, gain: density * byteCount, density, isPushed };
}

function hostsBySite(hosts: readonly CopyHost[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, number[]>();
  for (const [host, { site }] of hosts.entries()) {
    const known = found.get(site);
    if (known === undefined) found.set(site, [host]);
    else known.push(host);
  }
  return found;
}

const comesBefore = (a: Offer, b: Offer): boolean =>
  a.density > b.density || (a.density === b.density && a.demand < b.demand);

/** A binary heap, the densest offer first; of equals the demand that was named first. */
class OfferQueue {
  readonly #heap: Offer[] = [];

  constructor(offers: readonly Offer[]) {
    for (const offer of offers) this.add(offer);
  }

  add(offer: Offer): void {
    const heap = this.#heap;
    let at = heap.push(offer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!comesBefore(heap[at]!, heap[above]!)) return;
      this.#swap(at, above);
      at = above;
    }
  }

  take(): Offer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2])
        if (below < heap.length && comesBefore(heap[below]!, heap[least]!)) least = below;
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #swap(a: number, b: number): void {
    [this.#heap[a], this.#heap[b]] = [this.#heap[b]!, this.#heap[a]!];
  }
}
