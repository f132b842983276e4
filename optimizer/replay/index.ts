export { compareHeldOut, type HeldOut, replayGroups } from './compare.ts';
export { loadLabels, loadTrace, type TraceWish } from './load.ts';
export { policies, policiesNamed, theBar } from './policies/index.ts';
export { type OriginResult, replayOrigin } from './replay.ts';
export { departuresOf, originsOf, type ReplayRules, type Scenario } from './scenario.ts';
export { type PolicySummary, type ReplayRow, rowOf, summarize } from './summary.ts';
