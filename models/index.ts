export {
  bestBaseline,
  type ModelCard,
  pairText,
  type ReliabilityBin,
  type Score,
  scoreText,
} from './card.ts';
export { cardHtml } from './card-html.ts';
export { compareEvaluations, type ComparedModel } from './comparison.ts';
export { evaluateModels, type EvaluatedModel, type Evaluation, judgedFrom } from './evaluation.ts';
export type { FailureForecast, HourStratum, PastHours, Shock } from './forecast.ts';
export { openBackend, type BackendReport } from './backend.ts';
export { fleetOffsetMs, hourKinds } from './hours.ts';
export { AccessMemory, type Pair } from './access-memory.ts';
export {
  decayedDemand,
  type FittedPopularity,
  fitPopularity,
  judgeDemand,
  type PopularityJudgement,
  predictDemand,
} from './popularity.ts';
export { examplesOf, pairRowsAt, type PairRows } from './popularity-examples.ts';
export { type ExpectedPackReads, expectedPackReads, type PackReadsWish } from './pack-demand.ts';
export { type PackDemandForecast, packDemandFrom, type PackModel } from './pack-popularity.ts';
export { baselineForecast } from './marginals.ts';
export {
  comingHours,
  type ComingHours,
  presenceForecast,
  type PresenceForecast,
  type PresenceNow,
  selectPresence,
} from './presence-forecast.ts';
export { promotedForecast } from './promoted-forecast.ts';
export {
  brokenModels,
  cardPage,
  listModels,
  readModels,
  resolveVersion,
  type StoredModels,
} from './registry.ts';
export { adjustedRandIndex } from './scores.ts';
export { habitForecast } from './serving-forecast.ts';
export {
  promote,
  readPromoted,
  rollBack,
  servingEntries,
  type ServingEntry,
  servingVersion,
} from './serving.ts';
export {
  fingerprintOf,
  canTrain,
  trainModels,
  type TrainedModels,
  type TrainOptions,
} from './train-models.ts';
export type { TrainingBudget, TrainingProgress } from './training.ts';
