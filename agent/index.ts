export * from './limits.ts';
export type * from './ports.ts';
export * from './problem.ts';
export * from './units.ts';
export * from './view.ts';
