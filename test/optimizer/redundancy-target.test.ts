// Copies and codes by a target of availability: cheapest that meets it, steady, and honest where none does.

import test from 'ava';
import { machineId } from '../../datasets/index.ts';
import { type AvailabilityTarget, computePlan, type Plan, type PlanQuestion } from '../../optimizer/index.ts';
import { fleetForecast } from './fleet-forecast.ts';

const planFor = (
  target: AvailabilityTarget | undefined,
  { machineCount = 24, ...more }: { readonly machineCount?: number } & Partial<PlanQuestion> = {},
): Plan =>
  computePlan({
    machines: Array.from({ length: machineCount }, (_, row) => ({
      machine: machineId(`m${row}`),
      quotaBytes: 2 ** 34,
    })),
    forecast: fleetForecast({ machineCount }),
    author: machineId('m0'),
    nowMs: 0,
    seed: 1,
    ...(target === undefined ? {} : { target }),
    ...more,
  });

const bulkOf = (plan: Plan): Plan['classes'][number] => plan.classes.find(({ name }) => name === 'bulk')!;
const bytesOf = (plan: Plan): number => bulkOf(plan).redundancy.n / bulkOf(plan).redundancy.k;
const meanOdds = (plan: Plan): number => {
  const { groups } = bulkOf(plan);
  return groups.reduce((sum, { unavailability }) => sum + unavailability, 0) / groups.length;
};

test('a higher target never takes fewer bytes, and what is chosen meets it', (t) => {
  const targets = [0.9, 0.97, 0.99, 0.995, 0.999, 0.9999];
  const plans = targets.map((share) => planFor({ share, hours: 'all' }));
  const bytes = plans.map(bytesOf);
  t.deepEqual(
    bytes,
    bytes.toSorted((a, b) => a - b),
  );
  t.true(bytes.at(-1)! > bytes[0]!);
  for (const [index, plan] of plans.entries()) {
    const isOutOfReach = plan.notes.some((note) => /^New bulk .*out of reach/u.test(note));
    if (!isOutOfReach) t.true(meanOdds(plan) <= 1 - targets[index]!, `${targets[index]}: ${meanOdds(plan)}`);
  }
  t.is(bytes[0], 1.5, 'never fewer bytes than let a third of the holders die');
});

test('business hours are easier than all hours', (t) => {
  const forecast = fleetForecast({ machineCount: 24 });
  const strata = forecast.strata.map((stratum) => ({
    ...stratum,
    downProbability: stratum.isBusinessHour
      ? stratum.downProbability
      : stratum.downProbability.map((odds) => Math.min(0.6, 5 * odds)),
  }));
  const asked = { forecast: { ...forecast, strata } };
  const [business, all] = (['business', 'all'] as const).map((hours) =>
    planFor({ share: 0.999, hours }, asked),
  );
  t.true(bytesOf(business!) < bytesOf(all!), `${bytesOf(business!)} ${bytesOf(all!)}`);
});

const codesOf = (plan: Plan): readonly string[] =>
  plan.classes.map(({ name, redundancy: { k, n } }) => `${name} ${k} of ${n}`);

test('what packs have already stays while it is good enough and not much dearer', (t) => {
  const strict = planFor({ share: 0.9999, hours: 'all' });
  t.deepEqual(codesOf(strict), ['small 1 of 4', 'bulk 8 of 14']);
  const eased = planFor({ share: 0.9, hours: 'all' }, { previous: strict });
  // 4 copies for 3 are a third more bytes, 8 of 14 for 4 of 6 a sixth: the one goes, the other stays, and old packs keep their groups.
  t.deepEqual(codesOf(eased), ['small 1 of 3', 'bulk 8 of 14', 'small 1 of 4']);
});

test('a target that no candidate meets is said, and the nearest serves', (t) => {
  const plan = planFor({ share: 1, hours: 'all' });
  t.true(plan.notes.some((note) => note.includes('out of reach')));
  t.true(meanOdds(plan) < meanOdds(planFor({ share: 0.9, hours: 'all' })));
});

test('below twelve machines the size of the fleet decides', (t) => {
  const [without, targeted] = [undefined, { share: 0.9999, hours: 'all' } as const].map((target) =>
    planFor(target, { machineCount: 11 }),
  );
  t.deepEqual(targeted, without);
});
