// Waiting for a running fleet: asks agents what they see, a few times a second, until it is so or too late.

import { askAgent } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { DreyError } from '../../datasets/index.ts';
import type { RunningAgent } from './processes.ts';

export const viewOf = (agent: RunningAgent): Promise<FleetView> =>
  askAgent({ home: agent.home, call: 'view', request: {} });

export interface Wait {
  readonly what: string;
  readonly agents: readonly RunningAgent[];
  readonly secondsMax: number;
}

const askEveryMs = 400;

/** Resolves with the views once `holds` is true of all of them at one look. Throws `demo-waited-too-long`. */
export async function waitUntil(
  wait: Wait,
  holds: (views: readonly FleetView[]) => boolean,
): Promise<readonly FleetView[]> {
  const lateMs = Date.now() + wait.secondsMax * 1000;
  for (;;) {
    const views = await Promise.all(wait.agents.map(viewOf));
    if (holds(views)) return views;
    if (Date.now() > lateMs) {
      throw new DreyError({
        code: 'demo-waited-too-long',
        message: `${wait.what} did not happen within ${wait.secondsMax} s`,
        advice: 'Look at `drey status --home` of the agents, and at agent.log in their folders.',
      });
    }
    await new Promise((resolve) => setTimeout(resolve, askEveryMs));
  }
}

/** No shard is on its way, to be rebuilt or removed, and all follow the same plan. */
export function isSettled(views: readonly FleetView[]): boolean {
  const epochs = new Set(views.map((view) => view.plan?.epoch));
  const busy = views.some(
    ({ work }) => work.outboxPacks + work.shardsToSend + work.shardsToRebuild + work.shardsToRemove > 0,
  );
  return epochs.size === 1 && !epochs.has(undefined) && !busy;
}
