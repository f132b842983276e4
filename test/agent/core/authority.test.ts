import test, { type ExecutionContext } from 'ava';
import {
  type AdminKey,
  type AdminEnd,
  createAdminKey,
  fleetRootFromSeed,
  type LogEnd,
  type MachineCertificate,
  type MachineKey,
  machineKeyFromSeed,
  type RootWord,
  type Role,
  sha256Hex,
  type SignedBatch,
  signStatement,
  type Statement,
} from '../../../agent/codec/index.ts';
import { Membership } from '../../../agent/core/membership.ts';
import { shownCertificatesMax } from '../../../agent/limits.ts';
import { createStatementOpener } from '../../../agent/simulation/statements.ts';
import { createRandom, days, type Random, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { batchOf, machines, startMs } from './fleet-of-four.ts';

const root = fleetRootFromSeed(new Uint8Array(32).fill(9));
const life = { notBeforeMs: startMs, forMs: days(30) };
const [a, b, c, thief] = machines;
const idOf = ({ key }: AdminKey): string => sha256Hex(key.publicKey);
const adminKey = (word?: RootWord): AdminKey => createAdminKey(root, life, word);

const certificate = (key: MachineKey, roles: readonly Role[] = ['holder']): Statement => ({
  kind: 'certificate',
  peer: key.peer,
  name: `pc ${key.peer.slice(-4)}`,
  roles,
  notBeforeMs: startMs,
  notAfterMs: unixMs(startMs + days(20)),
});
const putOut = (target: string, end: Omit<AdminEnd, 'admin'>): Statement => ({
  kind: 'adminRevocation',
  admin: target,
  ...end,
  reason: 'stolen',
  atMs: startMs,
});

const said = (by: AdminKey, statement: Statement) => ({
  kind: 'statement' as const,
  bytes: signStatement(by, statement).bytes,
});

const openOnce = createStatementOpener();
const membership = (): Membership =>
  new Membership({ self: a.peer, fleet: root.fleet, openStatement: openOnce });

function reading(batches: readonly SignedBatch[], now: UnixMs = startMs): Membership {
  const known = membership();
  for (const batch of batches) known.handle({ kind: 'batchStored', batch, now });
  return known;
}

/** What a reader believes, as text. */
const beliefOf = (known: Membership): string =>
  JSON.stringify([
    known.machines.filter((peer) => known.isMember(peer, startMs)).toSorted(),
    known.authority.admins.map(({ admin, ended }) => `${admin} ${ended}`).toSorted(),
    known.invites.map(({ statement }) => statement.invite).toSorted(),
    known.policy?.fleetName,
  ]);

const first = adminKey();
const second = adminKey();
const third = machineKeyFromSeed(new Uint8Array(32).fill(77));
const admins = [
  batchOf(a, [said(first, certificate(a, ['admin', 'holder'])), said(first, certificate(c))], 0),
  batchOf(b, [said(second, certificate(b, ['admin', 'holder']))], 0),
];
const afterTheft = batchOf(a, [said(first, certificate(thief))], 1);
const revocation = batchOf(b, [said(second, putOut(idOf(first), { log: a.peer, before: 1 }))], 1);

test("a key that was put out counts for what its machine's log said before, and for nothing after", (t) => {
  const known = reading([...admins, afterTheft]);
  t.true(known.isMember(thief.peer, startMs));
  known.handle({ kind: 'connected', peer: thief.peer, now: startMs });
  const effects = known.handle({ kind: 'batchStored', batch: revocation, now: startMs });
  t.deepEqual(
    effects.map(({ kind }) => kind),
    ['cut', 'report'],
  );
  t.false(known.isUp(thief.peer));
  t.deepEqual(
    [a, b, c, thief].map(({ peer }) => known.isMember(peer, startMs)),
    [true, true, true, false],
  );
  const { admin, ended, machines: seats } = known.authority.admins[0]!;
  t.deepEqual([admin, ended, seats], [idOf(first), 'admin', [a.peer]]);
  t.false(known.hasRole(a.peer, 'admin'), 'its machine stays, without the role');
  t.true(known.hasRole(b.peer, 'admin'));
});

test('what the key signs in other logs, or shows on a hello, counts no more either', (t) => {
  const known = reading([...admins, revocation]);
  const elsewhere = batchOf(c, [said(first, certificate(thief))], 0);
  known.handle({ kind: 'batchStored', batch: elsewhere, now: startMs });
  t.false(known.isMember(thief.peer, startMs));
  const shown = signStatement(first, certificate(thief));
  known.learnSigned(shown, startMs);
  t.false(known.isBelieved(shown, startMs));
  t.true(known.isBelieved(signStatement(first, certificate(c)), startMs), 'c stands in the log');
});

test('what is shown under a key that was put out is kept by nobody; what was shown before counts again when the key does', (t) => {
  const known = reading(admins);
  const [early, late] = [third, thief].map((key) => signStatement(first, certificate(key)));
  const isIn = (): readonly boolean[] => [third, thief].map(({ peer }) => known.isMember(peer, startMs));
  known.learnSigned(early!, startMs);
  known.handle({ kind: 'batchStored', batch: revocation, now: startMs });
  for (let times = 0; times < 3; times++) known.learnSigned(late!, startMs);
  t.deepEqual(isIn(), [false, false]);
  const fromKit = adminKey({ ended: [{ admin: idOf(second), log: b.peer, before: 1 }] });
  known.learnSigned(signStatement(fromKit, certificate(a, ['admin', 'holder'])), startMs);
  t.deepEqual(isIn(), [true, false], 'of a refusal nothing is left');
  known.learnSigned(late!, startMs);
  t.deepEqual(isIn(), [true, true], 'whoever was refused shows it again');
});

test('of one machine the last few certificates that it shows are kept', (t) => {
  const known = reading(admins);
  const sinceMs = (day: number): UnixMs => unixMs(startMs + days(day));
  for (let day = 1; day <= 2 * shownCertificatesMax; day++) {
    const span = { notBeforeMs: sinceMs(day), notAfterMs: unixMs(sinceMs(day) + days(2)) };
    const shown = { ...(certificate(third) as MachineCertificate), ...span };
    known.learnSigned(signStatement(first, shown), startMs);
  }
  // All are read again.
  const fromKit = adminKey({ ended: [{ admin: idOf(second), log: b.peer, before: 1 }] });
  known.learnSigned(signStatement(fromKit, certificate(a, ['admin', 'holder'])), startMs);
  t.is(known.certificateOf(third.peer)?.notBeforeMs, sinceMs(shownCertificatesMax + 1));
});

test('nobody puts itself out: the last admin stays', (t) => {
  const known = reading([
    ...admins,
    batchOf(a, [said(first, putOut(idOf(first), { log: a.peer, before: 0 }))], 1),
  ]);
  t.deepEqual(
    known.authority.admins.map(({ ended }) => ended),
    [undefined, undefined],
  );
});

test('two that put each other out are both out, and the recovery kit decides', (t) => {
  const revenge = batchOf(a, [said(first, putOut(idOf(second), { log: b.peer, before: 0 }))], 2);
  const both = reading([...admins, revocation, revenge]);
  t.deepEqual(
    both.authority.admins.map(({ ended }) => ended),
    ['admin', 'admin'],
  );
  t.false(both.isMember(b.peer, startMs), 'the thief let nothing of it count');

  const fromKit = adminKey({ ended: [{ admin: idOf(first), log: a.peer, before: 1 }] });
  const shown = signStatement(fromKit, certificate(third, ['admin', 'holder']));
  const effects = both.learnSigned(shown, startMs);
  t.true(
    effects.some((effect) => effect.kind === 'connect' && effect.peer === b.peer),
    'whoever is back is dialled at once',
  );
  t.true(both.isBelieved(shown, startMs));
  t.deepEqual(
    both.authority.admins.map(({ ended }) => ended),
    ['kit', undefined, undefined],
  );
  t.true(both.isMember(b.peer, startMs), 'what the thief revoked is back');
  t.false(both.isMember(thief.peer, startMs));
});

test('whoever was put out by the kit puts nobody out any more', (t) => {
  const fromKit = adminKey({ ended: [{ admin: idOf(first), log: a.peer, before: 1 }] });
  const known = reading([
    ...admins,
    batchOf(third, [said(fromKit, certificate(third, ['admin', 'holder']))], 0),
    batchOf(a, [said(first, putOut(idOf(fromKit), { log: third.peer, before: 0 }))], 1),
  ]);
  t.true(known.isMember(third.peer, startMs));
});

test('whom and which person a stolen key put out is back once the recovery kit has ended that key', (t) => {
  const person = 'ab'.repeat(32);
  const personOut = { kind: 'personRevocation', person, reason: 'stolen', atMs: startMs } as const;
  const known = reading([
    ...admins,
    batchOf(a, [said(first, personOut), said(first, putOut(idOf(second), { log: b.peer, before: 1 }))], 1),
  ]);
  const ended = (): unknown => known.authority.endOf(idOf(second));
  t.deepEqual([known.isPersonOut(person), ended()], [true, 'admin']);
  const fromKit = adminKey({ ended: [{ admin: idOf(first), log: a.peer, before: 1 }] });
  known.learnSigned(signStatement(fromKit, certificate(third, ['admin', 'holder'])), startMs);
  t.deepEqual([known.isPersonOut(person), ended()], [false, undefined]);
});

test('a key that is used on two machines lies on both, in whatever order their logs are read; what others renew lies on neither', (t) => {
  const copied = batchOf(thief, [said(first, certificate(thief, ['admin', 'holder']))], 0);
  const renewal: Statement = {
    ...(certificate(a, ['admin', 'holder']) as MachineCertificate),
    notBeforeMs: unixMs(startMs + days(2)),
  };
  const renewed = batchOf(a, [said(second, renewal)], 1);
  const logs = [...admins, copied, renewed];
  for (const order of [logs, logs.toReversed()]) {
    const { authority } = reading(order);
    const seatsOf = (key: AdminKey) => authority.admins.find(({ admin }) => admin === idOf(key))?.machines;
    t.deepEqual(seatsOf(first), [a.peer, thief.peer].toSorted());
    t.deepEqual(seatsOf(second), [b.peer]);
  }
});

test('an end that names several logs leaves what stands in each of them before it, and two ends what both leave', (t) => {
  const elsewhere = batchOf(thief, [said(first, certificate(third))], 0);
  const end = { log: thief.peer, before: 1, more: [{ log: a.peer, before: 1 }] };
  const wide = batchOf(b, [said(second, putOut(idOf(first), end))], 1);
  const narrow = batchOf(b, [said(second, putOut(idOf(first), { log: a.peer, before: 1 }))], 2);
  const known = reading([...admins, afterTheft, elsewhere, wide]);
  const isIn = (): readonly boolean[] => [c, third, thief].map(({ peer }) => known.isMember(peer, startMs));
  t.deepEqual(isIn(), [true, true, false]);
  known.handle({ kind: 'batchStored', batch: narrow, now: startMs });
  t.deepEqual(isIn(), [true, false, false]);
});

test('of a log that was written anew below the end of its key nothing counts; of the one that was meant all, once it is here', (t) => {
  const later = batchOf(a, [said(first, certificate(third))], 1);
  const forged = batchOf(a, [said(first, certificate(thief))], 1);
  const [founding, other] = admins as [SignedBatch, SignedBatch];
  const word = (...more: readonly LogEnd[]) =>
    batchOf(b, [said(second, putOut(idOf(first), { log: a.peer, before: 2, hash: later.hash, more }))], 1);
  const isIn = (known: Membership): readonly boolean[] =>
    [c, third, thief].map(({ peer }) => known.isMember(peer, startMs));
  const mark = { log: a.peer, before: 1, hash: founding.hash };
  t.deepEqual(isIn(reading([other, word(), founding, forged])), [false, false, false]);
  t.deepEqual(isIn(reading([founding, forged, other, word(mark)])), [true, false, false]);
  const known = reading([other, word(), founding]);
  t.deepEqual(isIn(known), [false, false, false], 'its last word is not here');
  known.handle({ kind: 'batchStored', batch: later, now: startMs });
  t.deepEqual(isIn(known), [true, true, false]);
});

test('in whatever order logs are read, the same is believed in the end', (t) => {
  const random = createRandom(7).fork('authority');
  for (let round = 0; round < 60; round++) {
    const logs = historyOf(round);
    const expected = beliefOf(reading(logs.flat()));
    for (let time = 0; time < 4; time++)
      compare(t, beliefOf(reading(shuffled(logs, random))), { expected, round });
  }
});

/** All batches, each log in its own order. */
function shuffled(logs: readonly (readonly SignedBatch[])[], random: Random): readonly SignedBatch[] {
  const left = logs.map((log) => [...log]);
  const order: SignedBatch[] = [];
  while (left.some((log) => log.length > 0))
    order.push(...left[Math.floor(random.fraction() * left.length)]!.splice(0, 1));
  return order;
}

const compare = (
  t: ExecutionContext,
  belief: string,
  { expected, round }: { readonly expected: string; readonly round: number },
): void => void t.is(belief, expected, `history ${round}`);

/** Logs of three admins' machines that certify machines, and put each other out, at random; some by the kit. */
function historyOf(seed: number): readonly (readonly SignedBatch[])[] {
  const random = createRandom(seed).fork('history');
  const pick = (count: number): number => Math.floor(random.fraction() * count);
  const seats = [a, b, c];
  const keys: AdminKey[] = [];
  const logs: SignedBatch[][] = [];
  const endIn = (target: number): LogEnd => {
    const [log, before] = [seats[target]!.peer, pick(4)];
    const last = logs[target]?.[before - 1];
    const isBound = last !== undefined && random.fraction() < 0.5;
    return {
      log,
      before,
      ...(isBound ? { hash: random.fraction() < 0.7 ? last.hash : 'f'.repeat(64) } : {}),
    };
  };
  for (let index = 0; index < 3; index++) {
    const ended = keys
      .filter(() => random.fraction() < 0.2)
      .map((key) => ({ admin: idOf(key), log: seats[keys.indexOf(key)]!.peer, before: pick(4) }));
    keys.push(adminKey(ended.length === 0 ? undefined : { ended }));
  }
  for (const [own, key] of keys.entries()) {
    const batches = [batchOf(seats[own]!, [said(key, certificate(seats[own]!, ['admin', 'holder']))], 0)];
    for (let sequence = 1; sequence < 4; sequence++) {
      const target = pick(3);
      const statement: Statement =
        random.fraction() < 0.4
          ? putOut(idOf(keys[target]!), {
              ...endIn(target),
              ...(random.fraction() < 0.5 ? {} : { more: [endIn(pick(3))] }),
            })
          : random.fraction() < 0.5
            ? certificate(machineKeyFromSeed(new Uint8Array(32).fill(100 + pick(5))))
            : {
                kind: 'policy',
                fleetName: `named by ${own} at ${sequence}`,
                atMs: unixMs(startMs + 10 * sequence + own),
                holderSilenceMs: 1000,
                planMode: 'automatic',
              };
      batches.push(batchOf(seats[own]!, [said(key, statement)], sequence));
    }
    logs.push(batches);
  }
  return logs;
}
