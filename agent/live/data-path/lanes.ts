// Some things at a time, in order, until one fails. Knows nothing of what they are.

/** Runs `work` on all items, `countMax` at once; after a failure no new one starts, and the first failure is thrown. */
export async function runAll<Item>(
  items: readonly Item[],
  countMax: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = [...items].toReversed();
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let item = rest.pop(); item !== undefined; item = rest.pop()) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
        rest.length = 0;
      }
    }
  };
  await Promise.all(Array.from({ length: countMax }, lane));
  if (failures.length > 0) throw failures[0];
}
