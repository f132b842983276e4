// Real agents that watch over each other's people: an owner that is silent for more than a week, and one that is there and saves nothing.
// Their clocks are those of a library that chaos uses too: what is a week for them is a moment here.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ProtectAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { askCommand, killAgent, startAgentProcess, stopAgents } from '../../cli/demo/processes.ts';
import { isSettled, waitUntil, takeTime } from '../helpers/waiting.ts';
import { days, hours, minutes } from '../../datasets/index.ts';
import { startFleet, statusOf, temporaryFolder } from '../helpers/agents.ts';
import { fakeClocks, fakeTimeLibrary } from '../helpers/faked-clocks.ts';

const testWithClocks = fakeTimeLibrary === undefined ? test.skip : test;

testWithClocks(
  'others tell of an owner that is silent for over a week, and of one that is there and saves nothing (needs libfaketime)',
  async (t) => {
    takeTime(t);
    const clocks = fakeClocks(t);
    const startedMs = Date.now();
    const fleet = await startFleet(t, { holderSilence: '90d' });
    const owner = await fleet.add('pc-02');
    for (const name of ['pc-03', 'pc-04']) await fleet.add(name);
    await waitUntil({ what: 'a plan that all follow', agents: fleet.agents }, (views) =>
      views.every(
        (view) => view.plan !== undefined && view.machines.filter(({ state }) => state === 'up').length === 4,
      ),
    );
    const folder = join(temporaryFolder(t, 'watched'), 'letters');
    mkdirSync(folder);
    writeFileSync(join(folder, 'letter.txt'), 'Dear reader,\n'.repeat(200));
    const home = ['--home', owner.home];
    const saved = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, ...home]);
    t.is(saved.outcome, 'acknowledged');
    await waitUntil({ what: 'rest', agents: fleet.agents }, isSettled);

    const others = fleet.agents.filter((agent) => agent !== owner);
    const tells =
      (kind: string, about: string) =>
      ({ problems }: FleetView): boolean =>
        problems.some((problem) => problem.kind === kind && problem.about === about);
    const isSilent = tells('owner-silent', owner.peer);
    await killAgent(owner);
    // Whoever notices only after the clocks went on has heard of it six days later.
    await waitUntil({ what: 'the owner being away', agents: others }, (views) =>
      views.every(({ machines }) => machines.find(({ peer }) => peer === owner.peer)?.state !== 'up'),
    );
    clocks.pass(days(6));
    const early = await waitUntil({ what: 'clocks six days later', agents: others }, (views) =>
      views.every(({ atMs }) => atMs > startedMs + days(6)),
    );
    t.false(early.some(isSilent), 'six days are no alarm');
    clocks.pass(days(3));
    // Who looked before it had heard of the others looks again after a while: clocks go on.
    const waitForOthers = (what: string, holds: (view: FleetView) => boolean): Promise<unknown> =>
      waitUntil({ what, agents: others }, (views) => {
        clocks.pass(minutes(1));
        return views.every(holds);
      });
    await waitForOthers('all telling of the silent owner', isSilent);
    t.regex(await statusOf(others[1]!.home), /Nothing new of pc-02 is saved \(one drive\)/u);

    // It is back, but what it should save is gone: it does not have to say so itself.
    rmSync(folder, { recursive: true });
    const back = await startAgentProcess('pc-02', owner.home);
    await waitForOthers('the owner being back', (view) => !isSilent(view));
    await stopAgents([back]);
    clocks.pass(hours(7));
    fleet.agents.push(await startAgentProcess('pc-02', owner.home));
    await waitForOthers('all telling of the drive', tells('snapshot-old', saved.drive));
    t.regex(await statusOf(others[1]!.home), /What changed in a drive of pc-02 is not safe/u);
  },
);
