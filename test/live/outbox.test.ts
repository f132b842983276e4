// Packs that are gone from an outbox, or rotted in it, before others had them: what waits for them is never acknowledged.

import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { describePack, type PackDescriptor } from '../../agent/codec/index.ts';
import { Catalogue } from '../../agent/core/catalogue.ts';
import type { CoreEvent } from '../../agent/core/index.ts';
import { Shelf } from '../../agent/core/shelf.ts';
import { openLiveDisk } from '../../agent/live/disk/index.ts';
import { homeAt } from '../../agent/live/home.ts';
import { Outbox, type OutboxParts } from '../../agent/live/outbox.ts';
import type { RunningDrive } from '../../agent/live/running-drive.ts';
import { openStore } from '../../agent/live/store.ts';
import type { StoredShard } from '../../agent/ports.ts';
import { type DriveId, driveId, type PackId, snapshotId } from '../../agent/units.ts';
import { headOf, machines, startMs } from '../agent/core/fleet-of-four.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { PretendClock } from '../helpers/pretend-clock.ts';
import { fillDisk, mountSmallDisk } from '../helpers/small-disk.ts';

const drive = driveId('0'.repeat(32));
const otherDrive = driveId('1'.repeat(32));

function packOf(content: number, of: DriveId = drive, redundancy = { k: 1, n: 3 }) {
  const parts = { owner: machines[0].peer, drive: of, placementClass: 'bulk', redundancy } as const;
  return describePack(new Uint8Array(1000).fill(content), parts);
}

/** One life of an agent that waits for its holders. */
async function begin(t: ExecutionContext, folder = temporaryFolder(t, 'outbox')) {
  const store = await openStore(join(folder, 'database'));
  t.teardown(() => store.close());
  const disk = await openLiveDisk({
    folder: join(folder, 'shards'),
    database: store.database,
    quotaBytes: 1e6,
    reserveBytes: 0,
  });
  const [shelf, told, dropped] = [new Shelf(), [] as CoreEvent[], [] as PackId[]];
  const driveOf = (id: DriveId): RunningDrive =>
    ({
      stored: { drive: id },
      snapshotter: { lose: async (packs: readonly PackId[]) => void dropped.push(...packs) },
    }) as unknown as RunningDrive;
  const running = new Map([drive, otherDrive].map((id) => [id, driveOf(id)]));
  const looks: string[] = [];
  const outbox = new Outbox(
    {
      home: homeAt(folder),
      core: { catalogue: new Catalogue(), shelf } as unknown as OutboxParts['core'],
      disk,
      clock: new PretendClock(startMs),
      tell: (event) => void told.push(event),
      report: () => {},
    },
    {
      running,
      note: (one, change) => void (one.stored = { ...one.stored, ...change }),
      takeSoon: ({ stored }) => void looks.push(stored.drive),
    },
  );
  const stored = await new Promise<readonly StoredShard[]>((resolve) => disk.list(resolve));
  outbox.takeStock(stored);
  for (const { descriptor } of stored) shelf.describe(descriptor).isInOutbox = true;
  const stage = async ({ descriptor, shards }: ReturnType<typeof packOf>): Promise<PackDescriptor> => {
    await disk.stage(descriptor, shards);
    shelf.describe(descriptor).isInOutbox = true;
    return descriptor;
  };
  const submit = (digit: string, packs: readonly PackDescriptor[], of: DriveId = drive): Promise<void> => {
    const { receiptsDigest: _, ...head } = headOf(of);
    const snapshot = snapshotId(digit.repeat(64));
    const staged = { drive: of, snapshot, packs, head: { ...head, snapshot } };
    const outcome = { outcome: 'staged', staged } as Parameters<Outbox['submit']>[1];
    return outbox.submit(running.get(of)!, outcome, startMs);
  };
  const handOver = ({ pack }: PackDescriptor): Promise<void> => {
    shelf.get(pack)!.isInOutbox = false;
    return new Promise((resolve) => disk.remove({ place: 'outbox', pack, index: 0 }, () => resolve()));
  };
  const fileOf = ({ pack }: PackDescriptor): string =>
    join(folder, 'shards', 'outbox', pack.slice(0, 2), pack);
  const pendingDigits = (): string =>
    outbox.submissions.pending.map(({ snapshot }) => snapshot.slice(0, 1)).join('');
  return {
    folder,
    store,
    disk,
    outbox,
    shelf,
    told,
    dropped,
    looks,
    stage,
    submit,
    handOver,
    fileOf,
    pendingDigits,
    lostOf: (id: DriveId) => running.get(id)!.stored.lost,
    goneOf: (id: DriveId) => running.get(id)!.stored.gone,
    settle: () => outbox.settle(running.get(drive)!),
  };
}

test('a start that misses a pack takes back its snapshot and the later ones of that drive, and no others', async (t) => {
  const first = await begin(t);
  const packs: PackDescriptor[] = [];
  for (const [digit, of] of [
    ['a', drive],
    ['b', drive],
    ['c', drive],
    ['d', otherDrive],
  ] as const) {
    const descriptor = await first.stage(packOf(packs.length, of));
    void first.submit(digit, [descriptor], of);
    packs.push(descriptor);
  }
  await first.handOver(packs[0]!);
  await first.store.close();
  rmSync(first.fileOf(packs[1]!));

  const next = await begin(t, first.folder);
  t.is(next.pendingDigits(), 'ad');
  t.like(next.lostOf(drive), { packCount: 1, counted: [packs[1]!.pack] });
  t.is(next.lostOf(otherDrive), undefined);
  await next.settle();
  t.deepEqual(next.dropped, [packs[1]!.pack]);
  t.deepEqual(next.lostOf(drive)?.counted, []);
  const [anew, leftOver] = [await next.stage(packOf(5)), packs[2]!];
  void next.submit('e', [anew]);
  const [staged] = next.told.flatMap((event) => (event.kind === 'snapshotStaged' ? [event.staged] : []));
  t.deepEqual(staged?.packs, [anew.pack, leftOver.pack], 'what is whole is not lost with it');
  t.not(next.lostOf(drive), undefined, 'people are told until it is safe');
  next.outbox.acknowledged(staged!);
  t.is(next.lostOf(drive), undefined);
  const gone = { sinceMs: startMs, packs: [packs[1]!.pack], isJudged: false };
  t.deepEqual(next.goneOf(drive), gone, 'some of its holders may have a shard and seek the rest');
});

test('what a full disk keeps in the journal after it is acknowledged is not taken for lost', async (t) => {
  const folder = temporaryFolder(t, 'outbox');
  if (!mountSmallDisk(t, folder, '32m')) return;
  const first = await begin(t, folder);
  const [out, later] = [await first.stage(packOf(1)), await first.stage(packOf(2))];
  for (const [digit, descriptor] of [
    ['a', out],
    ['b', later],
  ] as const) {
    void first.submit(digit, [descriptor]);
    await first.handOver(descriptor);
  }
  const free = fillDisk(folder, 0);
  first.outbox.acknowledged(first.outbox.submissions.pending[0]!);
  free();
  await first.store.close();

  const next = await begin(t, folder);
  t.is(next.pendingDigits(), 'ab', 'its own log says that the first is out');
  t.is(next.lostOf(drive), undefined);
  for (const staged of next.outbox.submissions.pending) next.outbox.acknowledged(staged);
  t.deepEqual(
    [out, later].map(({ pack }) => next.disk.handedOver.has(pack)),
    [false, false],
    'nothing is kept of them for ever',
  );
});

test('a pack that was lost while the snapshot was taken lets it fail, and the next one answers for it', async (t) => {
  const { submit, stage, shelf, lostOf, told, pendingDigits } = await begin(t);
  const [whole, gone] = [await stage(packOf(1)), packOf(2).descriptor];
  await t.throwsAsync(async () => submit('a', [whole, gone]), { code: 'outbox-lost' });
  t.is(pendingDigits(), '');
  t.deepEqual(lostOf(drive)?.counted, [gone.pack]);
  t.deepEqual(told.at(-1)?.kind, 'outboxLost');
  t.true(shelf.get(whole.pack)?.isInOutbox);
});

for (const k of [1, 2])
  test(`a pack with k = ${k} that rotted before its holders had it is lost, with all that waits for it`, async (t) => {
    const { outbox, shelf, submit, stage, fileOf, lostOf, looks, told } = await begin(t);
    const descriptor = await stage(packOf(1, drive, { k, n: 3 }));
    const acknowledged = submit('a', [descriptor]);
    await outbox.damaged(descriptor.pack);
    t.is(lostOf(drive), undefined, 'it is whole');
    const bytes = readFileSync(fileOf(descriptor));
    if (k > 1) {
      writeFileSync(fileOf(descriptor), bytes.fill(7, 0, 10));
      await outbox.damaged(descriptor.pack);
      t.is(lostOf(drive), undefined, 'two shards are enough');
    }
    truncateSync(fileOf(descriptor), 100);
    await outbox.damaged(descriptor.pack);
    t.deepEqual(looks, [drive], 'its files are read anew at once');
    t.deepEqual(lostOf(drive)?.counted, [descriptor.pack]);
    t.deepEqual(outbox.submissions.pending, []);
    t.is(told.at(-1)?.kind, 'outboxLost');
    shelf.get(descriptor.pack)!.isInOutbox = false;

    // Whoever waits for it hears when the drive is safe.
    const anew = await stage(packOf(2));
    void submit('b', [anew]);
    outbox.acknowledged(outbox.submissions.pending[0]!);
    await acknowledged;
    t.pass();
  });

test('a rotten pack of which others have enough goes on waiting for its holders', async (t) => {
  const { outbox, shelf, stage, fileOf, lostOf } = await begin(t);
  const descriptor = await stage(packOf(1));
  shelf.get(descriptor.pack)!.others.add(2, machines[1].peer);
  truncateSync(fileOf(descriptor), 100);
  await outbox.damaged(descriptor.pack);
  t.is(lostOf(drive), undefined);
});
