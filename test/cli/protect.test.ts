import test from 'ava';
import { assertWhole, protectedText, twiceLines } from '../../cli/commands/protect.ts';
import { driveId } from '../../agent/index.ts';

test('what a snapshot leaves out is said, each on its own line', (t) => {
  const drive = driveId('00112233445566778899aabbccddeeff');
  const counts = {
    drive,
    fileCount: 2,
    byteCount: 10,
    packCount: 3,
    sealedBytes: 1,
    outcome: 'acknowledged',
  } as const;
  const text = protectedText(
    { drive, folder: '/home/anna', isNew: true },
    {
      ...counts,
      unreadable: ['two\nlines: it became a link'],
      special: ['a', 'b', 'c', 'd\ne', 'f', 'g', 'h'],
    },
  );
  t.deepEqual(text.split('\n').slice(1), [
    '  could not be read: two?lines: it became a link',
    '  not kept, as sockets, pipes and devices never are: a, b, c, d?e, f and 2 more',
  ]);
  const plain = protectedText(
    { drive, folder: '/home/an\nna', isNew: true },
    { ...counts, unreadable: [], special: [] },
  );
  t.is(plain.split('\n').length, 1);
  t.regex(plain, /^Protected: \/home\/an\?na is drive/u);
  const other = protectedText(
    { drive, folder: '/home/anna', isNew: false, ignore: ['*.iso', 'a\nb'] },
    { ...counts, unreadable: [], special: [] },
  );
  t.is(other.split('\n')[1], '  left out from now on: *.iso, a?b');
});

test('of a file that changed while it was read it is not said that it is not there', (t) => {
  const drive = driveId('00112233445566778899aabbccddeeff');
  const text = protectedText(
    { drive, folder: '/home/anna', isNew: false },
    {
      drive,
      outcome: 'acknowledged',
      fileCount: 2,
      byteCount: 10,
      packCount: 3,
      sealedBytes: 1,
      leftOutCount: 1,
      unreadable: ['mail: no permission to read it', 'log: it changed each time it was read'],
      special: [],
    },
  );
  t.deepEqual(text.split('\n').slice(1), [
    '  could not be read: mail: no permission to read it',
    '  saved as it was read last: log: it changed each time it was read',
  ]);
});

test('who protects a folder in or around a protected one reads what is saved twice', (t) => {
  t.deepEqual(twiceLines({}), []);
  t.regex(twiceLines({ inside: '/home/an\nna' })[0]!, /lies in \/home\/an\?na, which is protected too/u);
  const [around] = twiceLines({ around: ['/home/anna/a\nb', '/home/anna/c'] });
  t.is(
    around,
    'In this folder lie /home/anna/a?b, /home/anna/c, protected too: what is in there is saved twice, unless --ignore leaves it out here.',
  );
  t.regex(twiceLines({ around: ['/home/anna/c'] })[0]!, /^In this folder lies \/home\/anna\/c, /u);
});

test('a snapshot that lacks files fails, one of files that changed does not', (t) => {
  t.notThrows(() => assertWhole({}));
  t.notThrows(() => assertWhole({ leftOutCount: 0 }));
  const error = t.throws(() => assertWhole({ leftOutCount: 2 }), { code: 'snapshot-incomplete' });
  t.regex(error?.message ?? '', /^2 paths could not be read and are not in the snapshot/u);
});
