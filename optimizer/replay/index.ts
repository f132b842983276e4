export {
  type AccessResult,
  type AccessRules,
  type AccessScene,
  type CacheName,
  cacheNames,
  type DemandForecast,
  type ExpectedDemand,
  fitForecasts,
  type GateResult,
  gateOf,
  oracleForecast,
  replayCache,
  replayPushes,
  touchedBytesPerSite,
} from './accesses/index.ts';
export { compareHeldOut, type HeldOut, replayGroups } from './compare.ts';
export { type Labels, loadLabels } from './labels.ts';
export { loadTrace, type TraceWish } from './load.ts';
export { policies, policiesNamed, theBar } from './policies/index.ts';
export { type OriginResult, replayOrigin, usableMachines } from './replay.ts';
export {
  departuresOf,
  type Origin,
  originsOf,
  type ReplayRules,
  type Scenario,
  unseenShare,
} from './scenario.ts';
export { type PolicySummary, type ReplayRow, rowOf, summarize } from './summary.ts';
