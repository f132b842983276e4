// Which slots are to be filled anew, now: for every group the odds that it cannot serve until those who are away are back, exactly, and
// what one more shard would take off them, against its bytes. A timeout is only the last word. It chooses no machine and moves nothing.

import { comingHours, type PresenceForecast } from '../models/index.ts';
import type { Redundancy } from './plan.ts';
import { downTails } from './survival.ts';

/** Hours ahead at which odds are taken: each of the next two days, then every six hours until two weeks are over. */
export const hoursAhead: readonly number[] = [
  ...Array.from({ length: 48 }, (_, at) => at + 1),
  ...Array.from({ length: 48 }, (_, at) => 54 + 6 * at),
];
/** How many hours each of them stands for. */
export const hoursOfStep: readonly number[] = hoursAhead.map((hour, at) => hour - (hoursAhead[at - 1] ?? 0));

/** What a repair is worth and costs. None of them was chosen on a trace that is reported (docs/benchmarks/placement.md, "Repair"). */
export interface RepairPrices {
  /**
   * Expected hours out of reach that one shard must take off its group to be worth its bytes, if it turns out to be in vain because
   * the machine comes back. Rebuilding one of n shards moves about the bytes of one pack, whatever k.
   */
  readonly hoursPerShard: number;
  /** Away for longer is given up, whatever its groups. */
  readonly patienceHours: number;
  /** P(back within two weeks) below which a machine is given up, whatever its groups. */
  readonly backOddsMin: number;
}

export const repairPricesDefault: RepairPrices = {
  hoursPerShard: 2,
  patienceHours: 336,
  backOddsMin: 0.3,
};

/** A pack that is lost is out of reach for ever; it counts for as long as a person would go on missing it. */
const lostHours = 365 * 24;
/** P(a disk dies within two weeks): 3 % a year, of drives in desktops. */
const deathOdds = 0.0012;
/** A copy is made within this many hours at best. */
const copyHours = 2;
/** Shards that may be begun within an hour, of all shards: a whole fleet within about a day. Less while much is away at once. */
const hourlyShare = { calm: 1 / 24, burst: 1 / 168 } as const;
/** A burst: this share of the machines went away within hours beyond what habits explain, and more than chance does. */
const burst = { withinHours: 12, share: 0.1, sigmas: 4 } as const;

export interface UrgencyQuestion {
  readonly presence: PresenceForecast;
  /** For each machine of the forecast the known hours since it was last up; 0 for one that is up. */
  readonly hoursAway: readonly number[];
  /** Hour of the week that comes next, in the fleet's time, 0..167. */
  readonly weekHour: number;
  /** Members as rows of the forecast, slot by slot; −1 for a machine that is no longer there or unknown. */
  readonly groups: readonly (readonly number[])[];
  readonly redundancy: Redundancy;
  readonly prices?: RepairPrices;
}

export interface OpenSlot {
  readonly at: number;
  readonly slot: number;
  /** Why: the machine has left; or the group is too thin to wait for it. */
  readonly reason: 'gone' | 'thin';
  /** Members of its group that are up. */
  readonly upCount: number;
  /** Hours out of reach that filling it is expected to take off the group in two weeks. */
  readonly savedHours: number;
}

export interface Urgency {
  /** Slots to fill now, most urgent first, within the budget of this hour. */
  readonly open: readonly OpenSlot[];
  /** Slots that wait for the next hour's budget. */
  readonly deferredCount: number;
  /** Much is away at once that should be up: nothing is to be moved that need not be. */
  readonly isBurst: boolean;
  /** Groups by members beyond k that are up: [0] one failure from being out of reach; less counts as 0. */
  readonly groupsByMargin: readonly number[];
}

/** Machines that are not waited for any longer, whatever their groups: rows of the forecast. */
export function machinesGivenUp(
  question: Omit<UrgencyQuestion, 'groups' | 'redundancy'>,
): ReadonlySet<number> {
  const outlook = new Outlook({ ...question, groups: [], redundancy: { k: 1, n: 1 } });
  return new Set(question.hoursAway.flatMap((_, machine) => (outlook.isGone(machine) ? [machine] : [])));
}

/** Decides for all groups of one redundancy. */
export function repairUrgency(question: UrgencyQuestion): Urgency {
  const outlook = new Outlook(question);
  const { k, n } = question.redundancy;
  const found = question.groups.flatMap((members, at) => openSlotsOf(outlook, members, at));
  const urgent = found.toSorted(
    (a, b) => a.upCount - b.upCount || b.savedHours - a.savedHours || a.at - b.at || a.slot - b.slot,
  );
  const isBurst = isBurstNow(question);
  const share = isBurst ? hourlyShare.burst : hourlyShare.calm;
  const openMax = Math.max(1, Math.ceil(share * question.groups.length * n));
  const groupsByMargin = Array.from({ length: n - k + 1 }, () => 0);
  for (const members of question.groups) groupsByMargin[Math.max(0, outlook.upCount(members) - k)]!++;
  return {
    open: urgent.slice(0, openMax),
    deferredCount: Math.max(0, urgent.length - openMax),
    isBurst,
    groupsByMargin,
  };
}

/** What is expected of each machine, computed when first asked for. */
class Outlook {
  readonly prices: RepairPrices;
  readonly k: number;
  readonly #question: UrgencyQuestion;
  readonly #down = new Map<number, Float64Array>();
  readonly #back = new Map<number, number>();
  #fresh: Float64Array | undefined;

  constructor(question: UrgencyQuestion) {
    this.#question = question;
    this.prices = question.prices ?? repairPricesDefault;
    this.k = question.redundancy.k;
  }

  hoursAway(machine: number): number {
    return machine < 0 ? Number.POSITIVE_INFINITY : this.#question.hoursAway[machine]!;
  }

  upCount(members: readonly number[]): number {
    return members.filter((member) => this.hoursAway(member) === 0).length;
  }

  /** P(down) at each hour ahead. */
  down(machine: number): Float64Array {
    if (machine < 0) return allDown;
    this.#look(machine);
    return this.#down.get(machine)!;
  }

  /** P(back within two weeks). */
  back(machine: number): number {
    if (machine < 0) return 0;
    this.#look(machine);
    return this.#back.get(machine)!;
  }

  isGone(machine: number): boolean {
    const { patienceHours, backOddsMin } = this.prices;
    if (this.hoursAway(machine) === 0) return false;
    return this.hoursAway(machine) > patienceHours || this.back(machine) < backOddsMin;
  }

  /** What a machine that takes over is expected to be: the median of those that are up, and down until it has its copy. */
  fresh(): Float64Array {
    this.#fresh ??= this.#medianOfUp();
    return this.#fresh;
  }

  #look(machine: number): void {
    if (this.#down.has(machine)) return;
    const { presence, weekHour } = this.#question;
    const now = { hoursAway: this.hoursAway(machine), weekHour };
    const { down, back } = comingHours(presence, machine, { now, hoursAhead });
    this.#down.set(machine, down);
    this.#back.set(machine, back.at(-1)!);
  }

  #medianOfUp(): Float64Array {
    const up = this.#question.hoursAway.flatMap((hours, machine) => (hours === 0 ? [machine] : []));
    const byShare = up.toSorted(
      (a, b) => this.#question.presence.downShare[a]! - this.#question.presence.downShare[b]!,
    );
    const median = byShare[Math.floor(byShare.length / 2)];
    return median === undefined
      ? allDown
      : this.down(median).map((odds, at) => (hoursAhead[at]! < copyHours ? 1 : odds));
  }
}

const allDown = new Float64Array(hoursAhead.length).fill(1);

/** The slots of one group that are worth a shard now: one after the other, each judged with those before it filled. */
function openSlotsOf(outlook: Outlook, members: readonly number[], at: number): readonly OpenSlot[] {
  const away = members.flatMap((member, slot) => (outlook.hoursAway(member) > 0 ? [slot] : []));
  if (away.length === 0) return [];
  const upCount = outlook.upCount(members);
  const open: OpenSlot[] = [];
  const filled = new Set<number>();
  while (filled.size < away.length) {
    const now = hoursOutOfReach(outlook, members, filled);
    const [best] = away
      .filter((slot) => !filled.has(slot))
      .map((slot) => {
        const savedHours = now - hoursOutOfReach(outlook, members, new Set([...filled, slot]));
        const price = outlook.prices.hoursPerShard * outlook.back(members[slot]!);
        return { slot, savedHours, gain: savedHours - price, isGone: outlook.isGone(members[slot]!) };
      })
      .toSorted((a, b) => Number(b.isGone) - Number(a.isGone) || b.gain - a.gain || a.slot - b.slot);
    if (best === undefined || !(best.isGone || best.gain > 0)) break;
    filled.add(best.slot);
    const reason = best.isGone ? 'gone' : 'thin';
    open.push({ at, slot: best.slot, reason, upCount, savedHours: best.savedHours });
  }
  return open;
}

/**
 * Expected hours in two weeks in which fewer than k members are up, and those of a loss, with some slots filled anew. Members fail by
 * themselves, given what is known of each now.
 */
function hoursOutOfReach(outlook: Outlook, members: readonly number[], filled: ReadonlySet<number>): number {
  const { k } = outlook;
  const curves = members.map((member, slot) => (filled.has(slot) ? outlook.fresh() : outlook.down(member)));
  let sum = 0;
  for (const [step, hours] of hoursOfStep.entries()) {
    sum +=
      hours *
      oddsBelow(
        curves.map((curve) => curve[step]!),
        k,
      );
  }
  const left = members.map((member, slot) =>
    filled.has(slot) ? deathOdds : 1 - outlook.back(member) * (1 - deathOdds),
  );
  return sum + lostHours * oddsBelow(left, k);
}

/** P(fewer than k of these are up), each down by its own odds. */
export function oddsBelow(down: readonly number[], k: number): number {
  if (down.length < k) return 1;
  if (k === 1) return down.reduce((product, odds) => product * odds, 1);
  return downTails(down)[down.length - k + 1]!;
}

/** Whether more machines went away in the last hours than habits and chance explain. */
function isBurstNow({ presence, hoursAway, weekHour }: UrgencyQuestion): boolean {
  let [count, went, expected, variance] = [0, 0, 0, 0];
  for (const [machine, hours] of hoursAway.entries()) {
    if (hours > burst.withinHours) continue;
    // As if it had been up half a night ago: its odds of having gone since, by its own habit.
    const { down } = comingHours(presence, machine, {
      now: { hoursAway: 0, weekHour: (weekHour - burst.withinHours + 168) % 168 },
      hoursAhead: [burst.withinHours],
    });
    count++;
    if (hours > 0) went++;
    expected += down[0]!;
    variance += down[0]! * (1 - down[0]!);
  }
  return went - expected > Math.max(burst.share * count, burst.sigmas * Math.sqrt(variance));
}
