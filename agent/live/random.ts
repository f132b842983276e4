// The live source of chance: the system's cryptographically strong generator.

import { randomBytes, randomInt } from 'node:crypto';
import type { Random } from '../ports.ts';

const fractionSteps = 2 ** 47;

export const createLiveRandom = (): Random => ({
  fraction: () => randomInt(fractionSteps) / fractionSteps,
  bytes: (count) => new Uint8Array(randomBytes(count)),
});
