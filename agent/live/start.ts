// Opens everything that an agent needs in its folder, and starts it: with the reserve given back where the disk is full.

import { join } from 'node:path';
import { DreyError } from '../../datasets/index.ts';
import type { PackDescriptor } from '../codec/index.ts';
import { createLiveClock } from './clock.ts';
import { isFullError, nameDiskError } from './disk-full.ts';
import { HomeDisk, openLiveDisk, spendReserve, unfitDisk } from './disk/index.ts';
import type { LiveAgent } from './agent.ts';
import type { StartOptions } from './start-options.ts';
import { openAgentLog } from './agent-log.ts';
import { homeAt } from './home.ts';
import { readIdentity, settleSettings } from './identity.ts';
import { openLiveLog } from './log/index.ts';
import { settlePriority } from './pacing/index.ts';
import { nameDamage, openStore } from './store.ts';
import { readDrives } from './stored-drives.ts';

/**
 * Starts the agent of a folder. Throws `not-a-member`, `folder-in-use`, `port-in-use`, `home-file-damaged`, `store-damaged`,
 * `shards-away`, `home-unfit` for a disk that is read-only or fails, and `disk-full` when not even the reserve is enough.
 */
export async function startAgent(options: StartOptions): Promise<LiveAgent> {
  const { reserveFile } = homeAt(options.home);
  try {
    return await startOnce(options);
  } catch (error) {
    const trouble = error instanceof DreyError ? undefined : new HomeDisk(options.home).unfit();
    if (trouble !== undefined) throw unfitDisk(options.home, trouble, error);
    if (!isFullError(error)) throw error;
    if (!spendReserve(reserveFile)) throw nameDiskError(error);
    return startOnce(options);
  }
}

async function startOnce(options: StartOptions): Promise<LiveAgent> {
  // The whole agent; joining a fleet or asking what is wrong needs nothing of it.
  const { LiveAgent: Agent } = await import('./agent.ts');
  const { readStagedPacks } = await import('./data-path/index.ts');
  const home = homeAt(options.home);
  const stagedHere = (): readonly PackDescriptor[] =>
    (readDrives(home)?.drives ?? []).flatMap(({ drive }) => readStagedPacks(join(home.drives, drive)));
  const identity = readIdentity(home);
  settlePriority(home);
  const { quotaBytes, site, mesh } = settleSettings(
    home,
    options.site === undefined ? {} : { site: options.site },
  );
  const store = await openStore(home.database);
  let agent: LiveAgent | undefined;
  try {
    const agentLog = openAgentLog(home.logFile);
    const report = (error: unknown): void => agentLog.logger.error({ error: String(error) }, 'a port failed');
    const log = await openLiveLog({ database: store.database, report });
    const disk = await openLiveDisk({
      folder: home.shards,
      database: store.database,
      quotaBytes,
      stagedHere,
      report,
    });
    const { packsTakenBack } = disk.repairs;
    if (packsTakenBack > 0)
      agentLog.logger.warn({ packsTakenBack }, 'packs that no holder may have yet were lost in the database');
    agent = new Agent({
      home,
      identity,
      agentLog,
      store,
      log,
      disk,
      clock: createLiveClock(),
      meshShape: mesh,
      ...(site === undefined ? {} : { site }),
    });
    await agent.start(options);
    return agent;
  } catch (error) {
    // What it has opened until then, a port and threads, would keep the process alive for ever.
    await (agent === undefined ? store.close() : agent.stop());
    throw nameDamage(error);
  }
}
