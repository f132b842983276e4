// Of whose clock an agent tells its person that it is wrong: of those by whose last word it is, and of its own only where most of those that are there
// say so.

import { hours, minutes, unixMs } from '../../datasets/index.ts';
import type { CoreEvent } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';

/** As far ahead as no word can be that was written by a right clock. */
const aheadMs = minutes(10);
/** Words of the last hours count. */
const freshMs = hours(3);
const lookEveryMs = hours(1);

/** How far the date of the last word was from the clock here, and when it came. */
interface LastWord {
  readonly leadMs: number;
  readonly heardMs: number;
}

/** Of one life of an agent; all times are of its own clock. */
export class ClockWitness {
  readonly #world: Checking;
  readonly #machine: Machine;
  readonly #words = new Map<PeerId, LastWord>();
  #isReading = true;
  #tickMs = Number.NEGATIVE_INFINITY;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it. */
  told(event: CoreEvent): void {
    if (event.kind === 'connected' || event.kind === 'tick') this.#isReading = false;
    if (event.kind === 'tick') this.#tick(event.now);
    if (event.kind !== 'batchStored' || this.#isReading) return;
    const { author, atMs } = event.batch;
    if (author !== this.#machine.peer)
      this.#words.set(author, { leadMs: atMs - event.now, heardMs: event.now });
  }

  ordered(): void {}

  #tick(now: number): void {
    // After a sleep, or a clock that was set, what was heard before says nothing.
    if (now - this.#tickMs >= aheadMs) this.#words.clear();
    this.#tickMs = now;
    if (now - this.#lookedMs < lookEveryMs) return;
    this.#lookedMs = now;
    const { core } = this.#machine.shell ?? {};
    if (core === undefined || this.#words.size === 0) return;
    this.#world.count('vigil');
    const fresh = [...this.#words].filter(([, { heardMs }]) => now - heardMs <= freshMs);
    const told = core.clocks.wrong(unixMs(now));
    const ownMs = told.get(this.#machine.peer);
    const leads = fresh.flatMap(([peer, { leadMs }]) => (core.membership.isUp(peer) ? [leadMs] : []));
    if (ownMs !== undefined) return this.#lookAtOwn(ownMs, leads);
    if (leads.length >= 2 && isMost(leads, (leadMs) => leadMs >= aheadMs))
      this.#violate('does not tell that its own clock is behind those of most others');
    for (const [peer, { leadMs }] of fresh) {
      const isKnown = core.membership.certificateOf(peer) !== undefined;
      if (!isKnown || leadMs >= aheadMs === told.has(peer)) continue;
      const name = core.membership.nameOf(peer);
      this.#violate(`${told.has(peer) ? 'tells' : 'does not tell'} that the clock of ${name} is wrong`);
      return;
    }
  }

  /** `wrongMs`: what it tells, ahead where positive. Those who were heard for a short while alone may have been slow, so of the others some say nothing. */
  #lookAtOwn(wrongMs: number, leads: readonly number[]): void {
    const isSaid = (leadMs: number): boolean => (wrongMs < 0 ? leadMs >= aheadMs : leadMs < 0);
    const isEnough = wrongMs < 0 ? isMost(leads, isSaid) : leads.filter(isSaid).length >= 2;
    if (!isEnough) this.#violate('tells that its own clock is wrong, and most others do not say so');
  }

  #violate(text: string): void {
    this.#world.violate('vigil', this.#machine, text);
  }
}

const isMost = (leads: readonly number[], isSaid: (leadMs: number) => boolean): boolean =>
  leads.filter(isSaid).length > leads.length / 2;
