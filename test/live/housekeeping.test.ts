// What an agent tidies by itself.

import { join } from 'node:path';
import test from 'ava';
import { days, minutes, seconds, unixMs } from '../../datasets/index.ts';
import { Housekeeping } from '../../agent/live/housekeeping.ts';
import { temporaryFolder } from '../helpers/agents.ts';

test('a log that grows fast is looked at every minute, old telemetry once a day', (t) => {
  const counted = { turns: 0, prunes: 0 };
  const housekeeping = new Housekeeping({
    home: { reserveFile: join(temporaryFolder(t, 'housekeeping'), 'reserve') },
    agentLog: { turnOver: () => void counted.turns++ },
    log: { prune: () => void counted.prunes++ },
  });
  const startMs = 1e12;
  for (let now = startMs; now < startMs + days(1); now += seconds(1)) housekeeping.tick(unixMs(now));
  t.is(counted.turns, days(1) / minutes(1));
  t.is(counted.prunes, 1);
});
