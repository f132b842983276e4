// What `drey plan whatif` says of repair.

import test from 'ava';
import { whatIfText } from '../../cli/commands/plan-what-if.ts';
import { machineId } from '../../datasets/index.ts';
import type { WhatIfAnswer } from '../../optimizer/index.ts';

const answerWith = (lostGroups: readonly string[], lostMachines: readonly string[]): WhatIfAnswer => ({
  lostMachines: lostMachines.map((machine) => machineId(machine)),
  leftCount: 4 - lostMachines.length,
  machineCount: 4,
  classes: [
    {
      name: 'small',
      redundancy: { k: 1, n: 3 },
      groupCount: 1,
      lostGroups,
      lostShare: lostGroups.length,
      odds: { before: 0.1, after: 1 },
    },
  ],
  owners: [],
  repair: { slots: 0, bytes: 0, trafficBytes: 0 },
});

const said = (answer: WhatIfAnswer): string => whatIfText(answer, new Map(), 100);

test('with every holder of a group lost nothing can be made again, which is not the same as nothing to do', (t) => {
  const all = said(answerWith(['s1.3-1'], ['a', 'b', 'c']));
  t.regex(all, /Nothing can be made again/u);
  t.notRegex(all, /Nothing has to be/u);
  t.regex(said(answerWith([], [])), /Nothing has to be made again\./u);
});

test('packs are counted where they are known, and elsewhere a share of new ones is expected', (t) => {
  const [mine, other] = ['mine', 'other'].map((name) => machineId(name));
  const text = said({
    ...answerWith(['s1.3-1'], ['a', 'b', 'c']),
    owners: [
      { owner: other!, isLostItself: false, lostShare: 0.25 },
      { owner: mine!, isLostItself: false, lostShare: 1 / 3, packs: { lostCount: 1, count: 3 } },
    ],
  });
  t.regex(text, /mine +1 of its 3 packs/u);
  t.regex(text, /other +25 % of new packs expected/u);
  t.regex(text, /groups out of reach +expected share of new packs/u);
});
