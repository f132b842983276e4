export * from './errors.ts';
export * from './history.ts';
export * from './rows.ts';
export * from './units.ts';
