// One agent's decisions: hands each event to the machines that it concerns and collects what they order. No IO, no clock,
// no randomness of its own: time comes in events, chance as a function.

import type { UnixMs } from '../../datasets/index.ts';
import type { ShardKey } from '../codec/index.ts';
import type { ShardArrival, ShardPlace } from '../ports.ts';
import type { DriveId, FleetId, PackId, PeerId } from '../units.ts';
import { Audit } from './audit.ts';
import { AuditQuestions } from './audit-questions.ts';
import { Backup } from './backup.ts';
import { Catalogue } from './catalogue.ts';
import { Clocks } from './clocks.ts';
import { Copies } from './copies.ts';
import type { CoreEffect, Effects } from './effects.ts';
import { Election } from './election.ts';
import type { CoreEvent } from './events.ts';
import { type Hearer, Hearing } from './hearing.ts';
import { Keepers } from './keepers.ts';
import { Membership, type MembershipIdentity } from './membership.ts';
import { Introductions } from './introductions.ts';
import { Nearness } from './nearness.ts';
import { type MeshShape, Neighbours } from './neighbours.ts';
import { OwnLog } from './own-log.ts';
import { OwnReach } from './own-reach.ts';
import type { PackTable } from './pack-table.ts';
import { Placement } from './placement.ts';
import { Proving } from './proving.ts';
import { type Pull, Pulls } from './pulls.ts';
import { Ranges } from './ranges.ts';
import { Reclaim } from './reclaim.ts';
import { Repair } from './repair.ts';
import { Replication } from './replication.ts';
import { Restore } from './restore.ts';
import { Scrub } from './scrub.ts';
import { Serving } from './serving.ts';
import { groupUnder, Shelf } from './shelf.ts';
import { StandIns } from './stand-ins.ts';
import { Surplus } from './surplus.ts';
import { Survey } from './survey.ts';
import { Trust } from './trust.ts';
import { Vigil } from './vigil.ts';
import { Wipes } from './wipes.ts';

export interface CoreIdentity {
  readonly self: PeerId;
  readonly fleet: FleetId;
  /** Uniform in [0, 1): jitter and the choice of peers. */
  readonly fraction: () => number;
  /** Checks an admin's statement; simulations share one that remembers. */
  readonly openStatement?: MembershipIdentity['openStatement'] | undefined;
  /** What was found in batches; simulations share it. */
  readonly openedBatches?: MembershipIdentity['openedBatches'] | undefined;
  /** In which every held shard is read once; simulations have less time. */
  readonly scrubPassMs?: number | undefined;
  /** How large a fleet is fully connected; simulations of small ones have less. */
  readonly meshShape?: MeshShape | undefined;
  /** Where packs have their rows; the live disk uses the same ones. */
  readonly packs?: PackTable | undefined;
}

export class AgentCore {
  readonly membership: Membership;
  readonly neighbours: Neighbours;
  readonly election: Election;
  readonly catalogue = new Catalogue();
  readonly shelf: Shelf;
  readonly surplus: Surplus;
  readonly placement: Placement;
  readonly repair: Repair;
  readonly backup: Backup;
  readonly standIns: StandIns;
  readonly copies: Copies;
  readonly serving: Serving;
  readonly scrub: Scrub;
  readonly proving: Proving;
  readonly vigil: Vigil;
  readonly clocks: Clocks;
  readonly trust: Trust;
  readonly wipes: Wipes;
  readonly audit: Audit;
  readonly replication: Replication;
  readonly ownLog: OwnLog;
  readonly ownReach: OwnReach;
  readonly #restore: Restore;
  readonly #ranges: Ranges;
  readonly #survey: Survey;
  readonly #reclaim: Reclaim;
  readonly #introductions: Introductions;
  readonly #pulls = new Pulls();
  readonly #nearness: Nearness;
  readonly #hearing: Hearing;
  /** The own disk is being read: plans of the past come by, and nothing is done for their sake. */
  #isReading = false;
  /** As it was when what of all is wanted here was last looked at: the roster, who was out by it, and which drives were deleted. */
  #looked: { readonly rosterVersion: number; readonly outIds: string; readonly wiped: ReadonlySet<DriveId> };

  constructor(identity: CoreIdentity) {
    this.membership = new Membership(identity);
    this.shelf = new Shelf((owner) => this.membership.isRevoked(owner), identity.packs);
    this.#looked = { rosterVersion: 0, outIds: '', wiped: this.shelf.wiped };
    this.replication = new Replication(this.membership, identity.fraction);
    this.ownLog = new OwnLog(this.membership);
    this.#introductions = new Introductions(this.membership, identity.fraction);
    // What it plans would be in vain: others refuse it, or the log does not take it.
    const plansInVain = (): boolean => this.replication.isForked(identity.self) || !this.ownLog.takesPlans;
    this.election = new Election(this.membership, plansInVain);
    const { membership, shelf, ownLog } = this;
    this.trust = new Trust(membership, this.election);
    const questions = new AuditQuestions({
      membership,
      shelf,
      trust: this.trust,
      fraction: identity.fraction,
    });
    this.audit = new Audit({ membership, shelf, questions, fraction: identity.fraction });
    this.surplus = new Surplus({ membership, shelf, questions });
    this.placement = new Placement({ membership, shelf, surplus: this.surplus });
    this.repair = new Repair(membership, shelf, this.#pulls);
    const keepers = new Keepers(membership, shelf);
    this.backup = new Backup({ membership, shelf, ownLog, keepers });
    this.standIns = new StandIns({
      membership,
      shelf,
      pulls: this.#pulls,
      keepers,
      isIdle: (now) => this.repair.isIdle(now),
    });
    this.#nearness = new Nearness(identity.self);
    this.copies = new Copies({ membership, shelf, pulls: this.#pulls, nearness: this.#nearness });
    this.serving = new Serving(this.shelf, this.copies);
    this.scrub = new Scrub(this.shelf, identity.scrubPassMs);
    this.proving = new Proving(this.membership, this.catalogue);
    this.vigil = new Vigil(this.membership, this.catalogue);
    this.clocks = new Clocks(this.membership);
    const sources = { membership, shelf, election: this.election, nearness: this.#nearness };
    this.ownReach = new OwnReach(sources);
    this.#restore = new Restore({ ...sources, pulls: this.#pulls, copies: this.copies });
    this.#ranges = new Ranges(sources);
    this.#reclaim = new Reclaim(this.shelf, (now) => this.wipes.mayFree(now));
    this.wipes = new Wipes({
      membership,
      shelf,
      catalogue: this.catalogue,
      freeSoon: () => this.#reclaim.lookSoon(),
    });
    this.neighbours = new Neighbours({
      membership,
      fraction: identity.fraction,
      shape: identity.meshShape,
      isBusyWith: (peer) => this.#isBusyWith(peer),
      hearers: () => this.placement.hearers(),
    });
    this.#survey = new Survey(sources);
    this.#hearing = new Hearing(this.#machines());
  }

  /** Takes one event; the shell carries out the answer in order. */
  handle(event: CoreEvent): Effects {
    if (event.kind === 'started') this.#takeStock(event);
    if (event.kind === 'packStaged') this.#stage(event);
    const effects: CoreEffect[] = [];
    if (event.kind === 'tick' || event.kind === 'connected') this.#endReading(event.now, effects);
    for (const machine of this.#hearing.of(event)) {
      if (machine === this.#reclaim && this.#isWordFromOutside(event)) continue;
      for (const effect of machine.handle(event)) effects.push(effect);
    }
    if (event.kind === 'shardArrived') this.#pulls.endFlow(event.from, event.arrival);
    if (event.kind === 'tick') this.#expirePulls(event.now, effects);
    if (event.kind === 'shardArrived' || event.kind === 'rebuilt') this.#announceGain(event, effects);
    this.#followPlan(event.now, effects);
    this.#takeBack(event.now, effects);
    if (event.kind === 'tick' && this.membership.isSparse) this.#sound(event.now);
    for (const effect of this.neighbours.follow(event)) effects.push(effect);
    const kept = effects.filter((effect) => !this.#isNeededHere(effect) && !this.#isForOutsider(effect));
    return this.ownLog.hold(kept, event.now);
  }

  /** What is known of a pack of which anything is here. */
  descriptorOf(pack: PackId): ShardArrival['descriptor'] | undefined {
    return this.shelf.get(pack)?.descriptor ?? this.copies.descriptorOf(pack);
  }

  /** Shards that were let in and have not ended. */
  get flowCount(): number {
    return this.#pulls.flowCount;
  }

  /** Who waits for a shard that was asked for; undefined where nobody does. */
  purposeOf(pack: PackId, index: number): Pull['purpose'] | undefined {
    return this.#pulls.find(pack, index)?.purpose;
  }

  /** Asked by the wire before a shard flows in: undefined refuses it. Only what was asked for, and only into an own slot or one that this machine stands in for. */
  placeFor(from: PeerId, arrival: ShardArrival): ShardPlace | undefined {
    const { pack } = arrival.descriptor;
    const pull = this.#pulls.find(pack, arrival.index);
    if (pull?.from !== from) return undefined;
    if (this.#takes(pull, arrival)) return this.#pulls.placeFor(from, arrival);
    // It sends what it was asked for: it is not silent, nor busy with it.
    this.#pulls.end(pack, arrival.index);
    return undefined;
  }

  #takes({ from, place }: Pull, { descriptor, index }: ShardArrival): boolean {
    if (place === 'copy') return this.copies.takes(descriptor);
    if (place !== 'held') return true;
    const known = this.shelf.describe(descriptor);
    // Whoever sends it has not heard yet that its owner gave it up.
    if (this.shelf.givenUpMs(known) !== undefined) return false;
    const { plan } = this.shelf;
    const slot =
      plan === undefined ? -1 : (groupUnder(plan, descriptor)?.members.indexOf(this.membership.self) ?? -1);
    return slot === index || this.standIns.isTask(from, known.pack, index);
  }

  /** Membership and neighbours first: everybody else asks them. Placement before repair: it notes what inventories say. Audit before surplus: it notes what was shown. */
  #machines(): readonly Hearer[] {
    return [
      this.membership,
      this.neighbours,
      this.#nearness,
      this.replication,
      this.ownLog,
      this.#introductions,
      this.trust,
      this.election,
      this.placement,
      this.repair,
      this.standIns,
      this.copies,
      this.backup,
      this.serving,
      this.scrub,
      this.audit,
      this.surplus,
      this.catalogue,
      this.proving,
      this.ownReach,
      this.vigil,
      this.clocks,
      this.#restore,
      this.#ranges,
      this.#survey,
      this.wipes,
      this.#reclaim,
    ];
  }

  /** A restore and a repair may both read a shard in scratch: it goes when the last of them has no use for it. */
  #isNeededHere(effect: CoreEffect): boolean {
    return (
      effect.kind === 'removeShard' && effect.shard.place === 'scratch' && this.needsInScratch(effect.shard)
    );
  }

  /** Whether something that goes on here needs a shard in scratch. */
  needsInScratch(shard: ShardKey): boolean {
    return this.repair.needs(shard) || this.#restore.needs(shard);
  }

  /** Much takes long, and whoever is to hear of its end may have been put out meanwhile: nobody speaks to it any more. */
  #isForOutsider(effect: CoreEffect): boolean {
    const isWord = effect.kind === 'send' || effect.kind === 'sendReceipt';
    return isWord && this.membership.isRevoked(effect.to);
  }

  #sound(now: UnixMs): void {
    if (this.election.leaseAt(now)?.peer === this.membership.self) this.neighbours.visits.sound(now);
    else this.neighbours.visits.endSounding();
  }

  /** Shards, proofs or answers are under way between the two: nobody ends their connection. */
  #isBusyWith(peer: PeerId): boolean {
    return (
      this.#pulls.isFrom(peer) ||
      this.serving.isFor(peer) ||
      this.audit.isWith(peer) ||
      this.#restore.isWaitingFor(peer) ||
      this.#ranges.isWaitingFor(peer) ||
      this.#survey.isWaitingFor(peer)
    );
  }

  /** Whoever was put out cannot give anything up any more, whoever hands it on. */
  #isWordFromOutside(event: CoreEvent): boolean {
    return event.kind === 'batchStored' && this.membership.isRevoked(event.batch.author);
  }

  #takeStock({ stored }: Extract<CoreEvent, { kind: 'started' }>): void {
    this.#isReading = true;
    for (const { place, descriptor, index } of stored) {
      if (place === 'held') this.shelf.hold(descriptor, index);
      if (place === 'outbox') this.#own(descriptor);
    }
  }

  #stage({ descriptor }: Extract<CoreEvent, { kind: 'packStaged' }>): void {
    this.#own(descriptor);
  }

  #own(descriptor: ShardArrival['descriptor']): void {
    const known = this.shelf.describe(descriptor);
    known.isInOutbox = true;
    known.group = undefined;
  }

  #expirePulls(now: UnixMs, effects: CoreEffect[]): void {
    const expired = this.#pulls.expire(now, (peer) => this.membership.up.has(peer));
    if (expired.length > 0)
      effects.push(...this.repair.pullsEnded(expired, now), ...this.#restore.pullsEnded(expired, now));
  }

  /** A shard that came to stay: tell those whom it concerns. */
  #announceGain(
    event: Extract<CoreEvent, { kind: 'shardArrived' | 'rebuilt' }>,
    effects: CoreEffect[],
  ): void {
    const shard =
      event.kind === 'rebuilt'
        ? event.shard
        : { pack: event.arrival.descriptor.pack, index: event.arrival.index };
    const known = this.shelf.get(shard.pack);
    if (event.outcome !== 'stored' || known?.held.has(shard.index) !== true) return;
    this.neighbours.visits.packsChanged();
    effects.push(...this.placement.announcePack(known));
  }

  /** All that the own disk says was heard: only the newest plan is acted under. */
  #endReading(now: UnixMs, effects: CoreEffect[]): void {
    if (!this.#isReading) return;
    this.#isReading = false;
    this.#followPlan(now, effects);
  }

  /** Who is put out has given nothing up, and a deletion may be stopped: what counts again is sought under the plan that holds. */
  #takeBack(now: UnixMs, effects: CoreEffect[]): void {
    const [{ rosterVersion }, { wiped }, looked] = [this.membership, this.shelf, this.#looked];
    if (this.#isReading || (rosterVersion === looked.rosterVersion && wiped === looked.wiped)) return;
    const outIds = this.membership.outIds.join(' ');
    this.#looked = { rosterVersion, outIds, wiped };
    // Most changes of the roster put nobody out, and a shelf may be long.
    if (outIds === looked.outIds && wiped === looked.wiped) return;
    effects.push(...this.repair.planChanged(now));
  }

  #followPlan(now: UnixMs, effects: CoreEffect[]): void {
    const { plan, at } = this.election.followed ?? {};
    const isUnsure = this.#isReading || this.election.isRecalling;
    if (isUnsure || plan === undefined || at === undefined || plan === this.shelf.plan) return;
    this.shelf.usePlan(plan, at.hash);
    this.neighbours.visits.planChanged(now);
    effects.push(
      ...this.placement.planChanged(),
      ...this.repair.planChanged(now),
      ...this.backup.planChanged(),
      ...this.copies.planChanged(plan, now),
    );
  }
}
