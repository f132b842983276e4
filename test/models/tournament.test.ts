// The predictors that a learned availability has to beat: none looks ahead, and each learns what it is there for.

import test from 'ava';
import {
  createRandom,
  type FleetHistory,
  generateFleet,
  machineId,
  sliceHistory,
  unixMs,
} from '../../datasets/index.ts';
import { type Examples, takeExamples } from '../../models/availability-examples.ts';
import { tournamentOdds } from '../../models/availability-tournament.ts';
import { brierScore } from '../../models/scores.ts';

const startMs = unixMs(Date.UTC(2026, 9, 5));

const examplesOf = (history: FleetHistory, fromSlot: number, toSlot = history.slotCount): Examples =>
  takeExamples(history, {
    random: createRandom(1),
    countMax: 3000,
    fromSlot,
    toSlot,
    horizons: [24],
    outcomes: 'known',
  });

/** Machines whose state in each slot is a function of slot and machine. */
const fleetOf = (
  machineCount: number,
  slotCount: number,
  isUp: (slot: number, row: number) => boolean,
): FleetHistory => ({
  startMs,
  slotMs: 3_600_000,
  slotCount,
  machines: Array.from({ length: machineCount }, (_, row) => ({
    machine: machineId(`m${row}`),
    attributes: {},
    utcOffsetMs: 0,
  })),
  up: Uint8Array.from({ length: machineCount * slotCount }, (_, at) =>
    isUp(at % slotCount, Math.floor(at / slotCount)) ? 1 : 0,
  ),
  access: [],
});

test('no predictor knows what comes after its moment', (t) => {
  const { history } = generateFleet({ seed: 4, machineCount: 5, weeks: 2, startMs });
  const examples = examplesOf(history, 168, 200);
  const before = tournamentOdds(history, examples);
  const other = Uint8Array.from(history.up, (state, at) =>
    at % history.slotCount >= 200 ? 1 - (state % 2) : state,
  );
  t.deepEqual(tournamentOdds({ ...history, up: other }, examples), before);
  t.deepEqual(tournamentOdds(sliceHistory(history, { fromSlot: 0, toSlot: 224 }), examples), before);
  t.true(
    Object.values(before).every(
      (odds) => odds.length === examples.count && odds.every((p) => p >= 0 && p <= 1),
    ),
  );
});

const scoresOn = (history: FleetHistory, fromSlot: number): Record<string, number> => {
  const examples = examplesOf(history, fromSlot);
  const outcomes = [...examples.outcomes];
  return Object.fromEntries(
    Object.entries(tournamentOdds(history, examples)).map(([name, odds]) => [
      name,
      brierScore(odds, outcomes),
    ]),
  );
};

test('machines that never change are soon known by all', (t) => {
  for (const score of Object.values(
    scoresOn(
      fleetOf(4, 672, (_, row) => row % 2 === 0),
      504,
    ),
  ))
    t.true(score < 0.05);
});

test('office hours are learned by the season, and not by what is now', (t) => {
  const office = fleetOf(4, 1344, (slot) => slot % 168 < 120 && slot % 24 >= 8 && slot % 24 < 18);
  const scores = scoresOn(office, 1176);
  t.true(scores['seasonal, smoothed']! < 0.05);
  t.true(scores['right now']! > 2 * scores['seasonal, smoothed']!);
});

test('a rhythm of three hours is learned from the last states alone', (t) => {
  const scores = scoresOn(
    fleetOf(3, 672, (slot) => slot % 3 === 0),
    504,
  );
  t.true(scores['history']! < 0.01);
  t.true(scores['twiddled history']! < 0.2);
  t.true(scores['hybrid']! < 0.01);
});
