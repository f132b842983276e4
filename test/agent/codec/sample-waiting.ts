// Samples of what batches of version 5 brought: plans that wait for an admin.

import { signBatch, type SignedBatch } from '../../../agent/codec/index.ts';
import { atMs, hexId, owner } from './sample-seeds.ts';
import { certifiedPlan } from './samples.ts';

/** Since version 5 of batches. */
export const waitingBatches: Readonly<Record<string, SignedBatch>> = {
  'waiting-plan': signBatch({
    key: owner,
    stream: 'facts',
    sequence: 47,
    previous: hexId('previous'),
    atMs,
    records: [
      {
        kind: 'plan',
        plan: certifiedPlan,
        waits: { reason: 'the fleet is in review mode', scope: 'repair', moveShare: 0.125 },
      },
    ],
  }),
};
