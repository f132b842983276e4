// How often the list of a drive's packs is read from the disk.

import test from 'ava';
import { OwnPacks } from '../../agent/live/own-packs.ts';
import type { RunningDrive } from '../../agent/live/running-drive.ts';
import { snapshotId } from '../../agent/units.ts';

const [first, second] = ['a', 'b'].map((digit) => snapshotId(digit.repeat(64)));

test('packs are read once for each new snapshot, for a hundredth of the time at most, and a disk that cannot be read leaves what was known', (t) => {
  let [nowMs, readCount] = [0, 0];
  const stagedPacks = (): readonly string[] => {
    readCount++;
    nowMs += 50;
    if (readCount > 1) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
    return ['one'];
  };
  const drive = { snapshotter: { stagedPacks } } as unknown as RunningDrive;
  const own = new OwnPacks(() => nowMs);
  const packs = own.of(drive, first!);
  t.is(packs.length, 1);
  t.is(own.of(drive, first!), packs, 'the same list, so that what was found out of it stays known');
  nowMs = 4999;
  t.is(own.of(drive, second!), packs);
  t.is(readCount, 1);
  nowMs = 5000;
  t.is(own.of(drive, second!), packs);
  t.is(readCount, 2);
});
