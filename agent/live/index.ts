export { LiveAgent, startAgent, type StartOptions } from './agent.ts';
export { examine } from './doctor.ts';
export {
  createFleet,
  type CreatedFleet,
  type CreateFleetOptions,
  type JoinedFleet,
  joinFleet,
  type JoinFleetOptions,
} from './founding.ts';
