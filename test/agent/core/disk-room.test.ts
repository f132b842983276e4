// When a disk that was full is asked for room again.

import test from 'ava';
import { DiskRoom } from '../../../agent/core/disk-room.ts';
import { fullDiskWaitMsMax, fullDiskWaitMsMin } from '../../../agent/limits.ts';
import { unixMs } from '../../../datasets/index.ts';

test('a full disk is left alone longer each time, up to a bound, and people hear of each', (t) => {
  const room = new DiskRoom();
  let [nowMs, waitMs] = [0, fullDiskWaitMsMin];
  for (let time = 0; time < 8; time++) {
    t.false(room.isFullAt(unixMs(nowMs)));
    t.deepEqual(
      room.full(unixMs(nowMs)).map(({ kind }) => kind),
      ['report'],
    );
    t.true(room.isFullAt(unixMs(nowMs + waitMs - 1)));
    nowMs += waitMs;
    waitMs = Math.min(fullDiskWaitMsMax, 2 * waitMs);
  }
  t.is(waitMs, fullDiskWaitMsMax);
});

test('shards that were on their way at once count as one, and one that fits begins anew', (t) => {
  const room = new DiskRoom();
  room.full(unixMs(0));
  t.deepEqual(room.full(unixMs(1)), []);
  t.false(room.isFullAt(unixMs(fullDiskWaitMsMin)));
  room.full(unixMs(fullDiskWaitMsMin));
  room.stored();
  room.full(unixMs(4 * fullDiskWaitMsMin));
  t.false(room.isFullAt(unixMs(5 * fullDiskWaitMsMin)));
});

test('when the clock is set back a disk that was full is asked for room at once', (t) => {
  const room = new DiskRoom();
  room.full(unixMs(fullDiskWaitMsMax * 20));
  t.true(room.isFullAt(unixMs(fullDiskWaitMsMax * 20 + 1)));
  t.false(room.isFullAt(unixMs(fullDiskWaitMsMax * 10)));
});
