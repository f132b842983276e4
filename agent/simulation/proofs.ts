// A proof in the pretend world: one pack of a drive's newest snapshot is fetched from other machines and put together from nothing
// but what they sent. It decides nothing; what it found goes to the core.

import type { PackDescriptor } from '../codec/index.ts';
import type { ProofResult } from '../core/index.ts';
import type { DriveId, PackId, PeerId } from '../units.ts';
import { packsOfHead } from './ledger.ts';
import type { Machine, World } from './machine.ts';
import type { PackListener } from './shell-events.ts';
import type { Shell } from './shell.ts';

type Found = Pick<ProofResult, 'verdict' | 'reasons' | 'machineCount' | 'fetchedBytes'>;

/** Begins a proof of a drive of this machine; the core hears its end as `driveProved`. */
export function proveDrive(
  { shell, machine, world }: { readonly shell: Shell; readonly machine: Machine; readonly world: World },
  drive: DriveId,
): void {
  const head = shell.core.catalogue.drives.get(drive)?.heads.at(-1);
  const keys = machine.lock?.keys;
  const packs = head === undefined || keys === undefined ? undefined : packsOfHead(keys, head);
  const descriptor = packs?.[machine.random.below(packs.length)];
  if (head === undefined || shell.packListener !== undefined) return;
  const tell = (end: Found): void => {
    shell.packListener = undefined;
    const found = spoiled(machine, end);
    const isProven = found.verdict === 'proven';
    const last: ProofResult = {
      snapshot: head.snapshot,
      atMs: shell.clock.now(),
      fileCount: isProven ? 1 : 0,
      byteCount: isProven ? found.fetchedBytes : 0,
      comparedCount: 0,
      ...found,
    };
    const proven = isProven ? last : machine.proofs.get(drive)?.proven;
    const proof = { drive, last, proven };
    machine.proofs.set(drive, proof);
    world.noteProof(proof);
    shell.tell({ kind: 'driveProved', proof });
  };
  if (descriptor === undefined) {
    tell({ verdict: 'unreachable', reasons: ['the root does not open'], machineCount: 0, fetchedBytes: 0 });
    return;
  }
  shell.packListener = listener(shell, descriptor, tell);
  shell.tell({ kind: 'packsWanted', packs: [descriptor], from: 'others' });
}

/** What came is compared with the files here, and is not the same; or something else went wrong at its end. */
function spoiled({ failingProofs }: Machine, found: Found): Found {
  const verdict = found.verdict === 'proven' ? failingProofs.shift() : undefined;
  return verdict === undefined ? found : { ...found, verdict, reasons: [`it was ${verdict} at its end`] };
}

const listener = (shell: Shell, descriptor: PackDescriptor, tell: (found: Found) => void): PackListener => ({
  packReady: (_pack: PackId, from: readonly PeerId[]) => {
    if (shell.takePack(descriptor, 'scratch') === undefined) return;
    tell({
      verdict: 'proven',
      reasons: [],
      machineCount: from.length,
      fetchedBytes: descriptor.packBytes,
    });
  },
  packLost: (_pack, foundCount) =>
    tell({
      verdict: 'unreachable',
      reasons: [`${foundCount} of ${descriptor.redundancy.k} shards were found`],
      machineCount: 0,
      fetchedBytes: 0,
    }),
});
