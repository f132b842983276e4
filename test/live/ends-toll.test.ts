// Which machines go with words against admin keys, told before they are said.

import test from 'ava';
import {
  type AdminKey,
  createAdminKey,
  fleetRootFromSeed,
  type MachineKey,
  machineKeyFromSeed,
  noBatchHash,
  sha256Hex,
  signBatch,
  type SignedBatch,
  signStatement,
  type Statement,
} from '../../agent/codec/index.ts';
import { tollOf } from '../../agent/live/ends-toll.ts';
import { days, hours, unixMs } from '../../datasets/index.ts';

const startMs = unixMs(Date.UTC(2026, 0, 5));
const root = fleetRootFromSeed(new Uint8Array(32).fill(13));
const life = { notBeforeMs: startMs, forMs: days(60) };
const keyOf = (seed: number): MachineKey => machineKeyFromSeed(new Uint8Array(32).fill(seed));
const [first, second, early, late] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)];
const stolen = createAdminKey(root, life);
const other = createAdminKey(root, life);

const certificate = ({ peer }: MachineKey, name: string): Statement => ({
  kind: 'certificate',
  peer,
  name,
  roles: ['holder'],
  notBeforeMs: startMs,
  notAfterMs: unixMs(startMs + days(50)),
});

function batchesOf(key: MachineKey, by: AdminKey, statements: readonly Statement[]): readonly SignedBatch[] {
  const batches: SignedBatch[] = [];
  for (const [sequence, statement] of statements.entries())
    batches.push(
      signBatch({
        key,
        stream: 'facts',
        sequence,
        previous: batches.at(-1)?.hash ?? noBatchHash,
        atMs: unixMs(startMs + hours(sequence)),
        records: [{ kind: 'statement', bytes: signStatement(by, statement).bytes }],
      }),
    );
  return batches;
}

const logs = [
  ...batchesOf(first, stolen, [
    certificate(first, 'pc-01'),
    certificate(early, 'early'),
    certificate(late, 'late'),
  ]),
  ...batchesOf(second, other, [certificate(second, 'pc-02')]),
];

async function* facts(): AsyncIterable<SignedBatch> {
  for (const batch of logs) yield await Promise.resolve(batch);
}

/** What goes when the stolen key counts for so many batches of its machine's log. */
const tollAt = (before: number, isMeant = false): Promise<readonly string[]> =>
  tollOf({ machineKey: second, fleet: root.fleet }, facts(), {
    words: [
      signStatement(other, {
        kind: 'adminRevocation',
        admin: sha256Hex(stolen.key.publicKey),
        log: first.peer,
        before,
        reason: 'stolen',
        atMs: unixMs(startMs + days(1)),
      }),
    ],
    isMeant,
    now: unixMs(startMs + days(1)),
  });

test('a key that ends after all that it signed takes no machine with it', async (t) => {
  t.deepEqual(await tollAt(3), []);
});

test('machines that were let in by what counts no more are named, and nothing is said before a person means it', async (t) => {
  const error = await t.throwsAsync(tollAt(2), { code: 'machines-would-go' });
  t.regex(error.message, /^1 of 3 other machines .*: late$/u);
  t.deepEqual(await tollAt(2, true), ['late']);
});

test('a moment before the fleet was made takes every machine, the one of the key too', async (t) => {
  const error = await t.throwsAsync(tollAt(0), { code: 'machines-would-go' });
  t.regex(error.message, /: pc-01, early, late$/u);
});
