import test from 'ava';
import { driveId } from '../../agent/index.ts';
import { unprotectText } from '../../cli/commands/unprotect.ts';
import { packLines } from '../../cli/commands/retention.ts';

test('what becomes of mostly dead packs is said, also where no more snapshots are taken', (t) => {
  const drive = {
    drive: driveId('00112233445566778899aabbccddeeff'),
    path: '/home/anna',
    rules: {},
    snapshots: [],
    packs: {
      packCount: 9,
      packBytes: 9000,
      deadPackCount: 0,
      deadPackBytes: 0,
      repackCount: 2,
      repackBytes: 2048,
      emptiedCount: 0,
    },
  };
  const said = (one: { readonly isApplied: boolean; readonly leftMs?: number }): string | undefined =>
    packLines({ ...drive, ...one })[1];
  t.is(said({ isApplied: false }), '2 mostly dead packs (2.0 KiB) would be emptied into new ones.');
  const stay = '2 mostly dead packs (2.0 KiB) stay as they are, as no more snapshots are taken';
  for (const isApplied of [false, true]) t.true(said({ isApplied, leftMs: 1 })?.startsWith(stay));
});

test('a drive without any snapshot is not told of one that cannot be opened, nor of one that can', (t) => {
  const drive = driveId('00112233445566778899aabbccddeeff');
  const unseen = 'The snapshot cannot be opened';
  t.deepEqual(
    packLines({ drive, path: '/home/anna', rules: {}, snapshots: [], unseen, isApplied: true }),
    [],
  );
  const text = unprotectText({ drive, folder: '/home/anna', snapshotCount: 0 });
  t.regex(text, /nothing of it can be restored/u);
  t.notRegex(text, /keep-last|as before/u);
});
