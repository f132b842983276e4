// Real agents, two of which do not keep what they were given: one alters what it shows, the disk of the other loses its shards again and
// again. Both lose trust with a reason that their people can read, are warned before they are left out, and can come back.

import { rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import test from 'ava';
import type { ProtectAnswer, ProveAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { askCommand, startAgentProcess, stopAgents, type RunningAgent } from '../../cli/demo/processes.ts';
import { isSettled, waitUntil, takeTime } from '../helpers/waiting.ts';
import { doubtGraceMs } from '../../agent/limits.ts';
import { hours, minutes, seconds } from '../../datasets/index.ts';
import { startFleet, statusOf, temporaryFolder } from '../helpers/agents.ts';
import { heldFiles } from '../helpers/held-files.ts';
import { fakeClocks, fakeTimeLibrary } from '../helpers/faked-clocks.ts';

const testWithClocks = fakeTimeLibrary === undefined ? test.skip : test;
const altering = new URL('../helpers/altering-holder.ts', import.meta.url).href;

const standingOf = ({ machines }: FleetView, { peer }: RunningAgent): string =>
  machines.find((machine) => machine.peer === peer)?.trust?.standing ?? 'trusted';

const failedAudits = ({ machines }: FleetView, { peer }: RunningAgent): number =>
  machines.find((machine) => machine.peer === peer)?.audits?.failed ?? 0;

const slotsOf = ({ plan }: FleetView, { peer }: RunningAgent): number =>
  (plan?.classes ?? [])
    .flatMap(({ groups }) => groups)
    .filter(({ members }) => members.some((member) => member === peer)).length;

testWithClocks(
  'who alters or drops shards is warned with the reason, left out a day later, and back by the word of an admin (needs libfaketime)',
  async (t) => {
    takeTime(t);
    const clocks = fakeClocks(t);
    const fleet = await startFleet(t, { holderSilence: '90d' });
    for (const name of ['pc-02', 'pc-03']) await fleet.add(name);
    // These may come after the first plan, which is made for four: they get their part all the same.
    await Promise.all(['pc-04', 'pc-05', 'pc-06'].map((name) => fleet.add(name)));
    const { agents } = fleet;
    // In two steps: who is warned is so for a day, and seen.
    const nextDay = async (look: (views: readonly FleetView[]) => void): Promise<void> => {
      for (let half = 0; half < 2; half++) {
        clocks.pass(hours(12.5));
        const laterMs = clocks.nowMs - hours(1);
        look(
          await waitUntil({ what: 'half a day later', agents }, (views) =>
            views.every(({ atMs }) => atMs > laterMs),
          ),
        );
      }
    };
    // Audits are seconds apart: clocks of agents go faster than those of who looks at them. Whom nobody asks today is asked another day.
    const waitForDays = async (
      what: string,
      holds: (views: readonly FleetView[]) => boolean,
    ): Promise<void> => {
      for (let day = 0; day < 12; day++) {
        await nextDay(holds);
        // Where agents are slow beside their clocks a day has to be longer for as many audits.
        const overMs = clocks.nowMs + minutes(day < 3 ? 6 : 20);
        const views = await waitUntil({ what, agents }, (now) => {
          clocks.pass(seconds(8));
          return holds(now) || clocks.nowMs > overMs;
        });
        if (holds(views)) return;
      }
      t.fail(`${what} did not happen in twelve days`);
    };
    const planned = await waitUntil({ what: 'a plan that all follow', agents }, (views) =>
      views.every((view) => agents.filter((agent) => slotsOf(view, agent) > 0).length > 4),
    );
    const [admin, owner, ...others] = agents as [RunningAgent, RunningAgent, ...RunningAgent[]];
    for (let drive = 0; drive < 10; drive++) {
      const folder = temporaryFolder(t, 'kept');
      writeFileSync(join(folder, 'file'), randomBytes(20_000));
      const words = ['protect', folder, '--home', owner.home];
      const saved = await askCommand<ProtectAnswer & SnapshotAnswer>(words);
      t.is(saved.outcome, 'acknowledged');
    }
    await waitUntil({ what: 'rest', agents }, isSettled);
    const holders = others.filter((agent) => slotsOf(planned[0]!, agent) > 0);
    const [dropper, honestOnce] = holders as [RunningAgent, RunningAgent];
    const restart = async (agent: RunningAgent, environment = {}): Promise<RunningAgent> => {
      await stopAgents([agent]);
      const again = await startAgentProcess(agent.name, agent.home, { environment });
      agents.splice(agents.indexOf(agent), 1, again);
      return again;
    };
    const liar = await restart(honestOnce, { NODE_OPTIONS: `--import=${altering}` });

    // What the owner of the files sees, and since when; at first nobody has been asked.
    const standings = [liar, dropper].map((agent) => ({
      agent,
      seen: new Map<string, number>([['trusted', clocks.nowMs]]),
    }));
    const look = (views: readonly FleetView[]): void => {
      const view = views[agents.indexOf(owner)]!;
      for (const { agent, seen } of standings) {
        const standing = standingOf(view, agent);
        if (!seen.has(standing)) seen.set(standing, view.atMs);
      }
      heldFiles(dropper.home).forEach((file) => rmSync(file));
    };
    // One day on which a disk loses what is written to it can come to anybody; bytes that nobody gave do not.
    await waitForDays('audits of both', (views) => {
      look(views);
      return (
        views.some((view) => failedAudits(view, dropper) > 0) &&
        views.every((view) => standingOf(view, liar) === 'warned')
      );
    });
    t.regex(
      await statusOf(liar.home),
      /This machine is warned as a holder: .*it showed other bytes than those that it was given \(seen by.*\(self-doubted, since/u,
    );
    t.regex(
      await statusOf(owner.home),
      new RegExp(`What ${liar.name} holds .* other bytes.*\\(machine-doubted, since`, 'u'),
    );
    await waitForDays('both being left out', (views) => {
      look(views);
      return views.every((view) =>
        [liar, dropper].every((agent) => standingOf(view, agent) === 'dropped' && slotsOf(view, agent) === 0),
      );
    });
    for (const { agent, seen } of standings) {
      t.deepEqual([...seen.keys()], ['trusted', 'warned', 'dropped'], agent.name);
      t.true(seen.get('dropped')! - seen.get('trusted')! >= doubtGraceMs, `${agent.name} had a day`);
    }
    t.regex(
      await statusOf(dropper.home),
      /This machine is left out as a holder for \d+ hours, .*it did not have shards that it had said it has.* When those hours are over it is tried again by itself.*\(self-doubted, since/u,
    );
    const rest = agents.filter((agent) => agent !== liar && agent !== dropper);
    await waitUntil({ what: 'rest', agents: rest }, isSettled);
    const { drives } = await askCommand<ProveAnswer>(['verify', '--prove', '--home', owner.home]);
    t.deepEqual([...new Set(drives.map(({ verdict }) => verdict))], ['proven']);

    // Both are mended. Two others go, so that they are needed.
    const mended = [await restart(liar), dropper];
    for (const { name } of mended)
      await askCommand(['fleet', 'trust', name, '--reason', 'a new disk', '--home', admin.home]);
    for (const { name } of rest.filter((agent) => agent !== admin && agent !== owner))
      await askCommand(['fleet', 'revoke', name, '--reason', 'sold', '--home', admin.home]);
    const four = [admin, owner, ...mended];
    // Plans that came one after another this hour let the next one wait: the clocks go on until it is there.
    await waitUntil({ what: 'both holding shards again', agents: four }, (views) => {
      clocks.pass(seconds(30));
      return views.every((view) =>
        mended.every(
          (agent) =>
            standingOf(view, agent) === 'trusted' &&
            slotsOf(view, agent) > 0 &&
            heldFiles(agent.home).length > 0,
        ),
      );
    });
    t.notRegex(await statusOf(dropper.home), /self-doubted/u);
  },
);
