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
  openInvites: [],
} as const;

test('what was put out before is not told as if it were new', (t) => {
  t.regex(revokeText(answer), /pc-05 is out: cut off everywhere/u);
  t.is(revokeText({ ...answer, wasOut: true }), 'pc-05 was already put out.');
  t.regex(
    revokeText({ ...answer, wasOut: true, admins: ['12345678'] }),
    /already put out\.\nThe admin key 12345678 is out/u,
  );
});

test('one machine that goes or stays with a person is told as one', (t) => {
  const person = { ...answer, revoked: 'd789fd94bcce91b3', what: 'person' } as const;
  const one = revokeText({ ...person, machines: ['pc-2'], kept: ['pc-9'] });
  t.regex(one, /Out with it: pc-2\. It is cut off everywhere, and its shards are/u);
  t.regex(one, /^pc-9 stays\. /mu);
  const more = revokeText({ ...person, machines: ['pc-2', 'pc-4'], kept: ['pc-9', 'pc-8'] });
  t.regex(more, /Out with it: pc-2, pc-4\. They are cut off everywhere, and their shards are/u);
  t.regex(more, /^pc-9, pc-8 stay\. /mu);
});

test('invites that a key leaves open when it is put out are named with what takes them back', (t) => {
  const key = { ...answer, what: 'admin', machines: [], admins: ['12345678'] } as const;
  t.notRegex(revokeText(key), /invite/u);
  const one = revokeText({ ...key, openInvites: ['aa11'] });
  t.regex(
    one,
    /1 invite that it made before still lets machines in: aa11\..*`drey fleet invites --take-back ID`/u,
  );
  t.regex(
    revokeText({ ...key, openInvites: ['aa11', 'bb22'] }),
    /2 invites .* still let machines in: aa11, bb22\./u,
  );
});
