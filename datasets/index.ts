export * from './calendar.ts';
export * from './errors.ts';
export { generateFleet } from './generator/fleet.ts';
export type {
  Cause,
  CauseKind,
  FleetOptions,
  FleetTruth,
  GeneratedFleet,
  HabitShares,
  Outage,
} from './generator/options.ts';
export { historyFromRows, historyCellsMax, type HistoryOptions } from './history-from-rows.ts';
export * from './history-slices.ts';
export * from './history.ts';
export * from './random.ts';
export * from './rows.ts';
export * from './units.ts';
