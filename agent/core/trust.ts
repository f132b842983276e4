// Who is believed as a holder. Auditors write down what they hold against a machine; only when most of those that can know say
// so is it left out of plans: first warned, then left out, and back after a time without faults or by an admin's word.

import { hourMs, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { DoubtRecord, Evidence, EvidenceKind, SignedBatch } from '../codec/index.ts';
import {
  clockSkewMsMax,
  doubtClearMs,
  doubtClearProofs,
  doubtGraceMs,
  doubtMsMax,
  evidenceEveryMs,
  trustEveryMs,
} from '../limits.ts';
import type { PeerId } from '../units.ts';
import { Auditors } from './auditors.ts';
import type { CoreEffect, Effects } from './effects.ts';
import { type Election, plannedMachinesMin } from './election.ts';
import type { EventOf } from './events.ts';
import type { Membership } from './membership.ts';
import { NextTime } from './next-time.ts';

/** How heavy one day's evidence weighs; an auditor doubts a machine from 1 on. What can happen to an honest one weighs less. */
const weights: Readonly<Record<EvidenceKind, number>> = {
  wrong: 1,
  replayed: 1,
  dropped: 0.5,
  claimed: 0.5,
  silent: 0.34,
  late: 0.34,
};

/** Each kind as the rest of a sentence about the machine. */
const sentences: Readonly<Record<EvidenceKind, string>> = {
  wrong: 'showed other bytes than those that it was given',
  replayed: 'showed again a proof for another part than was asked for',
  dropped: 'did not have shards that it had said it has',
  claimed: 'signed for shards that it did not have an hour or two later',
  silent: 'gave no proof while it was connected',
  late: 'proved its shards only when the time was over',
};

export type Standing = 'trusted' | 'warned' | 'dropped';

export interface TrustReason {
  readonly kind: EvidenceKind;
  /** Machines that saw it. */
  readonly seenBy: number;
  readonly lastMs: UnixMs;
}

export interface TrustView {
  readonly standing: Standing;
  /** 100: nobody doubts it. 0: as many do as it takes to leave it out. */
  readonly score: number;
  /** Machines that doubt it, and how many of them it takes. */
  readonly doubterCount: number;
  readonly quorum: number;
  readonly reasons: readonly TrustReason[];
  /** Warned and doubted by enough: left out from then on. */
  readonly dropsAtMs?: UnixMs;
  /** Back from then on, if nothing is added. */
  readonly untilMs?: UnixMs;
}

const trusted: TrustView = { standing: 'trusted', score: 100, doubterCount: 0, quorum: 0, reasons: [] };

/** What this agent itself holds against a machine. */
interface OwnCase {
  readonly evidence: Map<EvidenceKind, Evidence>;
  sinceMs: UnixMs;
  proofsSince: number;
  /** When it was last written down; undefined while there is too little for a doubt. */
  writtenMs: UnixMs | undefined;
}

/** A doubt, and since when it counts: not before this machine had heard of it. */
interface HeardDoubt extends DoubtRecord {
  readonly heardMs: UnixMs;
}

export class Trust {
  readonly hears = ['started', 'batchStored', 'tick'] as const;
  readonly hearsRecords = ['statement', 'doubt'] as const;
  readonly #membership: Membership;
  readonly #own = new Map<PeerId, OwnCase>();
  /** By the doubted machine, then by who doubts it. */
  readonly #doubts = new Map<PeerId, Map<PeerId, HeardDoubt>>();
  #views: ReadonlyMap<PeerId, TrustView> = new Map();
  #isStale = false;
  readonly #auditors: Auditors;
  readonly #nextLook = new NextTime();
  #isFirstLook = true;
  /** The own disk is being read: what it says was said before. */
  #isReading = false;

  constructor(membership: Membership, election: Election) {
    this.#membership = membership;
    this.#auditors = new Auditors(membership, election);
  }

  handle(event: EventOf<Trust['hears'][number]>): Effects {
    switch (event.kind) {
      case 'started':
        this.#isReading = true;
        return [];
      case 'batchStored':
        this.#learn(event.batch, event.now);
        return [];
      case 'tick':
        this.#isReading = false;
        return this.#tick(event.now);
    }
  }

  /** As of the last look, at most `trustEveryMs` ago. */
  viewOf(machine: PeerId): TrustView {
    return this.#views.get(machine) ?? trusted;
  }

  /** An audit found a fault. */
  noteFault(machine: PeerId, kind: EvidenceKind, now: UnixMs): Effects {
    const known = this.#caseOf(machine, now);
    known.proofsSince = 0;
    const before = known.evidence.get(kind);
    if (before !== undefined && now - before.lastMs < evidenceEveryMs) return [];
    known.evidence.set(kind, { kind, dayCount: (before?.dayCount ?? 0) + 1, lastMs: now });
    if (weightOf(known) < 1) return [];
    if (known.writtenMs === undefined) known.sinceMs = now;
    return this.#write(machine, known, now);
  }

  /** An audit found all in order. */
  noteProof(machine: PeerId): void {
    const known = this.#own.get(machine);
    if (known !== undefined) known.proofsSince++;
  }

  /** What an admin has pardoned counts no more, also beside what is seen later. */
  #caseOf(machine: PeerId, now: UnixMs): OwnCase {
    const found = this.#own.get(machine);
    const pardonedMs = this.#membership.pardonedMs(machine) ?? Number.NEGATIVE_INFINITY;
    for (const { kind, lastMs } of found?.evidence.values() ?? [])
      if (lastMs <= pardonedMs) found?.evidence.delete(kind);
    if (found !== undefined && found.evidence.size > 0) return found;
    const made: OwnCase = { evidence: new Map(), sinceMs: now, proofsSince: 0, writtenMs: undefined };
    this.#own.set(machine, made);
    return made;
  }

  #write(machine: PeerId, known: OwnCase, now: UnixMs): Effects {
    known.writtenMs = now;
    const record: DoubtRecord = {
      kind: 'doubt',
      machine,
      atMs: now,
      sinceMs: known.sinceMs,
      evidence: [...known.evidence.values()],
    };
    return [{ kind: 'appendRecords', stream: 'facts', records: [record] }];
  }

  #learn({ author, records }: SignedBatch, now: UnixMs): void {
    for (const record of records) {
      if (record.kind === 'statement') this.#isStale = true;
      if (record.kind !== 'doubt' || record.machine === author) continue;
      if (record.atMs > now + clockSkewMsMax) continue;
      const about = this.#doubts.get(record.machine) ?? new Map<PeerId, HeardDoubt>();
      const before = about.get(author);
      if (before !== undefined && before.atMs > record.atMs) continue;
      const isMore = before !== undefined && before.evidence.length > 0;
      const heardMs = isMore ? before.heardMs : this.#isReading ? record.atMs : now;
      this.#doubts.set(record.machine, about.set(author, { ...record, heardMs }));
      this.#isStale = true;
      if (author === this.#membership.self && this.#isReading) this.#remember(record);
    }
  }

  /** What this agent wrote down before it was started again. */
  #remember({ machine, atMs, sinceMs, evidence }: DoubtRecord): void {
    if (evidence.length === 0) this.#own.delete(machine);
    else
      this.#own.set(machine, {
        evidence: new Map(evidence.map((one) => [one.kind, one])),
        sinceMs,
        proofsSince: 0,
        writtenMs: atMs,
      });
  }

  #tick(now: UnixMs): Effects {
    if (!this.#isStale && !this.#nextLook.hasCome(now)) return [];
    this.#nextLook.waitFor(trustEveryMs, now);
    this.#isStale = false;
    const effects = this.#clearOld(now);
    if (this.#doubts.size === 0) {
      this.#isFirstLook = false;
      return effects;
    }
    const before = this.#views;
    this.#views = this.#judge(now);
    const dropped = [...this.#views].filter(([, { standing }]) => standing === 'dropped');
    this.#membership.leaveOut(new Set(dropped.map(([machine]) => machine)));
    const isFirst = this.#isFirstLook;
    this.#isFirstLook = false;
    // What it knew before it was started again is no news.
    return isFirst ? effects : [...effects, ...this.#changes(before, now)];
  }

  /** Cases that are over: after a week without a fault and some proofs, or when they are too old. */
  #clearOld(now: UnixMs): Effects {
    const effects: CoreEffect[] = [];
    for (const [machine, known] of this.#own) {
      const quietMs = now - Math.max(...[...known.evidence.values()].map(({ lastMs }) => lastMs));
      const isClear = quietMs > doubtClearMs && known.proofsSince >= doubtClearProofs;
      if (!isClear && quietMs <= doubtMsMax) continue;
      this.#own.delete(machine);
      if (known.writtenMs === undefined) continue;
      known.evidence.clear();
      effects.push(...this.#write(machine, known, now));
    }
    return effects;
  }

  /** The heaviest cases first: whoever is left out does not count against the others. */
  #judge(now: UnixMs): ReadonlyMap<PeerId, TrustView> {
    const zealous = this.#zealous(now);
    const cases = [...this.#doubts.keys()]
      .filter((machine) => this.#membership.isMember(machine, now))
      .map((machine) => this.#caseAgainst(machine, now, zealous))
      .filter(({ doubts }) => doubts.length > 0)
      .toSorted((a, b) => shareOf(b) - shareOf(a) || (a.machine < b.machine ? -1 : 1));
    const views = new Map<PeerId, TrustView>();
    const out = new Set<PeerId>();
    let outMax: number | undefined;
    for (const found of cases) {
      const doubts = found.doubts.filter(({ author }) => !out.has(author));
      // Of thousands of machines it takes a while to count who is there: only where somebody is doubted by enough.
      const mayDrop = doubts.length >= found.quorum && out.size < (outMax ??= this.#outMax(now));
      const view = viewOf({ ...found, doubts }, { now, mayDrop });
      if (view.doubterCount > 0) views.set(found.machine, view);
      if (view.standing === 'dropped') out.add(found.machine);
    }
    return views;
  }

  /** At most a third of the holders that are there are left out, and enough for plans stay. */
  #outMax(now: UnixMs): number {
    const holders = this.#membership.holders(now, 'with those left out');
    const eligible = holders.filter((peer) => !this.#membership.isGone(peer, now)).length;
    return Math.max(0, Math.min(Math.floor(eligible / 3), eligible - plannedMachinesMin));
  }

  /** Who doubts more than half of all others is in trouble itself, or wants trouble. */
  #zealous(now: UnixMs): ReadonlySet<PeerId> {
    const counts = new Map<PeerId, number>();
    for (const [machine, about] of this.#doubts)
      for (const [author, doubt] of about)
        if (this.#holds(machine, doubt, now)) counts.set(author, (counts.get(author) ?? 0) + 1);
    const most = (this.#membership.machines.length - 1) / 2;
    return new Set([...counts].filter(([, count]) => count > most).map(([author]) => author));
  }

  #holds(machine: PeerId, { atMs, evidence }: DoubtRecord, now: UnixMs): boolean {
    const isPardoned = atMs <= (this.#membership.pardonedMs(machine) ?? Number.NEGATIVE_INFINITY);
    return evidence.length > 0 && !isPardoned && now - atMs <= doubtMsMax;
  }

  /** By the panel that is nearest to its quorum. */
  #caseAgainst(machine: PeerId, now: UnixMs, zealous: ReadonlySet<PeerId>): Case {
    const doubts = [...(this.#doubts.get(machine) ?? [])]
      .map(([author, doubt]): Doubt => ({ author, ...doubt }))
      .filter((doubt) => this.#membership.isMember(doubt.author, now) && !zealous.has(doubt.author))
      .filter((doubt) => this.#holds(machine, doubt, now));
    const [nearest] = this.#auditors
      .panelsFor(machine)
      .map(({ entitled, quorum }) => ({
        machine,
        doubts: doubts.filter(({ author }) => entitled === undefined || entitled.has(author)),
        quorum,
      }))
      .toSorted((a, b) => shareOf(b) - shareOf(a));
    return nearest!;
  }

  /** What people should hear of: the owner of a doubted machine first of all. */
  #changes(before: ReadonlyMap<PeerId, TrustView>, now: UnixMs): Effects {
    const effects: CoreEffect[] = [];
    for (const machine of new Set([...before.keys(), ...this.#views.keys()])) {
      const [was, view] = [before.get(machine) ?? trusted, this.viewOf(machine)];
      if (was.standing === view.standing) continue;
      const isSelf = machine === this.#membership.self;
      effects.push({
        kind: 'report',
        level: view.standing === 'trusted' ? 'info' : isSelf ? 'problem' : 'warning',
        text: trustText(isSelf ? 'this machine' : this.#membership.nameOf(machine), view, now),
      });
    }
    return effects;
  }
}

interface Doubt extends HeardDoubt {
  readonly author: PeerId;
}

interface Case {
  readonly machine: PeerId;
  readonly doubts: readonly Doubt[];
  readonly quorum: number;
}

const weightOf = ({ evidence }: OwnCase): number =>
  [...evidence.values()].reduce((sum, { kind, dayCount }) => sum + weights[kind] * dayCount, 0);

const shareOf = ({ doubts, quorum }: Case): number => doubts.length / quorum;

function viewOf(
  { doubts, quorum }: Case,
  { now, mayDrop }: { readonly now: UnixMs; readonly mayDrop: boolean },
): TrustView {
  const doubterCount = doubts.length;
  const seen = {
    score: Math.max(0, Math.round(100 * (1 - doubterCount / quorum))),
    doubterCount,
    quorum,
    reasons: reasonsOf(doubts),
  };
  // The last of those whom it takes began the time of grace; neither a clock that is ahead nor a doubt that is dated back shortens it.
  const decisive = doubts
    .map(({ sinceMs, heardMs }) => unixMs(Math.max(sinceMs, heardMs)))
    .toSorted((a, b) => a - b)[quorum - 1];
  if (decisive === undefined) return { standing: 'warned', ...seen };
  const dropsAtMs = unixMs(decisive + doubtGraceMs);
  if (now < dropsAtMs || !mayDrop) return { standing: 'warned', ...seen, dropsAtMs };
  const lasts = doubts.map(({ atMs }) => atMs).toSorted((a, b) => b - a);
  return { standing: 'dropped', ...seen, untilMs: unixMs((lasts[quorum - 1] ?? now) + doubtMsMax) };
}

function reasonsOf(doubts: readonly Doubt[]): readonly TrustReason[] {
  const kinds = Object.keys(sentences) as readonly EvidenceKind[];
  return kinds.flatMap((kind) => {
    const found = doubts.flatMap(({ evidence }) => evidence.filter((one) => one.kind === kind));
    if (found.length === 0) return [];
    return [{ kind, seenBy: found.length, lastMs: unixMs(Math.max(...found.map(({ lastMs }) => lastMs))) }];
  });
}

/** What is held against a machine, as a sentence about it. */
export const reasonText = ({ reasons }: Pick<TrustView, 'reasons'>): string =>
  reasons
    .map(({ kind, seenBy }) => `it ${sentences[kind]} (seen by ${seenBy === 1 ? 'one' : seenBy})`)
    .join('; ');

/** One sentence for people; `name` is its subject. */
export function trustText(name: string, view: TrustView, now: UnixMs): string {
  const { standing, doubterCount, quorum, dropsAtMs, untilMs } = view;
  if (standing === 'trusted') return `${name} is trusted again as a holder`;
  const doubted = doubterCount === 1 ? 'one machine doubts it' : `${doubterCount} machines doubt it`;
  const why = `${doubted}, ${quorum} are enough to leave it out: ${reasonText(view)}`;
  if (standing === 'dropped')
    return `${name} is left out as a holder for ${hoursText(untilMs, now)}, and its shards are placed elsewhere: ${why}`;
  const next =
    dropsAtMs === undefined ? '' : `; in ${hoursText(dropsAtMs, now)} it is left out if nothing changes`;
  return `${name} is warned as a holder: ${why}${next}`;
}

const hoursText = (atMs: UnixMs | undefined, now: UnixMs): string =>
  `${Math.max(0, Math.ceil(((atMs ?? now) - now) / hourMs))} hours`;
