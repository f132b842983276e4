// A use of an invite that two admins gave away at once: everybody puts out the same machine, in whatever order the logs came.

import test from 'ava';
import {
  type AdminKey,
  createAdminKey,
  fleetRootFromSeed,
  type MachineKey,
  machineKeyFromSeed,
  type SignedBatch,
  signStatement,
  type Statement,
} from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/index.ts';
import { Membership } from '../../../agent/core/membership.ts';
import { createStatementOpener } from '../../../agent/simulation/statements.ts';
import { inviteId, type PeerId } from '../../../agent/units.ts';
import { createRandom, days, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { batchOf, machines, startMs } from './fleet-of-four.ts';

const root = fleetRootFromSeed(new Uint8Array(32).fill(12));
const adminOf = (): AdminKey => createAdminKey(root, { notBeforeMs: startMs, forMs: days(60) });
const [one, two] = [adminOf(), adminOf()];
const [a, b, early, late] = machines;
const invite = inviteId('ab'.repeat(16));
const again = inviteId('cd'.repeat(16));
const open = createStatementOpener();

const inviting = (id = invite, usesMax = 1): Statement => ({
  kind: 'invite',
  invite: id,
  publicKey: 'ef'.repeat(32),
  usesMax,
  notAfterMs: unixMs(startMs + days(1)),
});

interface Coming {
  readonly atMs?: UnixMs;
  readonly by?: typeof invite | 'hand';
}

const coming = ({ peer }: MachineKey, { atMs = startMs, by = invite }: Coming = {}): Statement => ({
  kind: 'certificate',
  peer,
  name: `pc ${peer.slice(-4)}`,
  roles: ['holder'],
  notBeforeMs: atMs,
  notAfterMs: unixMs(atMs + days(20)),
  ...(by === 'hand' ? {} : { invite: by }),
});

const said = (by: AdminKey, statement: Statement) =>
  ({ kind: 'statement', bytes: signStatement(by, statement).bytes }) as const;

function reading(batches: readonly SignedBatch[]): {
  readonly known: Membership;
  readonly effects: Effects;
} {
  const known = new Membership({ self: a.peer, fleet: root.fleet, openStatement: open });
  const effects = batches.flatMap((batch) => known.handle({ kind: 'batchStored', batch, now: startMs }));
  return { known, effects };
}

const afterMinutes = (count: number): UnixMs => unixMs(startMs + minutes(count));
const isIn = (known: Membership, { peer }: { readonly peer: PeerId }): boolean =>
  known.isMember(peer, afterMinutes(30));

const isLate = (known: Membership, peer: PeerId): boolean => known.lateUseOf(peer) !== undefined;

const first = batchOf(a, [said(one, inviting()), said(one, coming(early, { atMs: afterMinutes(1) }))]);
const second = batchOf(b, [said(two, coming(late, { atMs: afterMinutes(2) }))]);

test('of two machines that came by an invite for one, the later one is put out, with the reason', (t) => {
  const { known, effects } = reading([first, second]);
  t.true(isIn(known, early));
  t.false(isIn(known, late));
  t.true(known.isRevoked(late.peer));
  t.true(isLate(known, late.peer));
  t.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'cut' ? [effect.peer] : [])),
    [late.peer],
  );
  const report = effects.find(({ kind }) => kind === 'report');
  t.regex(
    report?.kind === 'report' ? report.text : '',
    new RegExp(`for one machine, and pc ${early.peer.slice(-4)} came by it first; invite it again`, 'u'),
  );
});

test('who was let in, and then turns out to have come too late, is cut off when the first is heard of', (t) => {
  const known = reading([second, batchOf(b, [said(one, inviting())], 1)]).known;
  t.true(isIn(known, late));
  const effects = known.handle({ kind: 'batchStored', batch: first, now: startMs });
  t.false(isIn(known, late));
  t.true(effects.some((effect) => effect.kind === 'cut' && effect.peer === late.peer));
});

test('a renewed certificate is no second use, and makes nobody late', (t) => {
  const renewed = batchOf(b, [said(two, coming(early, { atMs: afterMinutes(10) }))], 1);
  for (const batches of [
    [renewed, second, first],
    [first, renewed, second],
    [second, first, renewed],
  ]) {
    const { known } = reading(batches);
    t.true(isIn(known, early));
    t.false(isIn(known, late));
  }
});

test('who came too late is back when it is invited anew', (t) => {
  const word = [
    said(two, inviting(again)),
    said(two, coming(late, { atMs: afterMinutes(20), by: again })),
  ] as const;
  for (const batches of [
    [first, second, batchOf(b, word, 1)],
    [batchOf(b, word, 1), second, first],
  ]) {
    const { known } = reading(batches);
    t.true(isIn(known, late));
    t.false(isLate(known, late.peer));
  }
});

test('who an admin put out is not late, and no invite brings it back', (t) => {
  const out: Statement = { kind: 'revocation', revoked: late.peer, reason: 'stolen', atMs: startMs };
  const { known } = reading([first, second, batchOf(b, [said(two, out)], 1)]);
  t.true(known.isRevoked(late.peer));
  t.false(isLate(known, late.peer));
});

/** What a reader believes of everybody. */
const beliefOf = (known: Membership): string =>
  known.machines
    .toSorted()
    .map((peer) => `${peer.slice(-6)} ${isIn(known, { peer }) ? 'in' : isLate(known, peer) ? 'late' : 'out'}`)
    .join(', ');

test('whatever admins said, all who read the same logs in whatever order let in the same machines, and as many as were invited', (t) => {
  for (let seed = 0; seed < 200; seed++) {
    const random = createRandom(`invites ${seed}`);
    const crowd = Array.from({ length: 6 }, (_, at) =>
      machineKeyFromSeed(new Uint8Array(32).fill(20 + ((seed + at) % 40))),
    );
    const usesMax = 1 + random.below(3);
    const chance = (): UnixMs => afterMinutes(random.below(5));
    const words = [
      said(one, inviting(invite, usesMax)),
      ...crowd.map((key) => said(random.below(2) === 0 ? one : two, coming(key, { atMs: chance() }))),
      // Some are renewed.
      ...crowd.slice(0, random.below(4)).map((key) => said(two, coming(key, { atMs: chance() }))),
    ];
    const batches = words.map((record, sequence) =>
      batchOf(random.below(2) === 0 ? a : b, [record], sequence),
    );
    const beliefs = Array.from({ length: 4 }, () => {
      const mixed = batches.toSorted(() => random.fraction() - 0.5);
      return reading(mixed).known;
    });
    t.deepEqual(new Set(beliefs.map(beliefOf)).size, 1, `seed ${seed}: ${beliefs.map(beliefOf).join(' | ')}`);
    t.is(beliefs[0]!.machines.filter((peer) => isIn(beliefs[0]!, { peer })).length, usesMax);
  }
});
