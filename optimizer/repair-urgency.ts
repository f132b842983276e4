// Which slots are to be filled anew, now: for every group the odds that it cannot serve until those who are away are back, exactly, and
// what one more shard would take off them, against its bytes. A timeout is only the last word. It chooses no machine and moves nothing.

import { comingHours, type ComingHours, type PresenceForecast } from '../models/index.ts';
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
  hoursPerShard: 0.5,
  patienceHours: 336,
  backOddsMin: 0.3,
};

/** A pack that is lost is out of reach for ever; it counts for as long as a person would go on missing it. */
const lostHours = 365 * 24;
/** P(a disk dies within two weeks): 3 % a year, of drives in desktops. */
const deathOdds = 0.0012;
/** Who is down in half of such hours is not missed in one. */
const usualOdds = 0.5;
/** A copy is made within this many hours at best. */
const copyHours = 2;
/** Shards that may be begun within an hour, of all shards: a whole fleet within about a day. Less while much is away at once. */
const hourlyShare = { calm: 1 / 24, burst: 1 / 168 } as const;
/**
 * A burst: this share of the machines went away within hours, or is away that should be back, beyond what habits explain, and more
 * than chance does: a site without power, a holiday. They will come back together; a shard must be worth more then.
 */
const burst = { withinHours: 12, share: 0.1, sigmas: 4, priceFactor: 4 } as const;

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
  /** The same less the price of its bytes. */
  readonly gainHours: number;
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
  const { isBurst } = outlook;
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
  readonly hoursPerShard: number;
  readonly isBurst: boolean;
  readonly #question: UrgencyQuestion;
  readonly #coming = new Map<number, ComingHours>();
  #fresh: Float64Array | undefined;

  constructor(question: UrgencyQuestion) {
    this.#question = question;
    this.prices = question.prices ?? repairPricesDefault;
    this.k = question.redundancy.k;
    this.isBurst = isBurstNow(question);
    this.hoursPerShard = this.prices.hoursPerShard * (this.isBurst ? burst.priceFactor : 1);
  }

  hoursAway(machine: number): number {
    return machine < 0 ? Number.POSITIVE_INFINITY : this.#question.hoursAway[machine]!;
  }

  upCount(members: readonly number[]): number {
    return members.filter((member) => this.hoursAway(member) === 0).length;
  }

  /** P(down), and P(up at least once by then), at each hour ahead. */
  coming(machine: number): ComingHours {
    if (machine < 0) return lost;
    const known = this.#coming.get(machine);
    if (known !== undefined) return known;
    const { presence, weekHour } = this.#question;
    const coming = comingHours(presence, machine, {
      now: { hoursAway: this.hoursAway(machine), weekHour },
      hoursAhead,
    });
    this.#coming.set(machine, coming);
    return coming;
  }

  /** P(back within two weeks). */
  back(machine: number): number {
    return this.coming(machine).back.at(-1)!;
  }

  isGone(machine: number): boolean {
    const { patienceHours, backOddsMin } = this.prices;
    if (this.hoursAway(machine) === 0) return false;
    return this.hoursAway(machine) > patienceHours || this.back(machine) < backOddsMin;
  }

  /** Whether it is usually down at this hour: a night, a weekend. */
  isUsual(machine: number): boolean {
    return this.coming(machine).habit[0]! >= usualOdds;
  }

  /** What a machine that takes over is expected to be: the median of those that are up, and down until it has its copy. */
  fresh(): Float64Array {
    this.#fresh ??= this.#medianOfUp();
    return this.#fresh;
  }

  #medianOfUp(): Float64Array {
    const up = this.#question.hoursAway.flatMap((hours, machine) => (hours === 0 ? [machine] : []));
    const byShare = up.toSorted(
      (a, b) => this.#question.presence.downShare[a]! - this.#question.presence.downShare[b]!,
    );
    const median = byShare[Math.floor(byShare.length / 2)];
    return median === undefined
      ? lost.down
      : this.coming(median).down.map((odds, at) => (hoursAhead[at]! < copyHours ? 1 : odds));
  }
}

/** A machine that is no longer there. */
const lost: ComingHours = {
  down: new Float64Array(hoursAhead.length).fill(1),
  back: new Float64Array(hoursAhead.length),
  habit: new Float64Array(hoursAhead.length),
  settled: new Float64Array(hoursAhead.length),
};

/** The slots of one group that are worth a shard now: one after the other, each judged with those before it filled. */
function openSlotsOf(outlook: Outlook, members: readonly number[], at: number): readonly OpenSlot[] {
  const away = members.flatMap((member, slot) => (outlook.hoursAway(member) > 0 ? [slot] : []));
  const upCount = outlook.upCount(members);
  // With fewer than k up nothing can be copied: only what has left for good is worth a place for later. And nobody is missed at night.
  const worthwhile = away.filter(
    (slot) => outlook.isGone(members[slot]!) || (upCount >= outlook.k && !outlook.isUsual(members[slot]!)),
  );
  const open: OpenSlot[] = [];
  const filled = new Set<number>();
  while (filled.size < worthwhile.length) {
    const [best] = worthwhile
      .filter((slot) => !filled.has(slot))
      .map((slot) => {
        const savedHours = hoursSaved(outlook, members, { slot, filled });
        const price = outlook.hoursPerShard * outlook.back(members[slot]!);
        return { slot, savedHours, gain: savedHours - price, isGone: outlook.isGone(members[slot]!) };
      })
      .toSorted((a, b) => Number(b.isGone) - Number(a.isGone) || b.gain - a.gain || a.slot - b.slot);
    if (best === undefined || !(best.isGone || best.gain > 0)) break;
    filled.add(best.slot);
    const reason = best.isGone ? 'gone' : 'thin';
    const { slot, savedHours, gain } = best;
    open.push({ at, slot, reason, upCount, savedHours, gainHours: gain });
  }
  return open;
}

/**
 * Hours out of reach that filling a slot takes off its group until the absent machine is back: Σ_t P(not back by t) × the lesser of
 * u(t) − v(t) and u(t) − w(t), with u = P(fewer than k up at t | it is down), v the same with another machine in its place, and w that
 * of the group by the habits of its members. A group that is out of reach every night is the placement's business, not that of repair.
 * And the hours of a loss. Members fail by themselves, given what is known of each now.
 */
function hoursSaved(
  outlook: Outlook,
  members: readonly number[],
  { slot, filled }: { readonly slot: number; readonly filled: ReadonlySet<number> },
): number {
  const { k } = outlook;
  const others = members.flatMap((member, other) =>
    other === slot ? [] : [{ member, isFilled: filled.has(other) }],
  );
  const curves = others.map(({ member, isFilled }) =>
    isFilled ? outlook.fresh() : outlook.coming(member).down,
  );
  // The one that is away is missed against its habit as it was seen: a night is no absence, however little habits hold.
  const habits = members.map((member, other) => {
    const { habit, settled } = outlook.coming(member);
    return other === slot ? habit : settled;
  });
  const { back } = outlook.coming(members[slot]!);
  const fresh = outlook.fresh();
  let saved = 0;
  for (const [step, hours] of hoursOfStep.entries()) {
    const without = oddsAt(curves, { step, k, beside: 1 });
    const withFresh = oddsAt(curves, { step, k, beside: fresh[step]! });
    const asEver = oddsAt(habits, { step, k });
    saved += hours * (1 - back[step]!) * Math.min(without - withFresh, Math.max(0, without - asEver));
  }
  const left = others.map(({ member, isFilled }) =>
    isFilled ? deathOdds : 1 - outlook.back(member) * (1 - deathOdds),
  );
  const gone = 1 - back.at(-1)! * (1 - deathOdds);
  return saved + lostHours * (oddsBelow([...left, gone], k) - oddsBelow([...left, deathOdds], k));
}

/** P(fewer than k are up) at one step of these curves, and of one more machine with such odds. This is most of what an hour's look costs. */
function oddsAt(
  curves: readonly Float64Array[],
  { step, k, beside }: { readonly step: number; readonly k: number; readonly beside?: number },
): number {
  if (k > 1) {
    const odds = curves.map((curve) => curve[step]!);
    return oddsBelow(beside === undefined ? odds : [...odds, beside], k);
  }
  let product = beside ?? 1;
  for (let at = 0; at < curves.length; at++) product *= curves[at]![step]!;
  return product;
}

/** P(fewer than k of these are up), each down by its own odds. */
export function oddsBelow(down: readonly number[], k: number): number {
  if (down.length < k) return 1;
  if (k === 1) return down.reduce((product, odds) => product * odds, 1);
  return downTails(down)[down.length - k + 1]!;
}

/** Whether more machines went away in the last hours, or are away at all, than habits and chance explain. */
function isBurstNow({
  presence,
  hoursAway,
  weekHour,
  prices = repairPricesDefault,
}: UrgencyQuestion): boolean {
  const [went, missing] = [new Excess(), new Excess()];
  for (const [machine, hours] of hoursAway.entries()) {
    if (hours > prices.patienceHours) continue;
    const now = { hoursAway: 0, weekHour };
    missing.count(hours > 0, comingHours(presence, machine, { now, hoursAhead: [1] }).habit[0]!);
    if (hours > burst.withinHours) continue;
    // As if it had been up half a night ago: its odds of having gone since, by its own habit.
    const before = { hoursAway: 0, weekHour: (weekHour - burst.withinHours + 168) % 168 };
    const { down } = comingHours(presence, machine, { now: before, hoursAhead: [burst.withinHours] });
    went.count(hours > 0, down[0]!);
  }
  return went.isLarge || missing.isLarge;
}

/** Machines that are away against what was expected of them, each by itself. */
class Excess {
  #count = 0;
  #excess = 0;
  #variance = 0;

  count(isAway: boolean, odds: number): void {
    this.#count++;
    this.#excess += Number(isAway) - odds;
    this.#variance += odds * (1 - odds);
  }

  get isLarge(): boolean {
    return this.#excess > Math.max(burst.share * this.#count, burst.sigmas * Math.sqrt(this.#variance));
  }
}
