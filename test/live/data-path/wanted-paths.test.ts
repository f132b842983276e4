// Which entries of a tree a restore wants, against the plain way to say it.

import test from 'ava';
import fc from 'fast-check';
import { DreyError } from '../../../datasets/index.ts';
import { bytePath } from '../../../agent/live/data-path/path-bytes.ts';
import { WantedPaths } from '../../../agent/live/data-path/wanted-paths.ts';

/** Names that sort before and after '/', so that neighbours in order are not always in one folder. */
const name = fc.constantFrom('a', 'b', 'a-b', 'a b', 'ab');
const path = fc.array(name, { maxLength: 4 }).map((names) => names.join('/'));

const isWithin = (one: string, folder: string): boolean =>
  folder === '' || one === folder || one.startsWith(`${folder}/`);

const refusal = (wanted: WantedPaths): string | undefined => {
  try {
    wanted.assertAllSeen();
    return undefined;
  } catch (error) {
    return error instanceof DreyError ? error.code : 'no expected failure';
  }
};

test('what is not there is named', (t) => {
  const wanted = new WantedPaths(['letters/a', 'b', 'c', 'd', 'e']);
  wanted.needs(bytePath('b'));
  t.throws(() => wanted.assertAllSeen(), {
    message: 'The snapshot has nothing at "letters/a", "c", "d", 1 more',
  });
});

test('wanted is what lies at or below a wanted path, and each folder above one', (t) => {
  fc.assert(
    fc.property(fc.array(path, { maxLength: 4 }), fc.array(path, { maxLength: 12 }), (paths, tree) => {
      const wanted = new WantedPaths(paths);
      for (const one of tree) {
        const isAsked = paths.length === 0 || paths.some((folder) => isWithin(one, folder));
        const isAbove = one !== '' && paths.some((folder) => isWithin(folder, one));
        t.is(wanted.needs(bytePath(one)), isAsked || isAbove);
      }
      const isAllThere = paths.every((folder) => tree.some((one) => isWithin(one, folder)));
      t.is(refusal(wanted), isAllThere ? undefined : 'path-not-in-snapshot');
    }),
    { numRuns: 500 },
  );
});

test('paths are taken as people write them', (t) => {
  const wanted = new WantedPaths(['./photos/', '/letters//', 'Stra\u00dfe']);
  for (const text of ['photos', 'letters/one', 'Stra\u00dfe/x'])
    t.true(wanted.needs(bytePath(Buffer.from(text).toString('latin1'))));
  t.is(refusal(wanted), undefined);
  t.true(new WantedPaths(['.']).needs(bytePath('anything')));
});

test('a name that is no UTF-8 is asked for as it is shown, and what is above it is wanted too', (t) => {
  const wanted = new WantedPaths(['odd\u{FFFD}/f\u{FFFD}\u{FFFD}']);
  for (const one of ['odd\xfe', 'odd\xfe/f\xff\xfe', 'odd\xfe/f\xff\xfe/below'])
    t.true(wanted.needs(bytePath(one)));
  for (const one of ['odd', 'odd\xfe/f', 'odd\xfe/f\xff']) t.false(wanted.needs(bytePath(one)));
  t.is(refusal(wanted), undefined);
});
