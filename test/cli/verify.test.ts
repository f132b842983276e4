// What `drey verify` says of a drive.

import test from 'ava';
import { driveLines } from '../../cli/commands/verify.ts';
import { driveId, snapshotId } from '../../agent/units.ts';

const whole: Parameters<typeof driveLines>[0] = {
  drive: driveId('0'.repeat(32)),
  snapshotCount: 2,
  fileCount: 10,
  chunkCount: 12,
  packCount: 3,
  shortPackCount: 0,
  lostPackCount: 0,
  checkedBytes: 0,
  problemCount: 0,
  problems: [],
};
const closed = { snapshot: snapshotId('a'.repeat(64)), reason: 'its root cannot be had' };

test('of snapshots that cannot be opened no files and packs are counted', (t) => {
  const counts = { fileCount: 0, chunkCount: 0, packCount: 0 };
  const [first] = driveLines({ ...whole, ...counts, problemCount: 2, problems: [closed, closed] }, 'places');
  t.is(first, 'drive 00000000: 2 snapshots: 2 problems.');
});

test('packs out of reach are counted where there are some', (t) => {
  const [first] = driveLines({ ...whole, problemCount: 1, shortPackCount: 1, problems: [closed] }, 'places');
  t.is(
    first,
    'drive 00000000: 2 snapshots, 10 files, 12 parts in 3 packs of contents: 1 problem, 1 pack out of reach.',
  );
  t.regex(driveLines(whole, 'places')[0]!, /Everything could be restored/u);
});
