// One set of calls for whoever answers them at the moment: an agent may come and go while its control interface stays.

import { type CallHandlers, callNames } from './calls.ts';

/** What an agent answers; `stop` is for whoever runs it. */
export type AgentCalls = Omit<CallHandlers, 'stop'>;

/** Asks `answererNow` for each call anew; what it throws is the answer. */
export function relayCalls(answererNow: () => AgentCalls): AgentCalls {
  const names = callNames.filter((name) => name !== 'stop');
  const relayed = names.map((name) => [
    name,
    (...call: Parameters<AgentCalls[typeof name]>) =>
      (answererNow()[name] as (...given: unknown[]) => unknown)(...call),
  ]);
  return Object.fromEntries(relayed) as AgentCalls;
}
