// How much each agent does at once, how soon it tries again and how late at most, and whether it rests when it is to: shards that it asks for, plans, trial restores,
// the reading of its disk. Too much of any of them breaks no promise, and makes the machine a nuisance to its person and to the others.

import { hourMs, minutes, unixMs } from '../../datasets/index.ts';
import type { ShardKey } from '../codec/index.ts';
import type { CoreEffect, CoreEvent } from '../core/index.ts';
import {
  fullDiskWaitMsMax,
  fullDiskWaitMsMin,
  planRetryMs,
  plansPerHourMax,
  proofEveryMs,
  proofRetryMs,
  pullMsMax,
  pullsMax,
  standInPullsMax,
} from '../limits.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';
import { nameOf, shortOf } from './naming.ts';

/** Those of repairs, and of shards for which it stands in. */
const pullsAtOnceMax = pullsMax + standInPullsMax;

type Send = Extract<CoreEffect, { kind: 'send' }>;
type PlanOrder = Extract<CoreEffect, { kind: 'computePlan' }>;

/** Of one pack, within an hour under one plan: some for the shard that is wanted, and some who count or restore. */
const asksPerHourMax = 20;

/** What is under way when a rest begins may come later. */
const fullSlackMs = minutes(5);

const flowOf = (from: PeerId, name: string): string => `${from} ${name}`;

/** Of one life of an agent; all times are of its own clock. */
export class PaceWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  /** Shards that the plan gives it, what they are made from, and those for which it stands in: asked for, and not come. */
  readonly #pulls = new Map<string, { readonly from: PeerId; readonly atMs: number }>();
  /** Parts by sender, however long ago: what comes late counts as well. */
  readonly #asked = new Map<string, PeerId>();
  /** When each was asked what it has of a pack, since the plan holds. */
  readonly #inquiries = new Map<string, readonly number[]>();
  #plan: unknown;
  #isOnBattery = false;
  #isPaused = false;
  #fullSinceMs = Number.NEGATIVE_INFINITY;
  /** When its disk last said that it is full, whoever it was told for. */
  #lastFullMs = Number.NEGATIVE_INFINITY;
  #fullUntilMs = Number.NEGATIVE_INFINITY;
  #fullWaitMs = fullDiskWaitMsMin;
  /** When it began plans that nobody had asked for. */
  #plannedMs: readonly number[] = [];
  #planning: 'whole' | 'part' | undefined;
  #planFailedMs = Number.NEGATIVE_INFINITY;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it, and before what it ordered is done. */
  told(event: CoreEvent): void {
    switch (event.kind) {
      case 'pullsPaused':
        this.#isPaused = event.isPaused;
        return;
      case 'powerChanged':
        this.#isOnBattery = event.source === 'battery';
        return;
      case 'disconnected':
        for (const [name, { from }] of this.#pulls) if (from === event.peer) this.#pulls.delete(name);
        for (const [name, from] of this.#asked) if (from === event.peer) this.#asked.delete(name);
        return;
      case 'message':
        if (event.message.kind === 'shardMissing' || event.message.kind === 'shardRefused')
          this.#endPull(event.from, nameOf(event.message));
        return;
      case 'shardArrived': {
        const { descriptor, index, place } = event.arrival;
        this.#endPull(event.from, nameOf({ pack: descriptor.pack, index }));
        // What comes for others to hold was asked for, also where it comes twice.
        const isAsked =
          this.#asked.delete(flowOf(event.from, nameOf({ pack: descriptor.pack, index }))) ||
          place === 'held';
        // Scratch has room where others' shards have none.
        if (event.outcome === 'stored' && place === 'held') this.#fullWaitMs = fullDiskWaitMsMin;
        if (event.outcome === 'full') this.#lastFullMs = event.now;
        if (event.outcome === 'full' && isAsked) this.#full(event.now);
        return;
      }
      case 'tick':
        this.#looksFull(event.now);
        return;
      case 'rebuilt':
        if (event.outcome === 'stored') this.#fullWaitMs = fullDiskWaitMsMin;
        if (event.outcome === 'full') {
          this.#lastFullMs = event.now;
          this.#full(event.now);
        }
        return;
      case 'planComputed':
        this.#planning = undefined;
        return;
      case 'planFailed':
        if (this.#planning === 'whole') this.#planFailedMs = event.now;
        this.#planning = undefined;
        return;
      default:
    }
  }

  /** Whoever sends what is not wanted any more did what it was asked for. */
  refused({ from, ...shard }: ShardKey & { readonly from: PeerId }): void {
    this.#endPull(from, nameOf(shard));
  }

  /** Before it is done. */
  ordered(effect: CoreEffect, now: number): void {
    if (effect.kind === 'send') this.#sends(effect, now);
    if (effect.kind === 'computePlan') this.#plans(effect, now);
    if (effect.kind === 'proveDrive') this.#proves(effect.drive, now);
    if (effect.kind === 'verifyShard') this.#works('reads its disk');
  }

  #endPull(from: PeerId, name: string): void {
    if (this.#pulls.get(name)?.from === from) this.#pulls.delete(name);
  }

  /** What it was told before its clock was set back was told long ago. */
  #isFullAt(now: number): boolean {
    return now >= this.#fullSinceMs && now < this.#fullUntilMs;
  }

  /** As long as others may wait for it: longer each time, until something fits. */
  #full(now: number): void {
    if (this.#isFullAt(now)) return;
    this.#fullSinceMs = now;
    this.#fullUntilMs = now + this.#fullWaitMs;
    this.#fullWaitMs = Math.min(fullDiskWaitMsMax, 2 * this.#fullWaitMs);
  }

  /** It may have been looked at last just before the end of the rest. */
  #looksFull(now: number): void {
    const { core } = this.#machine.shell ?? {};
    if (core === undefined || this.#isPaused || !Number.isFinite(this.#lastFullMs)) return;
    this.#world.count('mended');
    if (core.repair.isIdle(unixMs(now)) && now - this.#lastFullMs > fullDiskWaitMsMax + fullSlackMs)
      this.#world.violate('mended', this.#machine, 'asks its disk for room no more, which was full long ago');
  }

  /** Whoever is asked again and again does little else. */
  #asks(to: PeerId, packs: readonly PackId[], now: number): void {
    const plan = this.#machine.shell?.core.shelf.plan;
    if (plan !== this.#plan) this.#inquiries.clear();
    this.#plan = plan;
    for (const pack of packs) {
      const name = `${pack} ${to}`;
      const before = this.#inquiries.get(name) ?? [];
      const lately = [...before.filter((atMs) => Math.abs(now - atMs) < hourMs), now];
      this.#inquiries.set(name, lately);
      this.#world.count('traffic');
      if (lately.length === asksPerHourMax + 1)
        this.#world.violate(
          'traffic',
          this.#machine,
          `asks the same machine ${lately.length} times within an hour what it has of ${shortOf({ pack })}`,
        );
    }
  }

  #sends({ to, message }: Send, now: number): void {
    if (message.kind === 'shardsAsk') this.#asks(to, message.packs, now);
    if (message.kind !== 'shardPull') return;
    const { pack, index } = message;
    const purpose = this.#machine.shell?.core.purposeOf(pack, index);
    if (purpose === 'copy') this.#works('fetches a copy');
    if (purpose !== 'slot' && purpose !== 'part') return;
    const { count, violate } = this.#world;
    count('rest');
    if (this.#isPaused) violate('rest', this.#machine, 'asks for a shard in a pause');
    count('traffic');
    if (this.#isFullAt(now))
      violate('traffic', this.#machine, 'asks for a shard though its disk has just said that it is full');
    for (const [name, { atMs }] of this.#pulls) if (now - atMs > pullMsMax) this.#pulls.delete(name);
    this.#pulls.set(nameOf({ pack, index }), { from: to, atMs: now });
    if (purpose === 'part') this.#asked.set(flowOf(to, nameOf({ pack, index })), to);
    count('queues');
    if (this.#pulls.size > pullsAtOnceMax)
      violate('queues', this.#machine, `asks for ${this.#pulls.size} shards at once`);
  }

  /** What can wait does so in a pause and on battery. */
  #works(text: string): void {
    this.#world.count('rest');
    if (this.#isPaused || this.#isOnBattery)
      this.#world.violate('rest', this.#machine, `${text} while it is to rest`);
  }

  #plans({ reason, repair, scope }: PlanOrder, now: number): void {
    this.#planning = repair === undefined && scope === undefined ? 'whole' : 'part';
    if (scope === 'copies' || reason === 'asked for') return;
    const { count, violate } = this.#world;
    count('plans');
    if (this.#planning === 'whole' && now >= this.#planFailedMs && now - this.#planFailedMs < planRetryMs)
      violate('plans', this.#machine, 'tries again at once to make a plan that has just failed');
    this.#plannedMs = [...this.#plannedMs.filter((atMs) => now - atMs < hourMs), now];
    if (this.#plannedMs.length > plansPerHourMax)
      violate('plans', this.#machine, `makes ${this.#plannedMs.length} plans within an hour`);
  }

  #proves(drive: Parameters<Machine['proofs']['get']>[0], now: number): void {
    this.#works('restores as a trial');
    const last = this.#machine.proofs.get(drive)?.last;
    this.#world.count('proofs');
    if (last === undefined) return;
    const everyMs = last.verdict === 'proven' ? proofEveryMs : proofRetryMs;
    if (now - last.atMs < everyMs)
      this.#world.violate('proofs', this.#machine, 'restores as a trial again too soon after the last time');
  }
}
