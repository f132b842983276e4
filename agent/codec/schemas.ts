// The words that all formats share, as checks: ids, hashes, times, rows, plans. Everything that a peer sends passes here.

import { z } from 'zod';
import { machineId, parseTelemetryRow, type TelemetryRow, unixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import { logLengthMax, planCopiesMax, shardCountMax } from '../limits.ts';
import { timeMsMax } from './plain-checks.ts';
import { chunkId, driveId, fleetId, inviteId, packId, peerId, snapshotId, wipeId } from '../units.ts';

const hex = (digits: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`, 'u'));

export const hash = hex(64);
export const auditPart = hex(32);
export const peer = z
  .string()
  .regex(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/u)
  .transform(peerId);
export const fleet = hex(64).transform(fleetId);
export const pack = hex(64).transform(packId);
export const chunk = hex(64).transform(chunkId);
export const snapshot = hex(64).transform(snapshotId);
export const drive = hex(32).transform(driveId);
export const invite = hex(32).transform(inviteId);
export const wipe = hex(32).transform(wipeId);
export const time = z.int().min(0).max(timeMsMax).transform(unixMs);
export const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
/** How long a log is, or the number of the batch that it wants next. */
export const logLength = z.int().min(0).max(logLengthMax);
/** The number of a batch: the log that ends with it has a length too. */
export const batchNumber = z
  .int()
  .min(0)
  .max(logLengthMax - 1);
export const stream = z.enum(['facts', 'telemetry']);
/** Bytes with an upper bound. */
export const bytes = (bytesMax: number): z.ZodType<Uint8Array> =>
  z.instanceof(Uint8Array).refine((value) => value.length <= bytesMax, { error: 'too long' });
/** Bytes of one length only. */
export const exactBytes = (length: number): z.ZodType<Uint8Array> =>
  z.instanceof(Uint8Array).refine((value) => value.length === length, { error: `not ${length} bytes` });
/** Ids of 32 bytes, one after another. */
export const ids = (countMax: number): z.ZodType<Uint8Array> =>
  bytes(32 * countMax).refine((value) => value.length % 32 === 0, { error: 'not whole ids' });
export const text = (lengthMax: number): z.ZodString => z.string().max(lengthMax);
export const name = z.string().min(1).max(64);
export const shardIndex = z
  .int()
  .min(0)
  .max(shardCountMax - 1);

export const redundancy = z
  .strictObject({ k: z.int().min(1).max(shardCountMax), n: z.int().min(1).max(shardCountMax) })
  .refine(({ k, n }) => k <= n, { error: 'k is over n' });

export const machine = z.string().min(1).max(128).transform(machineId);
const odds = z.number().min(0).max(1);

/** What a reason says besides the machines. */
export const memberReasonParts = {
  availability: odds,
  domain: text(128).exactOptional(),
  swapLoss: z.number(),
  binding: text(512).exactOptional(),
} as const;

const memberReason = z.strictObject({
  ...memberReasonParts,
  machine,
  runnerUp: machine.exactOptional(),
});

const group = z.strictObject({
  id: z.string().min(1).max(32),
  members: z.array(machine).min(1).max(shardCountMax),
  weight: z.number().positive(),
  unavailability: odds,
  unavailabilityAt: z.record(text(64), odds),
  reasons: z.array(memberReason).max(shardCountMax),
});

/** What a certificate says besides the prices. */
export const certificateParts = {
  value: odds,
  lowerBound: odds,
  gap: z.number().min(0).max(1e9),
} as const;

const placementClass = z.strictObject({
  name: z.enum(['small', 'bulk']),
  redundancy,
  groups: z.array(group).max(100_000),
  certificate: z
    .strictObject({ ...certificateParts, prices: z.record(text(128), z.number().min(0)) })
    .exactOptional(),
});

/** Numbers in one list of a plan's evidence; how many it has in all is for the optimizer's check. */
const evidenceNumbersMax = 12_000;

const evidence = z.strictObject({
  machines: z.array(machine).max(evidenceNumbersMax),
  weights: z.array(odds).max(evidenceNumbersMax),
  hourOfState: z.array(z.int().min(0).max(evidenceNumbersMax)).max(evidenceNumbersMax),
  down: z.array(z.array(odds).max(evidenceNumbersMax)).max(evidenceNumbersMax),
  capacities: z.array(z.array(z.int().min(0)).max(evidenceNumbersMax)).max(16),
});

/** Limits of a plan besides the machines that moved. */
export const planLimitParts = {
  scatterMin: z.int().min(0).exactOptional(),
  scatterMax: z.int().min(1).exactOptional(),
  takenBytesMax: z.number().min(0).exactOptional(),
  givenBytesMax: z.number().min(0).exactOptional(),
  bytesPerSlot: z.strictObject({ small: z.number().min(0), bulk: z.number().min(0) }).exactOptional(),
} as const;

/** A moved slot, besides the machine that had it. */
export const planMoveParts = { group: z.string().min(1).max(32), slot: shardIndex } as const;
/** Bytes of one machine that earlier plans of the week moved. */
export const trafficParts = { takenBytes: z.number().min(0), givenBytes: z.number().min(0) } as const;
export const planMovesMax = 200_000;

const planLimits = z.strictObject({
  ...planLimitParts,
  moves: z
    .array(z.strictObject({ ...planMoveParts, from: machine.exactOptional() }))
    .max(planMovesMax)
    .exactOptional(),
  before: z
    .array(z.strictObject({ ...trafficParts, machine }))
    .max(65_535)
    .exactOptional(),
});

/** What a popular copy says besides machines. */
export const plannedCopyParts = {
  packClass: z.enum(['small', 'bulk']),
  redundancy,
  bytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
  untilMs: time,
  reason: z.strictObject({ site: text(128), reads: z.number().min(0), farShare: odds }),
} as const;

const popularPart = z.strictObject({
  copies: z
    .array(z.strictObject({ ...plannedCopyParts, pack: hash, owner: machine, machine }))
    .max(planCopiesMax),
  rooms: z.array(z.strictObject({ machine, bytes: count })).max(planCopiesMax),
});

/** A time that no calendar knows would be an exception wherever it is shown. */
const moment = z.number().min(0).max(timeMsMax);

/** Of a plan; the first has 1. */
export const epoch = z.int().min(1);

/** What a plan says besides groups and domains. */
export const planParts = {
  epoch,
  author: machine,
  computedMs: moment,
  modelSource: text(512),
  heldOut: z
    .array(
      z.strictObject({
        policy: text(64),
        unavailableShare: odds,
        unavailableShareBusiness: odds,
        risk: odds.exactOptional(),
        sureness: odds.exactOptional(),
      }),
    )
    .max(32),
  notes: z.array(text(1024)).max(64),
  weekMoved: z.strictObject({ fromMs: moment, bytes: z.number().min(0) }).exactOptional(),
  evidence: evidence.exactOptional(),
} as const;

/** The shape only; whether it makes sense is `planProblems` of optimizer/. */
export const plan: z.ZodType<Plan> = z.strictObject({
  ...planParts,
  classes: z.array(placementClass).max(16),
  domains: z.record(text(128), text(128)),
  limits: planLimits.exactOptional(),
  popular: popularPart.exactOptional(),
});

/** Rows of batches that were written before there were others. */
export const earlyTelemetryRow = z.unknown().transform((value, context): TelemetryRow => {
  const row = parseTelemetryRow(value);
  if (row.kind !== 'rejection' && row.kind !== 'packRead') return row;
  context.addIssue({ code: 'custom', message: row.kind === 'packRead' ? 'a later kind of row' : row.reason });
  return z.NEVER;
});

export const telemetryRow = z.unknown().transform((value, context): TelemetryRow => {
  const row = parseTelemetryRow(value);
  if (row.kind !== 'rejection') return row;
  context.addIssue({ code: 'custom', message: row.reason });
  return z.NEVER;
});
