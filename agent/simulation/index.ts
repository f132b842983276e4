export { EventQueue } from './event-queue.ts';
export { Platters, SimulatedDisk } from './disk.ts';
export { Life, SimulatedClock, SimulatedRandom } from './life.ts';
export { Shelves, SimulatedLog } from './log.ts';
export { calmNetwork, Network, type NetworkFaults } from './network.ts';
export {
  faultKinds,
  type FaultName,
  faultNames,
  faultsOf,
  manyFaults,
  parseFaultNames,
} from './fault-kinds.ts';
export {
  type CheckName,
  checkNames,
  type Faults,
  noFaults,
  type Report,
  type SimulationOptions,
  type Violation,
} from './options.ts';
export { type Planner, type PlanRequest, shuffledPlan } from './planner.ts';
export { optionsText, parseOptionsText, replayCommand } from './replay-command.ts';
export { simulate } from './simulate.ts';
export { drawOptions, drawShaped, shrink, type Shrunk, type SwarmShape } from './swarm.ts';
export { SimulatedWire } from './wire.ts';
