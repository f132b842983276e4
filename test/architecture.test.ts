// The house itself: imports flow one way, folders are entered by their doors, every error code is documented,
// and no file is forgotten. Reads the sources as text.

import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Rooms in the order of imports: each may import only those before it. Codec, core, live and simulation are rooms. */
const rooms = [
  'datasets',
  'models',
  'optimizer',
  'agent/codec',
  'agent/core',
  'agent/control',
  'agent/live',
  'agent/simulation',
  'dashboards',
  'cli',
] as const;

/** `agent`'s own files (ports, limits, units, view) are known to every room from agent/codec on. */
const agentWords = 'agent';

type Room = (typeof rooms)[number] | typeof agentWords;

interface Import {
  readonly from: string;
  readonly to: string;
}

const roomOf = (path: string): Room | undefined =>
  rooms.find((room) => path.startsWith(`${room}/`)) ?? (path.startsWith('agent/') ? agentWords : undefined);

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const folders = ['datasets', 'models', 'optimizer', 'agent', 'dashboards', 'cli'];
const files = folders.flatMap(sourceFiles).filter((path) => !path.startsWith('dashboards/browser/'));

function importsOf(path: string): Import[] {
  const text = readFileSync(join(root, path), 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/gu);
  return [...found].map((match) => ({
    from: path,
    to: relative(root, resolve(root, dirname(path), match[1] ?? '')),
  }));
}

const imports = files.flatMap(importsOf);

const mayImport = (from: Room, to: Room): boolean => {
  if (from === agentWords)
    return to === 'datasets' || to === 'models' || to === 'optimizer' || to === 'agent/codec';
  if (to === agentWords) return rooms.indexOf(from) >= rooms.indexOf('agent/codec');
  if (from === 'agent/simulation' && to === 'agent/live') return false;
  return rooms.indexOf(to) < rooms.indexOf(from);
};

test('imports flow one way: datasets, models, optimizer, agent, dashboards, cli', (t) => {
  const wrong = imports.filter(({ from, to }) => {
    const [here, there] = [roomOf(from), roomOf(to)];
    return here !== undefined && there !== undefined && here !== there && !mayImport(here, there);
  });
  t.deepEqual(wrong, []);
});

/** Second doors, for threads that start while somebody waits: nothing behind them loads the library of checks. */
const lightDoors: ReadonlySet<string> = new Set([
  'datasets/words.ts',
  'agent/codec/sealing.ts',
  'agent/codec/opening.ts',
]);

test('a folder is entered only by its doors', (t) => {
  const wrong = imports.filter(({ from, to }) => {
    const [here, there] = [roomOf(from), roomOf(to)];
    if (there === undefined || here === there || there === agentWords || here === agentWords) return false;
    return to !== `${there}/index.ts` && !lightDoors.has(to);
  });
  t.deepEqual(wrong, []);
});

test('a door has named exports and no logic', (t) => {
  const doors = files.filter((path) => path.endsWith('/index.ts') || lightDoors.has(path));
  const wrong = doors.filter((path) => {
    const lines = readFileSync(join(root, path), 'utf8')
      .replaceAll(/\/\/.*$/gmu, '')
      .replaceAll(/\s+/gu, ' ')
      .trim();
    return !/^(?:export (?:type )?(?:\*(?: as \w+)?|\{[^}]*\}) from '[^']+';? ?)+$/u.test(`${lines} `);
  });
  t.deepEqual(wrong, []);
});

/** A file and all that is loaded with it: what is imported as types only is not. */
function loadedWith(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(join(root, path), 'utf8');
  for (const [, source = ''] of text.matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from\s+'([^']+)'/gmu)) {
    if (source.startsWith('.')) loadedWith(relative(root, resolve(root, dirname(path), source)), seen);
    else seen.add(source);
  }
  return seen;
}

test('threads of the data path start without the library of checks', (t) => {
  const threads = files.filter((path) =>
    /^agent\/live\/data-path\/(?:worker-entry|[a-z]+-task)\.ts$/u.test(path),
  );
  t.true(threads.length > 5);
  t.true(loadedWith('agent/live/data-path/worker-entry.ts').has('cborg'), 'what is loaded is found');
  for (const path of threads) {
    const loaded = loadedWith(path);
    t.deepEqual(
      [...loaded].filter((one) => one === 'zod' || one.endsWith('/index.ts')),
      [],
      path,
    );
  }
});

/** Files that nobody imports because they are started by name. */
const startedByName = (path: string): boolean =>
  [
    'cli/run.ts',
    'cli/replay.ts',
    'cli/replay-access.ts',
    'cli/simulate.ts',
    'cli/demo/last-will.ts',
  ].includes(path) ||
  path.endsWith('/index.ts') ||
  /worker/u.test(path);

test('no file is forgotten: each is imported, started by name, or a door', (t) => {
  const known = new Set([...imports, ...sourceFiles('test').flatMap(importsOf)].map(({ to }) => to));
  t.deepEqual(
    files.filter((path) => !known.has(path) && !startedByName(path)),
    [],
  );
});

const nouns = /(?:^|[/-])(?:utils?|helpers?|common|manager|data|info)\.ts$/u;

test('files are named by what they hold', (t) => {
  t.deepEqual(
    files.filter((path) => nouns.test(path)),
    [],
  );
});

test('every file opens by saying what it is for', (t) => {
  const silent = files.filter(
    (path) =>
      !path.endsWith('/index.ts') &&
      !/^(?:#!.*\n)?(?:\/\/|\/\*\*)/u.test(readFileSync(join(root, path), 'utf8')),
  );
  t.deepEqual(silent, []);
});

/** The nearest README at or above a file. */
function readmeFor(path: string): string {
  const room = roomOf(path);
  return `${room ?? dirname(path)}/README.md`;
}

test('every error code has one row in the README of its folder, and every row a code', (t) => {
  const thrown = new Map<string, Set<string>>();
  for (const path of files) {
    const text = readFileSync(join(root, path), 'utf8');
    if (!/DreyError|wrong\(/u.test(text)) continue;
    const readme = readmeFor(path);
    const codes = thrown.get(readme) ?? new Set<string>();
    for (const match of text.matchAll(/\b(?:code: |wrong\(\s*)'([a-z0-9-]+)'/gu)) codes.add(match[1] ?? '');
    thrown.set(readme, codes);
  }
  for (const [readme, codes] of thrown) {
    const section = readFileSync(join(root, readme), 'utf8').split(/^## Errors$/mu)[1] ?? '';
    const rows = [...section.split(/^## /mu)[0]!.matchAll(/^\| `([a-z0-9-]+)` \|/gmu)].map(
      (match) => match[1] ?? '',
    );
    t.deepEqual(rows.toSorted(), [...codes].toSorted(), `the codes of ${readme}`);
  }
});
