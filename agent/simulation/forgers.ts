// Machines that write in others' names: receipts of holders that have nothing yet, batches in which an owner gives up what it keeps. All is as it
// should be but the signature; nothing of it may take effect.

import { type Random, unixMs } from '../../datasets/index.ts';
import { bytesOfHex, logName, signBatch, signReceipt, type WireMessage } from '../codec/index.ts';
import type { Fleet } from './fleet.ts';
import { driveOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** Any machine but the admin's may try, at random moments over the days. */
export function scheduleForgeries(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, days, agentCount } = fleet.options;
  timesApart(scheduler, { count: faults.forgeriesPerDay * days }, (random) =>
    forge(fleet, fleet.machines[1 + random.below(agentCount - 1)]!, random),
  );
}

function forge(fleet: Fleet, { shell, isUp }: Machine, random: Random): void {
  if (shell === undefined || !isUp) return;
  const victim = fleet.machines[random.below(fleet.options.agentCount)]!;
  const messages = [
    ...fleet.machines.flatMap((owner) => receiptsFor(fleet, owner)),
    ...lossOf(fleet, victim),
  ];
  if (messages.length > 0) fleet.noteFault("words under others' names");
  for (const message of messages)
    for (const peer of shell.wire.peers) shell.wire.send(peer, fleet.frames.encode(message));
}

/** For each shard of all that waits in an owner's outbox. */
function receiptsFor(fleet: Fleet, { shell }: Machine): readonly WireMessage[] {
  const atMs = fleet.queue.nowMs;
  return [...(shell?.core.shelf.packs.values() ?? [])].flatMap((known) => {
    const members = known.isInOutbox ? (shell?.core.shelf.groupOf(known)?.members ?? []) : [];
    return members.flatMap((peer, index): readonly WireMessage[] => {
      const holder = fleet.machineOf(peer);
      if (holder === undefined || holder.shell === shell) return [];
      const receipt = signReceipt(holder.key, { pack: known.pack, index, atMs });
      return [{ kind: 'receipt', receipt: unsigned(receipt) }];
    });
  });
}

/** The next batch of the victim's log, as those know it who have all of it: it gives up all that was saved. */
function lossOf(fleet: Fleet, { key, peer, shelves }: Machine): readonly WireMessage[] {
  const log = shelves.logs.get(logName(peer, 'facts'));
  const packs = fleet.ledger.acknowledged
    .filter(({ owner }) => owner === peer)
    .flatMap(({ descriptors }) => descriptors.map(({ pack }) => pack));
  if (log === undefined || packs.length === 0) return [];
  const batch = signBatch({
    key,
    stream: 'facts',
    sequence: log.next,
    previous: log.hash,
    atMs: unixMs(Math.floor(fleet.queue.nowMs)),
    records: [
      {
        kind: 'forget',
        drive: driveOf(peer),
        snapshots: new Uint8Array(),
        packs: bytesOfHex(packs.join('')),
      },
    ],
  });
  return [{ kind: 'batches', batches: [unsigned(batch.bytes)], more: false }];
}

/** With another signature: it is the end of whatever is signed. */
function unsigned(bytes: Uint8Array): Uint8Array {
  const forged = Uint8Array.from(bytes);
  const last = forged.length - 1;
  forged[last] = forged[last]! ^ 1;
  return forged;
}
