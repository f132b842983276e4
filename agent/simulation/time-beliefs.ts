// What each agent believes of time: when others last spoke, and who may hold shards at this moment. Held against when machines were up, and against
// certificates as they are now.

import { hours } from '../../datasets/index.ts';
import { clockSkewMsMax } from '../limits.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Shell } from './shell.ts';

/** Clocks are set by hours, of whoever speaks and of whoever listens. */
const wrongMs = hours(12);

/**
 * Nobody is taken to have spoken when it was off. Whoever was off itself then learns of it when it is back: it may have slept, with a connection
 * that ended meanwhile.
 */
export function lookAtLastWords(
  { checks, guards, machines, queue, witness }: Fleet,
  machine: Machine,
  shell: Shell,
): void {
  const { core, clock } = shell;
  const now = clock.now();
  for (const other of machines) {
    const offMs = other.isUp
      ? Number.POSITIVE_INFINITY
      : (other.ups.at(-1)?.toMs ?? Number.POSITIVE_INFINITY);
    const seenMs = firstUpMs(machine, offMs);
    if (other.hasLied || queue.nowMs - seenMs < 2 * wrongMs) continue;
    if (other.firstAheadMs <= queue.nowMs + wrongMs) continue;
    const saidMs = core.vigil.silentSinceMs(other.peer, now);
    if (saidMs === undefined) continue;
    checks.counts.vigil++;
    // What it wrote with a wrong clock was said when it was heard, which may have been long after; but not when the own disk was read.
    const isHeardLate = witness.hasHeard(shell, other.peer) || !areDatesFar(machine, other, { offMs, now });
    const leastMs = other.hasDatedAhead && isHeardLate ? -wrongMs : queue.nowMs - seenMs - wrongMs;
    if (now - saidMs >= leastMs) continue;
    const hoursText = `${Math.round((queue.nowMs - offMs) / hours(1))} hours`;
    guards.violate(
      'vigil',
      machine,
      `believes that machine ${other.index} spoke ${Math.round((now - saidMs) / hours(1))} hours ago, which has been off for ${hoursText}`,
    );
    return;
  }
}

/** Whether of another's words on its disk some have dates from before that went off, and all others such as will not come for a day. */
function areDatesFar(
  { shelves }: Machine,
  { peer }: Machine,
  { offMs, now }: { readonly offMs: number; readonly now: number },
): boolean {
  const dates = shelves.order.filter(({ author }) => author === peer).map(({ atMs }) => atMs);
  return (
    dates.some((atMs) => atMs <= offMs) && dates.every((atMs) => atMs <= offMs || atMs > now + clockSkewMsMax)
  );
}

/** When a machine was first up from a moment on. */
function firstUpMs({ ups }: Machine, fromMs: number): number {
  const span = ups.find(({ toMs }) => toMs > fromMs);
  return span === undefined ? Number.POSITIVE_INFINITY : Math.max(span.fromMs, fromMs);
}

/** Whoever may hold shards is a holder by a certificate that holds now, and each of those is named. */
export function lookAtHolders({ checks, guards }: Fleet, machine: Machine, { core, clock }: Shell): void {
  const { membership } = core;
  const now = clock.now();
  const named = new Set(membership.holders(now, 'with those left out'));
  for (const peer of membership.machines) {
    checks.counts.admins++;
    const isHolder = membership.isMember(peer, now) && membership.hasRole(peer, 'holder');
    if (isHolder === named.has(peer)) continue;
    const text = isHolder
      ? 'which may, for one that may not'
      : 'whose certificate does not hold, for one that may';
    guards.violate('admins', machine, `takes ${membership.nameOf(peer)}, ${text} hold shards`);
    return;
  }
}
