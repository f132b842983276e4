// Patterns of what is left out, against git itself where it is installed, and against what gitignore(5) says.

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ignoreCheck } from '../../../agent/live/data-path/ignore.ts';
import { bytePathOf } from '../../../agent/live/data-path/path-bytes.ts';
import { newFolder } from './odd-trees.ts';

const isLeftOut = (patterns: readonly string[], path: string): boolean =>
  ignoreCheck(patterns)(bytePathOf(path), 'other');

test('a class can say what it does not hold, a backslash quotes, and a slash at the end means folders alone', (t) => {
  t.deepEqual(
    ['a.x', 'd.x', 'x'].map((path) => isLeftOut(['[!abc].x'], path)),
    [false, true, false],
  );
  t.deepEqual(
    ['e*', 'ex'].map((path) => isLeftOut([String.raw`e\*`], path)),
    [true, false],
  );
  t.deepEqual(
    ['dir', 'dir/file', 'dir/sub/file'].map((path) => isLeftOut(['dir/**/'], path)),
    [false, false, true],
  );
  t.false(ignoreCheck(['dir/**/'])(bytePathOf('dir'), 'folder'));
});

const lines = [
  ['*.log', '!keep.log', 'build/', '/top', 'a/**/z', '**/any', 'foo/**', String.raw`\#hash`, '#x'],
  [String.raw`\!bang`, String.raw`trail\ `, 'space  ', 'doc/*.txt', '[abc].x', '[!abc].y', '*.[0-9]', 'x?z'],
  ['deep/*/mid', 'ü*', String.raw`back\\slash`, 'dir/**/', '**/foo2/bar', 'a*b*c', '/*.c', '[a-c]r', 'q[]]r'],
  [
    'q[^x]s',
    String.raw`e\*`,
    '***',
    't**t',
    '/**/m/n',
    'cr.txt\r',
    '[[:digit:]]d',
    '[[:nothing:]]d',
    'open[',
    '/',
  ],
  ['x[a/b]y', '[]-]z', 'p[a-]q', String.raw`[\]]w`, '**/', '*', String.raw`lost\\ `],
].flat();

const lists = [
  ...lines.map((line) => [line]),
  ['*.log', '!keep.log'],
  ['*', '!*/', '!*.c'],
  ['/*', '!/foo'],
  lines,
];
const paths = [
  ['x.log', 'd/x.log', 'keep.log', 'd/keep.log', 'build', 'build/x', 'top', 'd/top', 'a/z', 'a/b/c/z', 'any'],
  ['foo', 'foo/x', 'foo/b/c', '#hash', '#x', '!bang', 'trail ', 'trail', 'space', 'space  ', 'doc/a.txt'],
  ['doc/b/a.txt', 'a.x', 'd.x', 'a.y', 'd.y', 'k.1', 'xyz', 'x/z', 'deep/q/mid', 'deep/q/r/mid', 'deep/mid'],
  [
    'üb',
    String.raw`back\slash`,
    'dir/x',
    'dir/x/y',
    'k/foo2/bar',
    'aXbYc',
    'a/b/c',
    'm.c',
    'd/m.c',
    'ar',
    'dr',
  ],
  [
    'q]r',
    'qas',
    'qxs',
    'e*',
    'ex',
    'tt',
    'txt',
    't/t',
    'm/n',
    'z/m/n',
    'new\nline.log',
    'cr.txt',
    '1d',
    'xd',
  ],
  ['open[', 'x/y', 'xay', '-z', ']z', 'p-q', 'paq', 'pbq', ']w', 'X.LOG', 'lost\\', 'lost\\ '],
].flat();

test('what is left out is what git leaves out', (t) => {
  const folder = newFolder();
  if (spawnSync('git', ['init', '--quiet', folder]).status !== 0) {
    t.log('skipped: git is not installed');
    t.pass();
    return;
  }
  for (const list of lists) {
    writeFileSync(join(folder, '.git', 'info', 'exclude'), `${list.join('\n')}\n`);
    const args = ['-C', folder, '-c', 'core.ignoreCase=false', 'check-ignore', '--no-index', '-z', '--stdin'];
    const { stdout } = spawnSync('git', args, { input: `${paths.join('\0')}\0`, encoding: 'utf8' });
    const byGit = stdout.split('\0').slice(0, -1);
    t.deepEqual(
      paths.filter((path) => isLeftOut(list, path)),
      byGit,
      list.join(' | '),
    );
  }
});
