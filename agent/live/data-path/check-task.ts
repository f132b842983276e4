// Task of a worker thread: one pack fetched, opened, and every chunk in it checked by its keyed hash. It writes nothing, and
// does not know which chunks anybody needs.

import type { DriveKeys, PackDescriptor } from '../../codec/index.ts';
import type { ChunkId } from '../../units.ts';
import { PackSource } from './pack-source.ts';
import type { Ask, ReadQuestion, TaskEnd } from './tasks.ts';

/** Task `check`: one pack and everything in it. */
export interface CheckRequest extends DriveKeys {
  readonly descriptor: PackDescriptor;
}

/** Why the pack cannot be had; else every chunk in it, those with a `reason` being unusable. */
export type CheckResult =
  | { readonly reason: string }
  | {
      readonly chunks: readonly {
        readonly chunk: ChunkId;
        readonly length: number;
        readonly reason?: string;
      }[];
    };

/** Task `check`. Never throws for what a pack lacks: that is its answer. */
export async function checkTask(
  { descriptor, ...keys }: CheckRequest,
  ask: Ask<ReadQuestion, Uint8Array | undefined>,
): Promise<TaskEnd<CheckResult>> {
  const source = new PackSource(keys, ask);
  const fetched = await source.fetch(descriptor);
  if ('reason' in fetched) return { result: fetched };
  const chunks = fetched.pack.entries.map((entry) => {
    const { chunk, length } = entry;
    const read = source.read(fetched.pack, entry);
    return 'reason' in read ? { chunk, length, reason: read.reason } : { chunk, length };
  });
  return { result: { chunks } };
}
