// Which admin keys are believed, and for what: a key that was put out counts only for what stands in its machine's log before that.
// The same whatever the order in which logs are read: words of the root first, then those of admins about each other.

import { hours, type UnixMs } from '../../datasets/index.ts';
import type {
  AdminEnd,
  AdminRevocation,
  LogEnd,
  RootWord,
  SignedBatch,
  SignedStatement,
} from '../codec/index.ts';
import { clockSkewMsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';

/** Where a statement stands: a batch of an agent's facts. */
export type StatedAt = Pick<SignedBatch, 'author' | 'sequence'>;
type StatedBatch = Pick<SignedBatch, 'author' | 'sequence' | 'hash'>;

export interface KnownAdmin {
  /** SHA-256 of its public key, 64 hex digits. */
  readonly admin: string;
  /**
   * The machines on which it lies, as their own logs say; where none says so one in whose log it was seen. Several: whoever stole it uses it
   * too, and nobody can tell which of them.
   */
  readonly machines: readonly PeerId[];
  /** Put out by another admin or by the recovery kit; undefined while it is believed. */
  readonly ended: 'admin' | 'kit' | undefined;
}

interface Seat {
  /** Machines whose own logs certify them as admins by this key, from when it was made. */
  readonly own: Set<PeerId>;
  /** Of all in whose logs it was seen the one with the lowest id. */
  seenOn: PeerId | undefined;
  /** From when on its key may sign. */
  sinceMs: UnixMs;
}

interface Said {
  readonly by: string;
  readonly at: StatedAt | undefined;
  readonly end: AdminRevocation;
}

/** A new admin certifies its machine when its key is made; what another admin's agent renews begins later. */
const firstCertificateMs = hours(1);

const isBefore = ({ log, before }: LogEnd, at: StatedAt | undefined): boolean =>
  at !== undefined && at.author === log && at.sequence < before;

function machinesOf({ own, seenOn }: Seat): readonly PeerId[] {
  if (own.size > 0) return [...own].toSorted();
  return seenOn === undefined ? [] : [seenOn];
}

const logsOf = (end: AdminEnd): readonly LogEnd[] => [end, ...(end.more ?? [])];

const placeOf = ({ author, sequence }: StatedAt): string => `${author} ${sequence}`;

/** The last batch that counts. */
const lastOf = ({ log, before }: LogEnd): string => placeOf({ author: log, sequence: before - 1 });

const nameOf = (end: AdminEnd): string =>
  [end.admin, ...logsOf(end).map(({ log, before, hash }) => `${log} ${before} ${hash ?? ''}`)].join(' ');

export class Authority {
  readonly #seats = new Map<string, Seat>();
  readonly #byRoot = new Map<string, AdminEnd>();
  readonly #byAdmins = new Map<string, Said>();
  readonly #rules: NonNullable<RootWord['wipeRule']>[] = [];
  /** Hashes of the batches in which statements stand: each binds all that its log says before it. */
  readonly #hashes = new Map<string, string>();

  /** Takes a checked statement; whether what other statements are worth may have changed. */
  note({ statement, admin, adminSinceMs, word }: SignedStatement, at: StatedAt | undefined): boolean {
    this.#seat(admin, at, {
      sinceMs: adminSinceMs,
      isOwn:
        statement.kind === 'certificate' &&
        statement.peer === at?.author &&
        statement.roles.includes('admin') &&
        statement.notBeforeMs < adminSinceMs + firstCertificateMs,
    });
    const isNewWord = word !== undefined && this.#noteWord(word);
    if (statement.kind !== 'adminRevocation') return isNewWord;
    // Nobody puts itself out: the last key stays.
    const name = `${admin} ${nameOf(statement)}`;
    if (statement.admin === admin || this.#byAdmins.has(name)) return isNewWord;
    this.#byAdmins.set(name, { by: admin, at, end: statement });
    return true;
  }

  /** Takes a batch with statements in it; whether a key counts from now on for what its log says up to there. */
  noteBatch(batch: StatedBatch): boolean {
    this.#hashes.set(placeOf(batch), batch.hash);
    return this.#hashesSaidOf(batch).length > 0;
  }

  /** Whether what an admin signed counts, by where it stands; outside the logs only words of keys that were never put out. */
  holds(admin: string, at: StatedAt | undefined): boolean {
    if (this.#byRoot.size === 0 && this.#byAdmins.size === 0) return true;
    return this.#holdsForRoot(admin, at) && this.#endsBy('admins', admin).every((end) => this.#isIn(end, at));
  }

  /** Every key that ever signed something, in the order in which they became known. */
  get admins(): readonly KnownAdmin[] {
    return [...this.#seats].map(([admin, seat]) => ({
      admin,
      machines: machinesOf(seat),
      ended: this.endOf(admin),
    }));
  }

  /** Who put a key out; undefined while it is believed. */
  endOf(admin: string): KnownAdmin['ended'] {
    if (this.#endsBy('root', admin).length > 0) return 'kit';
    return this.#endsBy('admins', admin).length > 0 ? 'admin' : undefined;
  }

  /** Whether some key that lies on a machine is believed; true where none is known yet. */
  canAct(machine: PeerId): boolean {
    const own = [...this.#seats].filter(([, { own: on, seenOn }]) =>
      on.size > 0 ? on.has(machine) : seenOn === machine,
    );
    return own.length === 0 || own.some(([admin]) => this.endOf(admin) === undefined);
  }

  /** Whether a key lies on a machine, as that one's own log says. */
  isSeat(admin: string, machine: PeerId): boolean {
    return this.#seats.get(admin)?.own.has(machine) === true;
  }

  /** Whether a word against a key says up to where the log of a machine counts: it is needed to know who belongs to the fleet. */
  isNamed(machine: PeerId): boolean {
    return this.#ends().some((end) => logsOf(end).some(({ log }) => log === machine));
  }

  /** Whether a batch is another one than words against keys say that stands there. */
  contradicts(batch: StatedBatch): boolean {
    const said = this.#hashesSaidOf(batch);
    return said.length > 0 && said.every((hash) => hash !== batch.hash);
  }

  /** How many keys there were at a time, believed or not. Each holds from a day before it is made, for clocks that are behind. */
  keyCountAt(atMs: number): number {
    return this.#seats
      .values()
      .reduce((count, { sinceMs }) => count + (sinceMs + clockSkewMsMax <= atMs ? 1 : 0), 0);
  }

  /** The rule of wipes that the root had given last at a time. */
  rootRuleAt(atMs: number): RootWord['wipeRule'] {
    return this.#rules
      .filter((rule) => rule.atMs <= atMs)
      .toSorted((a, b) => a.atMs - b.atMs)
      .at(-1);
  }

  #seat(
    admin: string,
    at: StatedAt | undefined,
    { isOwn, sinceMs }: Pick<Seat, 'sinceMs'> & { readonly isOwn: boolean },
  ): void {
    const seat = this.#seats.get(admin) ?? { own: new Set(), seenOn: undefined, sinceMs };
    this.#seats.set(admin, seat);
    if (sinceMs < seat.sinceMs) seat.sinceMs = sinceMs;
    if (at === undefined) return;
    if (isOwn) seat.own.add(at.author);
    if (seat.seenOn === undefined || at.author < seat.seenOn) seat.seenOn = at.author;
  }

  #noteWord({ ended, wipeRule }: RootWord): boolean {
    const fresh = ended.filter((end) => !this.#byRoot.has(nameOf(end)));
    for (const end of fresh) this.#byRoot.set(nameOf(end), end);
    if (wipeRule !== undefined && !this.#rules.some(({ atMs }) => atMs === wipeRule.atMs))
      this.#rules.push(wipeRule);
    return fresh.length > 0;
  }

  /** Hashes that words against keys give for the batch that stands there. */
  #hashesSaidOf(at: StatedAt): readonly string[] {
    const place = placeOf(at);
    return this.#ends()
      .flatMap(logsOf)
      .flatMap((end) => (end.hash !== undefined && lastOf(end) === place ? [end.hash] : []));
  }

  #ends(): readonly AdminEnd[] {
    return [...this.#byRoot.values(), ...this.#endsByAdmins()];
  }

  /** Two that put each other out are both out: who was first cannot be told where one of them lies about the time. */
  #endsByAdmins(): readonly AdminEnd[] {
    return [...this.#byAdmins.values()]
      .filter(({ by, at }) => this.#holdsForRoot(by, at))
      .map(({ end }) => end);
  }

  #endsBy(who: 'root' | 'admins', admin: string): readonly AdminEnd[] {
    const ends = who === 'root' ? [...this.#byRoot.values()] : this.#endsByAdmins();
    return ends.filter((end) => end.admin === admin);
  }

  #holdsForRoot(admin: string, at: StatedAt | undefined): boolean {
    return this.#endsBy('root', admin).every((end) => this.#isIn(end, at));
  }

  /** Whether a statement stands in what an end leaves of a key, in a log that is the one that was meant. */
  #isIn(end: AdminEnd, at: StatedAt | undefined): boolean {
    return logsOf(end).some(
      (one) => isBefore(one, at) && (one.hash === undefined || this.#hashes.get(lastOf(one)) === one.hash),
    );
  }
}
