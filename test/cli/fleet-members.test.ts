// What `drey fleet revoke` says of what was put out.

import test from 'ava';
import { revokeText } from '../../cli/commands/fleet-members.ts';

const answer = {
  revoked: 'pc-05',
  what: 'machine',
  machines: ['pc-05'],
  admins: [],
  kept: [],
  alsoOn: [],
} as const;

test('what was put out before is not told as if it were new', (t) => {
  t.regex(revokeText(answer), /pc-05 is out: cut off everywhere/u);
  t.is(revokeText({ ...answer, wasOut: true }), 'pc-05 was already put out.');
  t.regex(
    revokeText({ ...answer, wasOut: true, admins: ['12345678'] }),
    /already put out\.\nThe admin key 12345678 is out/u,
  );
});
