// Machines that write in others' names: receipts of holders that have nothing yet, batches in which an owner gives up what it keeps. All is as it
// should be but the signature; nothing of it may take effect.

import { type Random, unixMs } from '../../datasets/index.ts';
import { bytesOfHex, logName, signBatch, signReceipt, type WireMessage } from '../codec/index.ts';
import type { Fleet } from './fleet.ts';
import { driveOf } from './ledger.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

/** Packs for which receipts are forged at once. */
const forgedPacksMax = 16;

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
  const receipts = receiptsFor(fleet, random);
  const loss = lossOf(fleet, victim);
  if (receipts.length + loss.length > 0) fleet.noteFault("words under others' names");
  const peers = [...shell.wire.peers];
  for (const { owner, message } of receipts)
    // Only its owner waits for a receipt; somebody else may believe it all the same.
    for (const peer of new Set([owner.peer, peers[random.below(peers.length)] ?? owner.peer]))
      if (peers.includes(peer)) shell.wire.send(peer, fleet.frames.encode(message));
  for (const message of loss) for (const peer of peers) shell.wire.send(peer, fleet.frames.encode(message));
}

interface ForgedReceipt {
  readonly owner: Machine;
  readonly message: WireMessage;
}

/** For each shard of some of the packs that wait in owners' outboxes. On full disks they are hundreds, and each word is checked. */
function receiptsFor(fleet: Fleet, random: Random): readonly ForgedReceipt[] {
  const atMs = fleet.queue.nowMs;
  const waiting = fleet.machines.flatMap((owner) =>
    [...(owner.shell?.core.shelf.packs.values() ?? [])].flatMap((known) =>
      known.isInOutbox ? [{ owner, known }] : [],
    ),
  );
  const from = random.below(Math.max(1, waiting.length));
  const chosen = [...waiting.slice(from), ...waiting.slice(0, from)].slice(0, forgedPacksMax);
  return chosen.flatMap(({ owner, known }) =>
    (owner.shell?.core.shelf.groupOf(known)?.members ?? []).flatMap((peer, index) => {
      const holder = fleet.machineOf(peer);
      if (holder === undefined || holder === owner) return [];
      const receipt = signReceipt(holder.key, { pack: known.pack, index, atMs });
      return [{ owner, message: { kind: 'receipt', receipt: unsigned(receipt) } as const }];
    }),
  );
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
