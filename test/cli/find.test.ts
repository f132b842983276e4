// What `drey find`, `drey diff` and `drey history` print.

import test from 'ava';
import { changeLine } from '../../cli/commands/diff.ts';
import { foundText } from '../../cli/commands/find.ts';
import { eventRow } from '../../cli/commands/history.ts';
import { driveId, snapshotId } from '../../agent/units.ts';
import { unixMs } from '../../datasets/index.ts';

const snapshot = snapshotId('5'.repeat(64));
const entry = { byteCount: 0, mtimeMs: 0 };

test('what is no file is named in words', (t) => {
  const version = { path: 'letters/offer.odt', ...entry, snapshots: [snapshot], lastSeenMs: 0 };
  const versions = (['hardLink', 'symlink', 'folder'] as const).map((kind) => ({ ...version, kind }));
  const text = foundText({
    drives: [{ drive: driveId('d'.repeat(32)), versions, isCut: false, unreadable: [] }],
  });
  t.regex(text, /offer\.odt +hard link .*\n.* symlink .*\n.*offer\.odt\/ +folder /u);
  t.regex(changeLine({ path: 'a', change: 'added', after: { kind: 'hardLink', ...entry } }), / hard link$/u);
  const event = { change: 'first', snapshot, atMs: unixMs(0), entry: 'hardLink', ...entry } as const;
  t.true(eventRow(event).includes('hard link'));
});
