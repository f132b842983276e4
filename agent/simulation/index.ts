export { EventQueue } from './event-queue.ts';
export { Platters, SimulatedDisk } from './disk.ts';
export { Life, SimulatedClock, SimulatedRandom } from './life.ts';
export { Shelves, SimulatedLog } from './log.ts';
export { calmNetwork, Network, type NetworkFaults } from './network.ts';
export { type Faults, manyFaults, noFaults, type Report, type SimulationOptions } from './options.ts';
export { type Planner, type PlanRequest, shuffledPlan } from './planner.ts';
export { simulate } from './simulate.ts';
export { SimulatedWire } from './wire.ts';
