// A short way for a folder in which nothing moved, which is what most snapshots find: one digest over all that the walk saw, beside the
// snapshot that it led to. When both still hold, the state of the drive need not be read. A cache: in doubt it is not there.

import { createHash } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '../../codec/sealing.ts';
import type { DriveId } from '../../units.ts';
import { driveFiles, type StagedSnapshot, withSealedRoot } from './drive-state.ts';
import { encodeLine, readJournal, rewriteJournal } from './line-journal.ts';
import { identityOf, type Scan, type ScannedEntry } from './scan.ts';

export interface Standstill {
  readonly staged: StagedSnapshot;
  readonly fileCount: number;
  readonly byteCount: number;
}

export interface StandstillQuestion {
  readonly stateFolder: string;
  readonly drive: DriveId;
  readonly keyEpoch: number;
  /** `scanDigestOf` what the walk saw; not asked for where nothing is remembered. */
  readonly scanDigest: () => string;
}

interface Line {
  readonly name: string;
  readonly sealedRoot: string;
  readonly found: Standstill;
}

const fileIn = (stateFolder: string): string => join(stateFolder, 'standstill.journal');

/** The last snapshot, when this very walk led to it and nobody has touched the drive's state since. */
export function readStandstill(question: StandstillQuestion): Standstill | undefined {
  const [line] = readJournal(fileIn(question.stateFolder)) as Iterable<Line>;
  if (line === undefined || line.name !== nameOf(question)) return undefined;
  const sealedRoot = new Uint8Array(Buffer.from(line.sealedRoot, 'hex'));
  return { ...line.found, staged: withSealedRoot(line.found.staged, sealedRoot) };
}

/** Remembers it; call when the state is written. */
export function rememberStandstill(question: StandstillQuestion, found: Standstill): void {
  const { sealedRoot } = found.staged.head;
  const line: Line = {
    name: nameOf(question),
    sealedRoot: Buffer.from(sealedRoot).toString('hex'),
    found: { ...found, staged: withSealedRoot(found.staged, new Uint8Array()) },
  };
  rewriteJournal(fileIn(question.stateFolder), [encodeLine(line)]);
}

export function forgetStandstill(stateFolder: string): void {
  rmSync(fileIn(stateFolder), { force: true });
}

/** Everything that a snapshot depends on: what the walk saw, whose drive it is, and the journals as they stand. */
function nameOf({ stateFolder, drive, keyEpoch, scanDigest }: StandstillQuestion): string {
  const journals = Object.values(driveFiles(stateFolder)).map(stampOf).join('\n');
  return sha256Hex(Buffer.from(`${drive} ${keyEpoch}\n${journals}\n${scanDigest()}`, 'utf8'));
}

/** SHA-256 of all that a walk saw, in hexadecimal. */
export function scanDigestOf(scan: Scan): string {
  const hash = createHash('sha256');
  // Hashing each by itself would cost more than walking.
  let lines = '';
  for (const entry of [scan.root, ...scan.entries]) {
    lines += lineOf(entry);
    if (lines.length < 65_536) continue;
    hash.update(lines, 'latin1');
    lines = '';
  }
  return hash.update(lines, 'latin1').digest('hex');
}

/** Paths, targets and names are one character a byte; a zero ends each, as no file system has one in a name. */
function lineOf(entry: ScannedEntry): string {
  const { path, type, mode, uid, gid, linkCount, isSparse, target, attributes } = entry;
  const marks =
    attributes?.map(({ name, value }) => `${name}=${Buffer.from(value).toString('hex')}`).join() ?? '';
  return `${path}\0${type} ${mode} ${uid} ${gid} ${linkCount} ${isSparse} ${identityOf(entry)}\0${target ?? ''}\0${marks}\0`;
}

/** Length and time of a file; changes with every line. */
function stampOf(file: string): string {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? 'none' : `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
}
