// Task of a worker thread: one pack fetched, opened, and every chunk in it checked by its keyed hash. It writes nothing, and
// does not know which chunks anybody needs.

import { PackSource } from './pack-source.ts';
import type { Ask, CheckRequest, CheckResult, ReadQuestion, TaskEnd } from './tasks.ts';

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
