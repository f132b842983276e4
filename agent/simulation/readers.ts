// People who want a small part of what they saved back: their agents ask holders for some bytes of a pack. It may come, or be refused, and then the
// pack is fetched whole; what honest machines show is what lies on their disks, and whoever wants it hears something soon.

import { minutes, type Random } from '../../datasets/index.ts';
import { assemblePack, type PackDescriptor } from '../codec/index.ts';
import { rangeAnswerMsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import { type Scheduler, timesApart } from './scheduling.ts';

export function scheduleReaders(scheduler: Scheduler): void {
  const { fleet } = scheduler;
  const { faults, days } = fleet.options;
  timesApart(scheduler, { count: faults.readsPerDay * days }, (random) => {
    const machine = fleet.machines[random.below(fleet.machines.length)]!;
    if (machine.isUp && machine.liar === undefined) read(fleet, machine, random);
  });
}

function read(fleet: Fleet, machine: Machine, random: Random): void {
  const { shell } = machine;
  const own = fleet.ledger.due(fleet.queue.nowMs).filter(({ owner }) => owner === machine.peer);
  const packs = own.flatMap(({ descriptors }) => descriptors);
  if (shell === undefined || packs.length === 0) return;
  const descriptor = packs[random.below(packs.length)]!;
  const offset = random.below(descriptor.packBytes);
  const length = 1 + random.below(descriptor.packBytes - offset);
  fleet.noteFault('small file read');
  const wish = shell.wishes.size + 1;
  let isAnswered = false;
  shell.wishes.set(wish, (bytes, from) => {
    isAnswered = true;
    if (bytes !== undefined) compare(fleet, { descriptor, offset, bytes, from });
  });
  shell.tell({ kind: 'rangeWanted', wish, descriptor, offset, length });
  const untilMs = fleet.queue.nowMs + rangeAnswerMsMax + 2 * fleet.tickMs + minutes(1);
  fleet.queue.schedule(untilMs, () => {
    // Whoever sleeps reads its answer when it is awake again.
    if (!isAnswered && machine.isUp && !shell.life.isOver)
      fleet.checks.violate('restored', `machine ${machine.index} still waits for a part of a pack`);
  });
}

interface Shown {
  readonly descriptor: PackDescriptor;
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly from: readonly PeerId[];
}

function compare(fleet: Fleet, { descriptor, offset, bytes, from }: Shown): void {
  const { pack } = descriptor;
  const intact = new Map<number, Uint8Array>();
  for (const { platters } of fleet.machines)
    for (const { place, index, bytes: shard } of platters.slotsOf(pack))
      if (place !== 'outbox' && platters.hasIntact({ pack, index })) intact.set(index, shard);
  const made = assemblePack(descriptor, intact);
  const senders = fleet.machines.filter(({ peer }) => from.includes(peer));
  // Rot and lies are seen by the seals, of which the core knows nothing.
  const isDoubtful = senders.some(
    ({ hasLied, platters }) =>
      hasLied ||
      platters
        .slotsOf(pack)
        .some(({ place, index }) => place === 'held' && !platters.hasIntact({ pack, index })),
  );
  if (!made.ok || isDoubtful) return;
  fleet.checks.counts.restored++;
  if (Buffer.compare(bytes, made.value.subarray(offset, offset + bytes.length)) !== 0)
    fleet.checks.violate('restored', `a part of pack ${pack.slice(0, 8)} came back different`);
}
