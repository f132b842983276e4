// Demo, third part: machines die, the rest repair, and a new machine gets everything back from nothing but a phrase.

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InviteAnswer, RestoreAnswer } from '../../agent/control/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import { bytesText } from '../print.ts';
import { addMachine } from './founding.ts';
import { askCommand, killAgent, type RunningAgent } from './processes.ts';
import { adminOf, check, livingAgents, ownerOf, type DemoState } from './state.ts';
import { isSettled, waitUntil } from './waiting.ts';

/** Holders to kill: members of the group with the most to lose, never the admin or the owner. */
function chooseVictims(state: DemoState, plan: Plan): readonly RunningAgent[] {
  const spared = new Set([adminOf(state).peer, ownerOf(state).peer]);
  const members = plan.classes.flatMap(({ groups }) => groups.flatMap((group) => group.members));
  const peers = [...new Set(members.map(String))].filter((peer) => !spared.has(peer));
  return peers
    .slice(0, state.options.killCount)
    .flatMap((peer) => state.agents.filter((agent) => agent.peer === peer));
}

/** Step: the owner and some holders go, as in a power cut; the others notice, plan anew and rebuild what is missing. */
export async function killAndRepair(state: DemoState): Promise<string> {
  const plan = state.view?.plan ?? state.plan;
  if (plan === undefined) return 'there is no plan, so there is nothing to repair';
  const victims = [ownerOf(state), ...chooseVictims(state, plan)];
  for (const victim of victims) {
    await killAgent(victim);
    state.killed.add(victim.peer);
  }
  const dead = new Set(victims.map(({ peer }) => peer));
  const isFreeOfDead = (seen: Plan | undefined): boolean =>
    seen !== undefined &&
    seen.classes.every(({ groups }) =>
      groups.every(({ members }) => members.every((member) => !dead.has(member))),
    );
  const views = await waitUntil(
    { what: 'the repair', agents: livingAgents(state), secondsMax: 120 },
    (seen) =>
      isSettled(seen) &&
      seen.every(
        (view) =>
          isFreeOfDead(view.plan) &&
          view.groupsNow.every(({ upCount, redundancy }) => upCount === redundancy.n),
      ),
  );
  const repaired = views[0]!;
  state.view = repaired;
  if (repaired.plan !== undefined) state.plan = repaired.plan;
  check(state, 'full redundancy is back', { held: true, detail: `plan ${repaired.plan?.epoch}` });
  rmSync(ownerOf(state).home, { recursive: true });
  return `killed ${victims.map(({ name }) => name).join(', ')} (the first is the owner; its folder is deleted); plan ${repaired.plan?.epoch} has full redundancy on ${repaired.machines.filter(({ state: machine }) => machine === 'up').length} machines`;
}

/** Step: an empty folder, an invite and 24 words bring the snapshot back; every byte, mode and time is compared. */
export async function restoreElsewhere(state: DemoState): Promise<string> {
  const { folder, ignore, restoreTo, root } = state.options;
  const { invite } = await askCommand<InviteAnswer>(['fleet', 'invite', '--home', adminOf(state).home]);
  const fresh = await addMachine(state, 'new-pc', invite);
  const phraseFile = join(root, 'recovery-phrase.txt');
  await waitUntil(
    { what: 'the new machine learning of the snapshot', agents: [fresh], secondsMax: 60 },
    (views) =>
      views.every(
        (view) => view.plan !== undefined && view.drives.some(({ snapshots }) => snapshots.length > 0),
      ),
  );
  const ignored = ignore.flatMap((pattern) => ['--ignore', pattern]);
  const restored = await askCommand<RestoreAnswer>([
    'restore',
    '--home',
    fresh.home,
    '--phrase-file',
    phraseFile,
    '--to',
    restoreTo,
    '--compare',
    folder,
    ...ignored,
  ]);
  state.restored = restored;
  const isEqual = restored.missing.length === 0 && restored.differences?.length === 0;
  check(state, 'every byte, mode and time is back', {
    held: isEqual,
    detail: `${restored.fileCount} files, ${restored.differences?.length ?? 0} differences`,
  });
  writeFileSync(join(root, 'restored.json'), JSON.stringify(restored, undefined, 2));
  return `${restored.fileCount} files, ${bytesText(restored.byteCount)} restored on an empty machine with 24 words and an invite; every byte, mode and time is equal`;
}
