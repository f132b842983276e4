// The live ports keep the contracts of agent/ports.ts, the same as the simulated ones.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { createLiveClock } from '../../../agent/live/clock.ts';
import { openLiveDisk } from '../../../agent/live/disk/index.ts';
import { openLiveLog } from '../../../agent/live/log/index.ts';
import { createLiveRandom } from '../../../agent/live/random.ts';
import { openStore } from '../../../agent/live/store.ts';
import type { PackDescriptor } from '../../../agent/codec/index.ts';
import type { WireListener } from '../../../agent/ports.ts';
import { clockContract } from '../../contracts/clock.ts';
import { diskContract, type DiskHarness } from '../../contracts/disk.ts';
import { logContract, type LogHarness } from '../../contracts/log.ts';
import { randomContract } from '../../contracts/random.ts';
import { type WireEnd, wireContract } from '../../contracts/wire.ts';
import { answerOf, liveWorld } from '../../contracts/world.ts';
import {
  harm,
  type SmallFleet,
  smallFleet,
  startAgent,
  storeShard,
  temporaryFolder,
  testPack,
} from './small-fleet.ts';

clockContract(test, 'live', () => ({ clock: createLiveClock(), ...liveWorld }));
randomContract(test, 'live', createLiveRandom);

async function diskAt(t: ExecutionContext, folder: string, quotaBytes: number): Promise<DiskHarness> {
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  const disk = await openLiveDisk({ folder: join(folder, 'shards'), database: store.database, quotaBytes });
  return {
    ...liveWorld,
    disk,
    store: ({ descriptor, index, place }, bytes) =>
      storeShard(disk, { descriptor, shards: [] }, { index, place, bytes }),
    stage: (descriptor, _, shards) => disk.stage(descriptor, shards),
    harm: (shard) => harm({ folder }, shard),
    crash: async () => {
      await store.close();
      return diskAt(t, folder, quotaBytes);
    },
  };
}

diskContract(test, 'live', (t, { quotaBytes }) => diskAt(t, temporaryFolder(t), quotaBytes));

async function logAt(t: ExecutionContext, folder: string): Promise<LogHarness> {
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  return {
    ...liveWorld,
    log: await openLiveLog({ database: store.database }),
    crash: async () => {
      await store.close();
      return logAt(t, folder);
    },
  };
}

logContract(test, 'live', (t) => logAt(t, temporaryFolder(t)));

async function wireEnd(
  t: ExecutionContext,
  { fleet, listener }: { readonly fleet: SmallFleet; readonly listener: WireListener },
): Promise<WireEnd> {
  const agent = await startAgent(t, fleet, { listener });
  const pack = testPack(90_000, { k: 1, n: 3 });
  const at = ({ pack: name }: PackDescriptor) => ({ place: 'held', pack: name, index: 0 }) as const;
  return {
    wire: agent.wire,
    addresses: agent.wire.addresses(),
    hold: async () => {
      await storeShard(agent.disk, pack, { index: 0 });
      return pack.descriptor;
    },
    harm: (descriptor) => harm(agent, at(descriptor)),
    has: async (descriptor, place) =>
      (await answerOf<string>(liveWorld, (done) => agent.disk.verify({ ...at(descriptor), place }, done))) ===
      'intact',
  };
}

wireContract(test, 'live', async (t, listeners) => {
  const fleet = smallFleet();
  const left = await wireEnd(t, { fleet, listener: listeners.left });
  const right = await wireEnd(t, { fleet, listener: listeners.right });
  return { ...liveWorld, left, right };
});
