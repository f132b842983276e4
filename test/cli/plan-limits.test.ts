// What `drey plan limits` says of what admins forbid.

import test from 'ava';
import { limitsText, parseWidth } from '../../cli/commands/plan-limits.ts';
import { noLimits } from '../../optimizer/index.ts';

test('what is kept apart, and of what no machine has told, is said to keep nothing apart', (t) => {
  const limits = { ...noLimits, apart: ['subnet', 'site'] } as const;
  const text = limitsText({ ...limits, untold: ['site', 'osBuild'] }, new Map());
  t.regex(
    text,
    /Kept apart inside a group: subnet, site\. No machine has told a site yet: it keeps nothing apart\.\n/u,
  );
  t.notRegex(limitsText({ ...limits, untold: [] }, new Map()), /has told/u);
});

test('a width that the agent would not take is refused in words of the command', (t) => {
  t.is(parseWidth('4'), 4);
  t.is(parseWidth('none'), null);
  for (const wrong of ['0', '-1', '1.5', '65536', '99999', 'many', '1e3'])
    t.throws(() => parseWidth(wrong), { code: 'limits-malformed' }, wrong);
});
