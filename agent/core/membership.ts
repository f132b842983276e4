// Who belongs to the fleet, who may join, who is out, who was heard when, and who of the others is wanted here. It believes only
// statements that an admin of this fleet signed; it never decides where shards lie, nor when anybody is dialled (neighbours.ts).

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
import { firstWordMsMax, holderSilenceMsMax } from '../limits.ts';
import { unheardMsMax, unheardShareMax } from '../mesh-limits.ts';
import type { FleetId, InviteId, PeerId } from '../units.ts';
import type { Authority } from './authority.ts';
import { type CallHaste, Calls } from './calls.ts';
import type { Effects } from './effects.ts';
import type { EventOf } from './events.ts';
import { Holders } from './holders.ts';
import { type LateUse, outText } from './invite-uses.ts';
import { isValidAt, type KnownInvite, type OpenedBatches, Roster, type RosterNews } from './roster.ts';

export type Presence = 'up' | 'silent' | 'gone' | 'revoked';

export interface MembershipIdentity {
  readonly self: PeerId;
  readonly fleet: FleetId;
  /** Checks an admin's statement; simulations share one that remembers. */
  readonly openStatement?: typeof openStatement | undefined;
  /** What is known of batches that were opened; agents of one simulation share it. */
  readonly openedBatches?: OpenedBatches | undefined;
}

export class Membership {
  readonly hears = ['connected', 'disconnected', 'batchStored'] as const;
  readonly self: PeerId;
  readonly fleet: FleetId;
  readonly #roster: Roster;
  /** Members that are not believed as holders for the time being. */
  #leftOut: ReadonlySet<PeerId> = new Set();
  readonly #addresses = new Map<PeerId, readonly string[]>();
  readonly #up = new Set<PeerId>();
  readonly #heardAt = new Map<PeerId, UnixMs>();
  /** Machines that were connected at least once since the start. */
  readonly #met = new Set<PeerId>();
  /** The last word of each machine by its own clock, never later than it was heard. */
  readonly #wordMs = new Map<PeerId, UnixMs>();
  /** Since when machines that are not connected were called in vain. */
  readonly #missedMs = new Map<PeerId, UnixMs>();
  readonly #calls = new Calls();
  #isSparse = false;
  /** Counts every change of who may hold shards; others compare it instead of sets. */
  #version = 0;
  /** The same of who belongs to the fleet alone. */
  #rosterVersion = 0;
  readonly #holders: Holders;

  constructor(identity: MembershipIdentity) {
    this.self = identity.self;
    this.fleet = identity.fleet;
    const { fleet, openStatement: open = openStatement, openedBatches = new WeakMap() } = identity;
    this.#roster = new Roster({ fleet, open, openedBatches });
    this.#holders = new Holders({
      self: this.self,
      roster: this.#roster,
      isHolder: (peer, now) => this.isMember(peer, now) && this.hasRole(peer, 'holder'),
      isLeftOut: (peer) => this.#leftOut.has(peer),
    });
  }

  handle(event: EventOf<Membership['hears'][number]>): Effects {
    switch (event.kind) {
      case 'connected':
        return this.#connected(event.peer, event.now);
      case 'disconnected':
        return this.#disconnected(event.peer, event.now);
      case 'batchStored':
        return this.#learnBatch(event.batch, event.now);
    }
  }

  get version(): number {
    return this.#version;
  }

  get rosterVersion(): number {
    return this.#rosterVersion;
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

  /** As its certificate calls it; its id where none is known. */
  nameOf(peer: PeerId): string {
    return this.certificateOf(peer)?.name ?? peer;
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

  /** Ids of all that are out: machines, invites and admins' keys. */
  get outIds(): readonly string[] {
    return this.#roster.outIds;
  }

  isRevoked(id: string): boolean {
    return this.#roster.isRevoked(id);
  }

  /** Undefined for whoever came in time by its invite, and for whoever an admin put out. */
  lateUseOf(peer: PeerId): LateUse | undefined {
    return this.#roster.lateUseOf(peer);
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
    if (this.isUp(peer) || this.#isHeardOf(peer, now)) return 'up';
    return this.isGone(peer, now) ? 'gone' : 'silent';
  }

  /** Whether a machine is away for longer than the policy allows. */
  isGone(peer: PeerId, now: UnixMs): boolean {
    return this.isAway(peer) && this.awayMs(peer, now) > this.holderSilenceMs;
  }

  /**
   * How long a machine is away: 0 while it is up. In a large fleet most machines are not connected, so nobody is away who was not called in
   * vain; what its log says counts too, but not alone.
   */
  awayMs(peer: PeerId, now: UnixMs): number {
    if (!this.isAway(peer)) return 0;
    const silentMs = now - (this.#heardAt.get(peer) ?? now);
    const missedMs = this.#missedMs.get(peer);
    if (!this.#isSparse || missedMs === undefined) return silentMs;
    return Math.max(0, Math.min(silentMs, now - missedMs + unheardShareMax * this.holderSilenceMs));
  }

  /** In a large fleet whoever wrote a short while ago is up, connected or not. */
  #isHeardOf(peer: PeerId, now: UnixMs): boolean {
    return this.#isSparse && !this.isAway(peer) && now - (this.#heardAt.get(peer) ?? 0) < unheardMsMax;
  }

  /** Whether a machine is not there, as far as is known; in a large fleet one that is not connected may be. */
  isAway(peer: PeerId): boolean {
    return !this.isUp(peer) && (!this.#isSparse || this.#missedMs.has(peer));
  }

  /** When a machine last spoke or wrote, by whose clock ever; undefined for who joined and was never there. */
  wordMs(peer: PeerId): UnixMs | undefined {
    return this.#wordMs.get(peer);
  }

  /** Whether this agent is connected to a part of a large fleet only. */
  get isSparse(): boolean {
    return this.#isSparse;
  }

  setSparse(isSparse: boolean): void {
    this.#isSparse = isSparse;
    if (isSparse) return;
    this.#missedMs.clear();
    this.#calls.clear();
  }

  /** A machine that was called did not answer. */
  noteMissed(peer: PeerId, now: UnixMs): void {
    this.#calls.end(peer);
    if (!this.#up.has(peer) && !this.#missedMs.has(peer)) this.#missedMs.set(peer, now);
  }

  /** Whether a machine that was called may still answer. */
  isExpected(peer: PeerId): boolean {
    if (!this.#isSparse || this.isUp(peer) || this.#roster.isRevoked(peer)) return false;
    return this.#calls.isExpected(peer) || !this.#missedMs.has(peer);
  }

  /** Work needs a connection to a machine for a while: it is sought, or kept. In a small fleet everybody is connected anyway. */
  call(peer: PeerId, haste: CallHaste = 'soon'): void {
    if (!this.#isSparse || peer === this.self || this.#roster.isRevoked(peer)) return;
    if (haste === 'now' && !this.#up.has(peer)) this.#calls.expect(peer);
    this.#calls.add(peer, haste);
  }

  /** Who was called since this was last asked. */
  takeCalls(): ReadonlyMap<PeerId, CallHaste> {
    return this.#calls.take();
  }

  /** All machines ever certified, in the order in which they became known. */
  get machines(): readonly PeerId[] {
    return this.#roster.machines;
  }

  /** The other members that could be asked: those that are connected; in a large fleet all others too. */
  others(now: UnixMs): readonly PeerId[] {
    if (!this.#isSparse) return [...this.#up];
    const rest = this.machines.filter((peer) => !this.isUp(peer) && this.isMember(peer, now));
    return [...this.#up, ...rest];
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
    const { trusted, all } = this.#holders.at(now, this.#rosterVersion);
    return scope === 'trusted' ? trusted : all;
  }

  /** Of all trusted holders the share with a lower id than this machine; 0 where it is none. */
  shareBelow(now: UnixMs): number {
    return this.#holders.shareBelow(now);
  }

  #rosterChanged(): void {
    this.#version++;
    this.#rosterVersion++;
  }

  /** Machines that a plan may use: holders that spoke once, and are there or not given up, or, where nobody can tell, not silent for too long. */
  eligibleHolders(now: UnixMs, givenUp?: ReadonlySet<PeerId>): readonly PeerId[] {
    return this.holders(now).filter((peer) => {
      if (this.isUp(peer)) return true;
      if (!this.#wordMs.has(peer) && now - (this.#heardAt.get(peer) ?? now) > firstWordMsMax) return false;
      return givenUp === undefined ? !this.isGone(peer, now) : !givenUp.has(peer);
    });
  }

  /** The statement in a record, whoever of this fleet's admins signed it; whether it counts is for `authority`. */
  open(record: SignedBatch['records'][number]): SignedStatement | undefined {
    return this.#roster.open(record);
  }

  /** Statements in a batch, whoever of this fleet's admins signed them. */
  statementsIn(batch: SignedBatch): readonly SignedStatement[] {
    return this.#roster.statementsIn(batch);
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

  /** Certificates of machines that a new one would not come to know from logs. */
  readonly untold = () => this.#roster.untoldFor(this.self);

  #learnBatch(batch: SignedBatch, now: UnixMs): Effects {
    this.#noteWord(batch, now);
    for (const record of batch.records)
      if (record.kind === 'addresses') this.#addresses.set(batch.author, record.addresses);
    return this.#follow(this.#roster.learnBatch(batch), now);
  }

  #follow(news: readonly RosterNews[], now: UnixMs): Effects {
    if (news.length > 0) this.#rosterChanged();
    return news.flatMap((one): Effects => {
      if (one.kind === 'out') {
        this.#up.delete(one.peer);
        return [
          { kind: 'cut', peer: one.peer },
          { kind: 'report', level: 'warning', text: `${one.name} ${outText(one.peer, this)}` },
        ];
      }
      // Silence counts from the moment at which this agent could first have heard the machine.
      if (!this.#heardAt.has(one.peer)) this.#heardAt.set(one.peer, now);
      // It was refused until now, and would be dialled again much later.
      if (one.kind === 'certified' || one.peer === this.self || this.#isSparse) return [];
      return [{ kind: 'connect', peer: one.peer, addresses: this.addressesOf(one.peer) }];
    });
  }

  /** Who wrote was up; whose clock is ahead was so now at the latest. */
  #noteWord({ author, atMs }: SignedBatch, now: UnixMs): void {
    const saidMs = unixMs(Math.min(atMs, now));
    if (saidMs > (this.#wordMs.get(author) ?? 0)) this.#wordMs.set(author, saidMs);
    if (!this.#isSparse || this.#up.has(author)) return;
    if (saidMs > (this.#heardAt.get(author) ?? now)) this.#heardAt.set(author, saidMs);
    if (saidMs > (this.#missedMs.get(author) ?? now)) this.#missedMs.delete(author);
  }

  #connected(peer: PeerId, now: UnixMs): Effects {
    if (this.#roster.isRevoked(peer)) return [{ kind: 'cut', peer }];
    this.#up.add(peer);
    this.#met.add(peer);
    this.#heardAt.set(peer, now);
    this.#wordMs.set(peer, now);
    this.#missedMs.delete(peer);
    this.#calls.end(peer);
    this.#version++;
    return [];
  }

  #disconnected(peer: PeerId, now: UnixMs): Effects {
    if (!this.#up.delete(peer)) return [];
    this.#heardAt.set(peer, now);
    this.#wordMs.set(peer, now);
    this.#version++;
    return [];
  }
}
