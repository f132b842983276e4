// How a contract waits: a live port answers in its own time, a simulated one only while its queue runs.

/** Lets the world go on until `isDone`; rejects after a bound of the world's own. */
export interface World {
  readonly until: (isDone: () => boolean) => Promise<void>;
}

/** The real world: looks again after each turn of the event loop; what takes five minutes hangs. */
export const liveWorld: World = {
  until: async (isDone) => {
    const endMs = performance.now() + 300_000;
    while (!isDone()) {
      if (performance.now() > endMs) throw new Error('the port did not answer within five minutes');
      await new Promise((resolve) => setImmediate(resolve));
    }
  },
};

/** Calls a port and waits for its one answer; an answer before the call returns, or a second one, breaks the contract. */
export async function answerOf<Outcome>(
  world: World,
  call: (done: (outcome: Outcome) => void) => void,
): Promise<Outcome> {
  const answers: Outcome[] = [];
  let hasReturned = false;
  call((outcome) => {
    if (!hasReturned) throw new Error('the port answered before the call returned');
    answers.push(outcome);
  });
  hasReturned = true;
  await world.until(() => answers.length > 0);
  if (answers.length > 1) throw new Error('the port answered twice');
  return answers[0]!;
}
