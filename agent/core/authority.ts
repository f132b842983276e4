// Which admin keys are believed, and for what: a key that was put out counts only for what stands in its machine's log before that.
// The same whatever the order in which logs are read: words of the root first, then those of admins about each other.

import type { UnixMs } from '../../datasets/index.ts';
import type { AdminEnd, AdminRevocation, RootWord, SignedBatch, SignedStatement } from '../codec/index.ts';
import { clockSkewMsMax } from '../limits.ts';
import type { PeerId } from '../units.ts';

/** Where a statement stands: a batch of an agent's facts. */
export type StatedAt = Pick<SignedBatch, 'author' | 'sequence'>;

export interface KnownAdmin {
  /** SHA-256 of its public key, 64 hex digits. */
  readonly admin: string;
  /** The machine in whose log it was seen first, mostly the one on which it lies. */
  readonly machine: PeerId | undefined;
  /** Put out by another admin or by the recovery kit; undefined while it is believed. */
  readonly ended: 'admin' | 'kit' | undefined;
}

interface Seat {
  machine: PeerId | undefined;
  /** From when on its key may sign. */
  sinceMs: UnixMs;
  /** A machine's own certificate with the role, in its own log: that is what a new admin writes first. */
  isOwn: boolean;
}

interface Said {
  readonly by: string;
  readonly at: StatedAt | undefined;
  readonly end: AdminRevocation;
}

const isBefore = ({ log, before }: AdminEnd, at: StatedAt | undefined): boolean =>
  at !== undefined && at.author === log && at.sequence < before;

const nameOf = ({ admin, log, before }: AdminEnd): string => `${admin} ${log} ${before}`;

export class Authority {
  readonly #seats = new Map<string, Seat>();
  readonly #byRoot = new Map<string, AdminEnd>();
  readonly #byAdmins = new Map<string, Said>();
  readonly #rules: NonNullable<RootWord['wipeRule']>[] = [];

  /** Takes a checked statement; whether what other statements are worth may have changed. */
  note({ statement, admin, adminSinceMs, word }: SignedStatement, at: StatedAt | undefined): boolean {
    this.#seat(admin, at, {
      sinceMs: adminSinceMs,
      isOwn: statement.kind === 'certificate' && statement.peer === at?.author && isForAdmins(statement),
    });
    const isNewWord = word !== undefined && this.#noteWord(word);
    if (statement.kind !== 'adminRevocation') return isNewWord;
    // Nobody puts itself out: the last key stays.
    const name = `${admin} ${nameOf(statement)}`;
    if (statement.admin === admin || this.#byAdmins.has(name)) return isNewWord;
    this.#byAdmins.set(name, { by: admin, at, end: statement });
    return true;
  }

  /** Whether what an admin signed counts, by where it stands; outside the logs only words of keys that were never put out. */
  holds(admin: string, at: StatedAt | undefined): boolean {
    if (this.#byRoot.size === 0 && this.#byAdmins.size === 0) return true;
    return this.#holdsForRoot(admin, at) && this.#endsBy('admins', admin).every((end) => isBefore(end, at));
  }

  /** Every key that ever signed something, in the order in which they became known. */
  get admins(): readonly KnownAdmin[] {
    return [...this.#seats].map(([admin, { machine }]) => ({
      admin,
      machine,
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
    const own = [...this.#seats].filter(([, seat]) => seat.machine === machine);
    return own.length === 0 || own.some(([admin]) => this.endOf(admin) === undefined);
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

  #seat(admin: string, at: StatedAt | undefined, { isOwn, sinceMs }: Pick<Seat, 'isOwn' | 'sinceMs'>): void {
    const seat = this.#seats.get(admin);
    if (seat === undefined) {
      this.#seats.set(admin, { machine: at?.author, isOwn, sinceMs });
      return;
    }
    if (sinceMs < seat.sinceMs) seat.sinceMs = sinceMs;
    if (!seat.isOwn && at !== undefined && (isOwn || seat.machine === undefined)) {
      seat.machine = at.author;
      seat.isOwn = isOwn;
    }
  }

  #noteWord({ ended, wipeRule }: RootWord): boolean {
    const fresh = ended.filter((end) => !this.#byRoot.has(nameOf(end)));
    for (const end of fresh) this.#byRoot.set(nameOf(end), end);
    if (wipeRule !== undefined && !this.#rules.some(({ atMs }) => atMs === wipeRule.atMs))
      this.#rules.push(wipeRule);
    return fresh.length > 0;
  }

  #endsBy(who: 'root' | 'admins', admin: string): readonly AdminEnd[] {
    const ends =
      who === 'root'
        ? [...this.#byRoot.values()]
        : [...this.#byAdmins.values()]
            // Two that put each other out are both out: who was first cannot be told where one of them lies about the time.
            .filter(({ by, at }) => this.#holdsForRoot(by, at))
            .map(({ end }) => end);
    return ends.filter((end) => end.admin === admin);
  }

  #holdsForRoot(admin: string, at: StatedAt | undefined): boolean {
    return this.#endsBy('root', admin).every((end) => isBefore(end, at));
  }
}

const isForAdmins = ({ roles }: { readonly roles: readonly string[] }): boolean => roles.includes('admin');
