export type { LiveAgent } from './agent.ts';
export type { StartOptions } from './start-options.ts';
export { startAgent } from './start.ts';
export { type DiskTrouble, HomeDisk, standsBy } from './disk/index.ts';
export { examine } from './doctor.ts';
export {
  becomeAdmin,
  createFleet,
  type CreatedFleet,
  type CreateFleetOptions,
  type JoinedFleet,
  joinFleet,
  type JoinFleetOptions,
} from './founding.ts';
export { homeAt, settleToken } from './home.ts';
export { assertProtectable } from './protected-folder.ts';
export { keepMemorySmall } from './spare-memory.ts';
