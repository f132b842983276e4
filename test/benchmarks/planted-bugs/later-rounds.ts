// All rounds after the first one, in their order.

import { eighthRound } from './eighth-round.ts';
import { fifthRound } from './fifth-round.ts';
import { fourthRound } from './fourth-round.ts';
import { ninthRound } from './ninth-round.ts';
import type { PlantedBug } from './planted-bug.ts';
import { reviews } from './reviews.ts';
import { secondRound } from './second-round.ts';
import { seventhRound } from './seventh-round.ts';
import { sixthRound } from './sixth-round.ts';
import { standInBugs } from './stand-ins.ts';
import { tenthRound } from './tenth-round.ts';
import { thirdRound } from './third-round.ts';

export const laterRounds: readonly PlantedBug[] = [
  ...secondRound,
  ...standInBugs,
  ...thirdRound,
  ...fourthRound,
  ...fifthRound,
  ...sixthRound,
  ...seventhRound,
  ...eighthRound,
  ...ninthRound,
  ...tenthRound,
  ...reviews,
];
