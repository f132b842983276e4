// Gets this agent the shards that the plan gives it: from whoever has them, or rebuilt from k others when nobody does.
// What no longer exists comes before what only moves, and packs with the fewest shards left before others. It removes nothing but its own scratch.

import type { UnixMs } from '../../datasets/index.ts';
import type { PlacementGroup } from '../../optimizer/index.ts';
import { planSettleMs, pullsMax, shardRetryMs } from '../limits.ts';
import type { ShardKey, WireMessage } from '../codec/index.ts';
import type { PackId, PeerId } from '../units.ts';
import type { CoreEffect, Effects } from './effects.ts';
import type { CoreEvent, EventOf } from './events.ts';
import { DiskRoom } from './disk-room.ts';
import { Inquiries } from './inquiries.ts';
import type { KnownPack } from './known-pack.ts';
import type { Membership } from './membership.ts';
import { isForRepair, type Pull, type Pulls } from './pulls.ts';
import { Reach } from './reach.ts';
import { SilentSources } from './silent-sources.ts';
import { isForgotten, noteHas, noteLacks, type Shelf } from './shelf.ts';
import { type Want, Wants } from './wants.ts';

export class Repair {
  readonly hears = [
    'message',
    'packStaged',
    'shardArrived',
    'rebuilt',
    'shardLost',
    'pullsPaused',
    'tick',
  ] as const;
  readonly #membership: Membership;
  readonly #shelf: Shelf;
  readonly #pulls: Pulls;
  readonly #reach: Reach;
  readonly #wants = new Wants();
  readonly #inquiries = new Inquiries();
  readonly #silent = new SilentSources();
  /** Nothing is asked for while this machine's person wants it to rest. */
  #isPaused = false;
  /** A full disk is asked for room again after a while that gets longer. */
  readonly #room = new DiskRoom();

  constructor(membership: Membership, shelf: Shelf, pulls: Pulls) {
    this.#membership = membership;
    this.#shelf = shelf;
    this.#pulls = pulls;
    this.#reach = new Reach(membership, shelf);
  }

  /** Shards on this disk that were found damaged or missing since the agent started, whoever asked for them. */
  rottenShards = 0;

  /** Shards that should be here and are not. */
  get wantCount(): number {
    return this.#wants.count;
  }

  /** Nothing comes in: this machine's person wants it to rest, or its disk is full. */
  isIdle(now: UnixMs): boolean {
    return this.#isPaused || this.#room.isFullAt(now);
  }

  packsAtRisk(): ReturnType<Reach['packsAtRisk']> {
    return this.#reach.packsAtRisk();
  }

  handle(event: EventOf<Repair['hears'][number]>): Effects {
    switch (event.kind) {
      case 'message':
        return this.#message(event);
      case 'packStaged':
        this.#consider(this.#shelf.take(event.descriptor.pack), event.now);
        return this.#work(event.now);
      case 'shardArrived':
        return this.#arrived(event);
      case 'rebuilt':
        return this.#rebuilt(event);
      case 'shardLost':
        return this.#lost(event);
      case 'pullsPaused':
        this.#isPaused = event.isPaused;
        return this.#work(event.now);
      case 'tick':
        return this.#work(event.now);
    }
  }

  /** A new plan holds, or what was given up counts again: what should be here now? */
  planChanged(now: UnixMs): Effects {
    this.#inquiries.clear();
    for (const pack of this.#wants.packs) {
      const known = this.#shelf.get(pack);
      if (known === undefined || this.slotOf(known) === undefined) this.#wants.end(pack);
    }
    for (const known of this.#shelf.packs.values()) this.#consider(known, now);
    this.#wants.orderAnew();
    return this.#work(now);
  }

  /** Pulls that ended without a shard: look again, elsewhere. */
  pullsEnded(pulls: readonly Pull[], now: UnixMs): Effects {
    for (const pull of pulls) {
      if (!isForRepair(pull)) continue;
      const isGone = !this.#membership.up.has(pull.from);
      if (!isGone && !this.#pulls.isFlowing(pull, now)) this.#silent.note(pull.from, now);
      const known = this.#shelf.get(pull.pack);
      if (known !== undefined) noteLacks(known, pull.from, pull.index);
      this.#postpone(pull.pack, now);
    }
    return [];
  }

  /** Whether a shard in scratch is one of those from which another is made. */
  needs({ pack, index }: ShardKey): boolean {
    return this.#wants.find(pack)?.parts.has(index) === true;
  }

  /** The slot of this agent in the pack's group. */
  slotOf(known: KnownPack): number | undefined {
    const slot = this.#shelf.groupOf(known)?.members.indexOf(this.#membership.self) ?? -1;
    return slot < 0 ? undefined : slot;
  }

  #message({ from, message, now }: Extract<CoreEvent, { kind: 'message' }>): Effects {
    if (message.kind === 'inventory') {
      for (const { pack } of message.held) {
        const known = this.#shelf.get(pack);
        if (known !== undefined) this.#consider(known, now);
      }
      return this.#work(now);
    }
    if (message.kind === 'shardsHeld') return this.#told(from, message.held, now);
    if (message.kind !== 'shardMissing' && message.kind !== 'shardRefused') return [];
    const pull = this.#pulls.find(message.pack, message.index);
    if (pull === undefined || pull.from !== from || !isForRepair(pull)) return [];
    this.#pulls.end(message.pack, message.index);
    const known = this.#shelf.get(message.pack);
    if (message.kind === 'shardRefused') this.#silent.noteRefused(from, now);
    else if (known !== undefined) noteLacks(known, from, message.index);
    return this.#work(now);
  }

  /** Answers to inquiries, and to whatever else was asked: of what is wanted here each counts. */
  #told(from: PeerId, held: Extract<WireMessage, { kind: 'shardsHeld' }>['held'], now: UnixMs): Effects {
    let isNews = false;
    for (const { descriptor, indexes } of held) {
      const known =
        this.#wants.get(descriptor.pack) === undefined ? undefined : this.#shelf.get(descriptor.pack);
      if (known === undefined) continue;
      const isNewsOfIt = indexes.filter((index) => noteHas(known, from, index)).length > 0;
      if (isNewsOfIt) this.#wants.begin(descriptor.pack, now);
      isNews ||= isNewsOfIt;
    }
    return isNews ? this.#work(now) : [];
  }

  #consider(known: KnownPack, now: UnixMs): void {
    const slot = this.slotOf(known);
    const isWanted = slot !== undefined && !known.held.has(slot);
    if (isWanted) this.#wants.begin(known.pack, now);
    else {
      this.#wants.end(known.pack);
      this.#inquiries.end(known.pack);
    }
  }

  #postpone(pack: PackId, now: UnixMs): void {
    const want = this.#wants.get(pack);
    if (want !== undefined) want.notBeforeMs = now + shardRetryMs;
  }

  /** Rebuilds first, then moves, as far as pulls are free. */
  #work(now: UnixMs): Effects {
    const effects = this.#wants.takeOver().flatMap((want) => [...this.#clearScratch(want)]);
    if (this.#wants.count === 0 || this.isIdle(now)) return effects;
    if (this.#pulls.countFor('repair') >= pullsMax) return effects;
    const due = this.#wants.due((pack) => this.#leftOf(pack), now);
    for (const isMove of [false, true]) {
      for (const want of due) {
        if (this.#pulls.countFor('repair') >= pullsMax) return effects;
        if (this.#isMove(want, now) === isMove) effects.push(...this.#pursue(want, now));
      }
    }
    return effects;
  }

  #isMove(want: Want, now: UnixMs): boolean {
    const known = this.#shelf.get(want.pack);
    const slot = known === undefined ? undefined : this.slotOf(known);
    return known !== undefined && slot !== undefined && this.#sourceOf(known, slot, now) !== undefined;
  }

  #sourceOf(known: KnownPack, index: number, now: UnixMs): PeerId | undefined {
    return this.#reach.peersWith(known, index).find((peer) => !this.#silent.isResting(peer, now));
  }

  #pursue(want: Want, now: UnixMs): Effects {
    const known = this.#shelf.get(want.pack);
    const group = known === undefined ? undefined : this.#shelf.groupOf(known);
    const slot = known === undefined ? undefined : this.slotOf(known);
    if (known !== undefined && isForgotten(known)) {
      // Heard of under another plan; who spoke of it does not have it any more.
      this.#wants.end(want.pack);
      this.#shelf.drop(want.pack);
    }
    if (known === undefined || this.#shelf.givenUpMs(known) !== undefined) {
      this.#wants.forget(want.pack);
      return this.#clearScratch(want);
    }
    if (group === undefined || slot === undefined || isForgotten(known)) return [];
    if (want.isRebuilding || this.#pulls.has(want.pack, slot)) return [];
    if (known.isInOutbox && known.descriptor !== undefined) return this.#rebuild(want, known, slot);
    const from = this.#sourceOf(known, slot, now);
    if (from !== undefined && this.#pulls.isFlowing({ pack: want.pack, index: slot, from }, now)) return [];
    if (from !== undefined) {
      return [
        this.#pulls.start({
          pack: want.pack,
          index: slot,
          from,
          place: 'held',
          sinceMs: now,
          purpose: 'slot',
        }),
      ];
    }
    if (this.#reach.callFor(known, slot) || this.#reach.mayWait(known, slot, now)) {
      this.#wants.idle(want, now);
      return [];
    }
    if (now - want.sinceMs < planSettleMs) return [];
    return this.#gather(want, known, { group, slot, now });
  }

  /** Packs of which the fewest shards are left come first. */
  #leftOf(pack: PackId): number {
    const known = this.#shelf.get(pack);
    return known === undefined ? 0 : this.#reach.shardCount(known) - (known.facts?.redundancy.k ?? 1);
  }

  /** Nobody has it: fetch k others, then rebuild. */
  #gather(
    want: Want,
    known: KnownPack,
    at: { readonly group: PlacementGroup; readonly slot: number; readonly now: UnixMs },
  ): Effects {
    const needed = known.facts?.redundancy.k ?? this.#neededOf(at.group);
    const here = new Set([...want.parts, ...known.held]);
    if (here.size >= needed && known.descriptor !== undefined) return this.#rebuild(want, known, at.slot);
    const effects: CoreEffect[] = [];
    let coming = 0;
    for (const index of known.others.indexes()) {
      if (here.size + coming >= needed) break;
      if (here.has(index)) continue;
      const from = this.#sourceOf(known, index, at.now);
      const isFlowing = from !== undefined && this.#pulls.isFlowing({ pack: want.pack, index, from }, at.now);
      if (isFlowing || this.#pulls.has(want.pack, index)) {
        coming++;
        continue;
      }
      if (from === undefined) {
        if (this.#reach.callFor(known, index)) coming++;
        continue;
      }
      effects.push(
        this.#pulls.start({
          pack: want.pack,
          index,
          from,
          place: 'scratch',
          sinceMs: at.now,
          purpose: 'part',
        }),
      );
      coming++;
    }
    if (here.size + coming >= needed) return effects;
    this.#wants.idle(want, at.now);
    for (const peer of at.group.members) this.#membership.call(peer);
    const peers = at.group.members.filter((peer) => this.#membership.up.has(peer));
    return [...effects, ...this.#inquiries.ask(want.pack, peers, at.now)];
  }

  #neededOf(group: PlacementGroup): number {
    const found = this.#shelf.plan?.classes.find(({ groups }) => groups.some(({ id }) => id === group.id));
    return found?.redundancy.k ?? 1;
  }

  #rebuild(want: Want, known: KnownPack, slot: number): Effects {
    if (known.descriptor === undefined) return [];
    want.isRebuilding = true;
    return [{ kind: 'rebuildShard', descriptor: known.descriptor, index: slot, place: 'held' }];
  }

  #arrived(event: Extract<CoreEvent, { kind: 'shardArrived' }>): Effects {
    const { descriptor, index } = event.arrival;
    if (event.outcome === 'stored') this.#silent.noteSent(event.from);
    // Nobody asks for it there again before it is named once more.
    const source = event.outcome === 'damaged' ? this.#shelf.get(descriptor.pack) : undefined;
    if (source !== undefined) noteLacks(source, event.from, index);
    const pull = this.#pulls.waitingFor(event.from, event.arrival);
    if (pull === undefined) return this.#arrivedLate(event);
    if (!isForRepair(pull)) return [];
    this.#pulls.end(descriptor.pack, index);
    if (event.outcome !== 'stored') return this.#failed(event, pull);
    const known = this.#shelf.describe(descriptor);
    const want = this.#wants.get(descriptor.pack);
    if (pull.purpose === 'slot') return this.#gained(known, index, event.now);
    // The shard itself came first, or nobody wants it any more.
    if (want === undefined) return [...removePart(descriptor.pack, index), ...this.#work(event.now)];
    want.parts.add(index);
    return this.#work(event.now);
  }

  /** Its pull ended before it was whole. It lies on the disk all the same, and nobody else would ever know. */
  #arrivedLate({ from, arrival, outcome, now }: Extract<CoreEvent, { kind: 'shardArrived' }>): Effects {
    const pull = this.#pulls.letIn(from, arrival);
    if (outcome === 'full' && pull !== undefined && isForRepair(pull)) return this.#room.full(now);
    const purpose = outcome === 'stored' ? pull?.purpose : undefined;
    const { descriptor, index } = arrival;
    if (purpose === 'slot') return this.#gained(this.#shelf.describe(descriptor), index, now);
    if (purpose !== 'part') return [];
    const want = this.#wants.find(descriptor.pack);
    if (want === undefined) return removePart(descriptor.pack, index);
    want.parts.add(index);
    return this.#work(now);
  }

  #failed(event: Extract<CoreEvent, { kind: 'shardArrived' }>, pull: Pull): Effects {
    this.#postpone(pull.pack, event.now);
    return event.outcome === 'full' ? this.#room.full(event.now) : this.#work(event.now);
  }

  #rebuilt({ shard, outcome, now }: Extract<CoreEvent, { kind: 'rebuilt' }>): Effects {
    const want = this.#wants.find(shard.pack);
    const known = this.#shelf.get(shard.pack);
    if (want !== undefined) want.isRebuilding = false;
    this.#wants.forgetOver(shard.pack);
    const effects = want === undefined ? [] : [...this.#clearScratch(want)];
    // Also where the plan that wanted it is over: it lies on the disk, and nobody else would ever know.
    if (outcome === 'stored' && known !== undefined)
      return [...effects, ...this.#gained(known, shard.index, now)];
    // Its owner gave the pack up meanwhile.
    if (outcome === 'stored') return [{ kind: 'removeShard', shard: { place: 'held', ...shard } }];
    this.#postpone(shard.pack, now);
    if (outcome === 'full') return [...effects, ...this.#room.full(now)];
    return outcome === 'damaged' && known !== undefined ? [...effects, ...lookAtHeld(known)] : effects;
  }

  #clearScratch(want: Want): Effects {
    const effects = [...want.parts].flatMap((index) => removePart(want.pack, index));
    want.parts.clear();
    return effects;
  }

  /** The shard is here, verified and flushed: receipt to the owner, and everybody concerned hears of it. */
  #gained(known: KnownPack, index: number, now: UnixMs): Effects {
    if (known.descriptor === undefined) return [];
    this.#shelf.hold(known.descriptor, index);
    this.#room.stored();
    const want = this.#wants.get(known.pack);
    const effects = want === undefined ? [] : [...this.#clearScratch(want)];
    this.#wants.forget(known.pack);
    // The group may be another one now that the descriptor is known.
    known.group = undefined;
    const { owner } = known.descriptor;
    const isOwn = owner === this.#membership.self;
    if (isOwn || this.#membership.up.has(owner)) {
      effects.push({ kind: 'sendReceipt', to: owner, shard: { pack: known.pack, index } });
    }
    this.#consider(known, now);
    return effects;
  }

  #lost({ shard, now }: Extract<CoreEvent, { kind: 'shardLost' }>): Effects {
    if (shard.place !== 'held') return [];
    const known = this.#shelf.get(shard.pack);
    // It may have been given away while it was read.
    if (known?.held.has(shard.index) !== true) return [];
    this.rottenShards++;
    this.#shelf.release(shard.pack, shard.index);
    this.#consider(known, now);
    const report: CoreEffect = {
      kind: 'report',
      level: 'warning',
      text: 'a shard on this disk was damaged or missing; it is fetched again',
    };
    return [{ kind: 'removeShard', shard }, report, ...this.#work(now)];
  }
}

/** What came was whole when it came: a shard that is held has rotted, and would be taken for a part again and again. */
const lookAtHeld = ({ pack, held }: KnownPack): Effects =>
  [...held].map((index) => ({ kind: 'verifyShard', shard: { place: 'held', pack, index } }));

const removePart = (pack: PackId, index: number): Effects => [
  { kind: 'removeShard', shard: { place: 'scratch', pack, index } },
];
