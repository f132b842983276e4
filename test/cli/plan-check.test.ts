// What `drey plan check` says where a plan carries nothing that its odds could be computed from, and how it ends.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { runCommand } from '../../cli/demo/processes.ts';
import { computePlan, loadSolver } from '../../optimizer/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { fleetForecast } from '../optimizer/fleet-forecast.ts';

const solver = await loadSolver();

const forecast = fleetForecast({ machineCount: 9, stratumCount: 2, seed: 1 });
const machines = forecast.machines.map((machine) => ({ machine, quotaBytes: 1 }));
const whole = computePlan({ machines, forecast, author: machines[0]!.machine, nowMs: 0, seed: 1, solver });

test('a reader that has gone hides no failure', (t) => {
  const file = join(temporaryFolder(t, 'plan'), 'plan.json');
  writeFileSync(file, JSON.stringify({ ...whole, notes: ['This plan is proven optimal.'] }));
  const program = new URL('../../cli/drey.js', import.meta.url).pathname;
  const piped = '"$0" "$1" plan check "$2" | true; exit "${PIPESTATUS[0]}"';
  const { status, stderr } = spawnSync('bash', ['-c', piped, process.execPath, program, file], {
    encoding: 'utf8',
  });
  t.is(status, 1);
  t.regex(stderr, /plan-check-failed/u);
});

test('odds without evidence are only claimed, and the check says so', async (t) => {
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

test('two plans the wrong way round are refused, and it is said which file is meant', async (t) => {
  const folder = temporaryFolder(t, 'plan');
  const [older, newer, none] = ['older', 'newer', 'none'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(older, JSON.stringify(whole));
  writeFileSync(newer, JSON.stringify({ ...whole, epoch: whole.epoch + 1 }));
  const check = async (plan: string, before: string): Promise<string> =>
    (await runCommand(['plan', 'check', plan, '--before', before])).errors;
  t.is(await check(newer, older), '');
  t.regex(await check(older, newer), /file of --before holds plan 2, which does not come before plan 1/u);
  t.regex(await check(older, older), /plan-file-unreadable/u);
  t.regex(await check(newer, none), /file of --before cannot be read/u);
});
