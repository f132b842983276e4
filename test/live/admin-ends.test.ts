// What a word against an admin key says of the logs in which the key was used.

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
import { Membership } from '../../agent/core/index.ts';
import { endLogsMax } from '../../agent/limits.ts';
import { endsOf, withoutHashes } from '../../agent/live/admin-ends.ts';
import { inOrder, keyOf, life, logOf, root, startMs } from './admin-logs.ts';
import { days, hours, type UnixMs, unixMs } from '../../datasets/index.ts';

const [own, copy, joiner] = [keyOf(1), keyOf(2), keyOf(3)];
const admin = createAdminKey(root, life);
const other = createAdminKey(root, life);

const certificate = ({ peer }: MachineKey, isAdmin: boolean): Statement => ({
  kind: 'certificate',
  peer,
  name: 'pc',
  roles: isAdmin ? ['admin', 'holder'] : ['holder'],
  notBeforeMs: startMs,
  notAfterMs: unixMs(startMs + days(50)),
});

async function endIn(batches: readonly SignedBatch[], sinceMs?: UnixMs) {
  const membership = new Membership({ self: joiner.peer, fleet: root.fleet });
  for (const batch of batches) membership.handle({ kind: 'batchStored', batch, now: startMs });
  const id = sha256Hex(admin.key.publicKey);
  const keys = membership.authority.admins.filter((known) => known.admin === id);
  const [end] = await endsOf({ keys, membership, facts: inOrder(batches), sinceMs });
  return end!;
}

const said = (by: AdminKey, statement: Statement) => ({ by, statement });
const first = said(admin, certificate(own, true));
const later = said(admin, certificate(joiner, false));

test("an end names the last batch of the key's own log in which it said something, and earlier ones further and further back", async (t) => {
  const log = logOf(own, [first, later, undefined, later, later, later, undefined]);
  const end = await endIn([...log, ...logOf(joiner, [later])]);
  t.deepEqual([end.log, end.before, end.hash], [own.peer, 6, log[5]!.hash]);
  t.deepEqual(
    end.more?.map(({ log: author, before, hash }) => [author, before, hash]),
    [
      [own.peer, 5, log[4]!.hash],
      [own.peer, 2, log[1]!.hash],
    ],
  );
});

test('where the key was used on two machines both logs are named, and of neither what came after the theft', async (t) => {
  const log = logOf(own, [first, later, later]);
  const copied = logOf(copy, [said(admin, certificate(copy, true)), later], unixMs(startMs + days(1)));
  const logsOf = ({ log: author, more = [] }: Awaited<ReturnType<typeof endIn>>) =>
    new Set([author, ...more.map((one) => one.log)]);
  t.deepEqual(logsOf(await endIn([...log, ...copied])), new Set([own.peer, copy.peer]));
  const since = await endIn([...log, ...copied], unixMs(startMs + hours(2)));
  t.deepEqual([logsOf(since), since.log, since.before], [new Set([own.peer]), own.peer, 2]);
  const nothing = await endIn([...log, ...copied], startMs);
  t.deepEqual([nothing.before, nothing.hash, nothing.more], [0, undefined, undefined]);
});

test('an end fits into a statement however many machines use the key', async (t) => {
  const thieves = Array.from({ length: 40 }, (_, at) => keyOf(100 + at));
  const logs = thieves.flatMap((thief) => logOf(thief, [said(admin, certificate(thief, true))]));
  const end = await endIn([...logOf(own, [first, later, later]), ...logs]);
  t.is(end.log, own.peer, 'the log in which it said most');
  t.is(1 + end.more!.length, endLogsMax);
  const { bytes } = signStatement(other, {
    kind: 'adminRevocation',
    ...end,
    reason: 'x'.repeat(256),
    atMs: startMs,
  });
  t.true(bytes.length <= 8192, `${bytes.length} bytes`);
});

test('the root names each log once, of each key at least one', async (t) => {
  const log = logOf(own, [first, later, later]);
  const copied = logOf(copy, [said(admin, certificate(copy, true))]);
  const end = await endIn([...log, ...copied]);
  t.deepEqual(withoutHashes([end, end], 3), [
    { admin: end.admin, log: own.peer, before: 3, more: [{ log: copy.peer, before: 1 }] },
    { admin: end.admin, log: own.peer, before: 3 },
  ]);
});
