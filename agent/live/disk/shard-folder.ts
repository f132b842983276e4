// Whether the folder of the shards is the one that the database tells of. It may lie on a disk of its own: while that is not mounted an empty
// folder stands in its place, and an agent that believed it would drop all rows, and sweep the files when they are back.

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { DreyError } from '../../../datasets/index.ts';
import type { Database } from '../database.ts';
import { isFullError } from '../disk-full.ts';
import { writeWhole } from '../whole-files.ts';

/** Says which folder it is; the same stands in the database. */
const idFile = 'folder-id';
/** By its existence a person says that what was in another folder is lost for good. */
const allLostFile = 'all-lost';
const rowKey = 'id';

/** Twice, so that a bit that rotted does not make it another one. */
const idText = /^([\da-f]{32}) \1$/u;

/** What the folder says of itself; undefined where it says nothing that can be read, or is not there. */
export function folderId(folder: string): string | undefined {
  try {
    return idText.exec(readFileSync(join(folder, idFile), 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

/** Whether this is the folder of that id; where it does not say, whether any agent has ever kept shards in it. */
export function isShardFolder(folder: string, id: string | undefined): boolean {
  const found = folderId(folder);
  return found === undefined ? existsSync(join(folder, 'held')) : found === id;
}

export interface ShardFolderParts {
  readonly folder: string;
  readonly database: Database;
  /** Whether the database tells of shards. */
  readonly hasRows: boolean;
}

/** Makes the folder and its id where it is new. Throws `shards-away`. */
export async function settleShardFolder({ folder, database, hasRows }: ShardFolderParts): Promise<void> {
  const rows = database.table<Uint8Array>('shard-folder', 'view');
  const row = await rows.get(rowKey);
  const stored = row === undefined ? undefined : Buffer.from(row).toString('utf8');
  const found = folderId(folder);
  if (stored !== undefined && found === stored) return;
  const isRight = isShardFolder(folder, stored ?? found) || existsSync(join(folder, allLostFile));
  if (hasRows && !isRight) throw shardsAway(folder);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const id = found ?? stored ?? randomBytes(16).toString('hex');
  try {
    if (found === undefined) writeWhole(join(folder, idFile), `${id} ${id}`);
    await database.write([{ table: rows, key: rowKey, value: Buffer.from(id, 'utf8') }]);
    rmSync(join(folder, allLostFile), { force: true });
  } catch (error) {
    // The next start tries again.
    if (!isFullError(error)) throw error;
  }
}

const shardsAway = (folder: string): DreyError =>
  new DreyError({
    code: 'shards-away',
    message: `the folder ${folder} is not the one with the shards of this machine: its disk may not be mounted`,
    advice: `Bring that disk back and start the agent again; until then nothing is given up. If it is lost for good, make an empty file named ${allLostFile} in the folder: others then repair what it held.`,
    retry: 'retryable',
  });
