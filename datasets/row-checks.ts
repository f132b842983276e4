// The border for telemetry: what comes from a peer or a file is checked here once, then trusted everywhere.
// It never throws; a rejection is a value, because a peer's bad row is the peer's problem and not ours.

import { z } from 'zod';
import type { TelemetryRow } from './rows.ts';
import { dayMs, fileId, hourMs, machineId, unixMs } from './units.ts';

/** Why a value is not what it claims to be. Names fields and limits, never contents. */
export interface Rejection {
  readonly kind: 'rejection';
  readonly reason: string;
}

/** Limits of a row, each with its reason. */
export const rowLimits = {
  /** A span of a month: an agent writes at least one a month, so longer ones are mistakes. */
  spanMsMax: 31 * dayMs,
  /** A libp2p peer id has at most 59 characters; labels of public traces are short as well. */
  idLengthMax: 128,
  attributeLengthMax: 128,
  /** A row stays under a few kB however large the fleet is. */
  roundTripPeerCountMax: 32,
  /** As many as a pack has. */
  shardCountMax: 32,
  /** Ten minutes: beyond it a peer is not slow but gone. */
  roundTripMsMax: 600_000,
  /** End of the year 9999, the last moment that ISO 8601 writes with four digits. */
  unixMsMax: 253_402_300_799_999,
} as const;

const count = z.int().nonnegative();
const moment = z.int().nonnegative().max(rowLimits.unixMsMax).transform(unixMs);
const machine = z.string().min(1).max(rowLimits.idLengthMax).transform(machineId);
const attribute = z.string().min(1).max(rowLimits.attributeLengthMax).exactOptional();

const uptimeRow = z
  .strictObject({
    kind: z.literal('uptime'),
    machine,
    fromMs: moment,
    toMs: moment,
    state: z.enum(['up', 'asleep', 'off', 'crashed']),
  })
  .refine((row) => row.fromMs < row.toMs, 'the span is empty or backwards')
  .refine((row) => row.toMs - row.fromMs <= rowLimits.spanMsMax, 'the span is longer than 31 days');

const locationRow = z.strictObject({
  kind: z.literal('location'),
  machine,
  atMs: moment,
  attributes: z.strictObject({
    site: attribute,
    subnet: attribute,
    gateway: attribute,
    timeZone: attribute,
    hardwareModel: attribute,
    osBuild: attribute,
    patchRing: attribute,
    diskClass: attribute,
  }),
  roundTripMs: z
    .record(
      z.string().min(1).max(rowLimits.idLengthMax),
      z.number().nonnegative().max(rowLimits.roundTripMsMax),
    )
    .refine((peers) => Object.keys(peers).length <= rowLimits.roundTripPeerCountMax, 'more than 32 peers'),
  freeBytes: count,
  quotaBytes: count,
});

const accessRow = z.strictObject({
  kind: z.literal('access'),
  machine,
  hourMs: moment.refine((atMs) => atMs % hourMs === 0, 'not the start of an hour'),
  file: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'not 32 hex digits')
    .transform(fileId),
  reads: count,
  writes: count,
  byteCount: count,
});

const packReadRow = z
  .strictObject({
    kind: z.literal('packRead'),
    machine,
    hourMs: moment.refine((atMs) => atMs % hourMs === 0, 'not the start of an hour'),
    pack: z.string().regex(/^[0-9a-f]{64}$/, 'not 64 hex digits'),
    owner: machine,
    packClass: z.enum(['small', 'bulk']),
    k: z.int().min(1).max(rowLimits.shardCountMax),
    n: z.int().min(1).max(rowLimits.shardCountMax),
    packBytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER),
    reads: count,
  })
  .refine(({ k, n }) => k <= n, 'k is over n');

const telemetryRow = z.discriminatedUnion('kind', [uptimeRow, locationRow, accessRow, packReadRow]);

/** Checks one row of any kind: types, limits, and that it has no field beyond those of its kind. Returns a new object. */
export function parseTelemetryRow(value: unknown): TelemetryRow | Rejection {
  const result = telemetryRow.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  return { kind: 'rejection', reason: issue === undefined ? 'not a telemetry row' : reasonOf(issue) };
}

/** Keys that a peer chose are left out: only fields that we named ourselves are said. */
function reasonOf(issue: z.core.$ZodIssue): string {
  const [field = 'row', ...inner] = issue.path.map(String);
  const place = field === 'roundTripMs' || inner.length === 0 ? field : `${field}.${inner.join('.')}`;
  return `${place}: ${issue.code === 'unrecognized_keys' ? 'a field too many' : issue.message}`;
}
