export { fitForecasts, type FitWish, type FittedForecasts, type GateResult, gateOf } from './forecasts.ts';
export type { ExpectedDemand } from './pushes.ts';
export type { AccessAccount } from './reads.ts';
export {
  type AccessResult,
  type AccessRules,
  type AccessScene,
  type CacheName,
  cacheNames,
  type DemandForecast,
  oracleForecast,
  replayCache,
  replayPushes,
  touchedBytesPerSite,
} from './replay-accesses.ts';
