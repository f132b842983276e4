// Loaded before every test file: it runs behind what people wait for, as the agents do that it starts. Ahead of them a few simulations beside each
// other would leave real agents a tenth of the processor, and they would lose each other.

import { constants, getPriority, setPriority } from 'node:os';

if (getPriority() < constants.priority.PRIORITY_BELOW_NORMAL)
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL);
