// Who belongs to the fleet, who may join, who is out, who was heard when, and where to dial whom. It believes only
// statements that an admin of this fleet signed; it never decides where shards lie.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import {
  type FleetPolicy,
  type InviteStatement,
  type MachineCertificate,
  openStatement,
  type SignedBatch,
  type SignedStatement,
  type Statement,
} from '../codec/index.ts';
import { absentDialsMax, clockSkewMsMax, holderSilenceMsMax, retryMsMax, retryMsMin } from '../limits.ts';
import type { FleetId, InviteId, PeerId } from '../units.ts';
import type { Authority } from './authority.ts';
import type { Effects } from './effects.ts';
import type { CoreEvent } from './events.ts';
import { type KnownInvite, Roster, type RosterNews } from './roster.ts';

export type Presence = 'up' | 'silent' | 'gone' | 'revoked';

interface Dial {
  atMs: number;
  waitMs: number;
}

interface HoldersKnown {
  readonly trusted: readonly PeerId[];
  readonly all: readonly PeerId[];
  readonly rosterVersion: number;
  /** True from then, and until no certificate has begun or ended. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** A blip is over in seconds, a night lasts hours: between the two there is little to gain. */
const dialWaitGrowth = 30;

export interface MembershipIdentity {
  readonly self: PeerId;
  readonly fleet: FleetId;
  readonly fraction: () => number;
  /** Checks an admin's statement; simulations share one that remembers. */
  readonly openStatement?: typeof openStatement | undefined;
}

export class Membership {
  readonly self: PeerId;
  readonly fleet: FleetId;
  readonly #fraction: () => number;
  readonly #roster: Roster;
  /** Members that are not believed as holders for the time being. */
  #leftOut: ReadonlySet<PeerId> = new Set();
  readonly #addresses = new Map<PeerId, readonly string[]>();
  readonly #up = new Set<PeerId>();
  readonly #heardAt = new Map<PeerId, UnixMs>();
  /** Machines that were connected at least once since the start. */
  readonly #met = new Set<PeerId>();
  readonly #dials = new Map<PeerId, Dial>();
  #nextDialMs = 0;
  /** Counts every change of who may hold shards; others compare it instead of sets. */
  #version = 0;
  /** The same of who belongs to the fleet alone. */
  #rosterVersion = 0;
  #holdersKnown: HoldersKnown | undefined;

  constructor(identity: MembershipIdentity) {
    this.self = identity.self;
    this.fleet = identity.fleet;
    this.#fraction = identity.fraction;
    this.#roster = new Roster(identity.fleet, identity.openStatement ?? openStatement);
  }

  handle(event: CoreEvent): Effects {
    switch (event.kind) {
      case 'connected':
        return this.#connected(event.peer, event.now);
      case 'disconnected':
        return this.#disconnected(event.peer, event.now);
      case 'batchStored':
        return this.#learnBatch(event.batch, event.now);
      case 'tick':
        return this.#dialAbsent(event.now);
      default:
        return [];
    }
  }

  get version(): number {
    return this.#version;
  }

  get policy(): FleetPolicy | undefined {
    return this.#roster.policy;
  }

  get holderSilenceMs(): number {
    return this.#roster.policy?.holderSilenceMs ?? holderSilenceMsMax;
  }

  isUp(peer: PeerId): boolean {
    return peer === this.self || this.#up.has(peer);
  }

  /** Connected members, without this agent. */
  get up(): ReadonlySet<PeerId> {
    return this.#up;
  }

  certificateOf(peer: PeerId): MachineCertificate | undefined {
    return this.#roster.certificates.get(peer);
  }

  /** Which admins are believed, and for what. */
  get authority(): Authority {
    return this.#roster.authority;
  }

  inviteOf(invite: InviteId): InviteStatement | undefined {
    return this.#roster.invites.get(invite)?.statement;
  }

  /** All that were ever made, as they became known. */
  get invites(): readonly KnownInvite[] {
    return [...this.#roster.invites.values()];
  }

  /** Machines that were certified by this invite, revoked ones too. */
  usersOf(invite: InviteId): readonly MachineCertificate[] {
    return [...this.#roster.certificates.values()].filter((certificate) => certificate.invite === invite);
  }

  /** Whether a person was put out, by the public key behind its 24 words. */
  isPersonOut(person: string): boolean {
    return this.#roster.isPersonOut(person);
  }

  /** Whether a certificate that is shown counts: its admin is believed, or the logs say the same of the machine. */
  isBelieved({ admin, statement }: SignedStatement, now: UnixMs): boolean {
    if (this.authority.holds(admin, undefined)) return true;
    return statement.kind === 'certificate' && this.isMember(statement.peer, now);
  }

  isRevoked(id: string): boolean {
    return this.#roster.isRevoked(id);
  }

  addressesOf(peer: PeerId): readonly string[] {
    return this.#addresses.get(peer) ?? [];
  }

  /** Certified, not revoked, certificate valid now (clocks of desktops may be a day wrong). */
  isMember(peer: PeerId, now: UnixMs): boolean {
    const certificate = this.#roster.certificates.get(peer);
    return certificate !== undefined && !this.#roster.isRevoked(peer) && isValidAt(certificate, now);
  }

  hasRole(peer: PeerId, role: MachineCertificate['roles'][number]): boolean {
    const has = this.#roster.certificates.get(peer)?.roles.includes(role) === true;
    if (!has || this.#roster.isRevoked(peer)) return false;
    return role !== 'admin' || this.authority.canAct(peer);
  }

  heardAt(peer: PeerId): UnixMs | undefined {
    return this.#heardAt.get(peer);
  }

  /** Whether it was connected since this agent started; if not, `heardAt` is when it became known. */
  hasMet(peer: PeerId): boolean {
    return this.#met.has(peer);
  }

  presenceOf(peer: PeerId, now: UnixMs): Presence {
    if (this.#roster.isRevoked(peer)) return 'revoked';
    if (this.isUp(peer)) return 'up';
    return now - (this.#heardAt.get(peer) ?? now) > this.holderSilenceMs ? 'gone' : 'silent';
  }

  /** All machines ever certified, in the order in which they became known. */
  get machines(): readonly PeerId[] {
    return [...this.#roster.certificates.keys()];
  }

  /** Machines that are not believed as holders: no plan gives them shards, and what they have counts as missing. */
  leaveOut(peers: ReadonlySet<PeerId>): void {
    const isSame = peers.size === this.#leftOut.size && [...peers].every((peer) => this.#leftOut.has(peer));
    if (isSame) return;
    this.#leftOut = peers;
    this.#rosterChanged();
  }

  get leftOut(): ReadonlySet<PeerId> {
    return this.#leftOut;
  }

  isLeftOut(peer: PeerId): boolean {
    return this.#leftOut.has(peer);
  }

  /** When an admin last gave its word for a machine. */
  pardonedMs(peer: PeerId): UnixMs | undefined {
    return this.#roster.pardonedMs(peer);
  }

  /** Members with the role of a holder, present or not; those that are left out only when asked for. In order of peer id. */
  holders(now: UnixMs, scope: 'trusted' | 'with those left out' = 'trusted'): readonly PeerId[] {
    const { trusted, all } = this.#holdersAt(now);
    return scope === 'trusted' ? trusted : all;
  }

  /** Looked up with every tick, and the same until somebody comes or goes, or a certificate begins or ends. */
  #holdersAt(now: UnixMs): HoldersKnown {
    const known = this.#holdersKnown;
    const isSame = known?.rosterVersion === this.#rosterVersion;
    if (isSame && now >= known.fromMs && now <= known.untilMs) return known;
    const all = [...this.#roster.certificates.keys()]
      .filter((peer) => this.isMember(peer, now) && this.hasRole(peer, 'holder'))
      .toSorted();
    const trusted = all.filter((peer) => !this.#leftOut.has(peer));
    const ends = [...this.#roster.certificates.values()].flatMap(({ notBeforeMs, notAfterMs }) =>
      [notBeforeMs - clockSkewMsMax, notAfterMs + clockSkewMsMax].filter((atMs) => atMs >= now),
    );
    const untilMs = ends.reduce((least, atMs) => Math.min(least, atMs - 1), Number.POSITIVE_INFINITY);
    this.#holdersKnown = { trusted, all, rosterVersion: this.#rosterVersion, fromMs: now, untilMs };
    return this.#holdersKnown;
  }

  #rosterChanged(): void {
    this.#version++;
    this.#rosterVersion++;
  }

  /** Machines that a plan may use: holders that are not given up, or, where nobody can tell, not silent for too long. */
  eligibleHolders(now: UnixMs, givenUp?: ReadonlySet<PeerId>): readonly PeerId[] {
    return this.holders(now).filter((peer) =>
      givenUp === undefined ? this.presenceOf(peer, now) !== 'gone' : !givenUp.has(peer),
    );
  }

  /** The statement in a record, whoever of this fleet's admins signed it; whether it counts is for `authority`. */
  open(record: SignedBatch['records'][number]): SignedStatement | undefined {
    return this.#roster.open(record);
  }

  /** Takes a statement that the shell got outside the log (its own certificate, a join). */
  learn(statement: Statement, now: UnixMs): Effects {
    return this.#follow(this.#roster.learn(statement), now);
  }

  /** The same with the admin who signed it: what the fleet's root says with it counts at once. */
  learnSigned(signed: SignedStatement, now: UnixMs): Effects {
    return this.#follow(this.#roster.learnSigned(signed), now);
  }

  /** Whether a record is an admin's statement that says what no log here says; false where its admin is not believed any more. */
  isNews(record: SignedBatch['records'][number]): boolean {
    return this.#roster.isNews(record);
  }

  #learnBatch(batch: SignedBatch, now: UnixMs): Effects {
    for (const record of batch.records)
      if (record.kind === 'addresses') this.#learnAddresses(batch.author, record.addresses, now);
    return this.#follow(this.#roster.learnBatch(batch), now);
  }

  #follow(news: readonly RosterNews[], now: UnixMs): Effects {
    if (news.length > 0) this.#rosterChanged();
    return news.flatMap((one): Effects => {
      if (one.kind === 'out') {
        this.#up.delete(one.peer);
        return [
          { kind: 'cut', peer: one.peer },
          { kind: 'report', level: 'warning', text: `${one.name} was put out of the fleet` },
        ];
      }
      // Silence counts from the moment at which this agent could first have heard the machine.
      if (!this.#heardAt.has(one.peer)) this.#heardAt.set(one.peer, now);
      return [];
    });
  }

  #learnAddresses(author: PeerId, addresses: readonly string[], now: UnixMs): void {
    this.#addresses.set(author, addresses);
    if (author === this.self || this.#up.has(author)) return;
    // The lower id dials at once, the higher one a little later: two dials at the same time are only work.
    const waitMs = author > this.self ? 0 : 2 * retryMsMin;
    this.#scheduleDial(author, { atMs: now + waitMs, waitMs: retryMsMin });
  }

  #connected(peer: PeerId, now: UnixMs): Effects {
    if (this.#roster.isRevoked(peer)) return [{ kind: 'cut', peer }];
    this.#up.add(peer);
    this.#met.add(peer);
    this.#heardAt.set(peer, now);
    this.#dials.delete(peer);
    this.#version++;
    return [];
  }

  #disconnected(peer: PeerId, now: UnixMs): Effects {
    if (!this.#up.delete(peer)) return [];
    this.#heardAt.set(peer, now);
    this.#version++;
    this.#scheduleDial(peer, { atMs: now + retryMsMin, waitMs: retryMsMin });
    return [];
  }

  #scheduleDial(peer: PeerId, dial: Dial): void {
    this.#dials.set(peer, dial);
    this.#nextDialMs = Math.min(this.#nextDialMs, dial.atMs);
  }

  #dialAbsent(now: UnixMs): Effects {
    if (now < this.#nextDialMs) return [];
    const effects: Effects[number][] = [];
    // Whoever comes back dials by itself: where many are away, asking each every quarter of an hour is only noise.
    const patience = Math.max(1, this.#dials.size / absentDialsMax);
    let next = Number.POSITIVE_INFINITY;
    for (const [peer, dial] of this.#dials) {
      if (dial.atMs <= now && !this.#roster.isRevoked(peer)) {
        effects.push({ kind: 'connect', peer, addresses: this.addressesOf(peer) });
        dial.waitMs = Math.min(retryMsMax, dial.waitMs * dialWaitGrowth);
        dial.atMs = now + patience * dial.waitMs * (0.75 + 0.5 * this.#fraction());
      }
      next = Math.min(next, dial.atMs);
    }
    this.#nextDialMs = next;
    return effects;
  }
}

/** Whether a certificate holds at `now`, within the allowed error of clocks. */
export const isValidAt = (certificate: MachineCertificate, now: UnixMs): boolean =>
  certificate.notBeforeMs <= unixMs(now + clockSkewMsMax) &&
  certificate.notAfterMs >= unixMs(now - clockSkewMsMax);
