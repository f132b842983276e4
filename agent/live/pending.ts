// The journal of snapshots on their way: all packs are staged, not all receipts are in. Written before the core hears of a
// snapshot, so that a crash loses none.

import { z } from 'zod';
import { unixMs } from '../../datasets/index.ts';
import { bytesOfHex, hexOf } from '../codec/index.ts';
import type { StagedSnapshot } from '../core/index.ts';
import { driveId, packId, snapshotId } from '../units.ts';
import { type Home, readJson, writeJson } from './home.ts';

const count = z.int().min(0);
const staged = z.strictObject({
  snapshot: z.string(),
  drive: z.string(),
  startedMs: count,
  packs: z.array(z.string()),
  head: z.strictObject({
    atMs: count,
    keyEpoch: count,
    sealedRoot: z.string(),
    fileCount: count,
    byteCount: count,
    packCount: count,
  }),
});
const schema = z.strictObject({ version: z.literal(1), staged: z.array(staged) });

function opened(plain: z.output<typeof staged>): StagedSnapshot {
  const [snapshot, drive] = [snapshotId(plain.snapshot), driveId(plain.drive)];
  const { sealedRoot, atMs, ...head } = plain.head;
  return {
    snapshot,
    drive,
    startedMs: unixMs(plain.startedMs),
    packs: plain.packs.map(packId),
    head: { kind: 'head', drive, snapshot, ...head, atMs: unixMs(atMs), sealedRoot: bytesOfHex(sealedRoot) },
  };
}

function plainOf({ snapshot, drive, startedMs, packs, head }: StagedSnapshot): z.output<typeof staged> {
  const { atMs, keyEpoch, fileCount, byteCount, packCount } = head;
  return {
    snapshot,
    drive,
    startedMs,
    packs: [...packs],
    head: { atMs, keyEpoch, sealedRoot: hexOf(head.sealedRoot), fileCount, byteCount, packCount },
  };
}

/** Throws `home-file-damaged`. */
export const readPending = (home: Home): readonly StagedSnapshot[] =>
  (readJson(home.pendingFile, schema)?.staged ?? []).map(opened);

export const writePending = (home: Home, all: readonly StagedSnapshot[]): void =>
  writeJson(home.pendingFile, { version: 1, staged: all.map(plainOf) });
