export { type AccessOptions, openAccess, readAccess } from './access-readers.ts';
export {
  accessOfHistory,
  type AccessTrace,
  demandOf,
  fileOfPack,
  packAccessOfHistory,
  packReadsAsAccess,
  numberSites,
  siteNameOf,
  sliceAccess,
} from './access-trace.ts';
export * from './calendar.ts';
export * from './counts.ts';
export * from './errors.ts';
export { makeFolders } from './folders.ts';
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
export { Heap } from './heap.ts';
export { openLines } from './line-files.ts';
export { historyFromRows, historyCellsMax, type HistoryOptions } from './history-from-rows.ts';
export * from './history-slices.ts';
export { historyToRows } from './history-to-rows.ts';
export * from './history.ts';
export * from './random.ts';
export { parseTelemetryRow, type Rejection, rowLimits } from './row-checks.ts';
export {
  decodeRow,
  encodeRow,
  encodeRows,
  readPlacedRows,
  readRowFile,
  readRows,
  writeRowFile,
} from './row-files.ts';
export type { PlacedRow } from './row-tables.ts';
export * from './rows.ts';
export { loadSample, type Sample, sampleOptions, sampleRows, writeSample } from './sample.ts';
export { openRowTable, type RowTable, tableColumns, type TableFormat } from './table-files.ts';
export {
  openTrace,
  readAvt,
  readFailureTrace,
  type TraceFormat,
  type TraceOptions,
} from './trace-readers.ts';
export * from './units.ts';
