// A short chaos run: real agents are killed, frozen, cut off and damaged while people work; every acknowledged snapshot comes back.

import test from 'ava';
import { faults } from '../chaos/faults.ts';
import { chaos } from '../chaos/run.ts';
import { takeTime } from '../helpers/waiting.ts';

test('whatever happens to seven agents in half a minute, every acknowledged snapshot comes back byte for byte', async (t) => {
  takeTime(t);
  const lines: string[] = [];
  const report = await chaos({
    agentCount: 7,
    minutes: 0.5,
    peopleCount: 2,
    seed: 'short',
    faultNames: Object.keys(faults),
    say: (line) => lines.push(line),
  });
  t.deepEqual(report.problems, [], lines.join('\n'));
  t.true(report.acknowledged >= 2, 'people got their work done');
  t.is(report.restored, report.acknowledged);
  t.true(Object.keys(report.faultCounts).length > 0, 'something happened');
  t.log(`${report.network}: ${JSON.stringify(report.faultCounts)}`);
});
