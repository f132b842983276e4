// Replays a trace under a policy, closed loop: it learns from what is past, places, and lives through the hours with their
// departures, repairs and new plans. Nobody sees the future but the oracle.

import { createRandom, hourMs, hourOfWeek, weekMs } from '../../datasets/index.ts';
import type { PresenceForecast } from '../../models/index.ts';
import { chooseGroups, type GroupsQuestion } from '../groups.ts';
import { capacitiesFor, groupCountFor } from '../redundancy.ts';
import {
  capacitiesOfThoseBack,
  capacitiesOfThoseHere,
  isWorthItsStay,
  type NowKnown,
  statesFromNow,
} from '../repair-states.ts';
import { machinesGivenUp, type OpenSlot, repairUrgency } from '../repair-urgency.ts';
import type { States } from '../states.ts';
import type { Belief, Policy } from './policies/index.ts';
import { Roster } from './roster.ts';
import type { Origin, Scenario } from './scenario.ts';
import { type Account, nobody, World } from './world.ts';

export interface OriginResult {
  readonly policy: string;
  readonly origin: number;
  /** Slot of the trace with which the accounts begin. */
  readonly fromSlot: number;
  readonly account: Account;
  /** Files that could not be served and are not lost for good, slot by slot. */
  readonly unavailableBySlot: Int32Array;
  /** File-slots out of reach of what was lost for good in that slot, until the end. */
  readonly lostBySlot: Int32Array;
  readonly planSeconds: number;
  /** What served, at each lesson. */
  readonly sources: readonly string[];
}

export interface ReplayTurn {
  readonly origin: Origin;
  readonly index: number;
  /** Milliseconds since some moment: what planning costs is measured by it, and nothing else. */
  readonly stopwatch: () => number;
}

/** More than half likely to be gone: waiting for it costs more than another copy. */
const goneOddsMax = 0.5;

/** One policy from one origin on. */
export async function replayOrigin(
  scenario: Scenario,
  policy: Policy,
  { origin, index, stopwatch }: ReplayTurn,
): Promise<OriginResult> {
  const run = new PolicyRun(scenario, policy, { origin, stopwatch });
  const slotsPerWeek = Math.round(weekMs / scenario.history.slotMs);
  const isRepairing = scenario.rules.repair === 'on';
  await run.learn(origin.fromSlot);
  for (let slot = origin.fromSlot; slot < origin.toSlot; slot++) {
    const age = slot - origin.fromSlot;
    if (isRepairing && age > 0 && age % slotsPerWeek === 0) await run.learn(slot);
    else if (isRepairing && age > 0) run.repair(slot);
    run.world.live(slot);
  }
  return {
    policy: policy.name,
    origin: index,
    fromSlot: origin.fromSlot,
    account: run.world.account,
    unavailableBySlot: run.world.unavailableBySlot,
    lostBySlot: run.world.lostBySlot,
    planSeconds: run.planSeconds,
    sources: run.sources,
  };
}

/** Machines that were up in the weeks to learn from and are not silent for too long. With fewer than a file has pieces nothing is placed. */
export function usableMachines({ history, rules }: Scenario, origin: Origin): number {
  const roster = new Roster(history);
  roster.lookUntil(origin.fromSlot);
  const seen = roster.seenSince(origin.trainFromSlot);
  return seen.filter((row) => roster.silenceOf(row) * history.slotMs <= rules.patienceMs).length;
}

class PolicyRun {
  readonly world: World;
  planSeconds = 0;
  readonly sources: string[] = [];
  readonly #stopwatch: () => number;
  readonly #scenario: Scenario;
  readonly #policy: Policy;
  readonly #origin: Origin;
  readonly #roster: Roster;
  readonly #groupCount: number;
  /** Rows of the machines that the belief speaks of, in its order. */
  #rows: readonly number[] = [];
  #belief: Belief | undefined;
  #groups: readonly (readonly number[])[] = [];
  /** Rows that were given up. */
  #givenUp: ReadonlySet<number> = new Set();

  constructor(
    scenario: Scenario,
    policy: Policy,
    { origin, stopwatch }: Pick<ReplayTurn, 'origin' | 'stopwatch'>,
  ) {
    this.#stopwatch = stopwatch;
    this.#scenario = scenario;
    this.#policy = policy;
    this.#origin = origin;
    this.#roster = new Roster(scenario.history);
    this.#roster.lookUntil(origin.fromSlot);
    const usableCount = usableMachines(scenario, origin);
    this.#groupCount = groupCountFor(usableCount, scenario.rules.redundancy);
    this.world = new World(scenario, origin, usableCount);
  }

  /** Looks at the past anew and places by it. */
  async learn(slot: number): Promise<void> {
    const { history, labels, rules } = this.#scenario;
    const startedMs = this.#stopwatch();
    this.#roster.lookUntil(slot);
    const fromSlot = slot - (this.#origin.fromSlot - this.#origin.trainFromSlot);
    this.#rows = this.#roster.seenSince(fromSlot);
    const { toSlot } = this.#origin;
    const untilSlot =
      rules.repair === 'off' ? toSlot : Math.min(toSlot, slot + Math.round(weekMs / history.slotMs));
    const { needs } = this.#policy;
    this.#belief = await this.#policy.learn({
      past: this.#roster.past(this.#rows, fromSlot),
      redundancy: rules.redundancy,
      seed: `${rules.seed} ${slot}`,
      ...(needs === 'labels' && labels !== undefined
        ? { labels: labels.map((column) => Int32Array.from(this.#rows, (row) => column[row]!)) }
        : {}),
      ...(needs === 'future' ? { future: this.#roster.future(this.#rows, untilSlot) } : {}),
    });
    if (this.#belief.source !== undefined) this.sources.push(this.#belief.source);
    if (this.#belief.presence === undefined) {
      this.#givenUp = this.#silent();
      this.#place('all slots', slot);
    } else this.#placeByMargin('all slots', this.#belief.presence, slot);
    this.planSeconds += (this.#stopwatch() - startedMs) / 1000;
  }

  /** Between two lessons only what is away is replaced: by the margin of its groups, or what is silent for too long. */
  repair(slot: number): void {
    this.#roster.lookUntil(slot);
    const presence = this.#belief?.presence;
    if (presence === undefined) return this.#replaceSilent(slot);
    const startedMs = this.#stopwatch();
    this.#placeByMargin('open slots', presence, slot);
    this.planSeconds += (this.#stopwatch() - startedMs) / 1000;
  }

  #replaceSilent(slot: number): void {
    const silent = this.#silent();
    const isNews = [...silent].some((row) => !this.#givenUp.has(row));
    if (!isNews) return;
    const startedMs = this.#stopwatch();
    this.#givenUp = silent;
    this.#place('open slots', slot);
    this.planSeconds += (this.#stopwatch() - startedMs) / 1000;
  }

  #silent(): ReadonlySet<number> {
    const gone = this.#belief?.goneOdds;
    const patienceHours = this.#scenario.rules.patienceMs / hourMs;
    return new Set(
      this.#rows.filter((row, column) => {
        const hours = (this.#roster.silenceOf(row) * this.#scenario.history.slotMs) / hourMs;
        return hours > patienceHours || (hours > 0 && (gone?.[column] ?? 0) > goneOddsMax);
      }),
    );
  }

  /** Slots of those who are given up, and of groups that are too thin to wait, are filled by machines that are here; in a burst nothing else moves. */
  #placeByMargin(scope: Scope, presence: PresenceForecast, slot: number): void {
    const { redundancy } = this.#scenario.rules;
    const { prices } = this.#belief!;
    const known = { ...this.#knownAt(presence, slot), ...(prices === undefined ? {} : { prices }) };
    const groups = this.#columnsOf(this.#groups);
    const urgency = repairUrgency({ ...known, groups, redundancy });
    if (scope === 'open slots' && urgency.open.length === 0) return;
    for (const { at, slot: member } of urgency.open) groups[at]![member] = nobody;
    const isRepair = groups.length > 0 && (scope === 'open slots' || urgency.isBurst);
    const givenUp = machinesGivenUp(known);
    const capacities = this.#capacities((at) => givenUp.has(at));
    const { hoursAway } = known;
    if (!isRepair)
      this.#choose({
        scope,
        slot,
        previous: groups,
        capacities: capacitiesOfThoseBack(capacities, groups, hoursAway),
      });
    else
      this.#choose({
        scope: 'open slots',
        slot,
        previous: groups,
        capacities: capacitiesOfThoseHere(capacities, groups, hoursAway),
        states: statesFromNow(this.#belief!.states, known),
        movedSlotsMax: 0,
        givenUp,
        open: urgency.open,
      });
  }

  #knownAt(presence: PresenceForecast, slot: number): NowKnown {
    const { startMs, slotMs } = this.#scenario.history;
    return {
      presence,
      hoursAway: this.#rows.map((row) => (this.#roster.silenceOf(row) * slotMs) / hourMs),
      weekHour: hourOfWeek(startMs + slot * slotMs, presence.utcOffsetMs),
    };
  }

  /** Rows as columns of the belief. */
  #columnsOf(groups: readonly (readonly number[])[]): number[][] {
    const column = new Map(this.#rows.map((row, at) => [row, at]));
    return groups.map((group) => group.map((row) => column.get(row) ?? nobody));
  }

  #capacities(isGivenUp: (column: number) => boolean): readonly number[] {
    const { redundancy, capacityFactor } = this.#scenario.rules;
    return capacitiesFor(
      this.#rows.map((_, at) => (isGivenUp(at) ? 0 : 1)),
      { groupCount: this.#groupCount, n: redundancy.n, capacityFactor },
    );
  }

  #place(scope: Scope, slot: number): void {
    const capacities = this.#capacities((at) => this.#givenUp.has(this.#rows[at]!));
    const kept = this.#groups.map((group) => group.map((row) => (this.#givenUp.has(row) ? nobody : row)));
    this.#choose({ scope, slot, previous: this.#columnsOf(kept), capacities });
  }

  /** Groups that would be worse ever after by more than is gained now stay as they were; not where somebody is given up. */
  #worthFilling(
    chosen: readonly (readonly number[])[],
    { givenUp, open }: Pick<Filling, 'givenUp' | 'open'>,
  ): readonly (readonly number[])[] {
    const gains = new Map<number, number>();
    for (const { at, gainHours } of open) gains.set(at, (gains.get(at) ?? 0) + gainHours);
    const { states } = this.#belief!;
    const { k } = this.#scenario.rules.redundancy;
    const groups = this.#columnsOf(this.#groups);
    return chosen.map((after, at) => {
      const before = groups[at] ?? [];
      const mayWait =
        before.length > 0 && before.every((member) => member !== nobody && !givenUp.has(member));
      const gainHours = gains.get(at) ?? 0;
      return mayWait && !isWorthItsStay(states, { before, after, k, gainHours }) ? before : after;
    });
  }

  #choose({ slot, givenUp, open, ...asked }: Choice): void {
    const belief = this.#belief!;
    const { redundancy, seed } = this.#scenario.rules;
    const { states, apart, method } = belief;
    const question = {
      states,
      redundancy,
      groupCount: this.#groupCount,
      seed: createRandom(`${seed} ${slot}`)
        .fork(this.#policy.name)
        .below(2 ** 31),
      ...asked,
      ...(apart === undefined ? {} : { apart }),
      ...(method === undefined ? {} : { method }),
    };
    const chosen = belief.groups?.(question) ?? chooseGroups(question);
    const filled =
      givenUp === undefined || open === undefined ? chosen : this.#worthFilling(chosen, { givenUp, open });
    this.#groups = filled.map((group) => group.map((member) => this.#rows[member] ?? nobody));
    this.world.follow(this.#groups, belief.presence === undefined ? 'lost first' : 'thinnest first');
  }
}

type Scope = NonNullable<GroupsQuestion['scope']>;

/** What is known where groups are only filled. */
interface Filling {
  /** Columns that are given up. */
  readonly givenUp: ReadonlySet<number>;
  readonly open: readonly OpenSlot[];
}

interface Choice extends Pick<GroupsQuestion, 'capacities' | 'previous' | 'movedSlotsMax'>, Partial<Filling> {
  readonly scope: Scope;
  readonly slot: number;
  /** Default: those of the belief. */
  readonly states?: States;
}
