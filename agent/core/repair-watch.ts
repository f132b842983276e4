// What the elected optimizer repairs, and when: who is away for how long, by this agent's own ears and by telemetry, and which slots
// `repairUrgency` says are worth a shard now. It computes no plan and moves nothing; without a forecast it says nothing.

import { hourMs, hourOfWeek, hours, minutes, type UnixMs } from '../../datasets/index.ts';
import { type PresenceForecast, selectPresence } from '../../models/index.ts';
import { machinesGivenUp, type OpenPlace, type Plan, repairUrgency } from '../../optimizer/index.ts';
import type { PeerId } from '../units.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';

/** Slots are opened this often; what may be opened within an hour is bounded by `repairUrgency`. */
const lookEveryMs = hours(1);
/** Away for less is a restart. */
const blipMs = minutes(15);
/** Habits hardly change within a day. */
const forecastAgeMsMax = hours(24);
/** An unanswered wish for a forecast is said again. */
const forecastWaitMs = hours(1);

/** What is to be repaired now. */
export interface RepairWish {
  readonly open: readonly OpenPlace[];
  /** For each of the machines asked about, hours away; 0 for those that are up. */
  readonly hoursAway: readonly number[];
  /** Plain sentences: what is at risk, why, and what is done. */
  readonly notes: readonly string[];
}

export class RepairWatch {
  readonly #membership: Membership;
  #presence: PresenceForecast | undefined;
  #forecastAtMs = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  readonly #nextLook = new NextTime();
  #givenUp: ReadonlySet<PeerId> | undefined;
  #isBurst = false;

  constructor(membership: Membership) {
    this.#membership = membership;
  }

  /** Much is away at once that should be up: nothing is to be moved that need not be. */
  get isBurst(): boolean {
    return this.#isBurst;
  }

  /** Machines that are not waited for any longer; undefined while there is no forecast to tell by. */
  get givenUp(): ReadonlySet<PeerId> | undefined {
    return this.#givenUp;
  }

  learn(presence: PresenceForecast | undefined, now: UnixMs): void {
    this.#presence = presence;
    this.#forecastAtMs = now;
    this.#nextLook.comeAtOnce();
    if (presence !== undefined) return;
    this.#givenUp = undefined;
    this.#isBurst = false;
  }

  /** Whether a forecast is to be asked for; once, until it comes or an hour has passed. */
  asks(now: UnixMs): boolean {
    if (now - this.#forecastAtMs < forecastAgeMsMax || now - this.#askedAtMs < forecastWaitMs) return false;
    this.#askedAtMs = now;
    return true;
  }

  /** Once an hour: the slots to fill now, among `machines` that may hold something. */
  look(plan: Plan, machines: readonly PeerId[], now: UnixMs): RepairWish | undefined {
    if (this.#presence === undefined || !this.#nextLook.hasCome(now)) return undefined;
    this.#nextLook.waitFor(lookEveryMs, now);
    const presence = selectPresence(this.#presence, machines);
    const hoursAway = machines.map((peer, row) => this.#hoursAway(peer, presence.hoursAway[row]!, now));
    const known = { presence, hoursAway, weekHour: hourOfWeek(now, presence.utcOffsetMs) };
    this.#noteGivenUp(machines, machinesGivenUp(known), hoursAway);
    const column = new Map(machines.map((peer, at) => [peer, at]));
    const looks = plan.classes.map(({ redundancy, groups }) => {
      const members = groups.map((group) => group.members.map((peer) => column.get(peer) ?? -1));
      return { groups, urgency: repairUrgency({ ...known, groups: members, redundancy }) };
    });
    this.#isBurst = looks.some(({ urgency }) => urgency.isBurst);
    const open = looks.flatMap(({ groups, urgency }) =>
      urgency.open.map(({ at, slot, reason, gainHours }) => ({
        group: groups[at]!.id,
        slot,
        reason,
        gainHours,
      })),
    );
    const deferredCount = looks.reduce((sum, { urgency }) => sum + urgency.deferredCount, 0);
    const thinCount = looks.reduce((sum, { urgency }) => sum + urgency.groupsByMargin[0]!, 0);
    return { open, hoursAway, notes: notesOn({ open, deferredCount, thinCount, isBurst: this.#isBurst }) };
  }

  /** By own ears; what telemetry saw before counts while nothing was heard since. */
  #hoursAway(peer: PeerId, hoursBefore: number, now: UnixMs): number {
    if (!this.#membership.isAway(peer)) return 0;
    const madeMs = this.#presence!.madeMs;
    const silentMs = this.#membership.awayMs(peer, now);
    const seenMs = hoursBefore > 0 ? Math.max(0, now - madeMs) + hoursBefore * hourMs : 0;
    const awayMs = this.#membership.hasMet(peer) ? silentMs : Math.max(silentMs, seenMs);
    return awayMs < blipMs ? 0 : awayMs / hourMs;
  }

  /** Whoever was given up stays so until it is back: odds near the bound would else make a plan each hour. */
  #noteGivenUp(machines: readonly PeerId[], rows: ReadonlySet<number>, hoursAway: readonly number[]): void {
    const before = this.#givenUp;
    this.#givenUp = new Set(
      machines.filter((peer, row) => hoursAway[row]! > 0 && (rows.has(row) || before?.has(peer) === true)),
    );
  }
}

interface Findings {
  readonly open: readonly OpenPlace[];
  readonly deferredCount: number;
  readonly thinCount: number;
  readonly isBurst: boolean;
}

const groupsText = (count: number): string => (count === 1 ? '1 group of packs' : `${count} groups of packs`);

function notesOn({ open, deferredCount, thinCount, isBurst }: Findings): readonly string[] {
  const goneCount = open.filter(({ reason }) => reason === 'gone').length;
  const thin = open.length - goneCount;
  return [
    ...(thinCount > 0
      ? [
          `${groupsText(thinCount)} ${thinCount === 1 ? 'is' : 'are'} one machine or less from being out of reach.`,
        ]
      : []),
    ...(thin > 0
      ? [`${thin} shards are made again on machines that are up: waiting for the absent would cost more.`]
      : []),
    ...(goneCount > 0 ? [`${goneCount} shards of machines that have left are made again.`] : []),
    ...(isBurst
      ? ['Many machines went away at once: the thinnest groups first, and nothing else moves.']
      : []),
    ...(deferredCount > 0 ? [`${deferredCount} more wait for the coming hours.`] : []),
  ];
}
