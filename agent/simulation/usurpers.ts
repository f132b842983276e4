// Machines of the fleet that write into their own logs what is not theirs to say: others' packs given up, plans in another's name or against
// the rules, words of another fleet's admin, leases without an end, others' drives. Their signatures hold; nothing of it may take effect.

import { days, hours, minutes, type Random, type UnixMs, unixMs } from '../../datasets/index.ts';
import {
  type AdminKey,
  type AgentRecord,
  bytesOfHex,
  createAdminKey,
  fleetRootFromSeed,
  sha256,
  sha256Hex,
  signStatement,
  type Statement,
} from '../codec/index.ts';
import { certificateMs, leaseMs } from '../limits.ts';
import { snapshotId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import { driveOf, driveRecordOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';
import type { Shell } from './shell.ts';

/** Packs that one record gives up. */
const packsMax = 50;

interface Usurpation {
  readonly fleet: Fleet;
  readonly machine: Machine;
  readonly shell: Shell;
  readonly random: Random;
  readonly now: UnixMs;
  /** An admin of another fleet. */
  readonly stranger: AdminKey;
}

/** Any machine but the admin's may try, at random moments over the days. */
export const scheduleUsurpations = (scheduler: Scheduler): void =>
  schedule(scheduler, scheduler.fleet.options.faults.usurpationsPerDay, acts);

/** The same of drives. */
export const scheduleNamesakes = (scheduler: Scheduler): void =>
  schedule(scheduler, scheduler.fleet.options.faults.namesakesPerDay, [
    ["takes another's drive for its own", takeDrive],
  ]);

function schedule(scheduler: Scheduler, perDay: number, chosen: Acts): void {
  const { fleet } = scheduler;
  const { days: dayCount, agentCount, seed } = fleet.options;
  const root = fleetRootFromSeed(sha256(Buffer.from(`stranger ${seed}`)));
  const stranger = createAdminKey(root, { notBeforeMs: fleet.startMs, forMs: certificateMs });
  timesApart(scheduler, { count: perDay * dayCount }, (random) => {
    const machine = fleet.machines[1 + random.below(agentCount - 1)]!;
    const { shell } = machine;
    if (shell === undefined || !machine.isUp || machine.isRevoked || !shell.mayPublish) return;
    const now = unixMs(Math.floor(fleet.queue.nowMs));
    const [kind, act] = chosen[random.below(chosen.length)]!;
    const records = act({ fleet, machine, shell, random, now, stranger });
    if (records.length === 0) return;
    fleet.noteFault(`usurper: ${kind}`);
    shell.publish(records, () => {});
  });
}

type Act = (usurpation: Usurpation) => readonly AgentRecord[];

type Acts = readonly (readonly [string, Act])[];

const acts: Acts = [
  ["gives up others' packs", giveUpOthers],
  ['plans in the name of another', planInAnothersName],
  ['plans one machine twice', planTwice],
  ["speaks as another fleet's admin", speakAsAdmin],
  ['takes the lease for ever', leaseForEver],
];

function giveUpOthers({ fleet, machine, shell }: Usurpation): readonly AgentRecord[] {
  const packs = [...shell.core.shelf.packs.keys()]
    .filter((pack) => fleet.ledger.ownerOf(pack) !== machine.peer)
    .slice(0, packsMax);
  const [first] = packs;
  const owner = first === undefined ? undefined : fleet.ledger.ownerOf(first);
  if (owner === undefined) return [];
  const ids = bytesOfHex(packs.join(''));
  return [{ kind: 'forget', drive: driveOf(owner), snapshots: new Uint8Array(), packs: ids }];
}

function planInAnothersName({ machine, shell, random }: Usurpation): readonly AgentRecord[] {
  const { plan } = shell.core.election;
  if (plan === undefined || plan.author === machine.peer) return [];
  return [{ kind: 'plan', plan: { ...plan, epoch: plan.epoch + 1 + random.below(3) } }];
}

/** A holder that counts as two. */
function planTwice({ machine, shell }: Usurpation): readonly AgentRecord[] {
  const { plan } = shell.core.election;
  if (plan === undefined) return [];
  const classes = plan.classes.map((one) => ({
    ...one,
    groups: one.groups.map((group) => ({ ...group, members: group.members.with(1, group.members[0]!) })),
  }));
  return [{ kind: 'plan', plan: { ...plan, classes, author: machine.peer, epoch: plan.epoch + 1 } }];
}

function speakAsAdmin({ fleet, random, now, stranger }: Usurpation): readonly AgentRecord[] {
  const victim = fleet.machines[random.below(fleet.machines.length)]!;
  const said: readonly Statement[] = [
    { kind: 'revocation', revoked: victim.peer, reason: 'usurped', atMs: now },
    {
      kind: 'policy',
      fleetName: 'usurped',
      atMs: unixMs(now + hours(1)),
      holderSilenceMs: minutes(1),
      planMode: 'automatic',
    },
  ];
  return said.map((statement) => ({ kind: 'statement', bytes: signStatement(stranger, statement).bytes }));
}

function leaseForEver({ now }: Usurpation): readonly AgentRecord[] {
  return [{ kind: 'lease', fromMs: now, untilMs: unixMs(now + days(1000)) }];
}

/** It copies another's record of a drive, perhaps before that one was heard of, and says what its newest snapshot is. */
function takeDrive({ fleet, machine, random, now }: Usurpation): readonly AgentRecord[] {
  const victim = fleet.machines[random.below(fleet.machines.length)]!;
  if (victim === machine) return [];
  const record = driveRecordOf(victim.peer);
  const snapshot = snapshotId(sha256Hex(Buffer.from(`${machine.peer} ${victim.peer} ${now}`)));
  const head = {
    kind: 'head',
    drive: record.drive,
    snapshot,
    atMs: now,
    keyEpoch: 0,
    sealedRoot: new Uint8Array(),
    fileCount: 0,
    byteCount: 0,
    packCount: 0,
    receiptsDigest: '0'.repeat(64),
  } as const;
  return [record, head];
}

/** Whoever stole a machine says, in the owner's name, that nothing of its is wanted any more. */
export function plunder(fleet: Fleet, machine: Machine): void {
  const { peer, shell } = machine;
  const own = fleet.ledger.acknowledged.filter(({ owner }) => owner === peer);
  // What admins hastened may go, whoever gave it up.
  if (shell?.mayPublish !== true || own.length === 0 || fleet.ledger.isHastened(peer)) return;
  fleet.noteFault('stolen machine gives all up');
  machine.isPlundered = true;
  const packs = own.flatMap(({ descriptors }) => descriptors.map(({ pack }) => pack));
  const record = {
    kind: 'forget',
    drive: driveOf(peer),
    snapshots: bytesOfHex(own.map(({ snapshot }) => snapshot).join('')),
    packs: bytesOfHex(packs.join('')),
  } as const;
  shell.publish([record], () => {});
}

/** How often a machine that may make no plans makes one. */
const laymanPlansMs = hours(8);

/** New machines that hold shards as others do, and follow their own heads: a plan of theirs is nobody's. */
export function scheduleLaymen({ fleet, random }: Scheduler): void {
  const { faults, days: dayCount } = fleet.options;
  for (let count = 0; count < faults.laymanCount; count++) {
    const atMs = fleet.startMs + (random.fraction() / 2) * days(dayCount);
    fleet.queue.schedule(atMs, () => {
      const machine = fleet.join(['holder']);
      machine.isLayman = true;
      machine.powerOn(fleet);
      const untilMs = fleet.startMs + days(dayCount);
      for (let nextMs = atMs + laymanPlansMs; nextMs < untilMs; nextMs += laymanPlansMs)
        fleet.queue.schedule(nextMs, () => planAsLayman(fleet, machine));
      for (let nextMs = atMs + leaseMs; nextMs < untilMs; nextMs += leaseMs / 2)
        fleet.queue.schedule(nextMs, () => leaseAsLayman(fleet, machine));
    });
  }
}

function planAsLayman(fleet: Fleet, { peer, shell, isRevoked }: Machine): void {
  const plan = shell?.core.election.plan;
  if (shell?.mayPublish !== true || plan === undefined || isRevoked) return;
  fleet.noteFault('plan of a layman');
  const epoch = plan.epoch + 1;
  shell.publish([{ kind: 'plan', plan: { ...plan, author: peer, epoch } }], () => {});
}

/** As an optimizer does; where nobody else has the lease it would be this one's for ever. */
function leaseAsLayman(fleet: Fleet, { shell, isRevoked }: Machine): void {
  if (shell?.mayPublish !== true || isRevoked) return;
  const fromMs = unixMs(Math.floor(fleet.queue.nowMs));
  shell.publish([{ kind: 'lease', fromMs, untilMs: unixMs(fromMs + leaseMs) }], () => {});
}
