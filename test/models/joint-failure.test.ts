// The shock mixture against plain arithmetic: every state of a tiny fleet enumerated.

import test from 'ava';
import { type FleetHistory, generateFleet, machineId, unixMs, weekMs } from '../../datasets/index.ts';
import { openBackend } from '../../models/backend.ts';
import { candidateDomains } from '../../models/co-failure.ts';
import { slotLogLikelihoods, termsOf } from '../../models/joint-failure.ts';
import { adjustedRandIndex } from '../../models/index.ts';

test('the likelihood is a distribution: over all states of three machines it sums to one', async (t) => {
  const { tf } = await openBackend();
  const states = Array.from({ length: 8 }, (_, bits) => [bits & 1, (bits >> 1) & 1, (bits >> 2) & 1]);
  const flat = (row: readonly number[]): Float32Array => Float32Array.from(states.flatMap(() => row));
  const observed = {
    down: Float32Array.from(states.flat()),
    known: flat([1, 1, 1]),
    logits: flat([-2, -1, 0.5]),
    slotCount: 8,
    machineCount: 3,
  };
  const domains = [{ members: [0, 1] }, { members: [1, 2] }];
  const terms = termsOf(tf, observed, { from: 0, count: 8, domains });
  const parameters = {
    logRates: tf.tensor1d([-1.5, -2.5]),
    strikes: tf.tensor1d([1.2, 0.3]),
    shifts: tf.tensor1d([0.1, -0.2, 0]),
  };
  const likelihoods = [...slotLogLikelihoods(tf, terms, parameters).dataSync()].map(Math.exp);
  t.true(Math.abs(likelihoods.reduce((sum, value) => sum + value, 0) - 1) < 1e-4);

  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const own = [-1.9, -1.2, 0.5].map(sigmoid);
  const [rates, strikes] = [
    [1, Math.exp(-1.5), Math.exp(-2.5)],
    [0, sigmoid(1.2), sigmoid(0.3)],
  ];
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  const members = [[], [0, 1], [1, 2]];
  for (const [index, state] of states.entries()) {
    const exact = rates.reduce((sum, rate, cause) => {
      const odds = state.reduce((product, down, machine) => {
        const strike = members[cause]!.includes(machine) ? strikes[cause]! : 0;
        const p = own[machine]! + strike - own[machine]! * strike;
        return product * (down === 1 ? p : 1 - p);
      }, 1);
      return sum + (rate / total) * odds;
    }, 0);
    t.true(Math.abs(likelihoods[index]! - exact) < 1e-4, `state ${state.join('')}`);
  }
});

const startMs = Date.UTC(2026, 9, 5);

test('hidden domains of generated fleets are proposed without any label', (t) => {
  for (const seed of [1, 2, 3, 7]) {
    const { history, truth } = generateFleet({ seed, machineCount: 9, weeks: 4, startMs });
    const found = Array.from(history.machines, (_, machine) => 1000 + machine);
    const learned = candidateDomains(history).filter(({ origin }) => origin === 'learned');
    const placed = learned.flatMap(({ members }, index) => members.map((member) => [member, index] as const));
    for (const [member, index] of placed) found[member] = index;
    t.true(adjustedRandIndex(found, [...truth.domainOfMachine]) >= 0.5, `seed ${seed}: ${found.join(' ')}`);
  }
});

test('machines that fail by themselves are put into no domain', (t) => {
  const slotCount = (4 * weekMs) / 3_600_000;
  const up = new Uint8Array(6 * slotCount).fill(1);
  // Each machine falls for three hours at moments of its own.
  const falls = [0, 1, 2, 3, 4, 5].flatMap((machine) =>
    Array.from(
      { length: 8 },
      (_, index) => machine * slotCount + 5 + 11 * machine + index * (61 + 3 * machine),
    ),
  );
  for (const at of falls) up.fill(0, at, at + 3);
  const machines = Array.from({ length: 6 }, (_, index) => ({
    machine: machineId(`pc-${index}`),
    attributes: {},
    utcOffsetMs: 0,
  }));
  const history: FleetHistory = {
    startMs: unixMs(startMs),
    slotMs: 3_600_000,
    slotCount,
    machines,
    up,
    access: [],
  };
  t.deepEqual(candidateDomains(history), []);
});
