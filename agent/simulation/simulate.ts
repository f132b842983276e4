// One run: a fleet lives for some days under faults, then the faults stop, it must settle, and a new machine restores.
// The same options give the same run, event by event.

import { dayMs, hourMs, hours, minutes } from '../../datasets/index.ts';
import { Fleet, startMs } from './fleet.ts';
import type { Machine } from './machine.ts';
import { calmNetwork } from './network.ts';
import { type Report, type ResolvedOptions, resolveOptions, type SimulationOptions } from './options.ts';
import { scheduleSwitchings, switchings } from './people.ts';
import { restoreOnNewMachine } from './restoring.ts';

/** The disks are compared with the promises this often. */
const lookEveryMs = hours(6);
/** After the faults stop, and the burnt machines have been silent for too long, all must be done by then. */
const settleMsMax = hours(24);

/** Runs a simulation and reports; it throws only where an assertion of the code itself fails. */
export function simulate(options: SimulationOptions): Report {
  const resolved = resolveOptions(options);
  const fleet = new Fleet(resolved);
  for (const machine of fleet.machines) machine.powerOn(fleet);
  scheduleFaults(fleet);
  scheduleSnapshots(fleet);
  const endMs = startMs + resolved.days * dayMs;
  for (let atMs = startMs + lookEveryMs; atMs <= endMs; atMs += lookEveryMs) {
    fleet.queue.runUntil(atMs);
    fleet.checks.look(atMs);
  }
  stopFaults(fleet);
  const settledHours = settle(fleet);
  if (settledHours === undefined)
    fleet.checks.violate(`not settled in time after the faults stopped: ${unsettled(fleet)}`);
  const snapshotsRestored = restoreOnNewMachine(fleet, resolved.restoreCount);
  fleet.checks.look(fleet.queue.nowMs);
  return reportOf(fleet, { settledHours, snapshotsRestored });
}

function scheduleFaults(fleet: Fleet): void {
  const { options, queue, machines } = fleet;
  const { faults, days, agentCount } = options;
  const random = fleet.random.fork('faults');
  const at = (): number => startMs + random.fraction() * days * dayMs;
  const times = (perDay: number, act: () => void): void => {
    for (let count = Math.round(perDay * days); count > 0; count--) queue.schedule(at(), act);
  };
  const any = (): Machine => machines[random.below(agentCount)]!;
  if (faults.nights === 'people') followPeople(fleet);
  times(faults.crashesPerMachineDay * agentCount, () => crashSoon(fleet, any(), random.below(30)));
  times(faults.partitionsPerDay, () => partition(fleet, random.fork(`partition ${queue.nowMs}`).fraction()));
  times(faults.rotsPerDay, () => rotOne(fleet, any(), random.below(2 ** 30)));
  if (faults.rotsPerDay > 0)
    for (let day = 1; day <= days; day++)
      queue.schedule(startMs + (day - 0.5) * dayMs, () => scrubAll(fleet));
  for (let count = 1; count <= faults.destroyedCount; count++) {
    queue.schedule(startMs + (count / (faults.destroyedCount + 1)) * days * dayMs, () =>
      destroyOne(fleet, random.below(agentCount)),
    );
  }
}

function followPeople(fleet: Fleet): void {
  const { seed, agentCount: machineCount, days, faults } = fleet.options;
  const { alwaysOnShare } = faults;
  const parts = { seed, machineCount, startMs, days, alwaysOnShare };
  const changes = switchings(parts, fleet.random.fork('people'));
  scheduleSwitchings(fleet.queue, changes, (index, to) => {
    const machine = fleet.machines[index]!;
    fleet.trace.word(to);
    if (to === 'on') machine.powerOn(fleet);
    else if (to === 'sleep') machine.sleep();
    else fleet.crash(machine);
  });
}

/** A crash between two effects; the machine is started again a little later, as its person would. */
function crashSoon(fleet: Fleet, machine: Machine, effects: number): void {
  if (!machine.isUp) return;
  machine.crashAfter(effects);
  const backMs = fleet.queue.nowMs + minutes(10);
  fleet.queue.schedule(backMs, () => {
    if (machine.shell === undefined) machine.powerOn(fleet);
  });
}

/** Cuts one way of a share of all pairs, for up to an hour. */
function partition(fleet: Fleet, share: number): void {
  const random = fleet.random.fork(`cut ${fleet.queue.nowMs}`);
  const side = fleet.machines.map(() => random.fraction() < 0.5);
  for (const [at, from] of fleet.machines.entries()) {
    for (const [other, to] of fleet.machines.entries()) {
      if (side[at] === true && side[other] === false && random.fraction() < share)
        fleet.network.block(from.peer, to.peer);
    }
  }
  fleet.queue.schedule(fleet.queue.nowMs + random.fraction() * hourMs, () => fleet.network.unblockAll());
}

function rotOne(fleet: Fleet, machine: Machine, choice: number): void {
  const rotten = machine.platters.rot(choice);
  if (rotten !== undefined) fleet.checks.noteHarm(rotten);
}

function scrubAll(fleet: Fleet): void {
  for (const machine of fleet.machines) if (machine.isUp) machine.shell?.scrub();
}

/** One machine burns, with its disk. */
function destroyOne(fleet: Fleet, choice: number): void {
  const machine = fleet.machines[choice]!;
  for (const { descriptor, index } of machine.platters.intactHeld())
    fleet.checks.noteHarm({ pack: descriptor.pack, index });
  fleet.crash(machine);
  machine.destroy();
}

function scheduleSnapshots(fleet: Fleet): void {
  const { snapshotsPerMachineDay, days, agentCount } = fleet.options;
  const random = fleet.random.fork('snapshots');
  for (let count = Math.round(snapshotsPerMachineDay * days * agentCount); count > 0; count--) {
    // Between 08:00 and 18:00, where most machines are on.
    const day = random.below(days);
    const atMs = startMs + day * dayMs + hours(8) + random.fraction() * hours(10);
    const machine = fleet.machines[random.below(agentCount)]!;
    fleet.queue.schedule(atMs, () => fleet.saveSnapshot(machine));
  }
}

function stopFaults(fleet: Fleet): void {
  fleet.network.faults = calmNetwork;
  fleet.network.unblockAll();
  for (const machine of fleet.machines) {
    machine.crashAfter(Number.POSITIVE_INFINITY);
    machine.powerOn(fleet);
  }
}

/** Hours until nobody has anything left to do. */
function settle(fleet: Fleet): number | undefined {
  const fromMs = fleet.queue.nowMs;
  const { faults, holderSilenceMs } = fleet.options;
  const untilMs = fromMs + settleMsMax + (faults.destroyedCount > 0 ? holderSilenceMs : 0);
  // What rotted and was not yet read is found now.
  scrubAll(fleet);
  while (fleet.queue.nowMs < untilMs) {
    fleet.queue.runUntil(fleet.queue.nowMs + hourMs / 4);
    if (unsettled(fleet) === '') return (fleet.queue.nowMs - fromMs) / hourMs;
  }
  return undefined;
}

/** What is still to do, in words; empty when nothing is. Packs of which too little is left are nobody's work. */
function unsettled(fleet: Fleet): string {
  const intact = fleet.checks.intactShards();
  const todo = { snapshots: 0, wanted: 0, surplus: 0, sends: 0 };
  const epochs = new Set<number>();
  for (const { shell, isDestroyed } of fleet.machines) {
    if (isDestroyed) continue;
    if (shell === undefined) return 'a machine is off';
    const { core } = shell;
    todo.snapshots += core.backup.staged.length;
    todo.sends += core.serving.sendCount;
    epochs.add(core.election.plan?.epoch ?? 0);
    for (const known of core.shelf.packs.values()) {
      if (core.shelf.givenUpMs(known) !== undefined) continue;
      const left = intact.get(known.pack)?.size ?? 0;
      if (left < (known.descriptor?.redundancy.k ?? 1)) continue;
      const slot = core.repair.slotOf(known);
      const isThere = slot !== undefined && known.held.has(slot);
      if (slot !== undefined && !isThere) todo.wanted++;
      todo.surplus += known.held.size - (isThere ? 1 : 0);
    }
  }
  const isDone = todo.snapshots + todo.wanted + todo.surplus + todo.sends === 0 && epochs.size === 1;
  return isDone ? '' : `${JSON.stringify(todo)}, plans ${[...epochs].join(' ')}`;
}

function reportOf(fleet: Fleet, end: Pick<Report, 'settledHours' | 'snapshotsRestored'>): Report {
  const { checks, ledger, machines, options } = fleet;
  const { seed } = options;
  return {
    ...end,
    seed,
    traceHash: fleet.trace.hash,
    violations: checks.violations,
    eventCount: fleet.queue.eventCount,
    effectCounts: fleet.effectCounts,
    reports: fleet.reports,
    snapshotsGivenUp: ledger.givenUp.length,
    shardsLeftOver: checks.countLeftOver(fleet.queue.nowMs),
    snapshotsMade: ledger.promised.size,
    snapshotsAcknowledged: ledger.acknowledged.length,
    planEpoch: Math.max(0, ...machines.map(({ shell }) => shell?.core.election.plan?.epoch ?? 0)),
    marginLeast: checks.marginLeast,
    rejectionCount: machines.reduce(
      (sum, { shell }) => sum + (shell?.rejectionCount ?? 0),
      fleet.rejectionCount,
    ),
    checkCounts: checks.counts,
    replay: replayOf(options),
  };
}

/** The command that runs this again. A planner or a planted bug cannot be written down; tests name them. */
function replayOf(options: ResolvedOptions): string {
  const plain = JSON.stringify({ ...options, planner: undefined, rewrite: undefined }).replaceAll('"', "'");
  return `npx node -e "import('./agent/simulation/index.ts').then((door) => console.log(door.simulate(${plain})))"`;
}
