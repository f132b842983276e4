// Machines that belong to a found domain, though they fell too seldom with it to be linked: who is mostly off is hardly ever up when
// a shock comes, and says little each time. Over all shocks of the domain that it was seen in, it adds up.

import type { Observed, ShockMixture } from './joint-failure.ts';
import { sigmoid } from './log-odds.ts';

/**
 * Nats by which a domain must explain a machine better than none does, and better than any other. With one nat desktops that were
 * off together by chance joined, and a held-out week was less likely for it; with three hardly anybody joins.
 */
const gainMin = 2;
/** Hours in which a shock is less likely than this say nothing of its members. */
const shockMin = 0.05;
/** Two machines fall together by chance at times: they are no domain that others would join. */
const domainSizeMin = 3;
/** As sure as it may be that a shock takes a member down. */
const strikeMax = 0.97;

/** Machines that may join, and what a domain's shocks say of each. */
class Candidates {
  readonly #mixture: ShockMixture;
  readonly #observed: Observed;
  readonly #rows: readonly number[];

  constructor(mixture: ShockMixture, observed: Observed, rows: readonly number[]) {
    this.#mixture = mixture;
    this.#observed = observed;
    this.#rows = rows;
  }

  /** Nats of each candidate: by how much the domain's shocks make likelier what was seen of it. The hours of one shock are one observation. */
  gainsFor(domain: number, oddsBySlot: readonly (readonly number[])[]): Float64Array {
    const gains = new Float64Array(this.#rows.length);
    let event = { odds: 0, gains: new Float64Array(this.#rows.length) };
    const close = (): void => {
      if (event.odds === 0) return;
      const scale = Math.min(1, event.odds) / event.odds;
      for (const [at, gain] of event.gains.entries()) gains[at]! += scale * gain;
      event = { odds: 0, gains: new Float64Array(this.#rows.length) };
    };
    for (const [slot, odds] of oddsBySlot.entries()) {
      if (odds[domain]! < shockMin) {
        close();
        continue;
      }
      event.odds += odds[domain]!;
      for (const [at, row] of this.#rows.entries())
        event.gains[at]! += odds[domain]! * this.#gain(domain, slot, row);
    }
    close();
    return gains;
  }

  /** P(the shock of each domain is on in this slot | what was seen of its members). */
  shockOdds(slot: number): readonly number[] {
    const { domains, logRates } = this.#mixture;
    const logs = domains.map(({ members }, domain) =>
      members.reduce((sum, row) => sum + this.#gain(domain, slot, row), logRates[domain]!),
    );
    const highest = Math.max(0, ...logs);
    const total = logs.reduce((sum, log) => sum + Math.exp(log - highest), Math.exp(-highest));
    return logs.map((log) => Math.exp(log - highest) / total);
  }

  #gain(domain: number, slot: number, row: number): number {
    const { down, known, logits, machineCount } = this.#observed;
    const at = slot * machineCount + row;
    if (known[at] === 0) return 0;
    const strike = Math.min(strikeMax, sigmoid(this.#mixture.strikes[domain]!));
    if (down[at] === 0) return Math.log(1 - strike);
    const own = sigmoid(logits[at]! + this.#mixture.shifts[row]!);
    return Math.log((own + strike - own * strike) / own);
  }
}

/** The domains of a fitted mixture, the learned ones with the machines that join them. */
export function withLateMembers(mixture: ShockMixture, observed: Observed): ShockMixture['domains'] {
  const { domains } = mixture;
  const joinable = domains.flatMap(({ origin, members }, domain) =>
    origin === 'learned' && members.length >= domainSizeMin ? [domain] : [],
  );
  const settled = new Set(joinable.flatMap((domain) => domains[domain]!.members));
  const rows = Array.from({ length: observed.machineCount }, (_, row) => row).filter(
    (row) => !settled.has(row),
  );
  if (joinable.length === 0 || rows.length === 0) return domains;
  const candidates = new Candidates(mixture, observed, rows);
  const odds = Array.from({ length: observed.slotCount }, (_, slot) => candidates.shockOdds(slot));
  const gains = joinable.map((domain) => ({ domain, of: candidates.gainsFor(domain, odds) }));
  const joined = new Map<number, number[]>();
  for (const [at, row] of rows.entries()) {
    const [best, second] = gains.toSorted((a, b) => b.of[at]! - a.of[at]!);
    if (best!.of[at]! - Math.max(0, second?.of[at] ?? 0) > gainMin)
      joined.set(best!.domain, [...(joined.get(best!.domain) ?? []), row]);
  }
  return domains.map((domain, at) => {
    const late = joined.get(at);
    return late === undefined
      ? domain
      : { ...domain, members: [...domain.members, ...late].toSorted((a, b) => a - b) };
  });
}
