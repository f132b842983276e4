// Which machines came by an invite after all its uses were taken: two admins that did not see each other may both have let one in. It decides
// by the certificates alone, so that everybody who has read the same logs puts out the same machine, in whatever order they came.

import type { UnixMs } from '../../datasets/index.ts';
import type { InviteStatement, MachineCertificate } from '../codec/index.ts';
import type { InviteId, PeerId } from '../units.ts';

/** Why a machine is not let in by its certificate. */
export interface LateUse {
  readonly usesMax: number;
  /** Those that came by the invite before it, the first ones first. */
  readonly before: readonly PeerId[];
}

/** A machine that was certified without an invite, by an admin's own hand. */
const byHand = Symbol('by hand');

/** How a machine came in. */
type Way = InviteId | typeof byHand;

const nothing: readonly Way[] = [];
/** Of most machines of a large fleet that is all: one list for all of them. */
const onlyByHand: readonly Way[] = [byHand];

/** What is said of a machine that is out, after its name. */
export function outText(
  peer: PeerId,
  known: {
    readonly lateUseOf: (peer: PeerId) => LateUse | undefined;
    readonly nameOf: (peer: PeerId) => string;
  },
): string {
  const late = known.lateUseOf(peer);
  const out = 'was put out of the fleet';
  if (late === undefined) return out;
  return late.usesMax === 1
    ? `${out}: its invite was for one machine, and ${late.before.map((first) => known.nameOf(first)).join()} came by it first; invite it again`
    : `${out}: its invite was for ${late.usesMax} machines, and all had come by then; invite it again`;
}

export class InviteUses {
  readonly #usesMax = new Map<InviteId, number>();
  /** When each machine's first certificate by an invite begins. */
  readonly #usedMs = new Map<InviteId, Map<PeerId, UnixMs>>();
  readonly #cameBy = new Map<PeerId, readonly Way[]>();
  #late: ReadonlyMap<PeerId, LateUse> = new Map();
  #isStale = false;

  clear(): void {
    for (const known of [this.#usesMax, this.#usedMs, this.#cameBy]) known.clear();
    this.#isStale = true;
  }

  noteInvite({ invite, usesMax }: InviteStatement): void {
    const most = Math.max(usesMax, this.#usesMax.get(invite) ?? 0);
    if (most === this.#usesMax.get(invite)) return;
    this.#usesMax.set(invite, most);
    this.#isStale = true;
  }

  /** A renewed certificate names the same invite, and is no second use. */
  noteCertificate({ peer, invite, notBeforeMs }: MachineCertificate): void {
    const cameBy = this.#cameBy.get(peer) ?? nothing;
    const way = invite ?? byHand;
    if (!cameBy.includes(way)) {
      this.#isStale = true;
      this.#cameBy.set(peer, cameBy.length === 0 && way === byHand ? onlyByHand : [...cameBy, way]);
    }
    if (invite === undefined) return;
    const used = this.#usedMs.get(invite) ?? new Map<PeerId, UnixMs>();
    this.#usedMs.set(invite, used);
    if (notBeforeMs >= (used.get(peer) ?? Number.POSITIVE_INFINITY)) return;
    used.set(peer, notBeforeMs);
    this.#isStale = true;
  }

  /** Machines of which every certificate is by an invite whose uses were taken before. Of one moment the lower id counts as the first. */
  get late(): ReadonlyMap<PeerId, LateUse> {
    if (this.#isStale) this.#late = this.#judge();
    this.#isStale = false;
    return this.#late;
  }

  #judge(): ReadonlyMap<PeerId, LateUse> {
    const late = new Map<PeerId, LateUse>();
    const lateFor = new Map<PeerId, number>();
    for (const [invite, used] of this.#usedMs) {
      const usesMax = this.#usesMax.get(invite) ?? Number.POSITIVE_INFINITY;
      if (used.size <= usesMax) continue;
      const inOrder = [...used].toSorted(([a, aMs], [b, bMs]) => aMs - bMs || (a < b ? -1 : 1));
      const before = inOrder.slice(0, usesMax).map(([peer]) => peer);
      for (const [peer] of inOrder.slice(usesMax)) {
        late.set(peer, { usesMax, before });
        lateFor.set(peer, (lateFor.get(peer) ?? 0) + 1);
      }
    }
    for (const [peer, count] of lateFor) if (count < (this.#cameBy.get(peer)?.length ?? 0)) late.delete(peer);
    return late;
  }
}
