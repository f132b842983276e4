// Certificates that end are made anew by an admin's agent while both are up, kept by their machine, and shown from then on.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  type AdminKey,
  createAdminKey,
  createFleetRoot,
  createMachineKey,
  type MachineKey,
  noBatchHash,
  openStatement,
  type SignedStatement,
  signBatch,
  signStatement,
} from '../../agent/codec/index.ts';
import { Membership } from '../../agent/core/membership.ts';
import { certificateMs, certificateRenewMs, renewalsEveryMs } from '../../agent/limits.ts';
import { Admission } from '../../agent/live/admission.ts';
import { homeAt } from '../../agent/live/home.ts';
import { readIdentity, writeIdentity } from '../../agent/live/identity.ts';
import { Renewals } from '../../agent/live/renewals.ts';
import { days, hours, type UnixMs, unixMs } from '../../datasets/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const start = unixMs(Date.UTC(2026, 10, 23, 12));
const after = (ms: number): UnixMs => unixMs(start + ms);
const root = createFleetRoot();
const adminKey = createAdminKey(root, { notBeforeMs: after(-days(9)), forMs: days(3650) });
const [admin, member] = [createMachineKey(), createMachineKey()];

const certificateOf = (key: MachineKey, leftMs: number, by = adminKey, beginMs = -days(8)): SignedStatement =>
  signStatement(by, {
    kind: 'certificate',
    peer: key.peer,
    name: key === admin ? 'pc-01' : 'pc-02',
    roles: key === admin ? ['admin', 'holder'] : ['holder'],
    notBeforeMs: after(beginMs),
    notAfterMs: after(leftMs),
  });

interface Trial {
  readonly renewals: Renewals;
  readonly membership: Membership;
  readonly published: SignedStatement[];
  readonly shown: Uint8Array[];
  readonly home: ReturnType<typeof homeAt>;
}

/** One machine of the fleet; the certificates are those that it knows. */
function trialOf(
  t: ExecutionContext,
  key: MachineKey,
  { known, by }: { readonly known: readonly SignedStatement[]; readonly by?: AdminKey | undefined },
): Trial {
  const home = homeAt(join(temporaryFolder(t, 'renewals'), 'home'));
  const own = known.find(({ statement }) => statement.kind === 'certificate' && statement.peer === key.peer)!;
  writeIdentity(home, {
    machineKey: key,
    fleet: root.fleet,
    certificateBytes: own.bytes,
    statements: [],
    addresses: [],
    ...(by === undefined ? {} : { adminKey: by }),
  });
  const membership = new Membership({ self: key.peer, fleet: root.fleet });
  for (const { statement } of known) membership.learn(statement, start);
  const [published, shown]: [SignedStatement[], Uint8Array[]] = [[], []];
  const renewals = new Renewals({
    home,
    identity: readIdentity(home),
    membership,
    publish: (statement) => {
      published.push(statement);
      membership.learn(statement.statement, start);
      return Promise.resolve();
    },
    renewed: (bytes) => shown.push(bytes),
    report: () => {},
  });
  return { renewals, membership, published, shown, home };
}

const soon = certificateRenewMs - days(1);
const late = certificateRenewMs + days(1);

async function ticks({ renewals }: Trial, count = 3): Promise<void> {
  for (let hour = 0; hour < count; hour++) await renewals.tick(after(hour * renewalsEveryMs));
}

const aboutOf = (statements: readonly SignedStatement[]): readonly string[] =>
  statements.map(({ statement }) => (statement.kind === 'certificate' ? statement.peer : statement.kind));

test('what ends within two months is renewed once, for a year, with its name and roles', async (t) => {
  const trial = trialOf(t, admin, {
    known: [certificateOf(admin, late), certificateOf(member, soon)],
    by: adminKey,
  });
  trial.membership.handle({ kind: 'connected', peer: member.peer, now: start });
  await ticks(trial);
  t.deepEqual(aboutOf(trial.published), [member.peer]);
  t.like(trial.published[0]!.statement, {
    name: 'pc-02',
    roles: ['holder'],
    notAfterMs: after(renewalsEveryMs + certificateMs),
  });
});

test('an admin renews itself too, and what is not there or put out it does not', async (t) => {
  const known = [certificateOf(admin, soon), certificateOf(member, soon)];
  const alone = trialOf(t, admin, { known, by: adminKey });
  await ticks(alone);
  t.deepEqual(aboutOf(alone.published), [admin.peer], 'the other is not connected');
  const revoking = trialOf(t, admin, { known, by: adminKey });
  revoking.membership.handle({ kind: 'connected', peer: member.peer, now: start });
  revoking.membership.learn(
    { kind: 'revocation', revoked: member.peer, reason: 'stolen', atMs: start },
    start,
  );
  await ticks(revoking);
  t.deepEqual(aboutOf(revoking.published), [admin.peer]);
});

test('a machine without an admin key renews nobody', async (t) => {
  const trial = trialOf(t, member, { known: [certificateOf(admin, soon), certificateOf(member, soon)] });
  trial.membership.handle({ kind: 'connected', peer: admin.peer, now: start });
  await ticks(trial);
  t.deepEqual(trial.published, []);
});

test('an admin key that ends soon gives nothing that it cannot give', async (t) => {
  const ending = createAdminKey(root, { notBeforeMs: after(-days(9)), forMs: days(9) + soon });
  const trial = trialOf(t, admin, { known: [certificateOf(admin, soon, ending)], by: ending });
  await ticks(trial);
  t.deepEqual(trial.published, []);
});

test('a machine keeps its new certificate, shows it, and believes no older, no forged and no future one', (t) => {
  const trial = trialOf(t, member, { known: [certificateOf(member, soon)] });
  const note = (statement: SignedStatement): void =>
    trial.renewals.note(
      signBatch({
        key: admin,
        stream: 'facts',
        sequence: 0,
        previous: noBatchHash,
        atMs: start,
        records: [{ kind: 'statement', bytes: statement.bytes }],
      }),
      start,
    );
  const stranger = createAdminKey(createFleetRoot(), { notBeforeMs: after(-days(9)), forMs: days(3650) });
  note(certificateOf(member, days(500), stranger));
  note(certificateOf(member, hours(1)));
  note(certificateOf(admin, days(400)));
  note(certificateOf(member, days(600), adminKey, days(200)));
  t.deepEqual(trial.shown, []);
  const renewed = certificateOf(member, days(365));
  note(renewed);
  note(renewed);
  t.deepEqual(trial.shown, [renewed.bytes]);
  const stored = readIdentity(trial.home);
  t.is(stored.certificate.notAfterMs, after(days(365)));
  t.true(openStatement(stored.certificateBytes, root.fleet).ok);
  t.deepEqual(stored.machineKey.peer, member.peer);
});

test('a machine is let in with a certificate that begins later, as long as the logs say that it is a member', (t) => {
  const future = certificateOf(member, days(600), adminKey, days(200));
  for (const [known, answer] of [
    [[certificateOf(admin, soon), certificateOf(member, days(300))], 'welcome'],
    [[certificateOf(admin, soon)], 'refused'],
  ] as const) {
    const { membership, home } = trialOf(t, admin, { known, by: adminKey });
    const admission = new Admission({
      identity: readIdentity(home),
      membership,
      now: () => start,
      addresses: () => [],
      publish: () => Promise.resolve(),
      learn: (statement) => void membership.learnSigned(statement, start),
    });
    t.is(admission.check(member.peer, future.bytes, root.fleet).kind, answer);
  }
});
