import { once, EventEmitter } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import {
  busyMsMax,
  lookEveryMs,
  quietMs,
  returnEveryMs,
  startWatcher,
  toldWithinMs,
  type Watcher,
  type WatcherHealth,
} from '../../../agent/live/data-path/watcher.ts';
import type { WatchFolder, WatchRequest } from '../../../agent/live/data-path/folder-events.ts';
import { bytePathOf } from '../../../agent/live/data-path/path-bytes.ts';
import type { Clock } from '../../../agent/index.ts';
import { seconds } from '../../../datasets/index.ts';
import { HandClock } from '../telemetry/hand-clock.ts';
import { newFolder } from './odd-trees.ts';

const startMs = Date.UTC(2026, 10, 2, 8);
/** Every wait of the debounce ends at once: only the system's own delay is left. */
const clockWithoutQuiet: Clock = {
  now: () => new HandClock(startMs).now(),
  start: (afterMs, fire) => {
    if (afterMs === quietMs) setImmediate(fire);
    return { cancel: () => {} };
  },
};
const noWatch: WatchFolder = async () => Promise.reject(new Error('no such call'));

/** A system's watcher by hand: what is asked of it, and `change` to tell of changes. */
class HandEvents {
  asked: WatchRequest | undefined;

  readonly watch: WatchFolder = async (request) => {
    this.asked = request;
    return { stop: () => {} };
  };

  change(...paths: readonly string[]): void {
    this.asked?.onChange(paths.map(bytePathOf));
  }
}

test("where the system's watcher does not work, regular looks go on and the health says so", async (t) => {
  const clock = new HandClock(startMs);
  let looks = 0;
  const watcher = startWatcher({
    folder: newFolder(),
    ignore: [],
    clock,
    onChange: () => looks++,
    watch: noWatch,
  });
  await watcher.ready;
  t.is(watcher.health.state, 'scanning only');
  clock.pass(3 * lookEveryMs);
  t.is(looks, 3);
  await watcher.stop();
  clock.pass(3 * lookEveryMs);
  t.is(looks, 3);
  t.is(watcher.health.state, 'stopped');
});

test('a burst of changes is one look, after it is quiet or has lasted too long', async (t) => {
  const clock = new HandClock(startMs);
  let looks = 0;
  const events = new HandEvents();
  const watcher = startWatcher({
    folder: newFolder(),
    ignore: [],
    clock,
    onChange: () => looks++,
    watch: events.watch,
  });
  await watcher.ready;
  for (let index = 0; index < 10; index++) {
    events.change('a');
    clock.pass(quietMs / 2);
  }
  t.is(looks, 0);
  clock.pass(quietMs);
  t.is(looks, 1);
  for (let passedMs = 0; passedMs <= busyMsMax; passedMs += quietMs / 2) {
    events.change('a');
    clock.pass(quietMs / 2);
  }
  t.is(looks, 2);
  await watcher.stop();
});

test('a watcher that said nothing of changes is not believed until it is renewed', async (t) => {
  const clock = new HandClock(startMs);
  const events = new HandEvents();
  const whys: string[] = [];
  const watcher = startWatcher({
    folder: newFolder(),
    ignore: [],
    clock,
    onChange: (why) => whys.push(why),
    watch: events.watch,
  });
  await watcher.ready;
  clock.pass(lookEveryMs);
  events.change('a');
  watcher.foundByLook();
  t.is(watcher.health.state, 'watching', 'it told of them while the look went on');
  clock.pass(lookEveryMs);
  watcher.foundByLook();
  clock.pass(toldWithinMs);
  t.is(watcher.health.state, 'scanning only');
  t.deepEqual(whys, ['look', 'hint', 'look']);
  clock.pass(lookEveryMs);
  await new Promise(setImmediate);
  t.is(watcher.health.state, 'watching', 'a new subscription gets a new chance');
  await watcher.stop();
});

test('a change that a look found before it was told of is no reason to doubt the watcher', async (t) => {
  const clock = new HandClock(startMs);
  const events = new HandEvents();
  const watcher = startWatcher({
    folder: newFolder(),
    ignore: [],
    clock,
    onChange: () => {},
    watch: events.watch,
  });
  await watcher.ready;
  clock.pass(lookEveryMs);
  watcher.foundByLook();
  clock.pass(seconds(1));
  events.change('a');
  clock.pass(toldWithinMs);
  t.is(watcher.health.state, 'watching');
  await watcher.stop();
});

test('a folder that comes back is watched and looked at within a minute', async (t) => {
  const clock = new HandClock(startMs);
  const [folder, events] = [join(newFolder(), 'own'), new HandEvents()];
  mkdirSync(folder);
  const whys: string[] = [];
  const watcher = startWatcher({
    folder,
    ignore: [],
    clock,
    onChange: (why) => whys.push(why),
    watch: events.watch,
  });
  await watcher.ready;
  rmSync(folder, { recursive: true });
  events.asked?.onFailure(Object.assign(new Error('gone'), { code: 'ENOENT' }));
  clock.pass(quietMs);
  t.deepEqual(whys, ['hint']);
  clock.pass(returnEveryMs);
  t.is(watcher.health.state, 'stopped');
  mkdirSync(folder);
  clock.pass(returnEveryMs);
  await new Promise(setImmediate);
  t.is(watcher.health.state, 'watching');
  clock.pass(quietMs);
  t.deepEqual(whys, ['hint', 'hint']);
  await watcher.stop();
});

test('changes in what the drive leaves out are no hint', async (t) => {
  const clock = new HandClock(startMs);
  const folder = newFolder();
  const whys: string[] = [];
  const events = new HandEvents();
  const watcher = startWatcher({
    folder,
    ignore: ['node_modules', '/.cache/', '/.Trash-*/', '*.iso', '/a/b'],
    exclude: ['/somewhere/own', join(folder, 'own')],
    clock,
    onChange: (why) => whys.push(why),
    watch: events.watch,
  });
  await watcher.ready;
  const change = (...paths: readonly string[]): void => {
    events.change(...paths);
    clock.pass(quietMs);
  };
  const folders = [
    '.cache',
    'a',
    'a/b',
    'src/node_modules',
    '.Trash-1000',
    'own',
    'own/db',
    'a/own',
    'films',
  ];
  const watched = folders.filter((path) => events.asked?.isLeftOut(bytePathOf(path)) === false);
  t.deepEqual(watched, ['a', 'a/own', 'films']);
  change('src/node_modules/left/index.js', 'film.iso', '.Trash-1000/x');
  t.deepEqual(whys, []);
  change('src/node_modules/left/index.js', 'src/index.ts');
  t.deepEqual(whys, ['hint']);
  await watcher.stop();
});

test('a folder that is taken in again is watched, and heard', async (t) => {
  const clock = new HandClock(startMs);
  const folder = newFolder();
  let looks = 0;
  const events = new HandEvents();
  const watcher = startWatcher({
    folder,
    ignore: ['/made', '!/made'],
    clock,
    onChange: () => looks++,
    watch: events.watch,
  });
  await watcher.ready;
  t.false(events.asked?.isLeftOut(bytePathOf('made')));
  events.change('made/new');
  clock.pass(quietMs);
  t.is(looks, 1);
  await watcher.stop();
});

test('the real watcher notices a new file', async (t) => {
  const folder = newFolder();
  const heard = new EventEmitter();
  const watcher = startWatcher({
    folder,
    ignore: ['node_modules'],
    clock: clockWithoutQuiet,
    onChange: () => heard.emit('change'),
  });
  await watcher.ready;
  if (watcher.health.state !== 'watching') {
    t.log(`skipped: ${JSON.stringify(watcher.health)}`);
    t.pass();
    return;
  }
  const change = once(heard, 'change');
  writeFileSync(join(folder, 'new'), 'file');
  await change;
  await watcher.stop();
  t.deepEqual(watcher.health, { state: 'stopped', reason: 'the agent stopped it' });
});

test("the real watcher does not hear of the agent's own folder inside the watched one", async (t) => {
  const folder = newFolder();
  const own = join(folder, 'own');
  mkdirSync(own);
  const heard = new EventEmitter();
  const counts = { all: 0, others: 0 };
  const start = (name: keyof typeof counts, exclude: readonly string[]): Watcher =>
    startWatcher({
      folder,
      ignore: [],
      exclude,
      clock: clockWithoutQuiet,
      onChange: () => heard.emit(name, counts[name]++),
    });
  const watchers = [start('all', []), start('others', [own])];
  await Promise.all(watchers.map(({ ready }) => ready));
  if (watchers.some(({ health }) => health.state !== 'watching')) {
    t.log("skipped: the system's watcher does not work here");
    t.pass();
    return;
  }
  const ours = once(heard, 'all');
  writeFileSync(join(own, 'journal'), 'ours');
  await ours;
  t.is(counts.others, 0);
  const theirs = once(heard, 'others');
  writeFileSync(join(folder, 'new'), 'theirs');
  await theirs;
  t.is(counts.others, 1);
  await Promise.all(watchers.map((watcher) => watcher.stop()));
});

test('what a link leads to is unwatched too', async (t) => {
  const folder = newFolder();
  const [own, link] = [join(folder, 'own'), join(newFolder(), 'link')];
  mkdirSync(own);
  symlinkSync(own, link);
  const events = new HandEvents();
  const watcher = startWatcher({
    folder,
    ignore: [],
    exclude: [link],
    clock: new HandClock(startMs),
    onChange: () => {},
    watch: events.watch,
  });
  await watcher.ready;
  t.true(events.asked?.isLeftOut(bytePathOf('own')));
  await watcher.stop();
});

test('a watcher that fails is said, and what may have changed until then is looked at', async (t) => {
  const clock = new HandClock(startMs);
  const events = new HandEvents();
  let looks = 0;
  const watcher = startWatcher({
    folder: newFolder(),
    ignore: [],
    clock,
    onChange: () => looks++,
    watch: events.watch,
  });
  await watcher.ready;
  events.asked?.onFailure(Object.assign(new Error('inotify_add_watch'), { code: 'ENOSPC' }));
  t.deepEqual(watcher.health, {
    state: 'scanning only',
    reason: "the system's limit of watched folders is reached",
  });
  clock.pass(quietMs);
  t.is(looks, 1);
  events.asked?.onChange(undefined);
  clock.pass(quietMs);
  t.is(looks, 2, 'what the system lost count of may be anything');
  await watcher.stop();
});

test('a folder that is taken away is said', async (t) => {
  const clock = new HandClock(startMs);
  const folder = newFolder();
  rmSync(folder, { recursive: true });
  const states: WatcherHealth[] = [];
  const watcher = startWatcher({
    folder,
    ignore: [],
    clock,
    onChange: () => {},
    onHealth: (health) => states.push(health),
  });
  await watcher.ready;
  t.deepEqual(states.at(-1), { state: 'stopped', reason: 'the folder is not there' });
  await watcher.stop();
});
