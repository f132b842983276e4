// Versions with cards made by hand, for tests of folders of them.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { DreyError, generateFleet, sliceHistory, weekMs } from '../../datasets/index.ts';
import { baselineForecast, type ModelCard, type StoredModels } from '../../models/index.ts';

export const startMs = Date.UTC(2026, 9, 5);
export const { history } = generateFleet({ seed: 6, machineCount: 6, weeks: 4, startMs });
export const past = sliceHistory(history, { fromSlot: 0, toSlot: 3 * 168 });

export function folderFor(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drey-versions-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

export const cardOf = (model: string, serves: ModelCard['serves']): ModelCard => ({
  model,
  score: { metric: 'm', value: 1, better: 'lower', baselines: [{ name: 'b', value: 2 }] },
  details: {},
  serves,
  reason: `the ${serves} was better`,
  limits: 'none',
});

export const storedOf = (version: string, serves: ModelCard['serves']): StoredModels => ({
  version,
  trainedMs: startMs,
  seed: '1',
  fingerprint: 'f'.repeat(64),
  machineCount: 6,
  slotCount: past.slotCount,
  historyEndMs: startMs + 3 * weekMs,
  backend: 'wasm',
  cards: [cardOf('availability', serves), cardOf('joint failure', 'baseline'), cardOf('popularity', 'model')],
  forecast: baselineForecast(past),
  weights: {},
});

export const codeOf = (t: ExecutionContext, act: () => unknown): string =>
  t.throws(() => void act(), { instanceOf: DreyError }).code;
