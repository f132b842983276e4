// Real agents: what rots on a holder's disk is found by itself and fetched again; an owner restores its own files from the others as a trial.

import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { ProveAnswer, ProtectAnswer, SnapshotAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { askCommand, killAgent, startAgentProcess } from '../../cli/demo/processes.ts';
import { isSettled, waitUntil, takeTime } from '../helpers/waiting.ts';
import { days } from '../../datasets/index.ts';
import { failureOf, startFleet, statusOf, temporaryFolder } from '../helpers/agents.ts';
import { flipByte, heldFiles } from '../helpers/held-files.ts';

test('a flipped byte that nobody asks for is found and mended; files are proven restorable from others', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '1h' });
  const owner = await fleet.add('pc-02');
  for (const name of ['pc-03', 'pc-04', 'pc-05']) await fleet.add(name);
  await waitUntil({ what: 'a plan that all follow', agents: fleet.agents }, (views) =>
    views.every(
      (view) => view.plan !== undefined && view.machines.filter(({ state }) => state === 'up').length === 5,
    ),
  );
  const folder = temporaryFolder(t, 'proven');
  for (let at = 0; at < 4; at++) writeFileSync(join(folder, `file-${at}`), randomBytes(200_000));
  const first = await askCommand<ProtectAnswer & SnapshotAnswer>(['protect', folder, '--home', owner.home]);
  t.is(first.outcome, 'acknowledged');
  await waitUntil({ what: 'rest', agents: fleet.agents }, isSettled);

  const proof = await askCommand<ProveAnswer>(['verify', '--prove', '--home', owner.home]);
  const [drive] = proof.drives;
  t.is(drive?.verdict, 'proven', JSON.stringify(drive));
  t.is(drive?.fileCount, 4);
  t.is(drive?.byteCount, 800_000);
  t.is(drive?.comparedCount, 4);
  t.true((drive?.machineCount ?? 0) >= 1);
  // The sealed noise alone is as long: nothing of it came from the owner's own disk.
  t.true((drive?.fetchedBytes ?? 0) >= 800_000);

  const large = (home: string): string | undefined =>
    heldFiles(home).find((file) => statSync(file).size > 100_000);
  const holder = fleet.agents.find((agent) => agent !== owner && large(agent.home) !== undefined)!;
  t.not(holder, undefined, 'somebody holds the files');
  await Promise.all([killAgent(holder), killAgent(owner)]);
  const victim = large(holder.home);
  const before = readFileSync(victim!);
  const rotten = Buffer.from(before);
  rotten[1000] = rotten[1000]! ^ 4;
  writeFileSync(victim!, rotten);
  // As if it had been off for a pass: all of its shards are due.
  const passFromMs = Date.now() - days(30);
  writeFileSync(join(holder.home, 'scrub.json'), JSON.stringify({ version: 1, passFromMs }));
  const again = await startAgentProcess(holder.name, holder.home);
  fleet.agents.splice(fleet.agents.indexOf(holder), 1, again);
  await waitUntil(
    { what: 'the rot being found and mended', agents: [again] },
    ([view]) =>
      // Mostly by its own reading; under load an audit may come first.
      view!.events.some(({ text }) => text.startsWith('a shard on this disk was damaged')) &&
      view!.work.shardsToRebuild === 0 &&
      view!.work.allReadMs !== undefined &&
      view!.work.readShards > 1,
  );
  await waitUntil({ what: 'the shard as it was', agents: [again] }, () =>
    heldFiles(holder.home).some((file) => file === victim && before.equals(readFileSync(file))),
  );

  const ownerAgain = await startAgentProcess('pc-02', owner.home);
  fleet.agents.splice(fleet.agents.indexOf(owner), 1, ownerAgain);
  const view = await askCommand<FleetView>(['status', '--home', owner.home]);
  t.is(view.drives.find(({ path }) => path === folder)?.proof?.proven?.fileCount, 4, 'kept over a restart');

  // Every shard of the files rots at once: a trial says so plainly, and when one came back the last time.
  await waitUntil({ what: 'all being there again', agents: fleet.agents }, (views) =>
    views.every(({ machines }) => machines.every(({ state }) => state === 'up')),
  );
  for (const { home } of fleet.agents) heldFiles(home).forEach(flipByte);
  t.is(await failureOf(['verify', '--prove', '--home', owner.home]), 'verify-found-problems');
  t.regex(
    await statusOf(owner.home),
    /last proven restorable: .* ago \(4 files, .* machines?\); a trial .* ago failed: \S/u,
  );
});
