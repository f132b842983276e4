export type { ModelCard, Score } from './card.ts';
export type { FailureForecast, HourStratum, PastHours, Shock } from './forecast.ts';
export { openBackend, type BackendReport } from './backend.ts';
export { fleetOffsetMs } from './hours.ts';
export { baselineForecast } from './marginals.ts';
export { listModels, readModels, type StoredModels } from './registry.ts';
export { adjustedRandIndex } from './scores.ts';
export {
  fingerprintOf,
  historySlotsMin,
  trainModels,
  type TrainedModels,
  type TrainOptions,
} from './train-models.ts';
export type { TrainingBudget, TrainingProgress } from './training.ts';
