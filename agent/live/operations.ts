// What keeps an agent watched day by day: its list of problems, and who is told of them. Decides nothing about files or machines.

import type { Logger } from 'pino';
import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { SignedBatch } from '../codec/index.ts';
import type { AgentCore, CoreEvent } from '../core/index.ts';
import { promotionsEveryMs } from '../limits.ts';
import type { Clock, Random } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { promotionsSince } from './acts.ts';
import { Alerts } from './alerts/index.ts';
import type { ViewParts } from './fleet-view.ts';
import type { Home } from './home.ts';
import type { Identity } from './identity.ts';
import type { WorkerPool } from './data-path/index.ts';
import type { Observations } from './observations.ts';
import { OwnPacks } from './own-packs.ts';
import { Pacing, readMetered } from './pacing/index.ts';
import { readPower } from './power.ts';
import { Renewals, type RenewalsParts } from './renewals.ts';
import { findProblems, ProblemWatch } from './problems/index.ts';

export interface OperationsParts {
  readonly home: Home;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: Identity;
  readonly core: AgentCore;
  readonly logger: Logger;
  readonly observations: Observations;
  readonly workers: WorkerPool;
  readonly tell: (event: CoreEvent) => void;
  readonly publish: RenewalsParts['publish'];
  readonly renewed: RenewalsParts['renewed'];
  readonly report: RenewalsParts['report'];
}

export class Operations {
  readonly alerts: Alerts;
  readonly pacing: Pacing;
  readonly ownPacks = new OwnPacks();
  readonly #problems: ProblemWatch;
  readonly #renewals: Renewals;
  readonly #parts: OperationsParts;
  #promotionsLookedMs = 0;
  #promotionsNotedMs = 0;

  constructor(parts: OperationsParts) {
    const { home, clock, random, identity, core, logger } = parts;
    this.#parts = parts;
    this.alerts = new Alerts({
      home,
      clock,
      fraction: () => random.fraction(),
      speaker: () => ({
        fleet: core.membership.policy?.fleetName ?? identity.fleet.slice(0, 8),
        machine: identity.certificate.name,
        peer: identity.machineKey.peer,
      }),
      report: (text) => logger.warn(text),
    });
    this.#renewals = new Renewals({ ...parts, membership: core.membership });
    this.pacing = new Pacing({ ...parts, readPower, readMetered });
    this.#problems = new ProblemWatch({
      home,
      now: clock.now(),
      tell: (changes) => this.alerts.tell(changes, clock.now()),
      settleMs: () => this.alerts.settleMs,
    });
  }

  /** What is wrong or at risk now, and since when. */
  problemsOf(parts: ViewParts): readonly Problem[] {
    return this.#problems.book.withTimes(findProblems(parts), parts.now);
  }

  /** A batch is in the log. */
  note(batch: SignedBatch): void {
    this.#parts.observations.note(batch);
    this.#renewals.note(batch, this.#parts.clock.now());
  }

  tick(parts: () => ViewParts, now: UnixMs): void {
    this.#problems.tick(parts, now);
    this.alerts.tick(now);
    this.pacing.tick(now);
    void this.#renewals.tick(now);
    this.#notePromotions(now);
  }

  /** Written down is what the own log does not say yet; a damaged list of promotions is said by what serves from it. */
  #notePromotions(now: UnixMs): void {
    if (now - this.#promotionsLookedMs < promotionsEveryMs) return;
    this.#promotionsLookedMs = now;
    const { home, identity, observations, tell, logger } = this.#parts;
    const { peer } = identity.machineKey;
    this.#promotionsNotedMs = Math.max(this.#promotionsNotedMs, observations.promotedMs.get(peer) ?? 0);
    try {
      const records = promotionsSince(home.models, unixMs(this.#promotionsNotedMs));
      const last = records.at(-1);
      if (last === undefined) return;
      this.#promotionsNotedMs = last.atMs;
      tell({ kind: 'recordsReady', records, now });
    } catch (error) {
      logger.warn({ error: String(error) }, 'promotions of models could not be read');
    }
  }

  stop(): void {
    this.alerts.stop();
  }
}
