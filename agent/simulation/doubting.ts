// What agents say of those whom they doubt, held against what they said before: when one is left out is announced, and put off only where somebody
// took a doubt back.

import { hours } from '../../datasets/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { DoubtRecord, SignedBatch } from '../codec/index.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** Clocks are set by hours. */
const longMs = hours(12);

interface Announced {
  readonly dropsAtMs: number;
  readonly quorum: number;
  readonly pardonedMs: number | undefined;
  /** All who counted are among them. */
  readonly doubters: ReadonlySet<PeerId>;
  readonly doubterCount: number;
  /** Whose word counts follows from it. */
  readonly plan: Plan | undefined;
}

/** Of one life: a machine that starts anew reads again since when it has known of a doubt. */
const announcements = new WeakMap<Shell, ReadonlyMap<PeerId, Announced>>();

/** To be called for one honest machine again and again. */
export function lookAtDoubts({ checks, guards, machines }: Fleet, machine: Machine, shell: Shell): void {
  const { trust, membership, election } = shell.core;
  const before = announcements.get(shell);
  const after = new Map<PeerId, Announced>();
  for (const { peer, index } of machines) {
    const { standing, dropsAtMs, quorum, doubterCount } = trust.viewOf(peer);
    if (standing !== 'warned' || dropsAtMs === undefined) continue;
    checks.counts.framed++;
    const doubters = doubtersOf(machine, shell, peer);
    const pardonedMs = membership.pardonedMs(peer);
    const said = { dropsAtMs, quorum, doubters, doubterCount, pardonedMs, plan: election.plan };
    after.set(peer, said);
    const was = before?.get(peer);
    if (was !== undefined && said.dropsAtMs > was.dropsAtMs + longMs && isSameCase(was, said))
      guards.violate(
        'framed',
        machine,
        `puts off when machine ${index} is left out, and nobody took a doubt back`,
      );
  }
  announcements.set(shell, after);
}

/** Words about a machine, as they lie on a disk; also those that take a doubt back. */
export const doubtsAbout = (
  peer: PeerId,
  batches: readonly SignedBatch[],
): readonly { readonly author: PeerId; readonly record: DoubtRecord }[] =>
  batches.flatMap(({ author, records }) =>
    records.flatMap((record) =>
      record.kind === 'doubt' && record.machine === peer ? [{ author, record }] : [],
    ),
  );

const isSameCase = (was: Announced, now: Announced): boolean =>
  now.plan === was.plan &&
  now.quorum <= was.quorum &&
  now.doubterCount >= was.doubterCount &&
  now.pardonedMs === was.pardonedMs &&
  [...was.doubters].every((peer) => now.doubters.has(peer));

/** Members whose last word about the machine, as it lies on this disk, is a doubt. */
function doubtersOf({ shelves }: Machine, { core, clock }: Shell, peer: PeerId): ReadonlySet<PeerId> {
  const last = new Map<PeerId, DoubtRecord>();
  for (const { author, record } of doubtsAbout(peer, shelves.order)) last.set(author, record);
  const members = [...last].filter(([author]) => core.membership.isMember(author, clock.now()));
  return new Set(members.filter(([, { evidence }]) => evidence.length > 0).map(([author]) => author));
}
