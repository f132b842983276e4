// Why a drive cannot be saved now.

import { DreyError } from '../../datasets/index.ts';

/** Retryable: it is made as soon as enough machines are there. */
export const noPlanYet = (): DreyError =>
  new DreyError({
    code: 'no-plan-yet',
    message: 'there is no plan yet, so nobody knows where packs should go',
    advice: 'Start at least four machines of the fleet; the snapshot then goes on by itself.',
    retry: 'retryable',
  });

export const driveDeleted = (): DreyError =>
  new DreyError({
    code: 'drive-deleted',
    message: 'admins had all that was saved of this drive deleted, and nobody keeps anything of it',
    advice: 'See `drey fleet log`. `drey protect FOLDER` makes a new drive of the folder.',
  });

/** For whoever waits for a snapshot of a folder that is protected no more. */
export const snapshotCancelled = (): DreyError =>
  new DreyError({
    code: 'snapshot-cancelled',
    message: 'the folder was unprotected while its snapshot was taken',
    advice: '`drey protect FOLDER` goes on where it ended.',
  });
