import { linkSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { packId } from '../../../agent/index.ts';
import {
  findDifferences,
  findVersions,
  proveSnapshot,
  type ReadingOptions,
  type StagedSnapshot,
} from '../../../agent/live/data-path/index.ts';
import { nameCheck } from '../../../agent/live/data-path/name-pattern.ts';
import { bytePathOf } from '../../../agent/live/data-path/path-bytes.ts';
import { writeManySmall } from './odd-trees.ts';
import { bytesOfPack, startTrial, type Trial, workers } from './trial.ts';

const readingFrom = ({ outbox, driveKey }: Trial, fetched: string[] = []): ReadingOptions => ({
  workers,
  driveKey,
  fetchPack: async (descriptor) => {
    fetched.push(descriptor.pack);
    return bytesOfPack(outbox, descriptor);
  },
});

async function take({ snapshotter }: Trial): Promise<StagedSnapshot> {
  return (await snapshotter.snapshot()).staged;
}

/** A drive whose file is made, changed, touched, removed and made again as it was. */
async function changingDrive(): Promise<{ trial: Trial; staged: [StagedSnapshot, ...StagedSnapshot[]] }> {
  const trial = startTrial();
  const file = join(trial.folder, 'Bericht.txt');
  writeManySmall(trial.folder, 50);
  writeFileSync(file, 'one');
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  const first = await take(trial);
  writeFileSync(file, 'another');
  const second = await take(trial);
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  const third = await take(trial);
  rmSync(file);
  const fourth = await take(trial);
  writeFileSync(file, 'another');
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  return { trial, staged: [first, second, third, fourth, await take(trial)] };
}

const headsOf = (
  staged: readonly [StagedSnapshot, ...StagedSnapshot[]],
): [StagedSnapshot['head'], ...StagedSnapshot['head'][]] => [
  staged[0].head,
  ...staged.slice(1).map(({ head }) => head),
];

test('a file is found by a part of its name in all snapshots, each version once', async (t) => {
  const { trial, staged } = await changingDrive();
  const wanted = { kind: 'name', pattern: 'bericht' } as const;
  const found = await findVersions(headsOf(staged), wanted, readingFrom(trial));
  t.deepEqual(
    found.versions.map(({ path, byteCount, snapshots }) => [path, byteCount, snapshots]),
    [
      ['Bericht.txt', 3, [0]],
      ['Bericht.txt', 7, [1]],
      ['Bericht.txt', 7, [2, 4]],
    ],
  );
  t.deepEqual([found.isCut, found.unreadable], [false, []]);
  t.is(found.versions[1]?.content, found.versions[2]?.content, 'only its time is another');
});

test('a file whose name is no UTF-8 is looked up as it is shown', async (t) => {
  const trial = startTrial();
  if (process.platform !== 'linux') {
    t.log('skipped: elsewhere names are text');
    t.pass();
    return;
  }
  writeFileSync(Buffer.concat([Buffer.from(`${trial.folder}/`), Buffer.from([0x66, 0xff, 0xfe])]), 'odd');
  const staged = await take(trial);
  const path = 'f\u{FFFD}\u{FFFD}';
  const found = await findVersions([staged.head], { kind: 'path', path }, readingFrom(trial));
  t.deepEqual(
    found.versions.map((version) => [version.path, version.byteCount]),
    [[path, 3]],
  );
  t.is((await trial.restore(staged, { paths: [path] })).fileCount, 1);
});

test('a time that differs by less than a millisecond is a change', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'file');
  writeFileSync(file, 'the same');
  utimesSync(file, 1, 1_600_000_000.0001);
  const before = await take(trial);
  utimesSync(file, 1, 1_600_000_000.0004);
  const after = await take(trial);
  const { counts } = await findDifferences({ before: before.head, after: after.head }, readingFrom(trial));
  t.deepEqual(counts, { added: 0, removed: 0, changed: 1 });
});

test('a file that was changed since, under its old length and time, proves nothing wrong', async (t) => {
  const trial = startTrial();
  const file = join(trial.folder, 'file');
  writeFileSync(file, 'one');
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  const { head } = await take(trial);
  writeFileSync(file, 'two');
  utimesSync(file, 1_600_000_000, 1_600_000_000);
  const reading = { ...readingFrom(trial), folder: trial.folder, seed: 1, filesMax: 5, fileBytesMax: 1000 };
  const { fileCount, comparedCount, problems } = await proveSnapshot(head, reading);
  t.deepEqual([fileCount, comparedCount, problems], [1, 0, []]);
});

test('a snapshot that cannot be opened is listed, and the others are looked at', async (t) => {
  const { trial, staged } = await changingDrive();
  const lost = staged[1]!.packs.find(({ placementClass }) => placementClass === 'small')!;
  trial.outbox.packs.delete(lost.pack);
  const wanted = { kind: 'path', path: 'Bericht.txt' } as const;
  const found = await findVersions(headsOf(staged), wanted, readingFrom(trial));
  t.true(found.unreadable.some(({ index }) => index === 1));
  t.true(found.versions.some(({ snapshots }) => snapshots.includes(0)));
});

test('what two snapshots share of their trees is read once', async (t) => {
  const trial = startTrial();
  writeManySmall(trial.folder, 6000);
  const first = await take(trial);
  writeFileSync(join(trial.folder, 'zz-last'), 'x');
  const second = await take(trial);
  const wanted = { kind: 'name', pattern: 'zz-last' } as const;
  const fetched: string[] = [];
  const found = await findVersions([first.head, second.head], wanted, readingFrom(trial, fetched));
  t.deepEqual(
    found.versions.map(({ snapshots }) => snapshots),
    [[1]],
  );
  t.is(new Set(fetched).size, fetched.length, 'no pack is fetched twice');
});

async function differ(t: ExecutionContext, trial: Trial, heads: Parameters<typeof findDifferences>[0]) {
  const result = await findDifferences(heads, readingFrom(trial));
  const { added, removed, changed } = result.counts;
  t.is(added + removed + changed, result.changes.length);
  return result.changes.map(({ change, path }) => `${change} ${path}`);
}

test('two snapshots differ in what was added, removed and changed, and backwards the other way round', async (t) => {
  const trial = startTrial();
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(trial.folder, name), name);
  const before = await take(trial);
  writeFileSync(join(trial.folder, 'b'), 'B');
  rmSync(join(trial.folder, 'c'));
  renameSync(join(trial.folder, 'd'), join(trial.folder, 'e'));
  const after = await take(trial);
  const [old, young] = [before.head, after.head];
  t.deepEqual(await differ(t, trial, { before: old, after: young }), [
    'changed b',
    'removed c',
    'removed d',
    'added e',
  ]);
  t.deepEqual(await differ(t, trial, { before: young, after: old }), [
    'changed b',
    'added c',
    'added d',
    'removed e',
  ]);
  t.deepEqual(await differ(t, trial, { before: old, after: old }), []);
});

test('trees that cannot be had end a comparison with an error', async (t) => {
  const { trial, staged } = await changingDrive();
  trial.outbox.packs.delete(packId(staged[0].packs.at(-1)!.pack));
  await t.throwsAsync(differ(t, trial, { before: staged[0].head, after: staged[1]!.head }), {
    code: 'snapshot-unreadable',
  });
});

test('names are found by parts and globs, whatever their capitals', (t) => {
  const cases: [string, string, boolean][] = [
    ['budget', 'office/Budget 2026.ods', true],
    ['budget', 'budget/letter.txt', false],
    ['*.ods', 'office/Budget 2026.ods', true],
    ['*.ods', 'office/x.ods.bak', false],
    ['office/*.ods', 'office/x.ods', true],
    ['office/*.ods', 'office/deep/x.ods', false],
    ['office/**', 'office/deep/x.ods', true],
    ['ice/bud', 'office/Budget 2026.ods', true],
    ['ÄRGER', 'großer ärger.txt', true],
    ['a.b', 'axb', false],
    ['cafe\u0301', 'Caf\u00E9.txt', true],
    ['caf\u00E9', 'Cafe\u0301.txt', true],
  ];
  for (const [pattern, path, fits] of cases)
    t.is(nameCheck(pattern)(bytePathOf(path)), fits, `${pattern} on ${path}`);
});

test('a further name of a file has the versions of its bytes', async (t) => {
  const trial = startTrial();
  writeManySmall(trial.folder, 50);
  const [a, b] = ['a', 'b'].map((name) => join(trial.folder, name)) as [string, string];
  const save = async (text: string): Promise<StagedSnapshot> => {
    writeFileSync(a, text);
    // What changes the bytes and not the time is told by them alone.
    utimesSync(a, 1_600_000_000, 1_600_000_000);
    return take(trial);
  };
  writeFileSync(a, '');
  linkSync(a, b);
  const staged = [await save('one'), await save('another'), await save('one')] as const;
  const { versions } = await findVersions(
    headsOf([...staged]),
    { kind: 'path', path: 'b' },
    readingFrom(trial),
  );
  t.deepEqual(
    versions.map(({ path, kind, byteCount, snapshots }) => [path, kind, byteCount, snapshots]),
    [
      ['b', 'hardLink', 3, [0, 2]],
      ['b', 'hardLink', 7, [1]],
    ],
  );
});
