// How far habits hold, on tiny fleets whose answer is plain.

import test from 'ava';
import { drifted, habitDrift, type HabitDrift } from '../../models/habit-drift.ts';
import { downByKind } from '../../models/marginals.ts';
import { baselineForecast } from '../../models/index.ts';
import { historyOf } from '../optimizer/replay/traces.ts';

const up = '1'.repeat(168);
const halfDown = `${'1'.repeat(84)}${'0'.repeat(84)}`;
const office = `${'0'.repeat(8)}${'1'.repeat(10)}${'0'.repeat(6)}`;

const driftOf = (rows: readonly string[]): HabitDrift => habitDrift(historyOf(rows), downByKind);
const rows = (count: number, row: string): readonly string[] => Array.from({ length: count }, () => row);

test('where machines that were never down fell silent for days, none counts as safe', (t) => {
  const fell = rows(10, `${up}${up}${halfDown}`);
  const stayed = rows(30, up.repeat(3));
  const { floor } = driftOf([...fell, ...stayed]);
  // In the last week an eighth of all hours, in the one before none.
  t.true(floor > 0.03 && floor < 0.12, String(floor));
  const { strata } = baselineForecast(historyOf([...fell, ...stayed]));
  t.true(strata.every(({ downProbability }) => downProbability.every((odds) => odds >= floor - 1e-9)));
});

test('where every week is as the one before, habits hold', (t) => {
  const { floor, share } = driftOf([...rows(30, office.repeat(21)), ...rows(30, up.repeat(3))]);
  t.true(floor < 0.005, String(floor));
  t.true(drifted({ floor, share }, 0.98) > 0.9, String(share));
});

test('who was away before a week says nothing of how habits hold in it', (t) => {
  const gone = rows(20, `${up}${halfDown}${'0'.repeat(168)}`);
  const stayed = rows(20, up.repeat(3));
  const { floor } = driftOf([...gone, ...stayed]);
  const all = driftOf([...rows(20, `${up}${up}${'0'.repeat(168)}`), ...stayed]);
  t.true(floor < all.floor, `${floor} < ${all.floor}`);
});

test('offices that are off at weekends are not away on a Sunday night, and their habits hold', (t) => {
  const week = `${office.repeat(5)}${'0'.repeat(48)}`;
  const forgotten = `${week}${office.repeat(5)}${'1'.repeat(48)}${'1'.repeat(168)}`;
  const { floor, share } = driftOf([
    ...rows(25, week.repeat(3)),
    ...rows(5, forgotten),
    ...rows(10, up.repeat(3)),
  ]);
  t.true(drifted({ floor, share }, 0.98) > 0.8, `${floor} ${share}`);
});

test('with less than two weeks a fleet is taken to be like others, and order stays', (t) => {
  const drift = driftOf(rows(5, up));
  t.true(drift.floor > 0.004 && drift.floor < 0.02, String(drift.floor));
  t.true(drifted(drift, 0.1) < drifted(drift, 0.2));
});
