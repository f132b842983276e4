export { compactOdds, rowsOf, type CompactOdds } from './compact-odds.ts';
export { certifiedGroups, certify, type CertifiedGroups, type ImproveQuestion } from './improve.ts';
export type { Certificate, Grouping, Prices } from './grouping.ts';
export { leastColumn, lowerBound, type BoundQuestion } from './lower-bound.ts';
export { leastSubset, type LeastSubset, type SubsetQuestion } from './least-subset.ts';
export { loadSolver, type Solver } from './solver.ts';
