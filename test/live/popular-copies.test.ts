// Popular copies with real agents on loopback: restores of one site are counted, the plan puts a copy there, and the next restore there
// takes it.

import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PlanAnswer, ProtectAnswer, RestoreAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import type { TelemetryRow } from '../../datasets/index.ts';
import type { Plan, PlanCheck } from '../../optimizer/index.ts';
import { askCommand, type RunningAgent, startAgentProcess, stopAgents } from '../../cli/demo/processes.ts';
import { isSettled, viewOf, waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, type TestFleet, temporaryFolder } from '../helpers/agents.ts';

/** Stops an agent in order, so that it writes what it counted, and starts it again. */
async function restart(fleet: TestFleet, name: string): Promise<void> {
  const at = fleet.agents.findIndex((agent) => agent.name === name);
  const agent = fleet.agents[at]!;
  await stopAgents([agent]);
  fleet.agents[at] = await startAgentProcess(name, agent.home);
}

const agentNamed = (fleet: TestFleet, name: string): RunningAgent =>
  fleet.agents.find((agent) => agent.name === name)!;

test('a file that one site restores again and again gets a copy there, and the next restore there takes it', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '120s', create: ['--site', 'main'] });
  for (const name of ['pc-02', 'pc-03', 'pc-04', 'pc-05']) await fleet.add(name, 'main');
  for (const name of ['pc-06', 'pc-07']) await fleet.add(name, 'branch');
  const all = (what: string, isSo: (views: readonly FleetView[]) => boolean) =>
    waitUntil({ what, agents: fleet.agents }, isSo);
  await all('a plan that all follow', (views) =>
    views.every(
      ({ plan, machines }) =>
        plan !== undefined && machines.filter(({ state }) => state === 'up').length === 7,
    ),
  );

  const owner = agentNamed(fleet, 'pc-02');
  const phraseFile = join(fleet.root, 'phrase.txt');
  const drives: string[] = [];
  const protectThree = async (): Promise<void> => {
    for (const part of ['plans', 'drawings', 'letters']) {
      const folder = temporaryFolder(t, part);
      mkdirSync(join(folder, 'deep'));
      writeFileSync(join(folder, 'deep', 'noise.bin'), randomBytes(400_000));
      const given = drives.length === 0 ? [] : ['--phrase-file', phraseFile];
      const saved = await askCommand<ProtectAnswer & SnapshotAnswer>([
        'protect',
        folder,
        ...given,
        '--home',
        owner.home,
      ]);
      t.is(saved.outcome, 'acknowledged');
      if (saved.phrase !== undefined) writeFileSync(phraseFile, `${saved.phrase}\n`);
      drives.push(saved.drive);
    }
  };
  const restoreAt = async (agent: RunningAgent, drive: string): Promise<void> => {
    const to = join(temporaryFolder(t, 'restored'), 'files');
    const answer = await askCommand<RestoreAnswer>([
      'restore',
      '--drive',
      drive,
      '--to',
      to,
      '--phrase-file',
      phraseFile,
      '--home',
      agent.home,
    ]);
    t.deepEqual(answer.missing, []);
    t.is(answer.fileCount, 1);
  };
  const first = agentNamed(fleet, 'pc-01');
  const rowsAbout = (machine: string): readonly string[] => {
    const rows = ['--kind', 'packRead', '--machine', machine];
    return ['telemetry', 'show', ...rows, '--home', first.home];
  };
  const ask = rowsAbout('pc-07');
  t.is(await failureOf(rowsAbout('pc-70')), 'target-unknown', 'a name that is mistyped has not just no rows');
  const readThrice = async (read: readonly string[]): Promise<void> => {
    const before = (await askCommand<readonly TelemetryRow[]>(ask)).length;
    for (let round = 0; round < 3; round++)
      for (const drive of read) await restoreAt(agentNamed(fleet, 'pc-07'), drive);
    // Counts are written when their hour is over, or at a stop in order.
    await restart(fleet, 'pc-07');
    await all('rows of the reader everywhere', (views) =>
      views.every(({ machines }) => machines.every(({ state }) => state === 'up')),
    );
    let rows: readonly TelemetryRow[] = [];
    for (let tries = 0; tries < 300 && rows.length <= before; tries++) rows = await askCommand(ask);
    t.true(rows.length > before);
    t.true(rows.every((row) => row.kind === 'packRead' && row.reads === 3));
  };

  const branch = new Set(['pc-06', 'pc-07'].map((name) => agentNamed(fleet, name).peer));
  // All groups are of the main site's machines, and mostly stay so when the branch's may hold something: packs with files are too large to be moved.
  const limit = (...words: readonly string[]): Promise<unknown> =>
    askCommand(['plan', 'limits', ...words, '--home', first.home]);
  await limit('--veto', 'pc-06', '--veto', 'pc-07', '--moved-per-week', '10KB');
  await askCommand<PlanAnswer>(['plan', 'compute', '--home', first.home]);
  await all('a plan of the main site only', (views) =>
    views.every(
      ({ plan }) =>
        plan !== undefined &&
        plan.classes.every(({ groups }) =>
          groups.every(({ members }) => !members.some((one) => branch.has(one))),
        ),
    ),
  );
  await protectThree();
  await readThrice(drives);
  await limit('--lift', 'pc-06', '--lift', 'pc-07');
  const { plan } = await askCommand<PlanAnswer>(['plan', 'compute', '--home', first.home]);
  const copies = plan.popular?.copies ?? [];
  t.true(copies.length > 0, 'the branch reads packs that lie in the main site only');
  t.true(copies.every(({ machine }) => branch.has(machine)));
  t.true(
    copies.every(({ reason }) => reason.site === 'branch' && reason.reads >= 3 && reason.farShare > 0.5),
  );
  const planFile = join(fleet.root, 'plan.json');
  writeFileSync(planFile, JSON.stringify(await askCommand<Plan>(['plan', 'show', '--home', first.home])));
  const check = await askCommand<PlanCheck>(['plan', 'check', planFile]);
  t.is(check.popular?.copyCount, copies.length);
  t.deepEqual(check.problems, []);

  await all(
    'copies that are whole',
    (views) => isSettled(views) && views.reduce((sum, { work }) => sum + work.copies, 0) === copies.length,
  );
  const [copy] = copies;
  const host = fleet.agents.find(({ peer }) => peer === copy!.machine)!;
  const reader = fleet.agents.find(({ peer }) => branch.has(peer) && peer !== host.peer)!;
  t.is((await viewOf(host)).work.servedCopyShards, 0);
  for (const drive of drives) await restoreAt(reader, drive);
  t.true((await viewOf(host)).work.servedCopyShards > 0, 'the copy was taken');
});
