// Samples of what batches of version 3 brought: popular copies in a plan, reads of packs in telemetry.

import { type SignedBatch, signBatch } from '../../../agent/codec/index.ts';
import { type TelemetryRow, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { hexId } from './sample-seeds.ts';
import { atMs, holder, owner, plan, rows } from './samples.ts';

export const popularPlan: Plan = {
  ...plan,
  popular: {
    copies: [
      {
        pack: hexId('popular'),
        owner: owner.peer,
        packClass: 'bulk',
        redundancy: { k: 4, n: 6 },
        machine: holder.peer,
        bytes: 2 ** 24,
        untilMs: atMs + 8 * 86_400_000,
        reason: { site: 'hall-2', reads: 4.5, farShare: 0.75 },
      },
    ],
    rooms: [{ machine: holder.peer, bytes: 2 ** 30 }],
  },
};

/** Since version 3 of batches. */
export const popularRows: readonly TelemetryRow[] = [
  {
    kind: 'packRead',
    machine: owner.peer,
    hourMs: unixMs(497_000 * 3_600_000),
    pack: hexId('popular'),
    owner: holder.peer,
    packClass: 'bulk',
    k: 4,
    n: 6,
    packBytes: 2 ** 24,
    reads: 3,
  },
];

export const popularBatches: Readonly<Record<string, SignedBatch>> = {
  'popular-plan': signBatch({
    key: owner,
    stream: 'facts',
    sequence: 45,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'plan', plan: popularPlan }],
  }),
  'popular-telemetry': signBatch({
    key: owner,
    stream: 'telemetry',
    sequence: 46,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'telemetry', origin: 'collected', rows: [...rows, ...popularRows] }],
  }),
};
