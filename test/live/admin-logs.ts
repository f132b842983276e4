// Facts that machines write with keys of admins, an hour apart, as the tests of words against such keys read them.

import {
  type AdminKey,
  type AgentRecord,
  fleetRootFromSeed,
  type MachineKey,
  machineKeyFromSeed,
  type SignedBatch,
  signStatement,
  type Statement,
} from '../../agent/codec/index.ts';
import { days, type UnixMs, unixMs } from '../../datasets/index.ts';
import { factLog } from '../helpers/fact-logs.ts';

export const startMs = unixMs(Date.UTC(2026, 0, 5));
export const root = fleetRootFromSeed(new Uint8Array(32).fill(13));
export const life = { notBeforeMs: startMs, forMs: days(60) };
export const keyOf = (seed: number): MachineKey => machineKeyFromSeed(new Uint8Array(32).fill(seed));

/** A log, an hour between its batches: a statement in each, or none. */
export function logOf(
  key: MachineKey,
  words: readonly ({ readonly by: AdminKey; readonly statement: Statement } | undefined)[],
  fromMs: UnixMs = startMs,
): readonly SignedBatch[] {
  const recordOf = (word: (typeof words)[number]): AgentRecord =>
    word === undefined
      ? { kind: 'addresses', addresses: [] }
      : { kind: 'statement', bytes: signStatement(word.by, word.statement).bytes };
  return factLog(
    key,
    words.map((word) => [recordOf(word)]),
    fromMs,
  );
}

export async function* inOrder(batches: readonly SignedBatch[]): AsyncIterable<SignedBatch> {
  for (const batch of batches) yield await Promise.resolve(batch);
}
