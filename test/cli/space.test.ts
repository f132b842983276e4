// What a person is told of the space that a machine gives.

import { tmpdir } from 'node:os';
import test from 'ava';
import { givenText } from '../../cli/space.ts';

test('a machine that gives more than its disk has is told so', (t) => {
  t.is(givenText(1024, tmpdir()), '1.0 KiB');
  t.regex(givenText(2 ** 60, tmpdir()), /^1048576\.0 TiB, but the disk has only .* left/u);
});
