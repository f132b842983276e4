// What a running agent hands to its telemetry: its journal, its space, its round trips, and where rows go.

import type { PeerId } from '../units.ts';
import type { AgentLog } from './agent-log.ts';
import type { Home } from './home.ts';
import type { Identity } from './identity.ts';
import type { LiveDisk } from './disk/index.ts';
import type { Clock } from '../ports.ts';
import { startTelemetry, type Telemetry, telemetryRecords } from './telemetry/index.ts';

interface TelemetryParts {
  readonly home: Home;
  readonly identity: Identity;
  readonly clock: Clock;
  readonly disk: LiveDisk;
  readonly agentLog: AgentLog;
  readonly site?: string;
  readonly roundTripMs: () => ReadonlyMap<PeerId, number>;
  readonly append: (records: ReturnType<typeof telemetryRecords>) => Promise<void>;
}

/** Of so many peers the round trips are told. */
const roundTripsMax = 32;

export const startAgentTelemetry = (parts: TelemetryParts): Telemetry =>
  startTelemetry({
    machine: parts.identity.machineKey.peer,
    clock: parts.clock,
    journalFile: parts.home.uptimeJournal,
    salt: parts.identity.fleet,
    ...(parts.site === undefined ? {} : { site: parts.site }),
    usage: () => {
      const { freeBytes, quotaBytes } = parts.disk.usage();
      return { freeBytes, quotaBytes };
    },
    roundTripMs: () => Object.fromEntries([...parts.roundTripMs()].slice(0, roundTripsMax)),
    flush: (rows) => parts.append(telemetryRecords(rows, 'collected')),
    onProblem: (error) =>
      parts.agentLog.logger.error({ error: String(error) }, 'telemetry could not be collected'),
  });
