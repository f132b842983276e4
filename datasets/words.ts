// The words of this folder that everybody needs, without its readers and their checks: a thread that loads them starts in a fraction of the time.

export * from './errors.ts';
export * from './units.ts';
export { makeFolders } from './folders.ts';
export { createRandom, type Random } from './random.ts';
