export type { FailureForecast, HourStratum, Shock } from './forecast.ts';
