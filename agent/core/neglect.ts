// Whether whoever has the lease makes no plan although one is due, as another machine sees it: one that would run the optimizer next watches, and
// takes over after hours. It asks for no plan itself. An honest optimizer acts within minutes, and a plan of somebody else ends the wait.

import { days, hours, minutes, type UnixMs } from '../../datasets/index.ts';
import type { PresenceForecast } from '../../models/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { PeerId } from '../units.ts';
import type { Effects } from './effects.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';
import { RepairWatch } from './repair-watch.ts';

/** A plan that is due and not made for so long is made by the next machine: plans that fail are tried again each hour, and none takes longer. */
export const neglectMs = hours(6);
/** So long the next machine plans, whoever has the lease. */
export const neglectActsMs = hours(2);
const lookEveryMs = minutes(10);
/** Whoever found nothing to do for groups with lost members looks again after this. */
const restMs = days(1);
/** Whoever leaves a plan as old as this has not looked for a better one (`planAgeMsMax`). */
const plannedLateMs = days(8);

export interface Holding {
  /** Who has the lease. */
  readonly holder: PeerId;
  readonly plan: Plan | undefined;
  readonly planAgeMs: number;
  /** This agent has looked for a better plan for the machines that are there now. */
  readonly hasLooked: boolean;
}

export class Neglect {
  readonly #membership: Membership;
  /** Who is given up; its own, as that of an optimizer goes with the plans that it makes. */
  readonly #watch: RepairWatch;
  #holding: { readonly holder: PeerId; readonly plan: Plan | undefined } | undefined;
  #dueSinceMs: UnixMs | undefined;
  readonly #nextLook = new NextTime();
  readonly #restEnd = new NextTime();

  constructor(membership: Membership) {
    this.#membership = membership;
    this.#watch = new RepairWatch(membership);
  }

  learn(presence: PresenceForecast | undefined, now: UnixMs): void {
    this.#watch.learn(presence, now);
  }

  end(): void {
    this.#holding = undefined;
    this.#dueSinceMs = undefined;
  }

  /** This machine plans now, and sees for itself. */
  begin(now: UnixMs): void {
    this.end();
    this.#restEnd.waitFor(restMs, now);
  }

  /** Every few minutes, and at once when another machine has the lease or another plan holds. */
  isLookDue({ holder, plan }: Pick<Holding, 'holder' | 'plan'>, now: UnixMs): boolean {
    if (holder === this.#holding?.holder && plan === this.#holding.plan) return this.#nextLook.hasCome(now);
    this.end();
    this.#holding = { holder, plan };
    return true;
  }

  /** It may ask for a forecast. */
  look({ plan, planAgeMs, hasLooked }: Holding, now: UnixMs): Effects {
    this.#nextLook.waitFor(lookEveryMs, now);
    const wanted = plan === undefined ? [] : this.#lookAtMembers(plan, now);
    const isRested = !hasLooked && this.#restEnd.hasCome(now);
    const isDue = plan === undefined || planAgeMs > plannedLateMs || (isRested && this.#hasLost(plan, now));
    this.#dueSinceMs = isDue ? (this.#dueSinceMs ?? now) : undefined;
    return wanted;
  }

  /** One after another, in order of id, each waiting twice as long as the one before: a thief may have several machines. */
  isOver(now: UnixMs): boolean {
    if (this.#dueSinceMs === undefined) return false;
    const beforeCount = candidatesBefore(this.#membership, this.#present(now), this.#holding?.holder);
    return now - this.#dueSinceMs >= neglectMs * 2 ** beforeCount;
  }

  /** In a large fleet most are not connected, and hundreds would be the first of those that they see. */
  #present(now: UnixMs): Iterable<PeerId> {
    const { isSparse, machines, up } = this.#membership;
    return isSparse ? machines.filter((peer) => this.#membership.presenceOf(peer, now) === 'up') : up;
  }

  /** Whoever is only away may be back in time: that is for the forecast to say, as it is for the optimizer. */
  #lookAtMembers(plan: Plan, now: UnixMs): Effects {
    const isThere = (peer: PeerId): boolean => !this.#membership.isGone(peer, now);
    if (!this.#isThin(plan, this.#holders(now).filter(isThere))) return [];
    const machines = this.#membership.holders(now);
    this.#watch.look(plan, machines, now);
    return this.#watch.asks(now) ? [{ kind: 'forecastPresence', machines }] : [];
  }

  /** Where nobody can tell who will be back, the allowed silence decides. */
  #hasLost(plan: Plan, now: UnixMs): boolean {
    const { givenUp, isBurst } = this.#watch;
    const isHere = (peer: PeerId): boolean =>
      givenUp === undefined ? !this.#membership.isGone(peer, now) : !givenUp.has(peer);
    return !isBurst && this.#isThin(plan, this.#holders(now).filter(isHere));
  }

  /** Whom to leave out is an opinion, and others may have another one. */
  #holders(now: UnixMs): readonly PeerId[] {
    return this.#membership.holders(now, 'with those left out');
  }

  /** Groups have members that are not among these, who are enough to fill them. */
  #isThin({ classes }: Plan, peers: readonly PeerId[]): boolean {
    const here = new Set(peers);
    return classes.some(
      ({ redundancy: { n }, groups }) =>
        n <= here.size && groups.some(({ members }) => members.some((peer) => !here.has(peer))),
    );
  }
}

/** Machines with lower ids that may run the optimizer, without one of them. */
export function candidatesBefore(membership: Membership, among: Iterable<PeerId>, without?: PeerId): number {
  let count = 0;
  for (const peer of among)
    if (peer < membership.self && peer !== without && membership.hasRole(peer, 'optimizer')) count++;
  return count;
}
