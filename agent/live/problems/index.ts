export { findProblems, type FoundProblem } from './find-problems.ts';
export type { ProblemBook, ProblemChange } from './problem-book.ts';
export { problemSchema } from './stored-book.ts';
export { ProblemWatch } from './problem-watch.ts';
