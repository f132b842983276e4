// Who stands in a plan. Knows nothing of what anybody holds.

import type { MachineId } from '../datasets/index.ts';

/** Machines with a slot in any group, each once, in the order in which they stand there. */
export const plannedMachines = ({
  classes,
}: {
  readonly classes: readonly { readonly groups: readonly { readonly members: readonly MachineId[] }[] }[];
}): ReadonlySet<MachineId> =>
  new Set(classes.flatMap(({ groups }) => groups.flatMap(({ members }) => members)));
