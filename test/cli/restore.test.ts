// What `drey restore` says of files that are missing, and of those that are there but not as they were.

import test from 'ava';
import { driveId, snapshotId } from '../../agent/index.ts';
import type { RestoreAnswer } from '../../agent/control/index.ts';
import { assertComplete, restoredText } from '../../cli/commands/restore.ts';
import { type DreyError, unixMs } from '../../datasets/index.ts';

const answer: RestoreAnswer = {
  drive: driveId('00'.repeat(16)),
  machine: 'pc-01',
  snapshot: snapshotId('11'.repeat(32)),
  atMs: unixMs(0),
  fileCount: 2,
  byteCount: 10,
  packCount: 1,
  missing: [],
  imperfect: [],
};

test('a file that changed while it was saved is restored, is named, and is no failure', (t) => {
  const torn = { ...answer, imperfect: [{ path: 'app.log', reason: 'it changed while it was backed up' }] };
  const text = restoredText(torn, '/restored');
  t.regex(
    text,
    /1 file restored, but not wholly as before:\n {2}app\.log: it changed while it was backed up/u,
  );
  t.notRegex(text, /missing/u);
  t.notThrows(() => assertComplete(torn));
});

test('a file that is missing is a failure', (t) => {
  const short = { ...answer, missing: [{ path: 'a', reason: 'its pack could not be fetched' }] };
  t.regex(restoredText(short, '/restored'), /missing: a: its pack could not be fetched/u);
  t.throws(() => assertComplete(short), { code: 'restore-incomplete' });
  const adviceFor = (remedies: NonNullable<RestoreAnswer['remedies']>): string =>
    t.throws<DreyError>(() => assertComplete({ ...short, remedies })).advice;
  t.regex(adviceFor(['machines']), /^Start more of the machines[^,]*; then run the same command again/u);
  t.regex(adviceFor(['here']), /^See here to the reasons .*; then run the same command again/u);
  t.regex(adviceFor(['here', 'machines']), /^Start more .*, and see here/u);
  t.notRegex(adviceFor([]), /again/u, 'nothing would be better then');
});

test('a folder that is not the same is another failure than a restore that misses something', (t) => {
  const differences = ['a: only in the second', 'b: only in the second'];
  const text = restoredText({ ...answer, differences }, '/restored');
  t.regex(text, /differs: a: only in the folder compared with/u);
  t.regex(restoredText({ ...answer, differences: ['a: b'] }, '/restored'), /Compared: 1 difference\.\n/u);
  const more = t.throws(() => assertComplete({ ...answer, differences }), { code: 'restore-differs' });
  t.regex(more?.message ?? '', /whole snapshot is restored; .* 2 paths that the snapshot does not have/u);
  const other = { ...answer, differences: ['a: bytes differ from 3 on'] };
  t.regex(t.throws(() => assertComplete(other))?.message ?? '', /differ in 1 place/u);
});

test('symlinks are counted beside the files', (t) => {
  const text = restoredText({ ...answer, fileCount: 0, symlinkCount: 1 }, '/restored');
  t.regex(text, /^Restored 0 files, 1 symlink, 10 B, from 1 pack into /u);
  t.regex(restoredText({ ...answer, symlinkCount: 0 }, '/restored'), /^Restored 2 files, 10 B, from /u);
});
