export { readMetered } from './metered.ts';
export { Pacing } from './pacing.ts';
export { settlePriority } from './priority.ts';
