// Which machines may write what an admin says, and which have heard it.

import type { Random } from '../../datasets/index.ts';
import { logName } from '../codec/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';

/** Whether a statement stands in the log `of` a machine, as that lies on another one's disk. */
export const hasHeard = ({ shelves }: Machine, of: PeerId, bytes: Uint8Array): boolean =>
  shelves.logs
    .get(logName(of, 'facts'))
    ?.batches.some(({ records }) =>
      records.some((record) => record.kind === 'statement' && Buffer.compare(record.bytes, bytes) === 0),
    ) === true;

/** Machines that may write a statement now, all but liars and those that are out. */
export const writers = ({ machines }: Fleet): readonly Machine[] =>
  machines.filter(
    ({ isUp, hasLied, isRevoked, shell }) => isUp && !hasLied && !isRevoked && shell?.mayPublish === true,
  );

export const anyOf = <Value>(values: readonly Value[], random: Random): Value | undefined =>
  values.length === 0 ? undefined : values[random.below(values.length)];
