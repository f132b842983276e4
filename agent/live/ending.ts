// Ends things one after the other, whatever becomes of each: a disk that is gone is no reason to keep links and locks.

export type EndingStep = readonly [what: string, step: () => Promise<void> | void | undefined];

export async function endInOrder(
  steps: readonly EndingStep[],
  failed: (what: string, error: unknown) => void,
): Promise<void> {
  for (const [what, step] of steps) {
    try {
      await step();
    } catch (error) {
      failed(what, error);
    }
  }
}
