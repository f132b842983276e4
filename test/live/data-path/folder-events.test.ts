import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { canWatchFolders, watchFolder } from '../../../agent/live/data-path/folder-events.ts';
import { bytePathOf, pathText, placeUnder } from '../../../agent/live/data-path/path-bytes.ts';
import { newFolder } from './odd-trees.ts';

/** What is told of one folder, and a wait for it. */
class Heard {
  readonly paths = new Set<string>();
  failure: unknown;
  lostCount = 0;
  #wake: () => void = () => {};
  readonly #stop: () => void;

  private constructor(stop: () => void) {
    this.#stop = stop;
  }

  static async of(t: ExecutionContext, folder: string, leftOut: readonly string[] = []): Promise<Heard> {
    const events = await watchFolder({
      folder,
      isLeftOut: (path) => leftOut.includes(pathText(path)),
      onChange: (paths) => {
        if (paths === undefined) heard.lostCount++;
        for (const path of paths ?? []) heard.paths.add(pathText(path));
        heard.#wake();
      },
      onFailure: (error) => {
        heard.failure = error;
        heard.#wake();
      },
    });
    const heard = new Heard(() => events.stop());
    t.teardown(() => heard.#stop());
    return heard;
  }

  async until(isThere: (heard: Heard) => boolean): Promise<void> {
    while (!isThere(this)) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Waits for these, whatever else is told meanwhile; what was told until then is forgotten. */
  async next(...paths: readonly string[]): Promise<readonly string[]> {
    await this.until((heard) => paths.every((path) => heard.paths.has(path)));
    const told = [...this.paths];
    this.paths.clear();
    return told;
  }
}

/** Mounts until the test ends; whether it may. */
function mounted(t: ExecutionContext, ...words: readonly string[]): boolean {
  try {
    execFileSync('mount', words, { stdio: 'ignore' });
  } catch {
    t.log('skipped: this process may not mount');
    t.pass();
    return false;
  }
  t.teardown(() => execFileSync('umount', ['--lazy', words.at(-1)!]));
  return true;
}

const linuxTest = process.platform === 'linux' && canWatchFolders ? test : test.skip;

linuxTest(
  'files that are written right after their folders were made are told of, and later changes too',
  async (t) => {
    const folder = newFolder();
    const heard = await Heard.of(t, folder);
    const deep = join(folder, 'a', 'b', 'c');
    mkdirSync(deep, { recursive: true });
    writeFileSync(join(deep, 'early'), '1');
    await heard.next('a');
    appendFileSync(join(deep, 'early'), '2');
    await heard.next('a/b/c/early');
    rmSync(join(deep, 'early'));
    t.deepEqual(await heard.next('a/b/c/early'), ['a/b/c/early']);
  },
);

linuxTest('thousands of folders, each with a file at once: a later change of any is told of', async (t) => {
  const folder = newFolder();
  const heard = await Heard.of(t, folder);
  const boxes = Array.from({ length: 2000 }, (_, index) => `box-${index}`);
  for (const box of boxes) {
    mkdirSync(join(folder, box, 'inner'), { recursive: true });
    writeFileSync(join(folder, box, 'inner', 'note'), box);
  }
  await heard.next('box-1999');
  for (const box of boxes) appendFileSync(join(folder, box, 'inner', 'note'), box);
  const notes = boxes.map((box) => `${box}/inner/note`);
  t.true((await heard.next(...notes)).length >= notes.length);
});

linuxTest(
  'a folder that is moved is known by its new place, and one that left is heard of no more',
  async (t) => {
    const [folder, elsewhere] = [newFolder(), newFolder()];
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    const heard = await Heard.of(t, folder);
    renameSync(join(folder, 'a'), join(folder, 'z'));
    await heard.next('a', 'z');
    writeFileSync(join(folder, 'z', 'b', 'new'), '');
    t.deepEqual((await heard.next('z/b/new')).toSorted(), ['z/b/new']);
    renameSync(join(folder, 'z'), join(elsewhere, 'z'));
    await heard.next('z');
    writeFileSync(join(elsewhere, 'z', 'b', 'other'), '');
    writeFileSync(join(folder, 'last'), '');
    t.deepEqual(await heard.next('last'), ['last']);
    renameSync(join(elsewhere, 'z'), join(folder, 'back'));
    await heard.next('back');
    writeFileSync(join(folder, 'back', 'b', 'again'), '');
    t.deepEqual(await heard.next('back/b/again'), ['back/b/again']);
  },
);

linuxTest('one that took the place of another is watched in its stead', async (t) => {
  const folder = newFolder();
  for (const name of ['old', 'new']) mkdirSync(join(folder, name, 'in'), { recursive: true });
  const heard = await Heard.of(t, folder);
  renameSync(join(folder, 'old'), join(folder, 'kept'));
  renameSync(join(folder, 'new'), join(folder, 'old'));
  await heard.next('old', 'new', 'kept');
  for (const name of ['old', 'kept']) writeFileSync(join(folder, name, 'in', name), '');
  const told = await heard.next('old/in/old', 'kept/in/kept');
  t.deepEqual(told.toSorted(), ['kept/in/kept', 'old/in/old']);
});

linuxTest(
  'what is left out is not watched, no link is followed, and any name is told as it is',
  async (t) => {
    const [folder, elsewhere] = [newFolder(), newFolder()];
    mkdirSync(join(folder, 'cache'));
    symlinkSync(elsewhere, join(folder, 'link'));
    const odd = Buffer.concat([Buffer.from(join(folder, 'b')), Buffer.of(0xe9)]);
    mkdirSync(odd);
    const heard = await Heard.of(t, folder, ['cache']);
    writeFileSync(join(folder, 'cache', 'x'), '');
    writeFileSync(join(elsewhere, 'y'), '');
    writeFileSync(Buffer.concat([odd, Buffer.from('/in')]), '');
    t.deepEqual(await heard.next('b\u{FFFD}/in'), ['b\u{FFFD}/in']);
  },
);

linuxTest('a folder that was named by a link to it is watched', async (t) => {
  const [folder, link] = [newFolder(), join(newFolder(), 'link')];
  mkdirSync(join(folder, 'a'));
  symlinkSync(folder, link);
  const heard = await Heard.of(t, link);
  writeFileSync(join(folder, 'a', 'x'), '');
  t.deepEqual(await heard.next('a/x'), ['a/x']);
});

linuxTest('what changes of the folder itself is told of', async (t) => {
  const folder = newFolder();
  const heard = await Heard.of(t, folder);
  chmodSync(folder, 0o701);
  t.deepEqual(await heard.next(''), ['']);
});

linuxTest('a folder that a mount shows a second time, inside itself, is watched', async (t) => {
  const folder = newFolder();
  mkdirSync(join(folder, 'a', 'b', 'again'), { recursive: true });
  const again = join(folder, 'a', 'b', 'again');
  if (!mounted(t, '--bind', join(folder, 'a'), again)) return;
  const heard = await Heard.of(t, folder);
  writeFileSync(join(folder, 'a', 'b', 'x'), '');
  t.deepEqual(await heard.next('a/b/x'), ['a/b/x']);
  renameSync(join(folder, 'a', 'b', 'x'), join(folder, 'y'));
  t.deepEqual((await heard.next('y')).toSorted(), ['a/b/x', 'y']);
});

linuxTest('what is mounted in a folder, or in its place, later is watched too', async (t) => {
  for (const name of ['inner', '.']) {
    const folder = newFolder();
    mkdirSync(join(folder, 'inner'));
    const heard = await Heard.of(t, folder);
    if (!mounted(t, '-t', 'tmpfs', 'drey-test', join(folder, name))) return;
    await heard.until(({ lostCount }) => lostCount > 0);
    writeFileSync(join(folder, name, 'x'), '');
    const path = join(name, 'x');
    t.deepEqual(await heard.next(path), [path]);
  }
});

linuxTest(
  'a folder that another one took the place of, by a name above it, is watched no more',
  async (t) => {
    const above = join(newFolder(), 'above');
    const folder = join(above, 'own');
    mkdirSync(folder, { recursive: true });
    const heard = await Heard.of(t, folder);
    renameSync(above, `${above}-moved`);
    mkdirSync(folder, { recursive: true });
    await heard.until(({ lostCount }) => lostCount > 0);
    for (const place of [join(`${above}-moved`, 'own'), folder]) writeFileSync(join(place, 'x'), '');
    t.deepEqual(await heard.next('x'), ['x']);
    renameSync(above, `${above}-too`);
    await heard.until(({ failure }) => failure !== undefined);
    t.is((heard.failure as NodeJS.ErrnoException).code, 'ENOENT');
  },
);

linuxTest(
  'a folder that could not be watched is, with all below it, once its mode or owner changed',
  async (t) => {
    const folder = newFolder();
    mkdirSync(join(folder, 'closed', 'a'), { recursive: true });
    const unwatched = ['closed'];
    const heard = await Heard.of(t, folder, unwatched);
    // As of a folder that somebody else made: for root, who may run this, there is none.
    unwatched.length = 0;
    chmodSync(join(folder, 'closed'), 0o700);
    await heard.next('closed');
    writeFileSync(join(folder, 'closed', 'a', 'x'), '');
    t.deepEqual(await heard.next('closed/a/x'), ['closed/a/x']);
  },
);

linuxTest('whoever does not want to know any more need not wait until all folders are watched', async (t) => {
  const folder = newFolder();
  for (let index = 0; index < 50; index++) mkdirSync(join(folder, 'a', `box-${index}`), { recursive: true });
  let asked = 0;
  const request = { folder, onChange: () => {}, onFailure: () => {} };
  // It asks of each folder that it finds.
  const isLeftOut = (): boolean => asked++ < 0;
  const events = await watchFolder({ ...request, isLeftOut, isOver: () => asked > 0 });
  t.is(asked, 1);
  events.stop();
});

linuxTest('folders below paths that are longer than a call takes are watched', async (t) => {
  const folder = newFolder();
  const place = placeUnder(folder);
  const folders = Array.from({ length: 20 }, (_, depth) =>
    Array(depth + 1)
      .fill('n'.repeat(240))
      .join('/'),
  );
  for (const path of folders) mkdirSync(place(bytePathOf(path)));
  const heard = await Heard.of(t, folder);
  const deep = `${folders.at(-1)}/deep`;
  writeFileSync(place(bytePathOf(deep)), '');
  t.deepEqual(await heard.next(deep), [deep]);
});

linuxTest('folders whose paths no snapshot can hold are not watched, and all others are', async (t) => {
  const folder = newFolder();
  const place = placeUnder(folder);
  let path = 'a';
  for (; path.length < 17_000; path += `/${'n'.repeat(250)}`) mkdirSync(place(bytePathOf(path)));
  const asked: number[] = [];
  const isLeftOut = (one: string): boolean => asked.push(one.length) < 0;
  const events = await watchFolder({ folder, isLeftOut, onChange: () => {}, onFailure: () => {} });
  events.stop();
  t.true(Math.max(...asked) <= 16_384 && Math.max(...asked) > 16_000, `${Math.max(...asked)} bytes`);
});

linuxTest(
  'more changes than the system counts are told of as such, and later ones by their names again',
  async (t) => {
    const folder = newFolder();
    mkdirSync(join(folder, 'a'));
    const heard = await Heard.of(t, folder);
    const files = ['f', 'g'].map((name) => join(folder, name));
    for (const file of files) writeFileSync(file, '');
    // Two in turns: the same change again and again is one event. The queue holds 16,384 unless it was told otherwise.
    for (let index = 0; index < 20_000; index++) utimesSync(files[index % 2]!, index, index);
    mkdirSync(join(folder, 'late'));
    // Once when it lost count, once when all are watched anew.
    await heard.until(({ lostCount }) => lostCount > 1);
    heard.paths.clear();
    for (const name of ['a', 'late']) writeFileSync(join(folder, name, 'new'), '');
    const told = await heard.next('a/new', 'late/new');
    t.deepEqual(told.toSorted(), ['a/new', 'late/new']);
  },
);

linuxTest('a folder that goes ends its watches with a reason', async (t) => {
  for (const leave of [
    (at: string) => rmSync(at, { recursive: true }),
    (at: string) => renameSync(at, `${at}-moved`),
  ]) {
    const folder = join(newFolder(), 'own');
    mkdirSync(join(folder, 'a'), { recursive: true });
    const heard = await Heard.of(t, folder);
    leave(folder);
    await heard.until(({ failure }) => failure !== undefined);
    t.is((heard.failure as NodeJS.ErrnoException).code, 'ENOENT');
  }
  await t.throwsAsync(Heard.of(t, join(newFolder(), 'none')), { code: 'ENOENT' });
});
