// What the demo knows while it goes on, and what it writes into its summary. Only steps change it.

import type { RestoreAnswer } from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import type { WrittenHistory } from '../generated-history.ts';
import type { RunningAgent } from './processes.ts';

export interface DemoOptions {
  readonly agentCount: number;
  readonly killCount: number;
  readonly seed: string;
  /** The real folder to protect. */
  readonly folder: string;
  readonly ignore: readonly string[];
  readonly restoreTo: string;
  /** Holds the agents' own folders. */
  readonly root: string;
}

/** One thing that must hold for exit code 0. */
export interface Check {
  readonly name: string;
  readonly held: boolean;
  readonly detail: string;
}

export interface StepTime {
  readonly step: string;
  readonly seconds: number;
}

export interface DemoState {
  readonly options: DemoOptions;
  /** All agents ever started, the admin's first. */
  readonly agents: RunningAgent[];
  readonly killed: Set<string>;
  readonly checks: Check[];
  readonly times: StepTime[];
  invite?: string;
  phrase?: string;
  history?: WrittenHistory;
  protectedBytes?: {
    readonly byteCount: number;
    readonly sealedBytes: number;
    readonly fileCount: number;
    readonly packCount: number;
  };
  firstPlan?: Plan;
  plan?: Plan;
  view?: FleetView;
  restored?: RestoreAnswer;
  domainMatch?: number;
}

/** The agent with the admin key; it is never killed, as somebody must let the new machine in. */
export const adminOf = (state: DemoState): RunningAgent => state.agents[0]!;

/** The agent whose folder is protected. */
export const ownerOf = (state: DemoState): RunningAgent => state.agents[1]!;

export const livingAgents = (state: DemoState): readonly RunningAgent[] =>
  state.agents.filter((agent) => !state.killed.has(agent.peer));

export function check(
  state: DemoState,
  name: string,
  outcome: { readonly held: boolean; readonly detail: string },
): void {
  state.checks.push({ name, ...outcome });
}
