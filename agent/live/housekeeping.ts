// What an agent tidies in its own folder: its log for people before that is long, and once a day old telemetry and the reserve.

import { days, minutes, unixMs, type UnixMs } from '../../datasets/index.ts';
import { telemetryAgeMsMax } from '../limits.ts';
import type { AgentLog } from './agent-log.ts';
import { keepReserve } from './disk/index.ts';
import type { Home } from './home.ts';
import type { LiveLog } from './log/index.ts';

interface HousekeepingParts {
  readonly home: Pick<Home, 'reserveFile'>;
  readonly agentLog: Pick<AgentLog, 'turnOver'>;
  readonly log: Pick<LiveLog, 'prune'>;
}

/** Whoever knocks at a port all the time makes lines of the log: in a minute no more than fit into it. */
const logLookMs = minutes(1);
const pruneEveryMs = days(1);

export class Housekeeping {
  readonly #parts: HousekeepingParts;
  #logLookedMs = 0;
  #prunedMs = 0;

  constructor(parts: HousekeepingParts) {
    this.#parts = parts;
  }

  tick(now: UnixMs): void {
    const { home, agentLog, log } = this.#parts;
    if (now - this.#logLookedMs >= logLookMs) {
      this.#logLookedMs = now;
      agentLog.turnOver();
    }
    if (now - this.#prunedMs <= pruneEveryMs) return;
    this.#prunedMs = now;
    keepReserve(home.reserveFile);
    log.prune(unixMs(now - telemetryAgeMsMax), () => {});
  }
}
