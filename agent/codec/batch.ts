// Signed batches of records: the links of an agent's logs. The author is the key that signs; no lookup is needed.

import { z } from 'zod';
import type { UnixMs } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import { batchBytesMax, forgetIdCountMax, recordsPerBatchMax, statementBytesMax } from '../limits.ts';
import type { PeerId } from '../units.ts';
import { accept, type Decoded, type Format, openEnvelope, signEnvelope } from './envelope.ts';
import { bytesOfHex, hexOf, type MachineKey, sha256Hex, verifyPeerSignature } from './keys.ts';
import { type AgentRecord, laterActs, type SignedBatch, type Stream } from './record.ts';
import { planOfTable, tableOfPlan } from './plan-table.ts';
import { earlyPlanTable, planTable } from './plan-table-form.ts';
import * as s from './schemas.ts';

/** `previous` of a log's first batch. */
export const noBatchHash = '0'.repeat(64);

const modelSummary = z.strictObject({
  model: s.text(64),
  metric: s.text(128),
  value: z.number(),
  better: z.enum(['lower', 'higher']),
  baselines: z.array(z.strictObject({ name: s.text(64), value: z.number() })).max(32),
  serves: z.enum(['model', 'baseline']),
  reason: s.text(512),
});

/** Of versions 1 and 2. */
const firstDrive = z.strictObject({
  kind: z.literal('drive'),
  drive: s.drive,
  keyEpoch: z.int().min(0),
  sealedName: s.bytes(8192),
  wrappedKeys: z.array(z.strictObject({ recipient: s.hash, wrapped: s.bytes(256) })).max(1024),
});
const firstAct = z.strictObject({
  kind: z.literal('act'),
  act: z.enum(['plan-approved', 'model-promoted', 'model-rolled-back', 'alerts-set']),
  about: s.text(128),
  atMs: s.time,
});
/** Since version 4. */
const laterDrive = firstDrive.extend({
  person: s.hash.exactOptional(),
  sealedFormer: s.bytes(16_384).exactOptional(),
});
const laterAct = firstAct.extend({ act: z.enum([...firstAct.shape.act.options, ...laterActs]) });

const otherRecords = [
  z.strictObject({
    kind: z.literal('head'),
    drive: s.drive,
    snapshot: s.snapshot,
    atMs: s.time,
    keyEpoch: z.int().min(0),
    sealedRoot: s.bytes(65_536),
    fileCount: s.count,
    byteCount: s.count,
    packCount: s.count,
    receiptsDigest: s.hash,
  }),
  z.strictObject({
    kind: z.literal('forget'),
    drive: s.drive,
    snapshots: s.ids(forgetIdCountMax),
    packs: s.ids(forgetIdCountMax),
  }),
  z.strictObject({ kind: z.literal('lease'), fromMs: s.time, untilMs: s.time }),
  z.strictObject({
    kind: z.literal('model'),
    version: s.text(128),
    trainedMs: s.time,
    summaries: z.array(modelSummary).max(32),
  }),
  z.strictObject({ kind: z.literal('addresses'), addresses: z.array(s.text(256)).max(16) }),
  z.strictObject({ kind: z.literal('statement'), bytes: s.bytes(statementBytesMax) }),
  z.strictObject({
    kind: z.literal('doubt'),
    machine: s.peer,
    atMs: s.time,
    sinceMs: s.time,
    evidence: z
      .array(
        z.strictObject({
          kind: z.enum(['dropped', 'wrong', 'replayed', 'silent', 'late', 'claimed']),
          dayCount: z.int().min(1).max(100_000),
          lastMs: s.time,
        }),
      )
      .max(6),
  }),
  z.strictObject({ kind: z.literal('saved'), drive: s.drive, savedMs: s.time }),
] as const;

const telemetryOf = <Row extends typeof s.telemetryRow>(row: Row) =>
  z.strictObject({
    kind: z.literal('telemetry'),
    origin: z.enum(['collected', 'imported']),
    rows: z.array(row).max(10_000),
  });
const earlyTelemetry = telemetryOf(s.earlyTelemetryRow);
const telemetry = telemetryOf(s.telemetryRow);

/** Of version 1: every group names its members. */
const spelledPlan = z.strictObject({ kind: z.literal('plan'), plan: s.plan });

const tabledPlanOf = (table: typeof planTable) =>
  z.strictObject({
    kind: z.literal('plan'),
    plan: table.transform((value, context): Plan => {
      const parsed = s.plan.safeParse(planOfTable(value));
      if (parsed.success) return parsed.data;
      context.addIssue({ code: 'custom', message: 'the lists of the plan do not fit together' });
      return z.NEVER;
    }),
  });
/** Of version 2: members by their place in one table. */
const tabledPlan = tabledPlanOf(earlyPlanTable);
/** Of version 3: with popular copies. */
const popularPlan = tabledPlanOf(planTable);
/** Of version 5: one that may wait for an admin. */
const waitingPlan = popularPlan.extend({
  waits: z
    .strictObject({
      reason: s.text(512),
      scope: z.enum(['whole', 'repair']),
      moveShare: z.number().min(0).max(1),
    })
    .exactOptional(),
});

const firstKinds = [...otherRecords, firstDrive, firstAct] as const;
const laterKinds = [...otherRecords, laterDrive, laterAct] as const;

const bodyOf = (records: z.ZodType<AgentRecord>) =>
  z.strictObject({
    author: s.peer,
    stream: s.stream,
    sequence: s.batchNumber,
    previous: s.exactBytes(32),
    atMs: s.time,
    records: z.array(records).min(1).max(recordsPerBatchMax),
  });

interface Body extends Omit<BatchParts, 'key' | 'previous'> {
  readonly author: PeerId;
  readonly previous: Uint8Array;
}

const magic = 'DRLB';
const formatOf = (version: number, records: z.ZodType<AgentRecord>): Format<Body> => ({
  magic,
  version,
  bytesMax: batchBytesMax,
  schema: bodyOf(records),
});
/** All are read. A batch is written in the lowest version that has words for its records: only who reads those has to know it. */
const formats = {
  1: formatOf(1, z.discriminatedUnion('kind', [...firstKinds, earlyTelemetry, spelledPlan])),
  2: formatOf(2, z.discriminatedUnion('kind', [...firstKinds, earlyTelemetry, tabledPlan])),
  3: formatOf(3, z.discriminatedUnion('kind', [...firstKinds, telemetry, popularPlan])),
  4: formatOf(4, z.discriminatedUnion('kind', [...laterKinds, telemetry, popularPlan])),
  5: formatOf(5, z.discriminatedUnion('kind', [...laterKinds, telemetry, waitingPlan])),
} as const;
type Version = keyof typeof formats;

const isLaterAct = (act: string): boolean => laterActs.some((later) => later === act);

function versionFor(record: AgentRecord): Version {
  switch (record.kind) {
    case 'drive':
      return record.person === undefined && record.sealedFormer === undefined ? 1 : 4;
    case 'act':
      return isLaterAct(record.act) ? 4 : 1;
    case 'plan':
      if (record.waits !== undefined) return 5;
      return record.plan.popular === undefined ? 2 : 3;
    case 'telemetry':
      return record.rows.some(({ kind }) => kind === 'packRead') ? 3 : 1;
    default:
      return 1;
  }
}

export interface BatchParts {
  readonly key: MachineKey;
  readonly stream: Stream;
  readonly sequence: number;
  /** Hash of the batch before, `noBatchHash` for the first. */
  readonly previous: string;
  readonly atMs: UnixMs;
  readonly records: readonly AgentRecord[];
}

/** Signs records as the next batch of the key's own log. At most `batchBytesMax` bytes come out well; check before. */
export function signBatch({ key, stream, sequence, previous, atMs, records }: BatchParts): SignedBatch {
  const version = records.map(versionFor).reduce((most, one) => (one > most ? one : most));
  const written = records.map((record) =>
    record.kind === 'plan' ? { ...record, plan: tableOfPlan(record.plan) } : record,
  );
  const value = {
    author: key.peer,
    stream,
    sequence,
    previous: bytesOfHex(previous),
    atMs,
    records: written,
  };
  const bytes = signEnvelope(formats[version], value, (signed) => key.sign(signed));
  return { author: key.peer, stream, sequence, previous, atMs, records, bytes, hash: sha256Hex(bytes) };
}

/** Decodes a batch of any agent and checks its author's signature. */
export const openBatch = (bytes: Uint8Array): Decoded<SignedBatch> => decodeBatch(bytes, verifyPeerSignature);

/**
 * The same for batches that were opened before, as they lie on the own disk, one after the other: a signature covers the hash of the batch
 * before, so the last one of those that follow each other vouches for all. A signature takes four times as long as all the rest.
 */
export function openKeptBatches(kept: readonly Uint8Array[]): readonly Decoded<SignedBatch>[] {
  const decoded = kept.map((bytes) => decodeBatch(bytes, () => true));
  const opened: Decoded<SignedBatch>[] = [];
  for (let from = 0; from < kept.length;) {
    let last = from;
    while (follows(decoded[last]!, decoded[last + 1])) last++;
    const end = openBatch(kept[last]!);
    for (let at = from; at < last; at++) opened.push(end.ok ? decoded[at]! : openBatch(kept[at]!));
    opened.push(end);
    from = last + 1;
  }
  return opened;
}

const follows = (before: Decoded<SignedBatch>, after: Decoded<SignedBatch> | undefined): boolean =>
  before.ok &&
  after?.ok === true &&
  after.value.author === before.value.author &&
  after.value.stream === before.value.stream &&
  after.value.sequence === before.value.sequence + 1 &&
  after.value.previous === before.value.hash;

function decodeBatch(bytes: Uint8Array, isSignedBy: typeof verifyPeerSignature): Decoded<SignedBatch> {
  const format = Object.values(formats).find(({ version }) => version === bytes[4]) ?? formats[1];
  const opened = openEnvelope(bytes, format, (value, signed, signature) =>
    isSignedBy(value.author, signed, signature),
  );
  if (!opened.ok) return opened;
  const { previous, ...rest } = opened.value;
  return accept({ ...rest, previous: hexOf(previous), bytes, hash: sha256Hex(bytes) });
}

/** `openBatch` that remembers byte arrays by identity: many simulated agents share one decoding. */
export function createBatchOpener(): (bytes: Uint8Array) => Decoded<SignedBatch> {
  const known = new WeakMap<Uint8Array, Decoded<SignedBatch>>();
  return (bytes) => {
    const found = known.get(bytes) ?? openBatch(bytes);
    known.set(bytes, found);
    return found;
  };
}

/** The key of a log in maps and stores. */
export const logName = (author: PeerId, stream: Stream): string => `${author}/${stream}`;
