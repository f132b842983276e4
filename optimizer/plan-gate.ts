// Promise 6 at the level of plans: a learned forecast places nothing unless its groups did better on held-out hours than those that
// follow from habits alone, and no other baseline did clearly better. Else the baseline serves, and the plan says so.

import type { FailureForecast } from '../models/index.ts';
import { causesOf } from './causes.ts';
import type { GroupsQuestion } from './groups.ts';
import type { PolicyScore } from './plan.ts';

export interface GateQuestion {
  readonly forecast: FailureForecast;
  /** What serves where the learned forecast did not win: the same hours without anything learned. */
  readonly habits?: FailureForecast;
  /** What the simple policies go by, where one was clearly better. Default: the same forecast without common shocks. */
  readonly baseline?: FailureForecast;
  readonly heldOut?: readonly PolicyScore[];
}

export interface Serving {
  readonly forecast: FailureForecast;
  readonly method: NonNullable<GroupsQuestion['method']>;
  readonly source: string;
  readonly notes: readonly string[];
}

const percent = (share: number): string => `${(100 * share).toPrecision(3)} %`;

/** What a policy is judged by. */
const riskOf = ({ risk, unavailableShare }: PolicyScore): number => risk ?? unavailableShare;

/**
 * A rival must be better by this, in so many draws of the held-out days: one week has few outages, each may last for days, and what looks
 * better below that is chance. With a margin of a fifth the best of four rivals won by chance so often that replays lost by the gate.
 */
const clearlyBetter = 0.5;
const surenessMin = 0.95;
/** Added to both sides: about what one group without a member to spare for a day comes to in a fleet of hundreds. */
const riskFloor = 1e-5;

/**
 * Judged and shown, but never served: the same belief with swaps, which is judged too, was better in every kind of replay
 * (`test/benchmarks/placement-samples.ts`); where best-k wins a week, it wins by chance.
 */
const onlyShown = 'best-k';

export const isClearlyLower = (risk: number, than: number): boolean =>
  risk + riskFloor < clearlyBetter * (than + riskFloor);

/** The policy that a learned forecast must beat, by name. */
export const habitsPolicy = 'habits';

/**
 * The forecast and the way of choosing groups that may serve. The learned one serves where it did better on the held-out hours than
 * habits alone, or where there was no comparison at all; another baseline serves where it was clearly better than both.
 */
export function chooseServing(question: GateQuestion): Serving {
  const { forecast, baseline, heldOut = [] } = question;
  const serving = servingOf(question);
  const own = heldOut.find(
    ({ policy }) => policy === (serving.forecast === forecast ? 'learned' : habitsPolicy),
  );
  const best = heldOut
    .filter(({ policy }) => !['learned', habitsPolicy, onlyShown].includes(policy))
    .toSorted((a, b) => riskOf(a) - riskOf(b))[0];
  const isBeaten =
    own !== undefined &&
    best !== undefined &&
    isClearlyLower(riskOf(best), riskOf(own)) &&
    (best.sureness ?? 1) >= surenessMin;
  if (!isBeaten) return serving;
  const plain = baseline ?? withoutShocks(forecast);
  return {
    // Only independence looks at the kind of hour; the simple policies go by each machine's mean.
    forecast: best.policy === 'independence' ? plain : meansOnly(plain),
    method: best.policy === 'random' ? best.policy : 'climb',
    source: `${best.policy} (baseline)`,
    notes: [lostText(own, best)],
  };
}

/** What is learned, or habits alone. */
function servingOf({ forecast, habits, heldOut = [] }: GateQuestion): Serving {
  const learned = heldOut.find(({ policy }) => policy === 'learned');
  const without = heldOut.find(({ policy }) => policy === habitsPolicy);
  const isBetter = learned === undefined || without === undefined || riskOf(learned) < riskOf(without);
  if (habits === undefined || isBetter)
    return { forecast, method: 'climb', source: forecast.source, notes: [] };
  return {
    forecast: habits,
    method: 'climb',
    source: `${habits.source} (baseline)`,
    notes: [lostText(learned, without)],
  };
}

const lostText = (own: PolicyScore, better: PolicyScore): string =>
  `The risk of the placement by ${own.policy === 'learned' ? 'learned models' : own.policy} in the held-out time was ${percent(riskOf(own))}, that of ${better.policy} ${percent(riskOf(better))}: the baseline serves.`;

/** Each machine as often down in every kind of hour as in all of them together. */
function meansOnly(forecast: FailureForecast): FailureForecast {
  const means = Float64Array.from(forecast.machines, (_, row) =>
    forecast.strata.reduce((sum, { weight, downProbability }) => sum + weight * downProbability[row]!, 0),
  );
  return { ...forecast, strata: forecast.strata.map((stratum) => ({ ...stratum, downProbability: means })) };
}

/** Each machine as often down as the models say, but independently of the others. */
export function withoutShocks(forecast: FailureForecast): FailureForecast {
  const { machines, domainOfMachine, goneProbability, presence, source } = forecast;
  const { folded } = causesOf(forecast.shocks, 1);
  const spared = Float64Array.from(machines, (_, row) =>
    folded.reduce((up, { shock, probability }) => up * (1 - probability * shock.strike[row]!), 1),
  );
  const strata = forecast.strata.map((stratum) => ({
    ...stratum,
    downProbability: stratum.downProbability.map((down, row) => 1 - (1 - down) * spared[row]!),
  }));
  return {
    machines,
    strata,
    shocks: [],
    domainOfMachine,
    goneProbability,
    source,
    ...(presence === undefined ? {} : { presence }),
  };
}
