// What the logs tell of acts of admins, and what a check finds when something was taken out, changed or forged.

import test from 'ava';
import {
  type AgentRecord,
  createAdminKey,
  createFleetRoot,
  createInvite,
  createMachineKey,
  type FleetPolicy,
  type MachineKey,
  type SignedBatch,
  signStatement,
  type Statement,
} from '../../../agent/codec/index.ts';
import { ActList, type KnownLength } from '../../../agent/core/index.ts';
import type { PeerId } from '../../../agent/units.ts';
import { hours, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { factLog } from '../../helpers/fact-logs.ts';

const start = unixMs(Date.UTC(2026, 10, 23, 12));
const after = (ms: number): UnixMs => unixMs(start + ms);
const root = createFleetRoot();
const adminKey = createAdminKey(root, { notBeforeMs: after(-hours(1)), forMs: hours(9999) });
const [admin, other] = [createMachineKey(), createMachineKey()];

const stated = (statement: Statement, by = adminKey): AgentRecord => ({
  kind: 'statement',
  bytes: signStatement(by, statement).bytes,
});

const logOf = (key: MachineKey, lists: readonly (readonly AgentRecord[])[]): readonly SignedBatch[] =>
  factLog(key, lists, start);

const policy: FleetPolicy = {
  kind: 'policy',
  fleetName: 'Example Works',
  atMs: start,
  holderSilenceMs: hours(90),
  planMode: 'automatic',
};

const certificate = (
  key: MachineKey,
  roles: readonly ['admin', 'holder'] | readonly ['holder'],
): Statement => ({
  kind: 'certificate',
  peer: key.peer,
  name: roles.length === 2 ? 'pc-01' : 'pc-02',
  roles,
  notBeforeMs: start,
  notAfterMs: after(hours(999)),
});

const { statement: invite } = createInvite({
  fleet: root.fleet,
  usesMax: 40,
  notAfterMs: after(hours(99)),
  addresses: [],
});

const first = [stated(certificate(admin, ['admin', 'holder'])), stated(policy)];
const everything = logOf(admin, [
  first,
  [stated(invite)],
  [stated(certificate(other, ['holder']))],
  [stated({ ...policy, atMs: after(hours(3)), planMode: 'review' })],
  [{ kind: 'addresses', addresses: [] }],
  [stated({ kind: 'pardon', machine: other.peer, reason: 'a new disk', atMs: after(hours(5)) })],
  [{ kind: 'act', act: 'plan-approved', about: '7', atMs: after(hours(6)) }],
  [stated({ kind: 'revocation', revoked: other.peer, reason: 'stolen', atMs: after(hours(7)) })],
]);

function listOf(batches: readonly SignedBatch[]): ActList {
  const list = new ActList(root.fleet);
  for (const batch of batches) list.add(batch, 'check');
  return list;
}

const problemsOf = (batches: readonly SignedBatch[], known: ReadonlyMap<PeerId, KnownLength> = new Map()) =>
  listOf(batches)
    .check(known, [])
    .findings.map(({ problem }) => problem);

test('every act of an admin is told, in order, with who signed it and where it stands', (t) => {
  const { acts } = listOf(everything);
  t.deepEqual(
    acts.map(({ act, detail }) => [act, detail]),
    [
      ['fleet-made', 'made the fleet on pc-01, its first admin'],
      ['policy-set', 'set the policy of "Example Works"'],
      ['invite-made', 'made an invite for 40 machines'],
      ['machine-admitted', 'let pc-02 in'],
      ['policy-set', 'set planMode from "automatic" to "review"'],
      ['trusted-again', `gave ${other.peer} its place back: a new disk`],
      ['plan-approved', 'approved plan 7'],
      ['revoked', `put out ${other.peer}: stolen`],
    ],
  );
  const signed = acts.filter(({ admin: by }) => by !== undefined);
  t.is(new Set(signed.map(({ admin: by }) => by)).size, 1);
  t.is(signed.length, 7);
  t.deepEqual(acts.at(-1)?.at, { sequence: 7, record: 0, hash: everything[7]!.hash });
  t.true(acts.every(({ machine }) => machine === admin.peer));
});

test('a machine that is certified again under another name was renamed, under the same renewed', (t) => {
  const again = { ...certificate(other, ['holder']), name: 'front desk' } as const;
  const renewed = { ...again, notAfterMs: after(hours(1999)) };
  const { acts } = listOf(
    logOf(admin, [first, [stated(certificate(other, ['holder']))], [stated(again)], [stated(renewed)]]),
  );
  t.deepEqual(
    acts.slice(3).map(({ act, detail }) => [act, detail]),
    [
      ['machine-renamed', 'renamed pc-02 to front desk'],
      ['certificate-renewed', 'renewed the certificate of front desk'],
    ],
  );
});

test('a policy that has to be dated after one of a clock far ahead is told when it was written', (t) => {
  const ahead = { ...policy, holdMoveShare: 0.3, atMs: after(hours(5000)) };
  const next = { ...ahead, holdMoveShare: 0.1, atMs: after(hours(5000) + 1) };
  const { acts } = listOf(logOf(admin, [first, [stated(ahead)], [stated(next)]]));
  t.deepEqual(
    acts.slice(-2).map(({ atMs, detail }) => [atMs, detail]),
    [
      [after(hours(1)), 'set holdMoveShare from nothing to 0.3'],
      [after(hours(2)), 'set holdMoveShare from 0.3 to 0.1'],
    ],
  );
});

test('a policy tells in words what it changed of what plans may not do, and nothing of the rest', (t) => {
  const limits = {
    vetoes: [other.peer],
    apart: ['subnet'],
    pins: [{ group: 's1', machine: other.peer }],
  } as const;
  const said: readonly FleetPolicy[] = [
    // What is written down beside it is as it was by default.
    {
      ...policy,
      atMs: after(hours(1)),
      limits,
      holdMoveShare: 0.5,
      target: { share: 0.999, hours: 'business' },
    },
    {
      ...policy,
      atMs: after(hours(2)),
      limits: {
        ...limits,
        pins: [],
        movedBytesPerWeek: 5_242_880,
        givenBytesPerWeek: 5 * 1024 ** 3,
        scatterMin: 3,
      },
    },
    {
      ...policy,
      atMs: after(hours(3)),
      limits: { vetoes: [], apart: [], pins: [] },
      holderSilenceMs: hours(80),
    },
    { ...policy, atMs: after(hours(4)), holderSilenceMs: hours(80) },
  ];
  const { acts } = listOf(logOf(admin, [first, ...said.map((one) => [stated(one)])]));
  t.deepEqual(
    acts.slice(-4).map(({ detail }) => detail),
    [
      `set vetoes from none to ${other.peer}; set what is kept apart from none to subnet; set pins from none to ${other.peer} in s1`,
      `set pins from ${other.peer} in s1 to none; set what is moved per week from no limit to 5 MiB; set what is given out per week from no limit to 5 GiB; set least scatter from no limit to 3`,
      `set holder silence from ${policy.holderSilenceMs / hours(1)} h to 80 h; set vetoes from ${other.peer} to none; set what is kept apart from subnet to none; set what is moved per week from 5 MiB to no limit; set what is given out per week from 5 GiB to no limit; set least scatter from 3 to no limit`,
      'set the policy again, without a change',
    ],
  );
});

test('a whole log has no findings, and is counted', (t) => {
  t.deepEqual(listOf(everything).check(new Map([[admin.peer, { signed: 8, spokenOf: 8 }]]), []), {
    logCount: 1,
    batchCount: 8,
    actCount: 8,
    findings: [],
  });
});

test('what is said again is told once', (t) => {
  const again = logOf(other, [first]);
  t.is(listOf([...everything, ...again]).acts.length, 8);
});

test('an act is told of the log in which it was written first, whichever log is read first', (t) => {
  const quiet: AgentRecord = { kind: 'addresses', addresses: [] };
  const later = logOf(other, [[quiet], [quiet], [stated(invite)]]);
  const { acts } = listOf([...later, ...everything]);
  const made = acts.find(({ act }) => act === 'invite-made');
  t.is(made?.machine, admin.peer);
  t.deepEqual(made?.at, { sequence: 1, record: 0, hash: everything[1]!.hash });
});

test('an act that was taken out is missed, in the middle and at the end', (t) => {
  t.deepEqual(problemsOf(everything.toSpliced(3, 1)), ['batches 3 to 3 are missing from the log here']);
  t.deepEqual(problemsOf(everything.slice(0, 6), new Map([[admin.peer, { signed: 8, spokenOf: 8 }]])), [
    '2 newer batches are known to exist and are not here',
  ]);
  t.deepEqual(problemsOf(everything, new Map([[admin.peer, { signed: 8, spokenOf: 9000 }]])), [
    'another machine spoke of newer batches, which are not here: they are on their way, or it is wrong',
  ]);
});

test('a batch that was put in the place of another does not follow', (t) => {
  const changed = logOf(admin, [first, [stated({ ...policy, atMs: after(hours(1)) })]]);
  t.deepEqual(problemsOf([...everything.slice(0, 1), changed[1]!, ...everything.slice(2)]), [
    'batch 2 does not follow the one before it: something was changed',
  ]);
});

test('a batch whose bytes were changed is not signed any more', (t) => {
  const bytes = everything[1]!.bytes.map((byte, index) => (index === 90 ? byte ^ 1 : byte));
  t.deepEqual(problemsOf(everything.with(1, { ...everything[1]!, bytes })), [
    'batch 1 is not signed by the machine whose log it is in',
  ]);
});

test('a statement by a stranger to the fleet is a finding and no act', (t) => {
  const stranger = createAdminKey(createFleetRoot(), { notBeforeMs: after(-hours(1)), forMs: hours(9999) });
  const forged = logOf(other, [
    [stated({ kind: 'revocation', revoked: admin.peer, reason: 'mine now', atMs: start }, stranger)],
  ]);
  const list = listOf(forged);
  t.deepEqual(list.acts, []);
  t.is(list.check(new Map(), []).findings.length, 1);
});

test('two histories of one log are a finding', (t) => {
  t.is(listOf(everything).check(new Map(), [admin.peer]).findings.length, 1);
});
