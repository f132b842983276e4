// One set of calls for whoever answers them at the moment: an agent may come and go while its control interface stays.

import { type CallHandlers, callNames } from './calls.ts';

/** Asks `answererNow` for each call anew; what it throws is the answer. */
export function relayCalls(answererNow: () => CallHandlers): CallHandlers {
  const relayed = callNames.map((name) => [
    name,
    (...call: Parameters<CallHandlers[typeof name]>) =>
      (answererNow()[name] as (...given: unknown[]) => unknown)(...call),
  ]);
  return Object.fromEntries(relayed) as CallHandlers;
}
