// A whole log of facts, as a machine would write it.

import {
  type AgentRecord,
  type MachineKey,
  noBatchHash,
  signBatch,
  type SignedBatch,
} from '../../agent/codec/index.ts';
import { hours, type UnixMs, unixMs } from '../../datasets/index.ts';

/** One batch for each list of records, an hour apart. */
export function factLog(
  key: MachineKey,
  lists: readonly (readonly AgentRecord[])[],
  fromMs: UnixMs,
): readonly SignedBatch[] {
  const batches: SignedBatch[] = [];
  for (const [sequence, records] of lists.entries())
    batches.push(
      signBatch({
        key,
        stream: 'facts',
        sequence,
        previous: batches.at(-1)?.hash ?? noBatchHash,
        atMs: unixMs(fromMs + hours(sequence)),
        records,
      }),
    );
  return batches;
}
