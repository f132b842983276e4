// `drey models` on a machine that is in no fleet: what it says when files, folders or versions are not as they should be, and what
// to type next.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { runCommand } from '../../cli/demo/processes.ts';
import { generateFleet, historyToRows, writeRowFile } from '../../datasets/index.ts';
import { baselineForecast, type StoredModels } from '../../models/index.ts';
import { writeModels } from '../../models/registry.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const { history } = generateFleet({ seed: 6, machineCount: 4, weeks: 2, startMs: Date.UTC(2026, 9, 5) });

const storedOf = (version: string): StoredModels => ({
  version,
  trainedMs: Date.UTC(2026, 9, 20),
  seed: '1',
  fingerprint: 'f'.repeat(64),
  machineCount: 4,
  slotCount: history.slotCount,
  historyEndMs: Date.UTC(2026, 9, 19),
  backend: 'wasm',
  cards: [
    {
      model: 'availability',
      score: { metric: 'm', value: 1, better: 'lower', baselines: [{ name: 'b', value: 2 }] },
      details: {},
      serves: 'model',
      reason: 'it was better',
      limits: 'none',
    },
  ],
  forecast: baselineForecast(history),
  weights: {},
});

/** A folder with a version and one that is damaged, and a way to ask there. */
function registryFor(t: ExecutionContext) {
  const root = temporaryFolder(t, 'models');
  const registry = join(root, 'versions');
  for (const version of ['v1', 'v2']) writeModels(registry, storedOf(version));
  const ask = (...words: string[]) => runCommand(['models', ...words, '--home', join(root, 'nobody')]);
  return { root, registry, ask };
}

const noTrace = /^\s+at /mu;

test('one damaged version, and a folder that is none, hide no other', async (t) => {
  const { registry, ask } = registryFor(t);
  writeFileSync(join(registry, 'v1', 'weights.bin'), 'too long');
  mkdirSync(join(registry, 'zzz, notes of mine'));
  writeModels(registry, storedOf('v0'));
  rmSync(join(registry, 'v0', 'models.json'));
  const { output, exitCode } = await ask('list', '--registry', registry);
  t.is(exitCode, 0);
  t.regex(output, /^v0 .* damaged: train again$/mu);
  t.regex(output, /^v1 .* damaged: train again$/mu);
  t.regex(output, /^v2 .* availability$/mu);
  t.notRegex(output, /notes/u);
  t.regex((await ask('card', 'latest', '--registry', registry)).output, /^# Models v2/u);
});

test('a folder without versions is told of, with what to do', async (t) => {
  const { root, ask } = registryFor(t);
  const empty = join(root, 'empty');
  t.regex((await ask('list', '--registry', empty)).output, /no version in .*empty: `drey models train /u);
  t.regex((await ask('card', 'latest', '--registry', empty)).errors, /no version in .*empty\n.*--registry/u);
  const file = join(root, 'file');
  writeFileSync(file, '');
  const { errors } = await ask('list', '--registry', file);
  t.regex(errors, /file cannot be read as a folder of versions\n.*\[model-unknown\]/u);
  t.notRegex(errors, noTrace);
});

test('who has no fleet is told that files will do', async (t) => {
  const { ask } = registryFor(t);
  t.regex((await ask('train')).errors, /--data FILE --registry FOLDER\..*\[no-fleet-here\]/u);
  t.regex((await ask('list')).errors, /with --registry\..*\[no-fleet-here\]/u);
});

test('what cannot be written is refused before the training, without a stack', async (t) => {
  const { root, registry, ask } = registryFor(t);
  const data = join(root, 'rows.ndjson');
  await writeRowFile(data, historyToRows(history));
  const trained = await ask('train', '--data', data, '--registry', data);
  t.regex(trained.errors, /rows\.ndjson cannot be written: ENOTDIR\n.*--registry.*\[out-unwritable\]/u);
  t.is(trained.output, '', 'no pass of a training');
  const page = await ask('card', 'v1', '--registry', registry, '--html', join(root, 'no', 'card.html'));
  t.regex(page.errors, /card\.html cannot be written: ENOENT\n.*--html.*\[out-unwritable\]/u);
  t.notRegex(trained.errors + page.errors, noTrace);
  t.deepEqual(readdirSync(registry), ['v1', 'v2']);
});

test('a promotion that cannot be written down is told of the folder, without a stack', async (t) => {
  const { registry, ask } = registryFor(t);
  // Also for root, who may write everywhere: the place of the list is taken.
  mkdirSync(join(registry, 'serving.json.new'));
  const promoted = await ask('promote', 'v2', '--registry', registry);
  t.is(promoted.exitCode, 1);
  t.regex(promoted.errors, /versions cannot be written: EISDIR\n.*--registry.*\[out-unwritable\]/u);
  t.notRegex(promoted.errors, noTrace);
});

test("the agent's own versions are listed also where no agent runs, as they can be promoted then", async (t) => {
  const { root, ask } = registryFor(t);
  writeModels(join(root, 'nobody', 'models'), storedOf('v7'));
  t.regex((await ask('list')).output, /^v7 .* availability$/mu);
  t.is((await ask('promote', 'v7')).exitCode, 0);
  t.regex((await ask('list')).output, /^v7 .* promoted$/mu);
});

test('what is printed to type next names the folder of versions', async (t) => {
  const { root, registry, ask } = registryFor(t);
  const { output } = await ask('promote', 'v2', '--registry', registry);
  t.true(output.includes(`\`drey models rollback --registry ${registry}\``), output);
  const page = join(root, 'card.html');
  await ask('card', 'v2', '--registry', registry, '--html', page);
  const html = readFileSync(page, 'utf8');
  for (const command of ['evaluate v2', 'compare v2 OTHER'])
    t.true(
      html.includes(`drey models ${command} --data newer.ndjson --registry ${registry}</code>`),
      command,
    );
});
