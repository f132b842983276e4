// What is said of a folder whose files could not all be read.

import test from 'ava';
import type { Drives } from '../../../agent/live/drives.ts';
import { findDriveProblems } from '../../../agent/live/problems/drive-problems.ts';
import type { RunningDrive } from '../../../agent/live/running-drive.ts';
import { driveId } from '../../../agent/units.ts';

type Unread = RunningDrive['unread'];

const problemsOf = (unread: Unread): ReturnType<typeof findDriveProblems> =>
  findDriveProblems({
    running: new Map([[driveId('0'.repeat(32)), { unread, stored: {} } as RunningDrive]]),
    hasPerson: () => true,
  } as unknown as Drives);

test('files that no snapshot has stay a problem, by reason and without their names', (t) => {
  t.deepEqual(problemsOf([]), []);
  const unread = [
    { path: 'secret plans.odt', reason: 'it may not be read' },
    { path: 'mail.db', reason: 'it changed each time it was read' },
    { path: 'other.odt', reason: 'it may not be read' },
  ];
  const [problem] = problemsOf(unread);
  t.is(problem?.kind, 'files-unread');
  t.regex(problem!.risk, /leaves out 3 files/u);
  t.is(problem?.why, 'It may not be read (2); it changed each time it was read (1).');
  t.false(JSON.stringify(problem).includes('odt'));
});
