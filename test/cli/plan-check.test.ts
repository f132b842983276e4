// What `drey plan check` says where a plan carries nothing that its odds could be computed from.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../cli/demo/processes.ts';
import { computePlan, loadSolver } from '../../optimizer/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { fleetForecast } from '../optimizer/fleet-forecast.ts';

const solver = await loadSolver();

test('odds without evidence are only claimed, and the check says so', async (t) => {
  const forecast = fleetForecast({ machineCount: 9, stratumCount: 2, seed: 1 });
  const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
  const whole = computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed: 1, solver });
  const file = join(temporaryFolder(t, 'plan'), 'plan.json');
  const said = async (plan: object): Promise<string> => {
    writeFileSync(file, JSON.stringify(plan));
    return (await runCommand(['plan', 'check', file])).output;
  };
  t.regex(await said(whole), /computed from the file alone holds\.\nNot checked[^]*\n {2}modelSource: /u);
  const { evidence: _, ...bare } = whole;
  t.regex(await said(bare), /no evidence[^]*odds are only claimed/u);
  t.notRegex(await said(bare), /from the file alone holds/u);
  t.regex(await said(bare), /\n {2}odds and bounds: /u);
});
