// What admins' statements say of the fleet: certificates, invites, who is out, the policy. Each counts only as long as its admin is
// believed; where that changes, all of them are read again.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type {
  FleetPolicy,
  InviteStatement,
  MachineCertificate,
  openStatement,
  SignedBatch,
  SignedStatement,
  Statement,
} from '../codec/index.ts';
import { clockSkewMsMax, shownCertificatesMax } from '../limits.ts';
import type { FleetId, InviteId, PeerId } from '../units.ts';
import { Authority, type StatedAt } from './authority.ts';
import { InviteUses, type LateUse } from './invite-uses.ts';

/** Statements in batches that were opened already. A batch never changes, and what was signed does not either. */
export type OpenedBatches = WeakMap<SignedBatch, readonly SignedStatement[]>;

export interface RosterParts {
  readonly fleet: FleetId;
  /** Checks an admin's statement. */
  readonly open: typeof openStatement;
  readonly openedBatches: OpenedBatches;
}

export interface KnownInvite {
  readonly statement: InviteStatement;
  /** In whose log it stands: the admin's machine that made it. */
  readonly madeBy: PeerId | undefined;
}

/** `out`: it was a machine of the fleet before. `back`: whoever put it out is not believed any more, or it was invited again. */
export type RosterNews =
  | { readonly kind: 'certified' | 'back'; readonly peer: PeerId }
  | { readonly kind: 'out'; readonly peer: PeerId; readonly name: string };

/** A certificate as its admin signed it. */
export interface ShownCertificate {
  readonly peer: PeerId;
  readonly bytes: Uint8Array;
  readonly admin: string;
  readonly notAfterMs: UnixMs;
}

interface ToldCertificate extends ShownCertificate {
  readonly tellers: Set<PeerId>;
}

/** From when to when a certificate holds. */
type Span = Pick<MachineCertificate, 'notBeforeMs' | 'notAfterMs'>;

/** A statement that came without a log: shown on a hello, or with a join. */
interface Shown {
  readonly statement: Statement;
  readonly admin: string | undefined;
  readonly bytes?: Uint8Array;
}

/** A batch with statements in it, kept to read them again. */
interface Words extends StatedAt {
  readonly records: SignedBatch['records'];
}

export class Roster {
  readonly authority = new Authority();
  /** Of each machine the one that ends last, as if it began with the first of those that follow each other without a gap. */
  readonly certificates = new Map<PeerId, MachineCertificate>();
  readonly #spans = new Map<PeerId, readonly Span[]>();
  readonly #parts: RosterParts;
  /** All that are certified; undefined since one was added. */
  #machines: readonly PeerId[] | undefined;
  readonly #invites = new Map<InviteId, KnownInvite>();
  readonly #uses = new InviteUses();
  /** Machines that are out for coming too late by their invite, as far as that was told. */
  #late: ReadonlyMap<PeerId, LateUse> = new Map();
  readonly #revoked = new Set<string>();
  readonly #personsOut = new Set<string>();
  readonly #pardonedMs = new Map<PeerId, UnixMs>();
  #policy: FleetPolicy | undefined;
  readonly #words: Words[] = [];
  /** What was believed when it came: no log may have it when all are read again. */
  readonly #outside: Shown[] = [];
  /** The last certificate of each machine that stands in a log, and the authors of those logs. */
  readonly #told = new Map<PeerId, ToldCertificate>();
  /** Whom a new machine would come to know; undefined since more was told. */
  #knowable: ReadonlySet<PeerId> | undefined;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  /** All machines ever certified, in the order in which they became known. */
  get machines(): readonly PeerId[] {
    this.#machines ??= [...this.certificates.keys()];
    return this.#machines;
  }

  get policy(): FleetPolicy | undefined {
    return this.#policy;
  }

  get invites(): ReadonlyMap<InviteId, KnownInvite> {
    return this.#invites;
  }

  /** Ids of all that are out: machines, invites and admins' keys. */
  get outIds(): readonly string[] {
    return [...this.#revoked, ...this.#late.keys()];
  }

  /** Put out by an admin, or let in by an invite that had no use left. */
  isRevoked(id: string): boolean {
    return this.#revoked.has(id) || this.#late.has(id as PeerId);
  }

  /** Undefined for whoever came in time, and for whoever an admin put out. */
  lateUseOf(peer: PeerId): LateUse | undefined {
    return this.#revoked.has(peer) ? undefined : this.#late.get(peer);
  }

  isPersonOut(person: string): boolean {
    return this.#personsOut.has(person);
  }

  pardonedMs(peer: PeerId): UnixMs | undefined {
    return this.#pardonedMs.get(peer);
  }

  /** Takes a statement whose signer is not known here; it counts for ever. */
  learn(statement: Statement): readonly RosterNews[] {
    this.#outside.push({ statement, admin: undefined });
    return [...this.#take(statement, undefined), ...this.#judgeLate()];
  }

  /** Takes one that somebody showed. What is not believed is forgotten: whoever is refused for it shows it again, as often as it likes. */
  learnSigned(signed: SignedStatement): readonly RosterNews[] {
    const { statement, admin, bytes } = signed;
    const isChanged = this.authority.note(signed, undefined);
    const isBelieved = this.authority.holds(admin, undefined);
    if (isBelieved) this.#keepOutside({ statement, admin, bytes });
    if (isChanged) return this.#readAgain();
    return isBelieved ? [...this.#take(statement, undefined), ...this.#judgeLate()] : [];
  }

  #keepOutside(shown: Shown): void {
    const { statement } = shown;
    if (statement.kind === 'certificate') {
      const { peer, notAfterMs } = statement;
      if ((this.certificates.get(peer)?.notAfterMs ?? 0) >= notAfterMs) return;
      const ofPeer = this.#outside.filter((one) => isOf(one, peer));
      if (ofPeer.length >= shownCertificatesMax) this.#outside.splice(this.#outside.indexOf(ofPeer[0]!), 1);
    }
    this.#outside.push(shown);
  }

  learnBatch(batch: SignedBatch): readonly RosterNews[] {
    const statements = this.statementsIn(batch);
    if (statements.length === 0) return [];
    const { author, sequence, records } = batch;
    const at = { author, sequence };
    this.#words.push({ ...at, records });
    let isChanged = this.authority.noteBatch(batch);
    const news: RosterNews[] = [];
    for (const signed of statements) {
      this.#noteTold(signed, at);
      if (this.authority.note(signed, at)) isChanged = true;
      if (this.authority.holds(signed.admin, at)) news.push(...this.#take(signed.statement, at));
    }
    return [...news, ...(isChanged ? this.#readAgain() : this.#judgeLate())];
  }

  /** Whoever does not know a machine refuses its log, but for a first batch that says who it is. */
  #noteTold({ statement, admin, bytes }: SignedStatement, { author, sequence }: StatedAt): void {
    if (statement.kind !== 'certificate') return;
    const { peer, notAfterMs } = statement;
    if (author === peer && sequence > 0) return;
    const known = this.#told.get(peer);
    if (known !== undefined && known.notAfterMs > notAfterMs) return;
    if (known?.notAfterMs === notAfterMs) known.tellers.add(author);
    else this.#told.set(peer, { peer, bytes, admin, notAfterMs, tellers: new Set([author]) });
    this.#knowable = undefined;
  }

  /**
   * Whom a new machine comes to know from logs alone: who says itself in its first batch who it is, and then whoever stands in the log of one
   * that it knows. Machines that only tell of each other are not among them.
   */
  #findKnowable(): ReadonlySet<PeerId> {
    const knowable = new Set<PeerId>();
    const isByItself = ({ peer, admin, tellers }: ToldCertificate): boolean =>
      tellers.has(peer) && this.authority.holds(admin, { author: peer, sequence: 0 });
    for (let count = -1; count < knowable.size;) {
      count = knowable.size;
      for (const told of this.#told.values()) {
        if (knowable.has(told.peer)) continue;
        if (isByItself(told) || [...told.tellers].some((one) => knowable.has(one))) knowable.add(told.peer);
      }
    }
    return knowable;
  }

  /** Certificates of machines that a new one would not come to know, for one that it would; nothing for any other. */
  untoldFor(self: PeerId): readonly ShownCertificate[] {
    const knowable = (this.#knowable ??= this.#findKnowable());
    // Nearly always nobody is left out, and thousands ask for thousands.
    const isKnown = ({ statement }: { readonly statement: Statement }): boolean =>
      statement.kind !== 'certificate' || knowable.has(statement.peer);
    const isWhole = knowable.size === this.#told.size && this.#outside.every(isKnown);
    if (isWhole || !knowable.has(self)) return [];
    const shown = this.#outside.flatMap(({ statement, admin, bytes }) =>
      statement.kind === 'certificate' && bytes !== undefined && admin !== undefined
        ? [{ ...statement, admin, bytes }]
        : [],
    );
    const isLast = ({ peer, notAfterMs }: ShownCertificate): boolean =>
      this.certificates.get(peer)?.notAfterMs === notAfterMs;
    const untold = [...shown, ...this.#told.values()].filter(
      (one) => !knowable.has(one.peer) && isLast(one) && this.authority.holds(one.admin, undefined),
    );
    return [...new Map(untold.map((one) => [one.peer, one])).values()];
  }

  /** Statements in a batch, whoever of this fleet's admins signed them, in order. */
  statementsIn(batch: SignedBatch): readonly SignedStatement[] {
    const { openedBatches } = this.#parts;
    const known = openedBatches.get(batch);
    if (known !== undefined) return known;
    const statements = batch.records.flatMap((record) => this.open(record) ?? []);
    openedBatches.set(batch, statements);
    return statements;
  }

  /** The statement in a record, whoever of this fleet's admins signed it. */
  open(record: SignedBatch['records'][number]): SignedStatement | undefined {
    if (record.kind !== 'statement') return undefined;
    const opened = this.#parts.open(record.bytes, this.#parts.fleet);
    return opened.ok ? opened.value : undefined;
  }

  /** Whether a record is a believed admin's statement that says what is not known here. */
  isNews(record: SignedBatch['records'][number]): boolean {
    const signed = this.open(record);
    if (record.kind !== 'statement' || signed === undefined) return false;
    const { statement, admin } = signed;
    if (!this.authority.holds(admin, undefined)) return false;
    // Certificates are many, and most that come again are known.
    if (statement.kind === 'certificate')
      return (this.certificates.get(statement.peer)?.notAfterMs ?? 0) < statement.notAfterMs;
    const isSame = (other: SignedBatch['records'][number]): boolean =>
      other.kind === 'statement' && Buffer.compare(other.bytes, record.bytes) === 0;
    return !this.#words.some(({ records }) => records.some(isSame));
  }

  #take(statement: Statement, at: StatedAt | undefined): readonly RosterNews[] {
    switch (statement.kind) {
      case 'certificate':
        return this.#certify(statement);
      case 'revocation':
        return this.#revoke(statement.revoked);
      case 'invite':
        this.#invites.set(statement.invite, { statement, madeBy: at?.author });
        this.#uses.noteInvite(statement);
        return [];
      case 'pardon':
        this.#pardonedMs.set(
          statement.machine,
          unixMs(Math.max(statement.atMs, this.#pardonedMs.get(statement.machine) ?? 0)),
        );
        return [];
      case 'policy':
        if (this.#policy === undefined || statement.atMs > this.#policy.atMs) this.#policy = statement;
        return [];
      case 'personRevocation':
        this.#personsOut.add(statement.person);
        return [];
      default:
        return [];
    }
  }

  #certify(certificate: MachineCertificate): readonly RosterNews[] {
    const { peer, notBeforeMs, notAfterMs } = certificate;
    this.#uses.noteCertificate(certificate);
    const spans = this.#spans.get(peer) ?? [];
    if (spans.some((span) => span.notBeforeMs === notBeforeMs && span.notAfterMs === notAfterMs)) return [];
    this.#spans.set(peer, [...spans, { notBeforeMs, notAfterMs }]);
    const known = this.certificates.get(peer);
    const last = known !== undefined && known.notAfterMs >= notAfterMs ? known : certificate;
    const sinceMs = beginOf(last, this.#spans.get(peer)!);
    if (last === known && sinceMs === known.notBeforeMs) return [];
    this.certificates.set(peer, { ...last, notBeforeMs: sinceMs });
    if (known === undefined) this.#machines = undefined;
    return [{ kind: 'certified', peer }];
  }

  #revoke(revoked: string): readonly RosterNews[] {
    if (this.#revoked.has(revoked)) return [];
    this.#revoked.add(revoked);
    const certificate = this.certificates.get(revoked as PeerId);
    return certificate === undefined ? [] : [{ kind: 'out', peer: certificate.peer, name: certificate.name }];
  }

  /** Who is out from now on for having come too late, and who is not any more. */
  #judgeLate(): readonly RosterNews[] {
    const { late } = this.#uses;
    if (late === this.#late) return [];
    const before = this.#late;
    this.#late = late;
    const isOther = (peer: PeerId): boolean => !this.#revoked.has(peer);
    return [
      ...[...late.keys()]
        .filter((peer) => isOther(peer) && !before.has(peer))
        .map((peer) => ({ kind: 'out', peer, name: this.certificates.get(peer)?.name ?? peer }) as const),
      ...[...before.keys()]
        .filter((peer) => isOther(peer) && !late.has(peer))
        .map((peer) => ({ kind: 'back', peer }) as const),
    ];
  }

  /** An admin's key was put out, or is believed again: each statement once more, only if it counts now. */
  #readAgain(): readonly RosterNews[] {
    const before = [...this.certificates.values()].filter(({ peer }) => !this.isRevoked(peer));
    for (const known of [this.certificates, this.#spans, this.#invites, this.#pardonedMs, this.#uses])
      known.clear();
    for (const known of [this.#revoked, this.#personsOut]) known.clear();
    this.#policy = undefined;
    this.#machines = undefined;
    this.#knowable = undefined;
    for (const { statement, admin } of this.#outside)
      if (admin === undefined || this.authority.holds(admin, undefined)) this.#take(statement, undefined);
    for (const { records, ...at } of this.#words)
      for (const record of records) {
        const signed = this.open(record);
        if (signed !== undefined && this.authority.holds(signed.admin, at)) this.#take(signed.statement, at);
      }
    this.#late = this.#uses.late;
    const wasIn = new Set(before.map(({ peer }) => peer));
    const isIn = (peer: PeerId): boolean => this.certificates.has(peer) && !this.isRevoked(peer);
    const out = before.filter(({ peer }) => !isIn(peer));
    const back = [...this.certificates.keys()].filter((peer) => isIn(peer) && !wasIn.has(peer));
    return [
      ...out.map(({ peer, name }) => ({ kind: 'out', peer, name }) as const),
      ...back.map((peer) => ({ kind: 'back', peer }) as const),
    ];
  }
}

const isOf = ({ statement }: Shown, peer: PeerId): boolean =>
  statement.kind === 'certificate' && statement.peer === peer;

/**
 * Since when a machine is certified until its last certificate ends, without a gap. An admin whose clock is months ahead renews all with
 * certificates that begin then: those before them hold until their own end, in whatever order they are heard of.
 */
function beginOf({ notBeforeMs }: Span, spans: readonly Span[]): UnixMs {
  let sinceMs = notBeforeMs;
  for (const span of spans.toSorted((a, b) => b.notAfterMs - a.notAfterMs))
    if (span.notAfterMs >= sinceMs && span.notBeforeMs < sinceMs) sinceMs = span.notBeforeMs;
  return sinceMs;
}

/** Whether a certificate holds at `now`, within the allowed error of clocks. */
export const isValidAt = (certificate: MachineCertificate, now: UnixMs): boolean =>
  certificate.notBeforeMs <= unixMs(now + clockSkewMsMax) &&
  certificate.notAfterMs >= unixMs(now - clockSkewMsMax);
