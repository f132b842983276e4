// Which machines go with words against admin keys, told before they are said.

import test from 'ava';
import {
  type AdminKey,
  createAdminKey,
  type MachineKey,
  sha256Hex,
  type SignedBatch,
  signStatement,
  type Statement,
} from '../../agent/codec/index.ts';
import { tollOf } from '../../agent/live/ends-toll.ts';
import { inOrder, keyOf, life, logOf, root, startMs } from './admin-logs.ts';
import { days, unixMs } from '../../datasets/index.ts';

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

const batchesOf = (key: MachineKey, by: AdminKey, statements: readonly Statement[]): readonly SignedBatch[] =>
  logOf(
    key,
    statements.map((statement) => ({ by, statement })),
  );

const logs = [
  ...batchesOf(first, stolen, [
    certificate(first, 'pc-01'),
    certificate(early, 'early'),
    certificate(late, 'late'),
  ]),
  ...batchesOf(second, other, [certificate(second, 'pc-02')]),
];

/** What goes when the stolen key counts for so many batches of its machine's log. */
const tollAt = (before: number, isMeant = false): Promise<readonly string[]> =>
  tollOf({ machineKey: second, fleet: root.fleet }, inOrder(logs), {
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
