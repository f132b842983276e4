// What an admin may do about members: list invites and take them back, put out machines, persons and other admins' keys.
// It signs what the admin said; what follows from it is the core's business on every machine.

import { type DreyError, unixMs } from '../../datasets/index.ts';
import {
  type AdminRevocation,
  createInvite,
  personOf,
  sha256Hex,
  signStatement,
  type Statement,
} from '../codec/index.ts';
import type {
  AdminsAnswer,
  CallRequest,
  InviteAnswer,
  InvitesAnswer,
  PeopleAnswer,
  RevokeAnswer,
} from '../control/index.ts';
import type { KnownAdmin, KnownInvite } from '../core/index.ts';
import { type InviteId, inviteId, type PeerId } from '../units.ts';
import { endsOf } from './admin-ends.ts';
import type { LiveAgent } from './agent.ts';
import { tollOf } from './ends-toll.ts';
import { machineCalled } from './machine-names.ts';
import { wrong } from './wrong.ts';

/** SHA-256 of this machine's own admin key; undefined where it has none. */
export const ownAdmin = ({ identity: { adminKey } }: Pick<LiveAgent, 'identity'>): string | undefined =>
  adminKey === undefined ? undefined : sha256Hex(adminKey.key.publicKey);

/** Throws `not-an-admin`. */
export async function makeInvite(
  agent: LiveAgent,
  { usesMax, forMs }: CallRequest<'invite'>,
): Promise<InviteAnswer> {
  const notAfterMs = unixMs(agent.now() + forMs);
  const { fleet } = agent.identity;
  const { statement, text } = createInvite({ fleet, usesMax, notAfterMs, addresses: agent.knownAddresses() });
  await agent.declare(statement);
  // No invite is good for longer than the key of the admin who made it.
  const known = agent.core.membership.invites.find((made) => made.statement.invite === statement.invite);
  return {
    id: statement.invite,
    invite: text,
    usesMax,
    notAfterMs: known?.statement.notAfterMs ?? notAfterMs,
  };
}

export function listInvites(agent: LiveAgent): InvitesAnswer {
  const { membership } = agent.core;
  return {
    invites: membership.invites.map(({ statement, madeBy }) => ({
      invite: statement.invite,
      ...(madeBy === undefined ? {} : { madeBy: agent.core.membership.nameOf(madeBy) }),
      usesMax: statement.usesMax,
      notAfterMs: statement.notAfterMs,
      usedBy: membership.usersOf(statement.invite).map(({ name }) => name),
      state: stateOf(agent, statement),
    })),
  };
}

function stateOf(
  agent: LiveAgent,
  { invite, usesMax, notAfterMs }: KnownInvite['statement'],
): InvitesAnswer['invites'][number]['state'] {
  const { membership } = agent.core;
  if (membership.isRevoked(invite)) return 'taken back';
  if (membership.usersOf(invite).length >= usesMax) return 'used up';
  return notAfterMs < agent.now() ? 'expired' : 'open';
}

interface Person {
  readonly person: string;
  /** Machines with drives of the person, and whether others have drives there too. */
  readonly machines: ReadonlyMap<PeerId, boolean>;
  readonly driveCount: number;
}

/** Persons by the newest key of each drive. */
function personsOf({ core: { catalogue } }: LiveAgent): readonly Person[] {
  const drives = [...catalogue.drives.values()].flatMap(({ owner, record }) => {
    const person = personOf(record);
    return person === undefined ? [] : [{ owner, person }];
  });
  const isShared = (owner: PeerId, person: string): boolean =>
    drives.some((drive) => drive.owner === owner && drive.person !== person);
  return [...Map.groupBy(drives, ({ person }) => person)].map(([person, own]) => ({
    person,
    machines: new Map(own.map(({ owner }) => [owner, isShared(owner, person)])),
    driveCount: own.length,
  }));
}

export const listPeople = (agent: LiveAgent): PeopleAnswer => ({
  people: personsOf(agent).map(({ person, machines, driveCount }) => ({
    person,
    machines: [...machines].map(([peer, isShared]) => ({
      name: agent.core.membership.nameOf(peer),
      isShared,
    })),
    driveCount,
    isOut: agent.core.membership.isPersonOut(person),
  })),
});

export const listAdmins = (agent: LiveAgent): AdminsAnswer => ({
  admins: agent.core.membership.authority.admins.map(({ admin, machines: [machine, ...others], ended }) => ({
    admin,
    ...(machine === undefined ? {} : { machine: agent.core.membership.nameOf(machine) }),
    ...(others.length === 0 ? {} : { alsoOn: others.map((peer) => shownOf(agent, peer)) }),
    isHere: admin === ownAdmin(agent),
    ...(ended === undefined ? {} : { ended }),
  })),
});

/** Throws `not-an-admin`, `target-unknown`, `target-ambiguous`, `person-ambiguous`, `cannot-revoke-self`, `last-admin`, `machines-would-go`. */
export async function revoke(agent: LiveAgent, wish: CallRequest<'revoke'>): Promise<RevokeAnswer> {
  if (wish.what === 'person') return revokePerson(agent, wish);
  if (wish.what === 'admin') return revokeAdmin(agent, wish);
  const peer = wish.what === 'invite' ? undefined : machineCalled(agent.core.membership, wish.target);
  if (peer !== undefined) return revokeMachine(agent, peer, wish);
  const revoked = inviteCalled(agent, wish.target);
  if (agent.core.membership.isRevoked(revoked)) return { ...nothing, revoked, what: 'invite', wasOut: true };
  await agent.declare({ kind: 'revocation', revoked, reason: wish.reason, atMs: agent.now() });
  return { ...nothing, revoked, what: 'invite' };
}

/** Fewer digits of an invite are hardly written on purpose. */
const inviteDigitsMin = 4;

const nothing = { machines: [], admins: [], kept: [], alsoOn: [], openInvites: [] } as const;

/** By the first digits of its id; a whole id also where nobody here knows it yet. Throws `target-unknown`, `target-ambiguous`. */
function inviteCalled({ core: { membership } }: LiveAgent, target: string): InviteId {
  const meant = membership.invites.filter(
    ({ statement }) => target.length >= inviteDigitsMin && statement.invite.startsWith(target),
  );
  if (meant.length > 1)
    throw wrong(
      'target-ambiguous',
      `${meant.length} invites begin with "${target}"`,
      'Give more digits: see `drey fleet invites`.',
    );
  if (meant.length === 0 && !/^[0-9a-f]{32}$/u.test(target)) throw unknown(target);
  return meant[0]?.statement.invite ?? inviteId(target);
}

const notSelf = (): DreyError =>
  wrong('cannot-revoke-self', 'an admin cannot put itself out', 'Do it on another admin machine.');

const lastAdmin = (): DreyError =>
  wrong(
    'last-admin',
    'this is the last admin key of the fleet',
    'Make another machine an admin first, with `drey fleet admin --kit`, and do it there.',
  );

const unknown = (target: string): DreyError =>
  wrong(
    'target-unknown',
    `no machine or invite is called "${target}"`,
    'Take a name from `drey status`, or the id behind one that several machines have; an invite from `drey fleet invites`.',
  );

/** Says all of it; names of machines that are out with the keys that it is against. Throws `machines-would-go`. */
async function declareAll(
  agent: LiveAgent,
  statements: readonly Statement[],
  { sinceMs, withMachines }: CallRequest<'revoke'>,
): Promise<readonly string[]> {
  const { adminKey } = agent.identity;
  const isBack = sinceMs !== undefined && adminKey !== undefined;
  const others = isBack
    ? await tollOf(agent.identity, agent.readFacts(), {
        words: statements.map((statement) => signStatement(adminKey, statement)),
        isMeant: withMachines === true,
        now: agent.now(),
      })
    : [];
  for (const statement of statements) await agent.declare(statement);
  return others;
}

async function revokeMachine(
  agent: LiveAgent,
  peer: PeerId,
  wish: CallRequest<'revoke'>,
): Promise<RevokeAnswer> {
  const { reason, sinceMs } = wish;
  const isOut = wasPutOut(agent, peer);
  const words = await wordsAgainst(agent, peer, { reason, sinceMs });
  const statements = isOut ? words.filter(({ kind }) => kind !== 'revocation') : words;
  const name = agent.core.membership.nameOf(peer);
  const others = await declareAll(agent, statements, wish);
  return {
    ...nothing,
    ...(isOut ? { wasOut: true } : {}),
    revoked: name,
    what: 'machine',
    machines: [name, ...others],
    admins: adminsIn(statements),
    ...leftIn(agent, statements, [peer]),
  };
}

/** By an admin: whoever came too late by its invite is out without one, until somebody says so. */
const wasPutOut = ({ core: { membership } }: LiveAgent, peer: PeerId): boolean =>
  membership.isRevoked(peer) && membership.lateUseOf(peer) === undefined;

interface Against {
  readonly reason: string;
  readonly sinceMs: number | undefined;
}

/** A machine is put out with the admin keys that lie on it: whoever has it has them. */
async function wordsAgainst(
  agent: LiveAgent,
  peer: PeerId,
  { reason, sinceMs }: Against,
): Promise<readonly Statement[]> {
  if (peer === agent.peer) throw notSelf();
  const { admins } = agent.core.membership.authority;
  // Nobody puts its own key out: it says so instead.
  const keys = admins.filter(
    ({ admin, machines, ended }) =>
      machines.includes(peer) && admin !== ownAdmin(agent) && isToEnd(ended, sinceMs),
  );
  return [
    ...(await wordsAgainstKeys(agent, keys, { reason, sinceMs })),
    { kind: 'revocation', revoked: peer, reason, atMs: agent.now() },
  ];
}

/** A key that is out already can end earlier, when it turns out that it was stolen before. */
const isToEnd = (ended: KnownAdmin['ended'], sinceMs: number | undefined): boolean =>
  ended === undefined || (ended === 'admin' && sinceMs !== undefined);

async function wordsAgainstKeys(
  agent: LiveAgent,
  keys: readonly KnownAdmin[],
  { reason, sinceMs }: Against,
): Promise<readonly AdminRevocation[]> {
  const { membership } = agent.core;
  const ends = await endsOf({ keys, membership, facts: agent.readFacts(), sinceMs });
  const atMs = agent.now();
  return ends.map((end) => ({ kind: 'adminRevocation', ...end, reason, atMs }));
}

/** Names need not be different, and a thief chooses its own. */
const shownOf = ({ core: { membership } }: LiveAgent, peer: PeerId): string =>
  `${membership.nameOf(peer)} (${peer})`;

/**
 * Where keys that are put out were used besides on the machines that are: nobody can tell which of them is the thief's. And what they leave
 * open: an invite of before is believed, also one of a thief, unless the time of the theft is named.
 */
function leftIn(
  agent: LiveAgent,
  statements: readonly Statement[],
  out: readonly PeerId[],
): Pick<RevokeAnswer, 'alsoOn' | 'isOwnKeyThere' | 'openInvites'> {
  const { authority, invites } = agent.core.membership;
  const ended = new Set(statements.flatMap((one) => (one.kind === 'adminRevocation' ? [one.admin] : [])));
  const endedKeys = authority.admins.filter(({ admin }) => ended.has(admin));
  const machines = endedKeys.filter((known) => known.machines.length > 1).flatMap((known) => known.machines);
  const left = [...new Set(machines)].filter((peer) => !out.includes(peer));
  const makers = new Set<PeerId | undefined>(endedKeys.flatMap((known) => known.machines));
  const own = ownAdmin(agent);
  const isOwnThere = own !== undefined && out.some((peer) => authority.isSeat(own, peer));
  return {
    alsoOn: left.map((peer) => shownOf(agent, peer)),
    openInvites: invites
      .filter(({ statement, madeBy }) => makers.has(madeBy) && stateOf(agent, statement) === 'open')
      .map(({ statement }) => statement.invite),
    ...(isOwnThere ? { isOwnKeyThere: true } : {}),
  };
}

const adminsIn = (statements: readonly Statement[]): readonly string[] =>
  statements.flatMap((one) => (one.kind === 'adminRevocation' ? [one.admin.slice(0, 8)] : []));

async function revokeAdmin(agent: LiveAgent, wish: CallRequest<'revoke'>): Promise<RevokeAnswer> {
  const { target, reason, sinceMs } = wish;
  const { authority } = agent.core.membership;
  const peer = machineCalled(agent.core.membership, target);
  const believed = authority.admins.filter(({ ended }) => ended === undefined);
  const meant = authority.admins
    .filter(({ ended }) => isToEnd(ended, sinceMs))
    .filter(({ admin, machines }) =>
      peer === undefined ? target.length >= 8 && admin.startsWith(target) : machines.includes(peer),
    );
  const [first] = meant;
  if (first === undefined)
    throw wrong(
      'target-unknown',
      `no admin key is called "${target}", or it is out already`,
      'Take a machine or an id from `drey fleet admins`.',
    );
  if (meant.some(({ admin }) => admin === ownAdmin(agent)))
    throw believed.length === 1 ? lastAdmin() : notSelf();
  const words = await wordsAgainstKeys(agent, meant, { reason, sinceMs });
  const [machine = peer] = first.machines;
  const revoked = machine === undefined ? first.admin : agent.core.membership.nameOf(peer ?? machine);
  const machines = await declareAll(agent, words, wish);
  return {
    ...nothing,
    revoked,
    what: 'admin',
    machines,
    admins: meant.map(({ admin }) => admin.slice(0, 8)),
    ...leftIn(agent, words, []),
  };
}

/** The person that is meant: by first digits of its id, or by a machine on which it alone has drives. */
function personCalled(agent: LiveAgent, target: string): Person {
  const peer = machineCalled(agent.core.membership, target);
  const found = personsOf(agent).filter(({ person, machines }) =>
    peer === undefined ? target.length >= 8 && person.startsWith(target) : machines.has(peer),
  );
  const [person] = found;
  if (person !== undefined && found.length === 1) return person;
  if (person === undefined)
    throw wrong('target-unknown', `no person is called "${target}"`, 'See `drey fleet people`.');
  throw wrong(
    'person-ambiguous',
    `${found.length} persons are meant by ${target}`,
    'Take the id of one from `drey fleet people`.',
  );
}

async function revokePerson(agent: LiveAgent, wish: CallRequest<'revoke'>): Promise<RevokeAnswer> {
  const { person, machines } = personCalled(agent, wish.target);
  const keep = new Set(
    (wish.keep ?? []).map((name) => {
      const peer = machineCalled(agent.core.membership, name);
      if (peer !== undefined && machines.has(peer)) return peer;
      throw wrong('target-unknown', `${name} is no machine of that person`, 'See `drey fleet people`.');
    }),
  );
  const { membership } = agent.core;
  const inFleet = [...machines].filter(([peer]) => !membership.isRevoked(peer));
  const out = inFleet.filter(([peer, isShared]) => !isShared && !keep.has(peer)).map(([peer]) => peer);
  const { reason, sinceMs } = wish;
  const words: Statement[] = [];
  for (const peer of out) words.push(...(await wordsAgainst(agent, peer, { reason, sinceMs })));
  const atMs = unixMs(agent.now());
  const names = out.map((peer) => membership.nameOf(peer));
  const kept = inFleet.filter(([peer]) => !out.includes(peer)).map(([peer]) => membership.nameOf(peer));
  const others = await declareAll(
    agent,
    [{ kind: 'personRevocation', person, reason, atMs }, ...words],
    wish,
  );
  return {
    revoked: person,
    what: 'person',
    machines: [...names, ...others],
    admins: adminsIn(words),
    ...leftIn(agent, words, out),
    kept: kept.filter((name) => !others.includes(name)),
  };
}
