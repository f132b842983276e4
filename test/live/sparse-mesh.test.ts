// A fleet on rings with real agents on loopback: few are connected, and words, backups and restores reach everybody all the same.

import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PlanAnswer, ProtectAnswer, RestoreAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import { ringSidesOf } from '../../agent/core/rings.ts';
import type { FleetView } from '../../agent/index.ts';
import { peerId } from '../../agent/units.ts';
import { askCommand, killAgent, type RunningAgent } from '../../cli/demo/processes.ts';
import { isSettled, waitUntil, takeTime } from '../helpers/waiting.ts';
import { startFleet, temporaryFolder } from '../helpers/agents.ts';
import { heldFiles } from '../helpers/held-files.ts';

/** One ring for all who are more than three: each has two neighbours. */
const mesh = { meshMax: 3, ringCount: 1 };
const names = ['pc-02', 'pc-03', 'pc-04', 'pc-05', 'pc-06', 'pc-07', 'pc-08'];

const areAllUp = ({ machines }: FleetView): boolean =>
  machines.filter(({ state }) => state === 'up').length === names.length + 1;

/** The others to which the viewer is connected at this moment. */
const connectedIn = ({ atMs, self, machines }: FleetView): number =>
  machines.filter(({ peer, lastHeardMs }) => peer !== self && lastHeardMs === atMs).length;

const isInPlan = ({ plan }: FleetView, peer: string): boolean =>
  plan?.classes.some(({ groups }) => groups.some(({ members }) => members.some((one) => one === peer))) ===
  true;

/** Who stands beside a machine on the ring while all are up. */
function neighboursOf({ peer }: RunningAgent, agents: readonly RunningAgent[]): readonly RunningAgent[] {
  const peers = agents.map((agent) => peerId(agent.peer));
  const sides = ringSidesOf(peerId(peer), peers, { ringCount: mesh.ringCount, sideLength: 1 });
  return agents.filter((agent) => sides.flat().some((one) => one === agent.peer));
}

function restore({ home }: RunningAgent, saved: ProtectAnswer, to: string): Promise<RestoreAnswer> {
  const phraseFile = join(home, 'phrase.txt');
  writeFileSync(phraseFile, `${saved.phrase}\n`);
  return askCommand([
    'restore',
    '--drive',
    saved.drive,
    '--to',
    to,
    '--phrase-file',
    phraseFile,
    '--home',
    home,
  ]);
}

test('in a fleet on a ring a backup whose holders are no neighbours is acknowledged and restored, and a plan reaches everybody', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '10m', mesh });
  for (const name of names) await fleet.add(name);
  const all = (what: string, isSo: (views: readonly FleetView[]) => boolean): Promise<readonly FleetView[]> =>
    waitUntil({ what, agents: fleet.agents }, isSo);
  // Where all are connected nobody takes a machine for up to which it is not.
  await all('a ring on which all know of all', (views) => views.every(areAllUp));
  await all('few connections', (views) => views.some((view) => connectedIn(view) <= 3));

  const [admin, owner] = fleet.agents;
  const neighbours = neighboursOf(owner!, fleet.agents);
  t.is(neighbours.length, 2);
  const vetoes = neighbours.flatMap(({ name }) => ['--veto', name]);
  await askCommand(['plan', 'limits', ...vetoes, '--home', admin!.home]);
  const { plan } = await askCommand<PlanAnswer>(['plan', 'compute', '--home', admin!.home]);
  await all('the plan that was asked for', (views) =>
    views.every((view) => view.plan !== undefined && view.plan.epoch >= plan.epoch),
  );
  await all('a plan without the neighbours', (views) =>
    views.every((view) => neighbours.every(({ peer }) => !isInPlan(view, peer))),
  );

  const folder = temporaryFolder(t, 'sparse');
  mkdirSync(join(folder, 'deep'));
  const noise = randomBytes(1_000_000);
  writeFileSync(join(folder, 'deep', 'noise.bin'), noise);
  const saved = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, '--home', owner!.home]);
  t.is(saved.outcome, 'acknowledged');
  await all("the snapshot on everybody's list", (views) =>
    views.every(({ drives }) =>
      drives.some(({ drive, snapshots }) => drive === saved.drive && snapshots.length > 0),
    ),
  );
  await all('rest', isSettled);
  t.deepEqual(
    neighbours.map(({ home }) => heldFiles(home).length),
    [0, 0],
  );

  await killAgent(owner!);
  // It stood between the owner and others, and holds nothing itself.
  const [reader] = neighbours;
  const to = join(temporaryFolder(t, 'restored'), 'files');
  const answer = await restore(reader!, saved, to);
  t.deepEqual(answer.missing, []);
  t.true(noise.equals(readFileSync(join(to, 'deep', 'noise.bin'))));
});
