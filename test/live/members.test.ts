// Who may come, who goes, and what several admins decide together, with real agents: processes of the command on loopback.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type {
  ActsAnswer,
  AdminsAnswer,
  InviteAnswer,
  InvitesAnswer,
  PeopleAnswer,
  ProtectAnswer,
  RenameAnswer,
  RestoreAnswer,
  RevokeAnswer,
  SnapshotAnswer,
  SnapshotListAnswer,
  WipesAnswer,
} from '../../agent/control/index.ts';
import { signStatement } from '../../agent/codec/index.ts';
import { certificateFor } from '../../agent/live/founding.ts';
import { homeAt } from '../../agent/live/home.ts';
import { readIdentity, writeIdentity } from '../../agent/live/identity.ts';
import { askCommand, killAgent, startAgentProcess, type RunningAgent } from '../../cli/demo/processes.ts';
import { waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, temporaryFolder, type TestFleet } from '../helpers/agents.ts';

const at = ({ home }: RunningAgent): readonly string[] => ['--home', home];

async function allUp(agents: readonly RunningAgent[]): Promise<void> {
  await waitUntil({ what: 'a plan that all follow', agents }, (views) =>
    views.every(
      (view) =>
        view.plan !== undefined &&
        view.machines.filter(({ state }) => state === 'up').length === agents.length,
    ),
  );
}

const kitWords = (fleet: TestFleet, agent: RunningAgent, ...more: readonly string[]): readonly string[] => {
  const passphraseFile = join(fleet.root, 'passphrase.txt');
  writeFileSync(passphraseFile, `${fleet.kit.passphrase}\n`);
  const kit = ['--kit', fleet.kit.file, '--passphrase-file', passphraseFile];
  return ['fleet', 'admin', ...kit, ...at(agent), ...more];
};

/** Makes a running member an admin by the recovery kit. */
async function makeAdmin(
  fleet: TestFleet,
  agent: RunningAgent,
  ...more: readonly string[]
): Promise<RunningAgent> {
  await killAgent(agent);
  await askCommand(kitWords(fleet, agent, ...more));
  const again = await startAgentProcess(agent.name, agent.home);
  fleet.agents.splice(fleet.agents.indexOf(agent), 1, again);
  return again;
}

function newDrive(t: ExecutionContext, name: string): string {
  const folder = temporaryFolder(t, name);
  mkdirSync(join(folder, 'deep'));
  writeFileSync(join(folder, 'deep', 'letter.txt'), 'Dear reader,\n'.repeat(2000));
  return folder;
}

const protect = (agent: RunningAgent, folder: string): Promise<ProtectAnswer & SnapshotAnswer> =>
  askCommand(['protect', folder, ...at(agent)]);

test('a stolen invite lets in as many as it says and until it is taken back; who used it is shown', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '60s' });
  const [admin] = fleet.agents;
  const invite = (...more: readonly string[]): Promise<InviteAnswer> =>
    askCommand(['fleet', 'invite', ...at(admin!), ...more]);
  const once = await invite();
  const home = (name: string): string => join(fleet.root, name);
  const joinWith = (name: string, line: string): Promise<string | undefined> =>
    failureOf(['join', '-', '--home', home(name), '--name', name], line);
  t.is(await joinWith('friend', once.invite), undefined);
  t.is(await joinWith('thief', once.invite), 'invite-spent');

  const many = await invite('--uses', '20');
  t.is(await joinWith('second', many.invite), undefined);
  const long = await invite('--expires', '36500d');
  const takeBack = ['fleet', 'invites', '--take-back'];
  t.is(await failureOf([...takeBack, 'pc-01', ...at(admin!)]), 'target-unknown', 'a machine is no invite');
  t.is(await failureOf([...takeBack, 'ffff', ...at(admin!)]), 'target-unknown');
  const after = await askCommand<InvitesAnswer>([...takeBack, many.id.slice(0, 6), ...at(admin!)]);
  const listed = after.invites.find(({ invite: id }) => id === long.id);
  t.is(listed?.notAfterMs, long.notAfterMs, 'what is said of an invite is what holds');
  t.is(await joinWith('thief', many.invite), 'invite-revoked');
  const line = (id: string) => after.invites.find(({ invite: one }) => one === id);
  t.deepEqual(
    [line(once.id)?.usedBy, line(once.id)?.state, line(once.id)?.madeBy],
    [['friend'], 'used up', 'pc-01'],
  );
  t.deepEqual([line(many.id)?.usedBy, line(many.id)?.state], [['second'], 'taken back']);
  await hasAnotherName(t, admin!);
});

/** In a fleet of `pc-01`, which is asked, and a machine `friend` that never ran. */
async function hasAnotherName(t: ExecutionContext, admin: RunningAgent): Promise<void> {
  const rename = (...names: readonly string[]): readonly string[] => [
    'fleet',
    'rename',
    ...names,
    ...at(admin),
  ];
  t.is(await failureOf(rename('nobody', 'front desk')), 'target-unknown');
  t.is(await failureOf(rename('pc-01', 'friend')), 'name-taken');
  t.is(await failureOf(rename('pc-01', ' \u202E')), 'name-unusable');
  t.like(await askCommand<RenameAnswer>(rename('pc-01', 'pc-01')), { changed: false });
  t.like(await askCommand<RenameAnswer>(rename('pc-01', 'front desk')), { before: 'pc-01', changed: true });
  t.like(await askCommand<RenameAnswer>(rename('friend', 'guest')), { name: 'guest', changed: true });
  const { invites } = await askCommand<InvitesAnswer>(['fleet', 'invites', ...at(admin)]);
  t.true(invites.every(({ madeBy }) => madeBy === 'front desk'));
  t.deepEqual(invites.find(({ state }) => state === 'used up')?.usedBy, ['guest'], 'it is no second use');
  t.is(readIdentity(homeAt(admin.home)).certificate.name, 'front desk', 'it shows the new name from now on');
  const { acts } = await askCommand<ActsAnswer>(['fleet', 'log', ...at(admin)]);
  t.deepEqual(
    acts.filter(({ act }) => act === 'machine-renamed').map(({ detail }) => detail),
    ['renamed pc-01 to front desk', 'renamed friend to guest'],
  );
}

test('a person that is put out loses its machines; a drive that stays gets a key that its words do not open', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '30s' });
  const kept = await fleet.add('kept');
  const laptop = await fleet.add('laptop');
  for (const name of ['pc-03', 'pc-04']) await fleet.add(name);
  await allUp(fleet.agents);
  const [admin, , , helper] = fleet.agents;

  const folder = newDrive(t, 'kept');
  const first = await protect(kept, folder);
  const words = join(fleet.root, 'words.txt');
  writeFileSync(words, `${first.phrase}\n`);
  await askCommand(['protect', newDrive(t, 'laptop'), '--phrase-file', words, ...at(laptop)]);
  const { people } = await askCommand<PeopleAnswer>(['fleet', 'people', ...at(admin!)]);
  t.deepEqual(
    people.map(({ driveCount, machines }) => [driveCount, machines.map(({ name }) => name).toSorted()]),
    [[2, ['kept', 'laptop']]],
  );

  const out = await askCommand<RevokeAnswer>([
    'fleet',
    'revoke',
    'laptop',
    '--person',
    '--keep',
    'kept',
    '--reason',
    'has left',
    ...at(admin!),
  ]);
  t.deepEqual([out.machines, out.kept], [['laptop'], ['kept']]);
  const others = fleet.agents.filter((agent) => agent !== laptop);
  await waitUntil({ what: 'the laptop being out', agents: others }, (views) =>
    views.every((view) => view.machines.some(({ name, state }) => name === 'laptop' && state === 'revoked')),
  );

  const actCount = async (): Promise<number> =>
    (await askCommand<ActsAnswer>(['fleet', 'log', ...at(admin!)])).acts.length;
  const before = await actCount();
  const again = await askCommand<RevokeAnswer>(['fleet', 'revoke', 'laptop', ...at(admin!)]);
  t.true(again.wasOut);
  t.is(await actCount(), before, 'it is not said twice');

  writeFileSync(join(folder, 'later.txt'), 'said when the person was gone');
  const later = await protect(kept, folder);
  t.is(later.phrase?.split(' ').length, 24, 'the folder has a new person');
  const newWords = join(fleet.root, 'new-words.txt');
  writeFileSync(newWords, `${later.phrase}\n`);
  await waitUntil({ what: 'the helper knowing of both', agents: [helper!] }, ([view]) =>
    view!.drives.some(({ drive, snapshots }) => drive === later.drive && snapshots.length === 2),
  );
  const restore = (phraseFile: string, ...more: readonly string[]): Promise<RestoreAnswer> =>
    askCommand(['restore', ...at(helper!), '--drive', later.drive, '--phrase-file', phraseFile, ...more]);
  const byNew = await restore(newWords, '--to', join(fleet.root, 'by new'), '--compare', folder);
  t.deepEqual(byNew.differences, []);
  const withOld = await restore(words, '--to', join(fleet.root, 'by old'));
  t.deepEqual([withOld.missing, withOld.fileCount], [[], 1], 'old words open what there was then');
  const named = await askCommand<SnapshotListAnswer>(['snapshots', '--phrase-file', words, ...at(helper!)]);
  const owned = named.drives.find(({ drive }) => drive === later.drive);
  t.deepEqual([owned?.name, owned?.machine, byNew.machine], [folder, kept.name, kept.name]);
  const { acts } = await askCommand<ActsAnswer>(['fleet', 'log', ...at(admin!)]);
  t.true(acts.some(({ act }) => act === 'person-revoked'));
});

test('one admin of two deletes nothing, two do after the time in which each can stop it', async (t) => {
  takeTime(t);
  // Long enough for a look and a word on a machine that does something else, and waited for once.
  const rule = ['--delete-admins', '2', '--delete-wait', '60s'];
  const fleet = await startFleet(t, { holderSilence: '30s', create: rule });
  const [first] = fleet.agents;
  const owner = await fleet.add('owner');
  for (const name of ['pc-03', 'pc-04', 'pc-05']) await fleet.add(name);
  await allUp(fleet.agents);
  const { drive } = await protect(owner, newDrive(t, 'owner'));
  const second = await makeAdmin(
    fleet,
    fleet.agents.find(({ name }) => name === 'pc-03')!,
  );
  await allUp(fleet.agents);
  const holders = fleet.agents.filter((agent) => agent !== owner);

  const stopped = await askForDeletion(first!, drive);
  t.is(stopped.state, 'asked');
  await isSeenBy(holders, stopped.wipe);
  await say(second, '--agree', stopped.wipe);
  await isSeenBy([first!], stopped.wipe, 'problem');
  const answer = await say(first!, '--stop', stopped.wipe);
  t.is(answer.wipes[0]?.state, 'stopped');

  const asked = await askForDeletion(first!, drive);
  await isSeenBy([second], asked.wipe);
  t.is(await failureOf(['fleet', 'deletions', '--wait', '1s', ...at(second)]), 'rule-only-raised');
  await say(second, '--agree', asked.wipe);
  await waitUntil({ what: 'nobody holding anything', agents: holders }, (views) =>
    views.every(({ work }) => work.heldShards === 0),
  );
  await waitUntil({ what: 'the owner knowing', agents: [owner] }, ([view]) =>
    view!.problems.some(({ kind }) => kind === 'drive-deleted'),
  );
  const { acts } = await askCommand<ActsAnswer>(['fleet', 'log', '--check', ...at(second)]);
  const words = acts.map(({ act }) => act).filter((act) => act.startsWith('wipe-'));
  t.deepEqual(words.toSorted(), ['wipe-agreed', 'wipe-agreed', 'wipe-asked', 'wipe-asked', 'wipe-stopped']);
});

test('a stolen admin key ends by another admin, and by the recovery kit where it has put the others out', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '30s' });
  const [first] = fleet.agents;
  const open = await askCommand<InviteAnswer>(['fleet', 'invite', ...at(first!)]);
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  t.is(await failureOf(['fleet', 'revoke', 'pc-01', '--admin-key', ...at(first!)]), 'last-admin');
  const second = await makeAdmin(
    fleet,
    fleet.agents.find(({ name }) => name === 'pc-02')!,
  );
  await allUp(fleet.agents);
  // A moment before the fleet was made would leave a fleet of one machine, for good.
  const ever = ['--admin-key', '--since', '1h'];
  t.is(await failureOf(['fleet', 'revoke', 'pc-01', ...ever, ...at(second)]), 'machines-would-go');

  // The thief is faster: the other admin's key is out, and a machine.
  const theftMs = Date.now();
  const out = await askCommand<RevokeAnswer>(['fleet', 'revoke', 'pc-01', '--admin-key', ...at(second)]);
  t.true(out.openInvites.includes(open.id), 'an invite of a stolen key still lets machines in: it is named');
  await askCommand(['fleet', 'revoke', 'pc-04', ...at(second)]);
  await waitUntil({ what: 'the machine being out', agents: [first!] }, ([view]) =>
    view!.machines.some(({ name, state }) => name === 'pc-04' && state === 'revoked'),
  );
  t.is(await failureOf(['fleet', 'invite', ...at(first!)]), 'not-an-admin');

  const since = new Date(theftMs).toISOString();
  const chosen = fleet.agents.find(({ name }) => name === 'pc-03')!;
  await killAgent(chosen);
  const all = ['--end-others', '--end-since', '1h'];
  t.is(await failureOf(kitWords(fleet, chosen, ...all)), 'machines-would-go');
  const third = await makeAdmin(fleet, chosen, '--end-others', '--end-since', since);
  await allUp(fleet.agents);
  const { admins } = await askCommand<AdminsAnswer>(['fleet', 'admins', ...at(third)]);
  t.deepEqual(admins.map(({ ended }) => ended ?? 'in').toSorted(), ['in', 'kit', 'kit']);
  t.is(await failureOf(['fleet', 'invite', ...at(second)]), 'not-an-admin');
  t.is(await failureOf(['fleet', 'invite', ...at(third)]), undefined);
});

test('a stolen admin key that a thief uses on another machine ends all the same, and that machine is named', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '30s' });
  const [first] = fleet.agents;
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  const named = (name: string): RunningAgent => fleet.agents.find((agent) => agent.name === name)!;
  const second = await makeAdmin(fleet, named('pc-02'));
  const thief = await makeThief(fleet, { from: second, on: named('pc-04') });
  await allUp(fleet.agents);
  const { invite } = await askCommand<InviteAnswer>(['fleet', 'invite', ...at(second)]);
  t.is(
    await failureOf(['join', '-', '--home', join(fleet.root, 'friend'), '--name', 'friend'], invite),
    undefined,
  );
  await waitUntil({ what: 'the thief as an admin', agents: [first!] }, ([view]) =>
    view!.machines.some(({ name }) => name === 'friend'),
  );
  const out = await askCommand<RevokeAnswer>([
    'fleet',
    'revoke',
    'pc-02',
    '--reason',
    'stolen',
    ...at(first!),
  ]);
  t.is(out.admins.length, 1);
  t.deepEqual(
    out.alsoOn.map((name) => name.split(' ')[0]),
    ['pc-04'],
  );
  const { admins } = await askCommand<AdminsAnswer>(['fleet', 'admins', ...at(first!)]);
  t.deepEqual(admins.map(({ ended }) => ended ?? 'in').toSorted(), ['admin', 'in']);
  await waitUntil({ what: 'the second machine being out', agents: [first!, thief] }, (views) =>
    views.every(({ machines }) =>
      machines.some(({ name, state }) => name === 'pc-02' && state === 'revoked'),
    ),
  );
  t.is(await failureOf(['fleet', 'invite', ...at(thief)]), 'not-an-admin');
});

/** Starts a member anew with another one's admin key, by which it certifies itself. */
async function makeThief(
  fleet: TestFleet,
  { from, on }: { readonly from: RunningAgent; readonly on: RunningAgent },
): Promise<RunningAgent> {
  await killAgent(on);
  const home = homeAt(on.home);
  const identity = readIdentity(home);
  const { adminKey } = readIdentity(homeAt(from.home));
  const { peer } = identity.machineKey;
  const own = certificateFor({ peer, name: on.name, roles: ['admin', 'holder', 'optimizer'] });
  const certificateBytes = signStatement(adminKey!, own).bytes;
  writeIdentity(home, { ...identity, certificateBytes, adminKey: adminKey! });
  const again = await startAgentProcess(on.name, on.home);
  fleet.agents.splice(fleet.agents.indexOf(on), 1, again);
  return again;
}

async function askForDeletion(agent: RunningAgent, drive: string): Promise<WipesAnswer['wipes'][number]> {
  const { wipes } = await askCommand<WipesAnswer>([
    'fleet',
    'delete',
    drive,
    '--reason',
    'asked for by law',
    ...at(agent),
  ]);
  return wipes.at(-1)!;
}

const say = (agent: RunningAgent, ...words: readonly string[]): Promise<WipesAnswer> =>
  askCommand(['fleet', 'deletions', ...words, ...at(agent)]);

/** Everybody's status tells of it. */
const isSeenBy = async (agents: readonly RunningAgent[], wipe: string, level = 'warning'): Promise<void> =>
  void (await waitUntil({ what: 'all seeing the deletion', agents }, (views) =>
    views.every(({ problems }) =>
      problems.some(
        (problem) => problem.kind === 'deletion-waits' && problem.about === wipe && problem.level === level,
      ),
    ),
  ));
