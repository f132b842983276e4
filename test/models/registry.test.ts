// Versions in a folder: each whole or not at all, none in the place of another, and a card that opens whatever there was to judge.

import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import {
  cardHtml,
  cardPage,
  listModels,
  type ModelCard,
  readModels,
  resolveVersion,
} from '../../models/index.ts';
import { writeModels } from '../../models/registry.ts';
import { cardOf, codeOf, folderFor, storedOf } from './stored-versions.ts';

test('one changed bit of a version is found, and a version of before hashes were kept is read', (t) => {
  const folder = folderFor(t);
  const weights = { layer: { shape: [2], values: Float32Array.of(0.5, -0.25) } };
  const write = (): void => {
    rmSync(join(folder, 'v1'), { recursive: true, force: true });
    writeModels(folder, { ...storedOf('v1', 'model'), weights });
  };
  const change = (name: string, of: (bytes: Buffer) => Buffer): void => {
    const path = join(folder, 'v1', name);
    writeFileSync(path, of(readFileSync(path)));
  };
  const replaced =
    (from: RegExp, to: string) =>
    (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString().replace(from, to));
  write();
  t.deepEqual(readModels(folder, 'v1').weights, weights);
  change('models.json', replaced(/,"hash":"[0-9a-f]{64}"/u, ''));
  t.deepEqual(readModels(folder, 'v1').weights, weights);
  write();
  change('weights.bin', (bytes) => bytes.map((byte, at) => (at === 3 ? byte ^ 1 : byte)) as Buffer);
  t.is(
    codeOf(t, () => readModels(folder, 'v1')),
    'model-damaged',
  );
  write();
  change('models.json', replaced(/"slotCount":\d/u, '"slotCount":7'));
  t.is(
    codeOf(t, () => readModels(folder, 'v1')),
    'model-damaged',
  );
});

test('versions of one name are all kept, also those that are written at once', async (t) => {
  const folder = folderFor(t);
  t.is(writeModels(folder, storedOf('v1', 'model')), 'v1');
  t.is(writeModels(folder, storedOf('v1', 'baseline')), 'v1-2');
  t.is(resolveVersion(folder, 'latest'), 'v1-2');
  t.is(readModels(folder, 'v1').cards[0]?.serves, 'model');
  t.is(readModels(folder, 'v1-2').cards[0]?.serves, 'baseline');
  t.is(readModels(folder, 'v1-2').version, 'v1-2');
  const door = new URL('../../models/registry.ts', import.meta.url).href;
  const writers = Array.from(
    { length: 4 },
    (_, writer) =>
      new Worker(
        `const { parentPort } = await import('node:worker_threads');
        const { readModels, writeModels } = await import(${JSON.stringify(door)});
        const stored = { ...readModels(${JSON.stringify(folder)}, 'v1'), version: 'v2' };
        for (let seed = 0; seed < 5; seed++)
          parentPort.postMessage(writeModels(${JSON.stringify(folder)}, { ...stored, seed: '${writer} ' + seed }));`,
        { eval: true },
      ),
  );
  const names: string[] = [];
  for (const writer of writers) writer.on('message', (name: string) => names.push(name));
  await Promise.all(writers.map((writer) => once(writer, 'exit')));
  t.is(new Set(names).size, 20);
  t.is(new Set(names.map((name) => readModels(folder, name).seed)).size, 20);
  t.is(listModels(folder).length, 22);
});

test('a version is found by its beginning, or as the latest', (t) => {
  const folder = folderFor(t);
  for (const version of ['20261101-a', '20261108-b', '20261108-c'])
    writeModels(folder, storedOf(version, 'model'));
  t.is(resolveVersion(folder, '20261101'), '20261101-a');
  t.is(resolveVersion(folder, 'latest'), '20261108-c');
  t.is(
    codeOf(t, () => resolveVersion(folder, '20261108')),
    'model-unknown',
  );
  t.is(
    codeOf(t, () => resolveVersion(folder, 'x')),
    'model-unknown',
  );
});

test('a week without absences judges no return: the card says so, also where the folder holds null', (t) => {
  const folder = folderFor(t);
  const stored = storedOf('v1', 'baseline');
  const none = { name: 'always back', value: Number.NaN };
  const score = { metric: 'Brier score', value: Number.NaN, better: 'lower' as const, baselines: [none] };
  const details = { 'hours away': 0, 'log loss': Number.NaN };
  const unjudged: ModelCard = { ...cardOf('return', 'baseline'), score, details };
  const better = { ...cardOf('joint failure', 'model') };
  const partly: ModelCard = {
    ...better,
    score: { ...better.score, baselines: [none, { name: 'b', value: 2 }] },
  };
  writeModels(folder, { ...stored, cards: [unjudged, partly] });
  t.regex(readFileSync(join(folder, 'v1', 'models.json'), 'utf8'), /"value":null/u);
  const read = readModels(folder, 'v1');
  t.deepEqual(read.cards, [unjudged, partly]);
  for (const page of [cardPage(read), cardHtml(read), readFileSync(join(folder, 'v1', 'card.md'), 'utf8')]) {
    t.regex(page, /not judged/u);
    t.notRegex(page, /NaN|null|undefined|Infinity/u);
  }
  t.regex(cardHtml(read), /<td>2\.000, b<\/td>/u, 'the best baseline is the one that has a score');
});
