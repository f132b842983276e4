// Whose logs are kept: of machines that an admin certified, in whatever order that comes to be known. Anybody can invent others.

import test from 'ava';
import fc from 'fast-check';
import {
  type AdminKey,
  type AgentRecord,
  createAdminKey,
  fleetRootFromSeed,
  type MachineKey,
  machineKeyFromSeed,
  noBatchHash,
  type Role,
  sha256Hex,
  type SignedBatch,
  signBatch,
  signStatement,
  type Statement,
} from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/effects.ts';
import { Introductions } from '../../../agent/core/introductions.ts';
import { Membership } from '../../../agent/core/membership.ts';
import { Replication } from '../../../agent/core/replication.ts';
import { createStatementOpener } from '../../../agent/simulation/statements.ts';
import { days, hours, unixMs } from '../../../datasets/index.ts';
import { machines, startMs } from './fleet-of-four.ts';

const root = fleetRootFromSeed(new Uint8Array(32).fill(13));
const life = { notBeforeMs: startMs, forMs: days(30) };
const [self, a, b, c] = machines;
const [d, thief, other] = [61, 62, 63].map((seed) =>
  machineKeyFromSeed(new Uint8Array(32).fill(seed)),
) as unknown as readonly [MachineKey, MachineKey, MachineKey];
const [good, stolen] = [createAdminKey(root, life), createAdminKey(root, life)];
const ofAnotherFleet = createAdminKey(fleetRootFromSeed(new Uint8Array(32).fill(14)), life);
const openStatement = createStatementOpener();

const said = (by: AdminKey, statement: Statement) =>
  ({ kind: 'statement', bytes: signStatement(by, statement).bytes }) as const;
const certified = (by: AdminKey, { peer }: MachineKey, roles: readonly Role[] = ['holder']) =>
  said(by, {
    kind: 'certificate',
    peer,
    name: 'pc',
    roles,
    notBeforeMs: startMs,
    notAfterMs: unixMs(startMs + days(20)),
  });
/** Of what the stolen key signed only that counts which stands in a log before an end. */
const wordAgainst = ({ peer: log }: MachineKey, before: number, hash?: string) =>
  said(good, {
    kind: 'adminRevocation',
    admin: sha256Hex(stolen.key.publicKey),
    log,
    before,
    ...(hash === undefined ? {} : { hash }),
    reason: 'stolen',
    atMs: startMs,
  });
const addresses = { kind: 'addresses', addresses: [] } as const;

/** A log of facts, one batch after the other. */
function logOf(key: MachineKey, ...batches: readonly (readonly AgentRecord[])[]): readonly SignedBatch[] {
  const log: SignedBatch[] = [];
  for (const [sequence, records] of batches.entries()) {
    const previous = log.at(-1)?.hash ?? noBatchHash;
    log.push(signBatch({ key, stream: 'facts', sequence, previous, atMs: startMs, records }));
  }
  return log;
}

/** An agent that stores what it takes. */
function agentOf(key: MachineKey) {
  const membership = new Membership({ self: key.peer, fleet: root.fleet, openStatement });
  const replication = new Replication(membership, () => 0);
  const stored: SignedBatch[] = [];
  const store = (batch: SignedBatch): void => {
    stored.push(batch);
    for (const one of [membership, replication]) one.handle({ kind: 'batchStored', batch, now: startMs });
  };
  const take = (batch: SignedBatch): boolean => {
    const effects = replication.handle({ kind: 'batchOpened', from: self.peer, batch, now: startMs });
    const isTaken = effects.some(({ kind }) => kind === 'storeBatch');
    if (isTaken) store(batch);
    return isTaken;
  };
  return { membership, replication, stored, store, take };
}

const ofAdmin = (admin: MachineKey, by: AdminKey) => certified(by, admin, ['admin', 'holder']);

test('of an author that no believed admin certified nothing is kept, whatever its batch holds', (t) => {
  const { take, store, replication } = agentOf(self);
  const word = wordAgainst(a, 1);
  for (const batch of logOf(b, [ofAdmin(b, good), certified(good, self)], [word])) store(batch);
  const inventions: readonly (readonly AgentRecord[])[] = [
    [{ kind: 'statement', bytes: new Uint8Array([1]) }],
    [certified(good, b)],
    [word],
    [certified(ofAnotherFleet, thief)],
    [certified(stolen, thief)],
  ];
  for (const records of inventions)
    for (const batch of logOf(thief, records, records, [addresses])) t.false(take(batch));
  t.is(replication.factsHere(thief.peer), 0);
  const own = logOf(d, [certified(good, d)], [addresses]);
  t.deepEqual(own.map(take), [true, true], 'a machine may say itself who it is');
});

test('whom only a machine tells of whose own words count no more is introduced to those who will not read it', (t) => {
  for (const isOut of [false, true]) {
    const { membership, store } = agentOf(self);
    const introductions = new Introductions(membership, () => 0.5);
    for (const batch of logOf(thief, [certified(stolen, thief), certified(good, c)])) store(batch);
    const [first, second] = logOf(b, [ofAdmin(b, good), certified(good, self)], [wordAgainst(a, 1)]);
    for (const batch of isOut ? [first!, second!] : [first!]) store(batch);
    membership.handle({ kind: 'connected', peer: b.peer, now: startMs });
    const effects = [0, hours(1)].flatMap((ms) =>
      introductions.handle({ kind: 'tick', now: unixMs(startMs + ms) }),
    );
    t.is(effects.length, isOut ? 1 : 0);
  }
});

/** Machines that know each other in a row make one more known in each round. */
const roundsMax = 6;

/** Two admins, of which the first was put out, with machines that only one of them certified, and one that a thief did. */
function fleetLogs(): readonly SignedBatch[] {
  const logA = logOf(a, [ofAdmin(a, stolen), certified(stolen, b)], [certified(stolen, self)]);
  const logB = logOf(
    b,
    [addresses],
    [ofAdmin(b, good)],
    [wordAgainst(a, 2, logA[1]!.hash)],
    [certified(good, c)],
  );
  const logC = logOf(c, [addresses], [certified(good, d)]);
  const logD = logOf(d, [addresses, certified(good, other)]);
  const logOfOther = logOf(other, [certified(good, other)]);
  const logOfThief = logOf(thief, [certified(stolen, thief)]);
  return [...logA, ...logB, ...logC, ...logD, ...logOfOther, ...logOfThief];
}

test('what comes before its author is known is refused for now and comes again: in whatever order, the same is kept in the end', (t) => {
  const all = fleetLogs();
  const teller = agentOf(a);
  for (const batch of all) teller.store(batch);
  const property = fc.property(fc.shuffledSubarray([...all], { minLength: all.length }), (order) => {
    const { membership, replication, stored, take } = agentOf(self);
    for (const batch of order) take(batch);
    membership.handle({ kind: 'connected', peer: a.peer, now: startMs });
    // Whoever hears how far logs go here sends what is missing, again and again.
    for (let round = 0; round < roundsMax; round++)
      for (const batch of missingBy(teller, replication)) take(batch);
    t.is(stored.filter(({ author }) => author !== thief.peer).length, all.length - 1);
    for (const { peer } of [self, a, b, c, d, other]) t.true(membership.isMember(peer, startMs));
    t.false(membership.isMember(thief.peer, startMs));
  });
  fc.assert(property, { numRuns: 50 });
});

/** What one agent sends another that says how far its logs go. */
function missingBy(
  { replication, stored }: Pick<ReturnType<typeof agentOf>, 'replication' | 'stored'>,
  listener: Replication,
): readonly SignedBatch[] {
  const greeting: Effects = listener.handle({ kind: 'connected', peer: a.peer, now: startMs });
  const answers = greeting.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'heads'
      ? replication.handle({ kind: 'message', from: self.peer, message: effect.message, now: startMs })
      : [],
  );
  const wants = answers.flatMap((effect) => (effect.kind === 'sendBatches' ? effect.want : []));
  return stored.filter(({ author, sequence }) =>
    wants.some((want) => want.author === author && sequence >= want.sequence),
  );
}
