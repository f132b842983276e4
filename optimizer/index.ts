export {
  certifiedGroups,
  certify,
  compactOdds,
  leastColumn,
  leastSubset,
  loadSolver,
  lowerBound,
  type BoundQuestion,
  type Certificate,
  type CertifiedGroups,
  type CompactOdds,
  type Grouping,
  type ImproveQuestion,
  type Prices,
  type Solver,
} from './configuration/index.ts';
export { anyLossOddsMax, type Burst, groupLossOdds, usualDead } from './burst.ts';
export { computePlan, type PlannedMachine, type PlanQuestion } from './compute-plan.ts';
export type { GroupLimits } from './group-limits.ts';
export { chooseGroups, type GroupsQuestion } from './groups.ts';
export { repairCountOf, slotChanges, slotCountOf, type SlotChange } from './plan-changes.ts';
export {
  checkPlan,
  planProblems,
  type CertificateCheck,
  type ClassCheck,
  type PlanCheck,
} from './plan-check.ts';
export { shareBelow } from './plan-notes.ts';
export { evidenceOf, statesOfEvidence } from './plan-evidence.ts';
export { chooseServing, type GateQuestion, type Serving, withoutShocks } from './plan-gate.ts';
export { movedBefore, noLimits, type PlacementLimits } from './placement-limits.ts';
export {
  brokenLimits,
  refuseImpossible,
  scatterWidths,
  trafficOf,
  trafficOfWeek,
  type BrokenLimit,
} from './plan-limits.ts';
export type * from './plan.ts';
export { classesMax } from './plan-classes.ts';
export { plannedMachines } from './plan-members.ts';
export {
  copiesMax,
  copyBytesOf,
  type CopiesQuestion,
  type CopyPlace,
  copyReasonText,
  farShareOf,
  type PackDemand,
  planWithCopies,
  popularPartFor,
} from './plan-copies.ts';
export {
  choosePopularCopies,
  type CopyCosts,
  type CopyDemand,
  type CopyHost,
  type CopyQuestion,
  type PopularCopy,
} from './popular-copies.ts';
export { explainGroup } from './reasons.ts';
export { repairPlan, type RepairPlanQuestion } from './repair-plan.ts';
export {
  capacitiesOfThoseBack,
  capacitiesOfThoseHere,
  type NowKnown,
  statesFromNow,
} from './repair-states.ts';
export {
  machinesGivenUp,
  oddsBelow,
  type OpenSlot,
  type RepairPrices,
  repairPricesDefault,
  repairUrgency,
  type Urgency,
  type UrgencyQuestion,
} from './repair-urgency.ts';
export {
  capacitiesFor,
  groupCountFor,
  groupsMaxFor,
  redundancyForFleet,
  type ClassShape,
} from './redundancy.ts';
export { type AvailabilityTarget, targetDefault, targetedMachinesMin } from './redundancy-target.ts';
export {
  groupForPack,
  groupOfPack,
  hashOfName,
  holdersOf,
  type PackPlace,
  type PlannedPack,
  standInRanks,
} from './rendezvous.ts';
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
  compareHeldOut,
  departuresOf,
  type HeldOut,
  loadLabels,
  loadTrace,
  type Origin,
  type OriginResult,
  originsOf,
  policies,
  policiesNamed,
  type PolicySummary,
  replayGroups,
  replayOrigin,
  type ReplayRow,
  type ReplayRules,
  rowOf,
  type Scenario,
  summarize,
  theBar,
  type TraceWish,
  unseenShare,
  usableMachines,
} from './replay/index.ts';
export { groupsWithin } from './scatter-sets.ts';
export { statesFromForecast, statesOfHours, type States } from './states.ts';
export {
  type ClassLoss,
  type OwnerLoss,
  parseSelector,
  type RepairNeed,
  type SelectableMachine,
  selectMachines,
  type Selector,
  whatIf,
  type WhatIfAnswer,
  type WhatIfQuestion,
} from './what-if/index.ts';
export {
  availabilities,
  downTails,
  oddsWith,
  slotOdds,
  unavailability,
  type GroupOdds,
  type SlotOdds,
} from './survival.ts';
