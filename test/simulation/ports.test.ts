// The simulated ports keep the contracts of agent/ports.ts.

import test from 'ava';
import { describePack, machineKeyFromSeed } from '../../agent/codec/index.ts';
import type { ShardOutcome, ShardPlace } from '../../agent/ports.ts';
import {
  EventQueue,
  Life,
  Network,
  Platters,
  Shelves,
  SimulatedClock,
  SimulatedDisk,
  SimulatedLog,
  SimulatedRandom,
  SimulatedWire,
} from '../../agent/simulation/index.ts';
import { driveId } from '../../agent/units.ts';
import { createRandom } from '../../datasets/index.ts';
import { clockContract } from '../contracts/clock.ts';
import { diskContract, type DiskHarness } from '../contracts/disk.ts';
import { logContract, type LogHarness } from '../contracts/log.ts';
import { randomContract } from '../contracts/random.ts';
import { type WireEnd, wireContract } from '../contracts/wire.ts';
import { answerOf, type World } from '../contracts/world.ts';

const worldOf = (queue: EventQueue): World => ({
  until: (isDone) => {
    for (let count = 0; count < 1000 && !isDone(); count++) queue.runUntil(queue.nowMs + 100);
    return isDone()
      ? Promise.resolve()
      : Promise.reject(new Error('nothing happened in 100 simulated seconds'));
  },
});

clockContract(test, 'simulated', () => {
  const queue = new EventQueue(1_767_571_200_000.5);
  return { clock: new SimulatedClock(new Life(queue), -3), ...worldOf(queue) };
});

randomContract(test, 'simulated', () => new SimulatedRandom('contract'));

function diskHarness(queue: EventQueue, platters: Platters): DiskHarness {
  const life = new Life(queue);
  const disk = new SimulatedDisk(platters, life);
  const world = worldOf(queue);
  return {
    ...world,
    disk,
    store: (wanted, bytes) => answerOf<ShardOutcome>(world, (done) => disk.store(wanted, bytes, done)),
    stage: async (descriptor, pack) => {
      await answerOf<ShardOutcome>(world, (done) =>
        disk.store({ descriptor, index: 0, place: 'outbox' }, pack, done),
      );
    },
    harm: () => void platters.rot(0),
    crash: () => {
      life.end();
      platters.crash();
      return Promise.resolve(diskHarness(queue, platters));
    },
  };
}

diskContract(test, 'simulated', (_, { quotaBytes }) =>
  Promise.resolve(diskHarness(new EventQueue(0), new Platters(quotaBytes))),
);

test('a write that was under way when the power went is gone', async (t) => {
  const queue = new EventQueue(0);
  const platters = new Platters(10_000);
  const life = new Life(queue);
  const { descriptor, shards } = packOfZeros();
  new SimulatedDisk(platters, life).store({ descriptor, index: 0, place: 'held' }, shards[0]!, () =>
    t.fail(),
  );
  life.end();
  platters.crash();
  const after = diskHarness(queue, platters);
  t.deepEqual(await answerOf<readonly unknown[]>(after, (done) => after.disk.list(done)), []);
  t.is(platters.heldBytes, 0);
});

function logHarness(queue: EventQueue, shelves: Shelves): LogHarness {
  const life = new Life(queue);
  return {
    ...worldOf(queue),
    log: new SimulatedLog(shelves, life),
    crash: () => {
      life.end();
      return Promise.resolve(logHarness(queue, shelves));
    },
  };
}

logContract(test, 'simulated', () => Promise.resolve(logHarness(new EventQueue(0), new Shelves())));

const packOfZeros = (): ReturnType<typeof describePack> =>
  describePack(new Uint8Array(900), {
    owner: machineKeyFromSeed(new Uint8Array(32).fill(3)).peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  });

function wireEnd(network: Network, seed: number): WireEnd {
  const { queue } = network;
  const life = new Life(queue);
  const platters = new Platters(10_000);
  const disk = new SimulatedDisk(platters, life);
  const self = machineKeyFromSeed(new Uint8Array(32).fill(seed)).peer;
  const wire = new SimulatedWire({
    network,
    life,
    disk,
    self,
    certificate: new Uint8Array(0),
    admits: () => true,
    spoiled: () => undefined,
    isPaused: () => false,
  });
  return {
    wire,
    addresses: [],
    hold: async () => {
      const { descriptor, shards } = packOfZeros();
      await answerOf<ShardOutcome>(worldOf(queue), (done) =>
        disk.store({ descriptor, index: 0, place: 'held' }, shards[0]!, done),
      );
      return descriptor;
    },
    harm: () => void platters.rot(0),
    has: async ({ pack }, place: ShardPlace) =>
      (await answerOf<string>(worldOf(queue), (done) => disk.verify({ place, pack, index: 0 }, done))) ===
      'intact',
  };
}

wireContract(test, 'simulated', (_, listeners) => {
  const queue = new EventQueue(0);
  const network = new Network({ queue, random: createRandom('wire') });
  const [left, right] = [wireEnd(network, 1), wireEnd(network, 2)];
  left.wire.start(listeners.left);
  right.wire.start(listeners.right);
  return Promise.resolve({ ...worldOf(queue), left, right });
});
