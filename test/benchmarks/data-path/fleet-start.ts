// Real agents on loopback that have met and have a plan, for what is measured of a fleet.

import { join } from 'node:path';
import type { InviteAnswer } from '../../../agent/control/index.ts';
import { askCommand, type RunningAgent, startAgentProcess } from '../../../cli/demo/processes.ts';
import { waitUntil } from '../../../cli/demo/waiting.ts';

export interface FleetWanted {
  readonly root: string;
  readonly count: number;
  /** What k the plan's groups must have before anything is measured: 1 for copies, 4 for bulk in fleets of nine and more. */
  readonly dataShards: number;
}

/** Each agent is put into `agents` once it runs, so that whoever called can end those that do when something fails. */
export async function startFleet(
  { root, count, dataShards }: FleetWanted,
  agents: RunningAgent[],
): Promise<void> {
  const first = join(root, 'pc-1');
  const own = ['--home', first, '--machine-name', 'pc-1', '--quota', '20GB'];
  await askCommand(['fleet', 'create', '--name', 'benchmark', ...own]);
  agents.push(await startAgentProcess('pc-1', first));
  const uses = String(count);
  const { invite } = await askCommand<InviteAnswer>(['fleet', 'invite', '--home', first, '--uses', uses]);
  for (let at = 2; at <= count; at++) {
    const home = join(root, `pc-${at}`);
    await askCommand(['join', '-', '--home', home, '--name', `pc-${at}`, '--quota', '20GB'], invite);
    agents.push(await startAgentProcess(`pc-${at}`, home));
  }
  await waitUntil({ what: 'a plan that all have', agents, secondsMax: 300 }, (views) =>
    views.every(
      ({ plan, machines }) =>
        plan?.classes.some(({ redundancy, groups }) => redundancy.k === dataShards && groups.length > 0) ===
          true && machines.filter(({ state }) => state === 'up').length === count,
    ),
  );
}
