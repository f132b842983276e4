export { policies, policiesNamed, theBar } from './all.ts';
export type { Belief, Lesson, Policy } from './policy.ts';
