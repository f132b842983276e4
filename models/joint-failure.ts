// Which machines go down together: the latent shock mixture of PLACEMENT, with its exact likelihood, trained by gradient. At
// most one shock is on in an hour. A domain that explains nothing gets a strike of nothing and drops out.

import type * as TensorFlow from '@tensorflow/tfjs-core';
import { type FleetHistory, slotDown, slotUp } from '../datasets/index.ts';
import type { Tf } from './backend.ts';
import { type CandidateDomain, candidateDomains } from './co-failure.ts';
import type { Shock } from './forecast.ts';
import { hourKinds, kindOf, weekHours } from './hours.ts';
import { withLateMembers } from './late-members.ts';
import { downByKind } from './marginals.ts';
import { logit, sigmoid } from './log-odds.ts';

export interface ShockMixture {
  readonly domains: readonly CandidateDomain[];
  /** Odds of each domain's shock against "none", natural logarithm. */
  readonly logRates: Float32Array;
  /** P(member down | shock), logit. */
  readonly strikes: Float32Array;
  /** N: correction of each machine's own odds of being down, logit: what shocks explain is not its own. */
  readonly shifts: Float32Array;
  /** N × kinds of hour: P(down) before the correction. */
  readonly marginals: Float64Array;
}

/**
 * Priors: machines that fell together before do so for a few hours a week and are all hit; an attribute that nothing speaks
 * for strikes an hour in two months. They pull as much as a few events do.
 */
const learnedPrior = { logRate: Math.log(3 / 168), strike: 1.4 };
const attributePrior = { logRate: Math.log(0.1 / 168), strike: 0.5 };
const priorWeight = 2;
const priorOf = ({ origin }: CandidateDomain): typeof learnedPrior =>
  origin === 'learned' ? learnedPrior : attributePrior;

export interface Observed {
  /** T × N: 1 down, 0 up. */
  readonly down: Float32Array;
  /** T × N: 1 where known. */
  readonly known: Float32Array;
  /** T × N: logit of P(down) by habit. */
  readonly logits: Float32Array;
  readonly slotCount: number;
  readonly machineCount: number;
}

function observe(history: FleetHistory, marginals: Float64Array): Observed {
  const [N, T, kinds] = [history.machines.length, history.slotCount, hourKinds.length];
  const hours = weekHours(history);
  const [down, known, logits] = [new Float32Array(T * N), new Float32Array(T * N), new Float32Array(T * N)];
  for (let slot = 0; slot < T; slot++) {
    for (let machine = 0; machine < N; machine++) {
      const state = history.up[machine * T + slot]!;
      const at = slot * N + machine;
      if (state <= slotUp) known[at] = 1;
      if (state === slotDown) down[at] = 1;
      logits[at] = logit(marginals[machine * kinds + kindOf(hours[slot]!)]!);
    }
  }
  return { down, known, logits, slotCount: T, machineCount: N };
}

/**
 * What was seen of the domains' members only: a shock says nothing of the others. The M columns are the members of all domains
 * one after the other, so that everything is a few products of matrices (`gather` has no gradient on every backend).
 */
interface MemberTerms {
  /** S × M each. */
  readonly down: TensorFlow.Tensor2D;
  readonly known: TensorFlow.Tensor2D;
  readonly logits: TensorFlow.Tensor2D;
  /** N × M: 1 where the column is of the machine. */
  readonly machineOf: TensorFlow.Tensor2D;
  /** D × M: 1 where the column is of the domain. */
  readonly domainOf: TensorFlow.Tensor2D;
}

/** S × N each, and the members' parts of them; none where there are no domains. */
export interface Terms {
  readonly down: TensorFlow.Tensor2D;
  readonly known: TensorFlow.Tensor2D;
  readonly logits: TensorFlow.Tensor2D;
  readonly members: MemberTerms | undefined;
}

interface Parameters {
  readonly logRates: TensorFlow.Tensor1D;
  readonly strikes: TensorFlow.Tensor1D;
  readonly shifts: TensorFlow.Tensor1D;
}

/**
 * T log likelihoods of the slots:
 *   log P(y_t) = Σ_i log Bern(y_it; p_it) + logsumexp(0, {log π_d + LLR_d(t)}) − log(1 + Σ_d π_d)
 *   LLR_d(t) = Σ_{i∈d} [ y log((p + q − pq) / p) + (1 − y) log(1 − q) ]
 * with p_it the odds of being down by habit, q_d the strike of domain d, π_d the odds of its shock.
 */
export function slotLogLikelihoods(
  tf: Tf,
  { down, known, logits, members }: Terms,
  { logRates, strikes, shifts }: Parameters,
): TensorFlow.Tensor1D {
  const z = tf.add(logits, shifts);
  // log p = −softplus(−z), log(1 − p) = −softplus(z) = −z − softplus(−z).
  const own = tf.sum(tf.mul(known, tf.sub(tf.mul(down, z), tf.softplus(z))), 1);
  if (members === undefined) return own as TensorFlow.Tensor1D;
  const row = (values: TensorFlow.Tensor1D): TensorFlow.Tensor2D => tf.reshape(values, [1, -1]);
  const q = tf.sigmoid(tf.matMul(row(strikes), members.domainOf));
  const p = tf.sigmoid(tf.add(members.logits, tf.matMul(row(shifts), members.machineOf)));
  const gainDown = tf.log(tf.div(tf.sub(tf.add(p, q), tf.mul(p, q)), tf.add(p, 1e-12)));
  const gainUp = tf.log(tf.add(tf.sub(1, q), 1e-7));
  const gains = tf.add(tf.mul(members.down, gainDown), tf.mul(tf.sub(1, members.down), gainUp));
  const seen = tf.mul(members.known, gains) as TensorFlow.Tensor2D;
  const ratios = tf.add(tf.matMul(seen, members.domainOf, false, true), logRates);
  const quiet = tf.zeros([down.shape[0], 1]);
  const mixed = tf.logSumExp(tf.concat([quiet, ratios] as TensorFlow.Tensor2D[], 1), 1);
  const norm = tf.log(tf.add(1, tf.sum(tf.exp(logRates))));
  return tf.sub(tf.add(own, mixed), norm) as TensorFlow.Tensor1D;
}

export interface MixtureFitting {
  readonly tf: Tf;
  readonly steps: number;
  readonly onStep: (step: number, loss: number) => Promise<void>;
}

const domainsMax = 96;
/** Slots in one gradient step; more only where the fleet is small. */
const cellsPerStep = 800_000;

/** Of the steps so many are taken before machines may join the domains that were found. */
const shareBeforeJoins = 2 / 3;

/** Fits all candidate domains, has machines join those that explain them, and fits again from there. */
export async function fitShockMixture(history: FleetHistory, fitting: MixtureFitting): Promise<ShockMixture> {
  const { steps, onStep } = fitting;
  const marginals = downByKind(history);
  const observed = observe(history, marginals);
  const [N, candidates] = [history.machines.length, candidateDomains(history).slice(0, domainsMax)];
  const priors = candidates.map(priorOf);
  const start: ShockMixture = {
    domains: candidates,
    logRates: Float32Array.from(priors, ({ logRate }) => logRate),
    strikes: Float32Array.from(priors, ({ strike }) => strike),
    shifts: new Float32Array(N),
    marginals,
  };
  const before = Math.ceil(shareBeforeJoins * steps);
  const found = await fitParameters(start, observed, { ...fitting, steps: before });
  return fitParameters({ ...found, domains: withLateMembers(found, observed) }, observed, {
    ...fitting,
    steps: steps - before,
    onStep: (step, loss) => onStep(before + step, loss),
  });
}

/** Rates, strikes and corrections by Adam over all slots (or seeded stretches of them in large fleets), from where they stand. */
async function fitParameters(
  start: ShockMixture,
  observed: Observed,
  { tf, steps, onStep }: MixtureFitting,
): Promise<ShockMixture> {
  const { domains } = start;
  const priors = domains.map(priorOf);
  const priorRates = tf.tensor1d(priors.map(({ logRate }) => logRate));
  const priorStrikes = tf.tensor1d(priors.map(({ strike }) => strike));
  const logRates = tf.variable(tf.tensor1d(start.logRates));
  const strikes = tf.variable(tf.tensor1d(start.strikes));
  const shifts = tf.variable(tf.tensor1d(start.shifts));
  const optimizer = tf.train.adam(0.05);
  const cells = observed.machineCount + domains.reduce((sum, { members }) => sum + members.length, 0);
  const stretch = Math.min(observed.slotCount, Math.max(64, Math.floor(cellsPerStep / cells)));
  const stretches = stretchesOf(observed.slotCount, stretch).map((from) =>
    termsOf(tf, observed, { from, count: stretch, domains }),
  );
  for (let step = 0; step < steps && domains.length > 0; step++) {
    const terms = stretches[step % stretches.length]!;
    const cost = optimizer.minimize(
      () => {
        const likelihood = tf.sum(slotLogLikelihoods(tf, terms, { logRates, strikes, shifts } as Parameters));
        const prior = tf.add(
          tf.mul(priorWeight / 2, tf.sum(tf.square(tf.sub(logRates, priorRates)))),
          tf.add(
            tf.mul(priorWeight / 2, tf.sum(tf.square(tf.sub(strikes, priorStrikes)))),
            tf.mul(0.5, tf.sum(tf.square(shifts))),
          ),
        );
        const share = stretch / observed.slotCount;
        return tf.div(tf.sub(tf.mul(prior, share), likelihood), stretch) as TensorFlow.Scalar;
      },
      true,
      [logRates, strikes, shifts],
    );
    const loss = cost?.dataSync()[0] ?? Number.NaN;
    cost?.dispose();
    if (step % 10 === 9 || step === steps - 1) await onStep(step + 1, loss);
  }
  const mixture = {
    ...start,
    logRates: logRates.dataSync() as Float32Array,
    strikes: strikes.dataSync() as Float32Array,
    shifts: shifts.dataSync() as Float32Array,
  };
  tf.dispose([logRates, strikes, shifts, priorRates, priorStrikes]);
  for (const terms of stretches) disposeTerms(tf, terms);
  optimizer.dispose();
  return mixture;
}

/** Where stretches of this length begin that cover all slots; the last one may overlap the one before. */
const stretchesOf = (slotCount: number, stretch: number): readonly number[] =>
  Array.from({ length: Math.ceil(slotCount / stretch) }, (_, at) =>
    Math.min(at * stretch, slotCount - stretch),
  );

interface Stretch {
  readonly from: number;
  readonly count: number;
  readonly domains: readonly Pick<CandidateDomain, 'members'>[];
}

/** The slots `from` … `from + count − 1` as tensors. */
export function termsOf(tf: Tf, observed: Observed, { from, count, domains }: Stretch): Terms {
  const { machineCount: N } = observed;
  const cut = (values: Float32Array): TensorFlow.Tensor2D =>
    tf.tensor2d(values.slice(from * N, (from + count) * N), [count, N]);
  return {
    down: cut(observed.down),
    known: cut(observed.known),
    logits: cut(observed.logits),
    members: domains.length === 0 ? undefined : memberTerms(tf, observed, { from, count, domains }),
  };
}

function memberTerms(tf: Tf, observed: Observed, { from, count, domains }: Stretch): MemberTerms {
  const { machineCount: N } = observed;
  const columns = domains.flatMap(({ members }, domain) => members.map((machine) => ({ machine, domain })));
  const M = columns.length;
  const pick = (values: Float32Array): TensorFlow.Tensor2D =>
    tf.tensor2d(
      Float32Array.from(
        { length: count * M },
        (_, at) => values[(from + Math.floor(at / M)) * N + columns[at % M]!.machine]!,
      ),
      [count, M],
    );
  const [machineOf, domainOf] = [new Float32Array(N * M), new Float32Array(domains.length * M)];
  for (const [at, { machine, domain }] of columns.entries()) {
    machineOf[machine * M + at] = 1;
    domainOf[domain * M + at] = 1;
  }
  return {
    down: pick(observed.down),
    known: pick(observed.known),
    logits: pick(observed.logits),
    machineOf: tf.tensor2d(machineOf, [N, M]),
    domainOf: tf.tensor2d(domainOf, [domains.length, M]),
  };
}

function disposeTerms(tf: Tf, { members, ...cells }: Terms): void {
  tf.dispose([cells.down, cells.known, cells.logits]);
  if (members !== undefined) tf.dispose(Object.values(members));
}

/** Mean log likelihood per slot of a history under a fitted mixture. */
export function meanLogLikelihood(tf: Tf, mixture: ShockMixture, history: FleetHistory): number {
  const observed = observe(history, mixture.marginals);
  const likelihoods = tf.tidy(() => {
    const { domains } = mixture;
    const terms = termsOf(tf, observed, { from: 0, count: observed.slotCount, domains });
    const parameters = {
      logRates: tf.tensor1d(mixture.logRates),
      strikes: tf.tensor1d(mixture.strikes),
      shifts: tf.tensor1d(mixture.shifts),
    };
    return slotLogLikelihoods(tf, terms, parameters);
  });
  const mean =
    (likelihoods.dataSync() as Float32Array).reduce((sum, value) => sum + value, 0) / observed.slotCount;
  likelihoods.dispose();
  return mean;
}

/** Domains that strike more weakly, or hardly ever, explain nothing. */
const strikeMin = 0.35;
const probabilityMin = 3e-3;

/** The shocks worth telling the optimizer of, the learned ones first, and each machine's own odds without them. */
export function shocksOf(
  mixture: ShockMixture,
  machineCount: number,
): {
  readonly shocks: readonly Shock[];
  readonly domainOfMachine: Int32Array;
  readonly downByKind: Float64Array;
} {
  const total = 1 + mixture.logRates.reduce((sum, rate) => sum + Math.exp(rate), 0);
  const shocks: Shock[] = [];
  const domainOfMachine = new Int32Array(machineCount).fill(-1);
  for (const [index, { name, origin, members }] of mixture.domains.entries()) {
    const probability = Math.exp(mixture.logRates[index]!) / total;
    const strength = sigmoid(mixture.strikes[index]!);
    if (strength < strikeMin || probability < probabilityMin) continue;
    const strike = new Float64Array(machineCount);
    for (const member of members) strike[member] = strength;
    // Who is in two counts as of the larger one, which comes first.
    const found = origin === 'learned' ? members : [];
    for (const member of found.filter((row) => domainOfMachine[row] === -1))
      domainOfMachine[member] = shocks.length;
    shocks.push({ name, origin, probability, strike });
  }
  const kinds = hourKinds.length;
  const own = mixture.marginals.map((p, at) => sigmoid(logit(p) + mixture.shifts[Math.floor(at / kinds)]!));
  return { shocks, domainOfMachine, downByKind: own };
}
