import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import {
  chunkIdOf,
  createDriveKey,
  createMachineKey,
  describePack,
  encodeIndexSegment,
  encodeRootPointer,
  encodeSnapshotRoot,
  encodeTreeEntry,
  type ChunkLocator,
  type PackDescriptor,
  type PackEntry,
  PackWriter,
  sealSmall,
  type TreeEntry,
} from '../../../agent/codec/index.ts';
import { driveId, type PackId } from '../../../agent/index.ts';
import {
  restoreSnapshot,
  type RestoreResult,
  verifySnapshots,
  WorkerPool,
} from '../../../agent/live/data-path/index.ts';
import { chunkBytesMax } from '../../../agent/limits.ts';
import { gibibyte, mebibyte, unixMs } from '../../../datasets/index.ts';
import { newFolder, noise } from './odd-trees.ts';
import { bytesOfPack, startTrial, workers } from './trial.ts';

const drive = driveId('00112233445566778899aabbccddeeff');
const driveKey = createDriveKey();
const owner = createMachineKey().peer;
const content = Buffer.from('gotcha');
const contentId = chunkIdOf(driveKey, content);
const base = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 1_700_000_000_000_000_000n };
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

const file = (path: string, marks: { readonly mtimeNs?: bigint } = {}): TreeEntry => ({
  kind: 'file',
  path: bytes(path),
  ...base,
  ...marks,
  byteCount: content.length,
  chunks: [contentId],
  isUnstable: false,
});
const folder = (path: string): TreeEntry => ({ kind: 'folder', path: bytes(path), ...base, mode: 0o755 });
const link = (kind: 'symlink' | 'hardLink', path: string, target: string): TreeEntry => ({
  kind,
  path: bytes(path),
  ...base,
  target: bytes(target),
});

interface Made {
  readonly descriptor: PackDescriptor;
  readonly entries: readonly PackEntry[];
}

const locate = ({ descriptor, entries }: Made): ChunkLocator[] =>
  entries.map((entry) => ({ ...entry, pack: descriptor.pack }));

/** How often the root names the same chunk. */
interface Repeats {
  readonly tree?: number;
  readonly index?: number;
}

/** As many as take 64 GiB one after another, and 300 bytes on a disk. */
const zeros = new Uint8Array(chunkBytesMax);
const zerosCount = (64 * gibibyte) / chunkBytesMax;

const repeated = (locators: readonly ChunkLocator[], count = 1): ChunkLocator[] =>
  Array.from({ length: count }, () => locators).flat();

/** A snapshot as somebody with the drive's key, and bad intentions, could make it. */
function makeSnapshot(
  tree: readonly TreeEntry[] | Uint8Array,
  repeats: Repeats = {},
): {
  readonly sealedRoot: Uint8Array;
  readonly packs: ReadonlyMap<PackId, Uint8Array>;
} {
  const packs = new Map<PackId, Uint8Array>();
  const makePack = (plain: Uint8Array): Made => {
    const writer = new PackWriter({ driveKey, drive, keyEpoch: 1, salt: new Uint8Array(randomBytes(16)) });
    writer.add(chunkIdOf(driveKey, plain), plain);
    const pack = writer.finish();
    const origin = { owner, drive, placementClass: 'small', redundancy: { k: 1, n: 1 } } as const;
    const { descriptor } = describePack(pack.bytes, origin);
    packs.set(descriptor.pack, pack.bytes);
    return { descriptor, entries: pack.entries };
  };
  const treePack = makePack(tree instanceof Uint8Array ? tree : Buffer.concat(tree.map(encodeTreeEntry)));
  const indexPack = makePack(repeats.index === undefined ? encodeIndexSegment([makePack(content)]) : zeros);
  const root = makePack(
    encodeSnapshotRoot({
      drive,
      atMs: unixMs(0),
      keyEpoch: 1,
      tree: repeated(locate(treePack), repeats.tree),
      index: [repeated(locate(indexPack), repeats.index)],
      packs: [treePack.descriptor, indexPack.descriptor],
      fileCount: 0,
      byteCount: 0,
    }),
  );
  const pointer = encodeRootPointer({ root: locate(root), packs: [root.descriptor] });
  return { sealedRoot: sealSmall(driveKey, 'root', pointer), packs };
}

async function restoreHostile(
  tree: readonly TreeEntry[] | Uint8Array,
  to: string,
  repeats?: Repeats,
): Promise<RestoreResult> {
  const { sealedRoot, packs } = makeSnapshot(tree, repeats);
  return restoreSnapshot({
    workers,
    head: { drive, keyEpoch: 1, sealedRoot },
    driveKey,
    fetchPack: async ({ pack }) => packs.get(pack)?.slice() ?? new Uint8Array(),
    to,
  });
}

test('paths that leave the folder are refused and listed; the rest is restored', async (t) => {
  const to = join(newFolder(), 'to');
  const evil = [
    '../above',
    '/tmp/drey-hostile-absolute',
    'a/../../above',
    './dot',
    'a//b',
    '.drey-partial/0',
  ];
  const { missing, fileCount } = await restoreHostile([...evil.map((path) => file(path)), file('good')], to);
  t.deepEqual(missing.map(({ path }) => path).toSorted(), evil.toSorted());
  t.is(fileCount, 1);
  t.deepEqual(readdirSync(dirname(to)), ['to']);
  t.deepEqual(readdirSync(to), ['good']);
  t.false(existsSync('/tmp/drey-hostile-absolute'));
  t.is(readFileSync(join(to, 'good'), 'utf8'), 'gotcha');
});

test('a link in the tree is not walked through, in whatever order its entries stand', async (t) => {
  const outside = newFolder();
  for (const tree of [
    [link('symlink', 'way', outside), file('way/out')],
    [file('way/out'), link('symlink', 'way', outside)],
    [folder('way'), link('symlink', 'way', outside), file('way/out')],
  ]) {
    await restoreHostile(tree, newFolder());
    t.deepEqual(readdirSync(outside), []);
  }
});

test('a hard link reaches only files of the same restore', async (t) => {
  const to = newFolder();
  const { missing } = await restoreHostile(
    [link('hardLink', 'passwd', '/etc/passwd'), link('hardLink', 'up', '../x')],
    to,
  );
  t.deepEqual(missing.map(({ path }) => path).toSorted(), ['passwd', 'up']);
  t.deepEqual(readdirSync(to), []);
});

test('a time that the disk has no room for is told', async (t) => {
  const to = newFolder();
  const far = 2n ** 52n * 1_000_000_000n;
  const { imperfect } = await restoreHostile([file('far', { mtimeNs: far }), file('near')], to);
  const isKept = lstatSync(join(to, 'far'), { bigint: true }).mtimeNs === far;
  t.deepEqual(imperfect, isKept ? [] : [{ path: 'far', reason: 'this disk cannot keep its time' }]);
});

test('two entries of one name do not replace each other silently', async (t) => {
  const to = newFolder();
  const { missing } = await restoreHostile(
    [link('symlink', 'twice', 'good'), file('twice'), file('good')],
    to,
  );
  t.is(missing.length, 1);
});

test('a tree or an index that names one chunk thousands of times is refused before memory is set aside for it', async (t) => {
  for (const [part, tree, repeats] of [
    ['tree', zeros, { tree: zerosCount }],
    ['index', [file('good')], { index: zerosCount }],
  ] as const) {
    const { message } = await t.throwsAsync(restoreHostile(tree, newFolder(), repeats));
    t.regex(message, new RegExp(`its ${part} would take 64\\.0 GiB, and no more than .* are read here`, 'u'));
  }
});

test('whoever looks for dead or missing packs reads no index without an end either', async (t) => {
  const { sealedRoot, packs } = makeSnapshot([file('good')], { index: zerosCount });
  const head = { drive, sealedRoot };
  const { problems } = await verifySnapshots([head], {
    workers,
    driveKey,
    newest: head,
    depth: 'places',
    fetchPack: async ({ pack }) => packs.get(pack)?.slice() ?? new Uint8Array(),
    countShards: async (wanted) => wanted.map(() => 1),
  });
  t.true(problems.some(({ reason }) => reason.includes('would take 64.0 GiB')));
});

test('what a link leads to that took the place of a folder is in no snapshot, nor are its attributes', async (t) => {
  const trial = startTrial();
  const outside = startTrial().folder;
  for (const name of ['a', 'b']) writeFileSync(join(trial.folder, name), noise(17 * mebibyte, name.length));
  for (const place of [outside, join(trial.folder, 'y'), join(trial.folder, 'z')]) {
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, 'file'), place === outside ? 'secret' : 'own');
  }
  let isFirst = true;
  trial.outbox.beforeStage = () => {
    if (!isFirst) return;
    isFirst = false;
    renameSync(join(trial.folder, 'z'), join(trial.folder, 'moved'));
    symlinkSync(outside, join(trial.folder, 'z'));
  };
  // One thread and two tasks at once: the third batch is read after the first pack was staged.
  const single = new WorkerPool({ threadCountMax: 1 });
  const { staged, unreadable } = await trial.next({ workers: single }).snapshot();
  await single.close();
  t.deepEqual(unreadable, [
    { path: 'z/file', reason: 'it was removed or replaced while the snapshot was taken' },
  ]);
  const { to } = await trial.restore(staged);
  t.deepEqual([readdirSync(to).toSorted(), readdirSync(join(to, 'z'))], [['a', 'b', 'y', 'z'], []]);
  t.is(readFileSync(join(to, 'y', 'file'), 'utf8'), 'own');
});

test('of what took the place of a folder in an unfinished restore nothing is changed', async (t) => {
  const trial = startTrial();
  mkdirSync(join(trial.folder, 'sub'), { mode: 0o777 });
  chmodSync(join(trial.folder, 'sub'), 0o777);
  writeFileSync(join(trial.folder, 'file'), 'of the drive');
  const { staged } = await trial.snapshotter.snapshot();
  const { to } = await trial.restore(staged, {
    fetchPack: async (descriptor) => {
      if (descriptor.placementClass === 'bulk') throw new Error('nobody has it');
      return bytesOfPack(trial.outbox, descriptor);
    },
  });
  const outside = startTrial().folder;
  const { mode } = lstatSync(outside);
  rmSync(join(to, 'sub'), { recursive: true });
  symlinkSync(outside, join(to, 'sub'));
  const { missing } = await trial.restore(staged, { to });
  t.deepEqual(missing, [{ path: 'sub', reason: 'something of that name is there already' }]);
  t.is(lstatSync(outside).mode, mode);
});
