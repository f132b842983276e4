// Whether an agent knows that it has slept: what was said meanwhile may not have come yet, and whoever is not there may not have been found yet.

import { hours, minutes, unixMs } from '../../datasets/index.ts';
import type { CoreEvent } from '../core/index.ts';
import { sleepMsMin, wipeAwakeMsMin } from '../limits.ts';
import type { Checking } from './checking.ts';
import type { Machine } from './machine.ts';

/** Clocks are set by hours meanwhile: a shorter sleep may look like none. */
const sleptMsMin = sleepMsMin + hours(6);

/** Of one life of an agent. */
export class WakingWitness {
  readonly #world: Checking;
  readonly #machine: Machine;

  constructor(world: Checking, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  /** After the core took it. */
  told(event: CoreEvent): void {
    const { shell, ups } = this.#machine;
    const [before, last] = ups.slice(-2);
    if (event.kind !== 'tick' || shell === undefined || before === undefined || last === undefined) return;
    const sleptMs = last.fromMs - before.toMs;
    const awakeMs = shell.life.queue.nowMs - last.fromMs;
    if (sleptMs < sleptMsMin || awakeMs >= wipeAwakeMsMin / 2) return;
    const { core } = shell;
    const now = unixMs(event.now);
    this.#world.count('wiped');
    const hoursText = `a sleep of ${Math.round(sleptMs / hours(1))} hours`;
    if (core.wipes.mayFree(now))
      this.#world.violate(
        'wiped',
        this.#machine,
        `would free what is to be deleted right after ${hoursText}`,
      );
    if (awakeMs < minutes(1) && core.ownReach.isSettled(now))
      this.#world.violate('counted', this.#machine, `says who is not there right after ${hoursText}`);
  }

  ordered(): void {}
}
