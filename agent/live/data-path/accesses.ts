// Which files were read or written since the last look: reads by access times, writes by what was packed. Keyed ids, no names.

import { createHmac } from 'node:crypto';
import { fileId } from '../../../datasets/words.ts';
import { deriveKey } from '../../codec/sealing.ts';
import type { Access } from '../telemetry/index.ts';
import type { BytePath } from './path-bytes.ts';
import type { Scan } from './scan.ts';
import type { SnapshotRequest } from './tasks.ts';

export function accessesOf(
  { entries }: Scan,
  written: ReadonlySet<BytePath>,
  { sealing, scannedMs }: SnapshotRequest,
): readonly Access[] {
  const key = deriveKey(sealing.driveKey, 'drey file id v1');
  const accesses: Access[] = [];
  for (const { path, type, atimeMs, byteCount } of entries) {
    if (type !== 'file') continue;
    const writes = written.has(path) ? 1 : 0;
    const reads = writes === 0 && scannedMs !== undefined && atimeMs > scannedMs ? 1 : 0;
    if (reads + writes === 0) continue;
    const id = createHmac('sha256', key).update(path, 'latin1').digest('hex').slice(0, 32);
    accesses.push({ file: fileId(id), reads, writes, byteCount });
  }
  return accesses;
}
