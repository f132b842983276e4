// What an admin types reaches the plan: the target of availability with its hours, limits, and where a machine stands.

import test from 'ava';
import type { CallAnswers } from '../../agent/control/index.ts';
import { askCommand } from '../../cli/demo/processes.ts';
import { computePlan, type PlacementLimits, type Plan } from '../../optimizer/index.ts';
import { failureOf, startFleet } from '../helpers/agents.ts';
import { fleetForecast } from '../optimizer/fleet-forecast.ts';
import { takeTime } from '../helpers/waiting.ts';

const bulkOf = (plan: Plan): number => {
  const { k, n } = plan.classes.find(({ name }) => name === 'bulk')!.redundancy;
  return n / k;
};

test('"99.99 % at business hours" goes from the command line through the signed policy into (k, n) of a plan', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const home = ['--home', fleet.agents[0]!.home];
  const forecast = fleetForecast({ machineCount: 24, stratumCount: 24, seed: 4 });
  const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
  const planFor = async (typed: string): Promise<Plan> => {
    await askCommand(['fleet', 'policy', '--target', typed, ...home]);
    // As any machine reads it from the policy.
    const { target } = await askCommand<CallAnswers['policy']>(['fleet', 'policy', ...home]);
    return computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed: 1, target });
  };
  const business = await planFor('99.99 % at business hours');
  const always = await planFor('99.99% at all hours');
  const low = await planFor('90 % at business hours');
  t.true(business.notes.some((note) => note.includes('99.99 % in business hours')));
  t.true(always.notes.some((note) => note.includes('99.99 %') && note.includes('all hours')));
  t.true(bulkOf(low) <= bulkOf(business) && bulkOf(business) <= bulkOf(always));
  t.true(bulkOf(low) < bulkOf(always), 'a higher target takes more bytes');
  t.is(await failureOf(['fleet', 'policy', '--target', '99.99 % at noon', ...home]), 'quantity-malformed');
});

test('limits on scatter width and traffic are kept by the policy, and what makes no sense is refused by its name', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const home = ['--home', fleet.agents[0]!.home];
  const set = ['--scatter-max', '40', '--in-per-week', '20GB', '--out-per-week', '10GB'];
  const limits = await askCommand<PlacementLimits>(['plan', 'limits', ...set, ...home]);
  t.is(limits.scatterMax, 40);
  t.is(limits.takenBytesPerWeek, 20 * 2 ** 30);
  t.is(limits.givenBytesPerWeek, 10 * 2 ** 30);
  t.is(await failureOf(['plan', 'limits', '--scatter-min', '5', ...home]), 'limits-infeasible');
  t.is(await failureOf(['plan', 'limits', '--scatter-max', 'many', ...home]), 'limits-malformed');
  const lifted = await askCommand<PlacementLimits>(['plan', 'limits', '--scatter-max', 'none', ...home]);
  t.is(lifted.scatterMax, undefined);
  t.is(lifted.takenBytesPerWeek, 20 * 2 ** 30);
});
