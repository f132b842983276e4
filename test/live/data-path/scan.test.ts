import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { defaultIgnores, ignoreCheck } from '../../../agent/live/data-path/ignore.ts';
import { appendLines, encodeLine, openJournal } from '../../../agent/live/data-path/line-journal.ts';
import {
  bytePath,
  bytePathOf,
  pathText,
  placeUnder,
  staysInside,
} from '../../../agent/live/data-path/path-bytes.ts';
import { assertConnected, identityOf, scanFolder } from '../../../agent/live/data-path/scan.ts';
import { ChunkTable } from '../../../agent/live/data-path/chunk-table.ts';
import { chunkId } from '../../../agent/index.ts';
import { newFolder, writeOddTree } from './odd-trees.ts';

const all = ignoreCheck([]);

test('a scan lists every entry once, parents first, and follows no link', (t) => {
  const folder = newFolder();
  writeOddTree(folder);
  const { entries, unreadable } = scanFolder(folder, all);
  const paths = entries.map(({ path }) => path);
  t.is(new Set(paths).size, paths.length);
  t.deepEqual(unreadable, []);
  t.true(paths.indexOf(bytePath('deep')) < paths.indexOf(bytePath('deep/er')));
  t.is(entries.find(({ path }) => path === 'to-folder')?.type, 'symlink');
  t.false(paths.some((path) => path.startsWith('to-folder/')));
});

/** Calls with a fifth of the stack left. */
function withLittleStack<Result>(run: () => Result): Result {
  let depth = 0;
  const callAt = (left: number): Result => {
    depth++;
    return left === 0 ? run() : callAt(left - 1);
  };
  try {
    callAt(Infinity);
  } catch {
    // That was the end of it.
  }
  return callAt(Math.floor(depth * 0.8));
}

test('folders in each other are listed to the last, however little stack there is', (t) => {
  const folder = newFolder();
  const place = placeUnder(folder);
  for (let path = 'd'; path.length < 4000; path += '/d') mkdirSync(place(bytePathOf(path)));
  const { entries, unreadable } = withLittleStack(() => scanFolder(folder, all));
  t.deepEqual([entries.length, unreadable], [2000, []]);
});

test('a pipe is noted and not kept', (t) => {
  const folder = newFolder();
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  const { entries, special } = scanFolder(folder, all);
  t.deepEqual([entries.length, special.length], [0, 1]);
});

test('what the system makes up while it is read is noted and not kept, wherever it lies', (t) => {
  if (process.platform !== 'linux') {
    t.pass();
    return;
  }
  const { entries, special } = scanFolder('/', (path) => path !== 'proc' && !path.startsWith('proc/'));
  t.is(entries.length, 0);
  t.deepEqual(
    special.map(({ path }) => path),
    [bytePath('proc')],
  );
  t.throws(() => scanFolder('/proc/self', all), { code: 'not-a-folder' });
});

test('a missing folder, a file and a link each have their own error', (t) => {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(folder, join(folder, 'link'));
  t.throws(() => scanFolder(join(folder, 'absent'), all), { code: 'folder-missing' });
  t.throws(() => scanFolder(join(folder, 'file'), all), { code: 'not-a-folder' });
  t.throws(() => scanFolder(join(folder, 'file', 'below'), all), { code: 'not-a-folder' });
  t.throws(() => scanFolder(join(folder, 'link'), all), { code: 'not-a-folder' });
});

test('patterns leave out what they say and nothing else', (t) => {
  const isIgnored = ignoreCheck([
    'node_modules',
    '*.tmp',
    '/build/',
    'docs/**/*.pdf',
    '!keep.tmp',
    '# a remark',
    '',
  ]);
  const check = (path: string, type: 'folder' | 'other' = 'other'): boolean =>
    isIgnored(bytePathOf(path), type);
  t.true(check('node_modules', 'folder'));
  t.true(check('a/b/node_modules', 'folder'));
  t.false(check('a/my_node_modules', 'folder'));
  t.true(check('a/x.tmp'));
  t.false(check('a/keep.tmp'));
  t.true(check('build', 'folder'));
  t.false(check('build'));
  t.false(check('a/build', 'folder'));
  t.true(check('docs/a/b.pdf'));
  t.true(check('docs/b.pdf'));
  t.false(check('b.pdf'));
});

test('more of gitignore’s language: brackets, escapes, folders at any depth, the last word', (t) => {
  const isIgnored = ignoreCheck(['*.[oa]', String.raw`\#odd`, 'logs/**', '*.bak', '!/keep/*.bak', 'ümlaut*']);
  const check = (path: string, type: 'folder' | 'other' = 'other'): boolean =>
    isIgnored(bytePathOf(path), type);
  t.deepEqual([check('lib/x.o'), check('x.a'), check('x.oa'), check('x.O')], [true, true, false, false]);
  t.true(check('#odd'));
  t.deepEqual([check('logs/today'), check('logs', 'folder'), check('logs')], [true, false, false]);
  t.deepEqual([check('a/b.bak'), check('keep/b.bak'), check('keep/c/b.bak')], [true, false, true]);
  t.true(check('a/ümlaut-2'));
});

test('by default caches and trash of a home folder are left out, and nothing of that name elsewhere', (t) => {
  const isIgnored = ignoreCheck(defaultIgnores);
  const check = (path: string): boolean => isIgnored(bytePathOf(path), 'folder');
  t.true(['.cache', '.local/share/Trash', '.Trash-1000', '$RECYCLE.BIN', 'Library/Caches'].every(check));
  t.false(['project/.cache', 'node_modules', '.config', 'src/Library/Caches', '.git'].some(check));
});

test('what is below an ignored folder is not even looked at', (t) => {
  const folder = newFolder();
  mkdirSync(join(folder, 'node_modules', 'deep'), { recursive: true });
  writeFileSync(join(folder, 'kept'), '');
  const { entries } = scanFolder(folder, ignoreCheck(['node_modules']));
  t.deepEqual(
    entries.map(({ path }) => pathText(path)),
    ['kept'],
  );
});

test('a path stays inside exactly when no part of it is empty, a dot or two dots', (t) => {
  for (const path of ['../x', 'a/../../x', '/etc/passwd', 'a//b', 'a/./b', '..', 'a/..', 'nul\0byte'])
    t.false(staysInside(bytePath(path)), path);
  const name = fc
    .string({ minLength: 1 })
    .filter((part) => !/[/\0]/u.test(part) && part !== '.' && part !== '..');
  fc.assert(
    fc.property(fc.array(name, { minLength: 1 }), (parts) => staysInside(bytePathOf(parts.join('/')))),
  );
});

test('a journal gives back all whole lines and cuts off a torn one', (t) => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue(), { maxLength: 5 }), fc.nat({ max: 30 }), (values, torn) => {
      const file = join(newFolder(), 'journal');
      const next = encodeLine('the line that was being written when the power went');
      appendLines(file, [...values.map(encodeLine), next.subarray(0, torn)]);
      const plain = JSON.parse(JSON.stringify(values)) as unknown;
      t.deepEqual(openJournal(file), plain);
      appendLines(file, [encodeLine('after')]);
      t.deepEqual(openJournal(file), [...(plain as unknown[]), 'after']);
    }),
    { numRuns: 50 },
  );
});

test('a journal trusts nothing after a damaged line', (t) => {
  const file = join(newFolder(), 'journal');
  appendLines(file, [encodeLine('first'), encodeLine('second')]);
  const bytes = readFileSync(file);
  bytes[12] = (bytes[12] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  appendFileSync(file, encodeLine('third'));
  t.deepEqual(openJournal(file), []);
});

test('the shared table knows exactly the ids that were added', (t) => {
  const id = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => chunkId(Buffer.from(bytes).toString('hex')));
  fc.assert(
    fc.property(fc.array(id, { maxLength: 60 }), (ids) => {
      const table = ChunkTable.withRoomFor(60);
      const seen = new Set<string>();
      for (const one of [...ids, ...ids]) {
        t.is(new ChunkTable(table.shared).add(one), !seen.has(one));
        seen.add(one);
      }
    }),
  );
});

test('an empty folder that another disk lay on is not a folder whose files were deleted', (t) => {
  const folder = newFolder();
  writeFileSync(join(folder, 'file'), '');
  const identities = scanFolder(folder, () => false).entries.map(identityOf);
  rmSync(join(folder, 'file'));
  const scan = scanFolder(folder, () => false);
  const elsewhere = identities.map((identity) => `9${identity}`);
  const isRefused = (known: readonly string[]): boolean => {
    try {
      assertConnected(scan, known);
      return false;
    } catch (error) {
      return (error as { code?: unknown }).code === 'folder-missing';
    }
  };
  t.true(isRefused(elsewhere));
  t.true(isRefused(['', ...elsewhere]), 'what changed as it was read says nothing');
  t.false(isRefused(identities), 'they were deleted');
  t.false(isRefused([...elsewhere, ...identities]), 'the disk was moved, then they were deleted');
  t.false(isRefused([]), 'there were none');
  writeFileSync(join(folder, 'other'), '');
  t.notThrows(() =>
    assertConnected(
      scanFolder(folder, () => false),
      elsewhere,
    ),
  );
});

test('a folder for which the system opens no more files is no folder that could not be read', (t) => {
  if (process.platform === 'win32') return t.pass();
  const folder = newFolder();
  mkdirSync(join(folder, 'inside'));
  writeFileSync(join(folder, 'inside', 'file'), 'of importance');
  const module = new URL('../../../agent/live/data-path/scan.ts', import.meta.url).href;
  const script = `
    const { openSync } = await import('node:fs');
    const { scanFolder } = await import(${JSON.stringify(module)});
    const useUp = () => { try { for (;;) openSync('/dev/null'); } catch {} };
    let said;
    try { said = scanFolder(${JSON.stringify(folder)}, () => false, useUp).unreadable.length + ' unreadable'; }
    catch (error) { said = error.code; }
    process.stdout.write(said, () => process.exit(0));`;
  const line = 'ulimit -n 100; exec "$0" --input-type=module -e "$1"';
  const said = execFileSync('sh', ['-c', line, process.execPath, script], { encoding: 'utf8' });
  t.is(said, 'system-exhausted');
  return undefined;
});
