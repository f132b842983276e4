import test from 'ava';
import { dayMs, hourMs, machineId, type PackReadRow, unixMs } from '../../datasets/index.ts';
import { expectedPackReads } from '../../models/index.ts';

const nowMs = unixMs(dayMs * 100);
const row = (parts: Partial<PackReadRow> = {}): PackReadRow => ({
  kind: 'packRead',
  machine: machineId('a'),
  hourMs: unixMs(nowMs - hourMs),
  pack: '5'.repeat(64),
  owner: machineId('o'),
  packClass: 'bulk',
  k: 4,
  n: 6,
  packBytes: 100,
  reads: 1,
  ...parts,
});
const siteOf = (machine: string): string | undefined => ({ a: 'hall', b: 'hall', c: 'tower' })[machine];
const readsOf = (rows: readonly PackReadRow[]): number =>
  expectedPackReads(rows, { siteOf, nowMs })[0]?.reads ?? 0;

test('a steady rate is expected to go on, however long it has been watched', (t) => {
  for (const dayCount of [7, 14, 56]) {
    const rows = Array.from({ length: dayCount * 24 }, (_, hour) =>
      row({ hourMs: unixMs(nowMs - (hour + 1) * hourMs) }),
    );
    t.true(Math.abs(readsOf(rows) / 168 - 1) < 0.01, `${dayCount} days`);
  }
});

test('one busy day is not a busy week', (t) => {
  const rows = [row({ reads: 6, hourMs: unixMs(nowMs - dayMs) })];
  t.true(readsOf(rows) > 6 && readsOf(rows) < 9);
});

test('reads of long ago count less, by half each week', (t) => {
  const watched = row({ machine: machineId('c'), hourMs: unixMs(nowMs - 70 * dayMs), pack: '6'.repeat(64) });
  const at = (dayCount: number): number =>
    expectedPackReads([watched, row({ hourMs: unixMs(nowMs - dayCount * dayMs) })], { siteOf, nowMs }).find(
      ({ site }) => site === 'hall',
    )!.reads;
  t.true(Math.abs(at(14) / at(7) - 0.5) < 1e-9);
});

test('machines of one site are added up, those of others and of nowhere are not', (t) => {
  const rows = ['a', 'b', 'c', 'stranger'].map((name) => row({ machine: machineId(name) }));
  const expected = expectedPackReads(rows, { siteOf, nowMs });
  t.deepEqual(
    expected.map(({ site }) => site),
    ['hall', 'tower'],
  );
  t.true(Math.abs(expected[0]!.reads / expected[1]!.reads - 2) < 1e-9);
});

test('a clock that is ahead makes no pack more popular than now', (t) => {
  t.is(readsOf([row({ hourMs: unixMs(nowMs + 50 * dayMs) })]), readsOf([row({ hourMs: unixMs(nowMs) })]));
});
