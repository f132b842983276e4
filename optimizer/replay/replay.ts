// Replays a trace under a policy, closed loop: it learns from what is past, places, and lives through the hours with their
// departures, repairs and new plans. Nobody sees the future but the oracle.

import { createRandom, hourMs, weekMs } from '../../datasets/index.ts';
import { chooseGroups } from '../groups.ts';
import { capacitiesFor, groupCountFor } from '../redundancy.ts';
import type { Belief, Policy } from './policies/index.ts';
import { Roster } from './roster.ts';
import type { Origin, Scenario } from './scenario.ts';
import { type Account, nobody, World } from './world.ts';

export interface OriginResult {
  readonly policy: string;
  readonly origin: number;
  readonly account: Account;
  /** Files that could not be served and are not lost for good, slot by slot. */
  readonly unavailableBySlot: Int32Array;
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
    else if (isRepairing && age > 0) run.replaceSilent(slot);
    run.world.live(slot);
  }
  return {
    policy: policy.name,
    origin: index,
    account: run.world.account,
    unavailableBySlot: run.world.unavailableBySlot,
    planSeconds: run.planSeconds,
    sources: run.sources,
  };
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
    const { redundancy } = scenario.rules;
    const usable = this.#roster.seenSince(origin.trainFromSlot).filter((row) => !this.#isSilent(row));
    this.#groupCount = groupCountFor(usable.length, redundancy);
    this.world = new World(scenario, origin, usable.length);
  }

  /** Looks at the past anew and places by it. */
  async learn(slot: number): Promise<void> {
    const { history, labels, rules } = this.#scenario;
    const startedMs = this.#stopwatch();
    this.#roster.lookUntil(slot);
    const fromSlot = slot - (this.#origin.fromSlot - this.#origin.trainFromSlot);
    this.#rows = this.#roster.seenSince(fromSlot);
    const untilSlot = Math.min(this.#origin.toSlot, slot + Math.round(weekMs / history.slotMs));
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
    this.#givenUp = this.#silent();
    this.#place('all slots', slot);
    this.planSeconds += (this.#stopwatch() - startedMs) / 1000;
  }

  /** Between two lessons only what is silent for too long is replaced. */
  replaceSilent(slot: number): void {
    this.#roster.lookUntil(slot);
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

  #isSilent(row: number): boolean {
    return this.#roster.silenceOf(row) * this.#scenario.history.slotMs > this.#scenario.rules.patienceMs;
  }

  #place(scope: 'all slots' | 'open slots', slot: number): void {
    const belief = this.#belief!;
    const { redundancy, capacityFactor, seed } = this.#scenario.rules;
    const column = new Map(this.#rows.map((row, at) => [row, at]));
    const previous = this.#groups.map((group) =>
      group.map((row) => (this.#givenUp.has(row) ? nobody : (column.get(row) ?? nobody))),
    );
    const capacities = capacitiesFor(
      this.#rows.map((row) => (this.#givenUp.has(row) ? 0 : 1)),
      { groupCount: this.#groupCount, n: redundancy.n, capacityFactor },
    );
    const { states, apart, method } = belief;
    const question = {
      states,
      redundancy,
      groupCount: this.#groupCount,
      capacities,
      seed: createRandom(`${seed} ${slot}`)
        .fork(this.#policy.name)
        .below(2 ** 31),
      scope,
      previous,
      ...(apart === undefined ? {} : { apart }),
      ...(method === undefined ? {} : { method }),
    };
    const chosen = belief.groups?.(question) ?? chooseGroups(question);
    this.#groups = chosen.map((group) => group.map((member) => this.#rows[member] ?? nobody));
    this.world.follow(this.#groups);
  }
}
