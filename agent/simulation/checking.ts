// What every witness of an agent tells: that it looked, and what was wrong.

import type { Machine } from './machine.ts';
import type { CheckName } from './options.ts';

export interface Checking {
  /** A look at something that could have been wrong. */
  readonly count: (check: CheckName) => void;
  /** A broken promise, as the rest of a sentence about the machine. */
  readonly violate: (check: CheckName, machine: Machine, text: string) => void;
}
