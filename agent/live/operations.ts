// What keeps an agent watched day by day: its list of problems, and who is told of them. Decides nothing about files or machines.

import type { Logger } from 'pino';
import type { UnixMs } from '../../datasets/index.ts';
import type { AgentCore } from '../core/index.ts';
import type { Clock, Random } from '../ports.ts';
import type { Problem } from '../problem.ts';
import { Alerts } from './alerts/index.ts';
import type { ViewParts } from './fleet-view.ts';
import type { Home } from './home.ts';
import type { Identity } from './identity.ts';
import { findProblems, ProblemWatch } from './problems/index.ts';

export interface OperationsParts {
  readonly home: Home;
  readonly clock: Clock;
  readonly random: Random;
  readonly identity: Identity;
  readonly core: AgentCore;
  readonly logger: Logger;
}

export class Operations {
  readonly alerts: Alerts;
  readonly #problems: ProblemWatch;

  constructor({ home, clock, random, identity, core, logger }: OperationsParts) {
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

  tick(parts: () => ViewParts, now: UnixMs): void {
    this.#problems.tick(parts, now);
    this.alerts.tick(now);
  }

  stop(): void {
    this.alerts.stop();
  }
}
