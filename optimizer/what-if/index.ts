export {
  type ClassLoss,
  type OwnerLoss,
  type RepairNeed,
  whatIf,
  type WhatIfAnswer,
  type WhatIfQuestion,
} from './losses.ts';
export { parseSelector, type SelectableMachine, selectMachines, type Selector } from './selectors.ts';
