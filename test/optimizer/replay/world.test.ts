// The accounts of the replayed world on traces small enough to count by hand.

import test from 'ava';
import fc from 'fast-check';
import { World } from '../../../optimizer/replay/world.ts';
import { scenarioOf } from './traces.ts';

const shardBytes = 16 * 1024 * 1024;

/** One group of all machines; every file is in it. */
function liveThrough(rows: readonly string[], groups: readonly (readonly number[])[], k = 1) {
  const n = groups[0]!.length;
  const scenario = scenarioOf(rows, { redundancy: { k, n } });
  const slots = rows[0]!.length;
  const world = new World(scenario, { trainFromSlot: 0, fromSlot: 0, toSlot: slots }, 1);
  for (const [slot, members] of groups.entries()) {
    world.follow([members]);
    world.live(slot);
  }
  for (let slot = groups.length; slot < slots; slot++) world.live(slot);
  return world;
}

test('a file cannot be served where fewer than k holders are up, and unknown hours do not count', (t) => {
  const world = liveThrough(['1100?', '10001', '10101'], [[0, 1, 2]]);
  // Three files in one group: hour 3 has nobody up, hour 4 was not seen.
  t.is(world.account.unavailableFileSlots, 3);
  t.is(world.account.fileSlots, 12);
  t.deepEqual([...world.unavailableBySlot], [0, 0, 0, 3, 0]);
  t.is(world.account.storedBytes, 9 * shardBytes);
  t.is(world.account.movedBytes, 0);
});

test('two of three must be up where k is two, and the shards are half as large', (t) => {
  const world = liveThrough(['1100', '1010', '1001'], [[0, 1, 2]], 2);
  t.is(world.account.unavailableFileSlots, 9);
  t.is(world.account.storedBytes, (9 * shardBytes) / 2);
});

test('business hours are told apart', (t) => {
  const day = `${'1'.repeat(8)}${'0'.repeat(10)}${'1'.repeat(6)}`;
  const world = liveThrough([day, day, day], [[0, 1, 2]]);
  t.is(world.account.unavailableFileSlotsBusiness, 30);
  t.is(world.account.unavailableFileSlots, 30);
});

test('of a slot of several hours the share that is business hours counts', (t) => {
  for (const hoursOfSlot of [1, 2, 3, 4, 6, 8, 12, 24, 168]) {
    const down = '0'.repeat(168 / hoursOfSlot);
    const scenario = scenarioOf([down, down, down]);
    const history = { ...scenario.history, slotMs: hoursOfSlot * 3_600_000 };
    const slots = down.length;
    const world = new World({ ...scenario, history }, { trainFromSlot: 0, fromSlot: 0, toSlot: slots }, 1);
    world.follow([[0, 1, 2]]);
    for (let slot = 0; slot < slots; slot++) world.live(slot);
    const business = world.account.unavailableFileSlotsBusiness * hoursOfSlot;
    t.true(Math.abs(business - 3 * 50) < 1e-9, `${hoursOfSlot} hours: ${business}`);
    t.is(world.account.unavailableFileSlots * hoursOfSlot, 3 * 168);
  }
});

test('a new plan copies one shard an hour and machine from who has it, and the old holder serves until then', (t) => {
  const world = liveThrough(
    ['111111', '111111', '111111', '001111'],
    [
      [0, 1, 2],
      [0, 1, 3],
    ],
  );
  // Machine 3 takes one shard an hour from its first hour up on: three files, three shards.
  t.is(world.account.movedBytes, 3 * shardBytes);
  t.is(world.account.unavailableFileSlots, 0);
});

test('a shard that nobody has is computed from k others and costs k shards', (t) => {
  const gone = `1${'0'.repeat(199)}`;
  const stays = '1'.repeat(200);
  const rows = [gone, stays, stays, stays];
  const world = liveThrough(
    rows,
    [
      [0, 1, 2],
      [0, 1, 2],
      [3, 1, 2],
    ],
    2,
  );
  t.is(world.account.movedBytes, (3 * 2 * shardBytes) / 2);
  t.is(world.account.lostFiles, 0);
});

test('a file is lost when fewer than k shards are left on disks that stay, and stays unavailable', (t) => {
  const gone = `11${'0'.repeat(198)}`;
  const stays = '1'.repeat(200);
  const world = liveThrough([gone, gone, stays, stays], [[0, 1, 2]], 2);
  t.is(world.account.lostFiles, 3);
  t.is(world.account.unavailableFileSlots, 3 * 198);
  // What is lost for good is no outage: it would be one event without an end.
  t.is(Math.max(...world.unavailableBySlot), 0);
  t.deepEqual([...world.lostBySlot.subarray(0, 4)], [0, 0, 3 * 198, 0]);
});

test('who is away for less than a week at the end may come back: nothing is lost', (t) => {
  const away = `11${'0'.repeat(160)}`;
  const world = liveThrough([away, away, away], [[0, 1, 2]]);
  t.is(world.account.lostFiles, 0);
  t.is(world.account.unavailableFileSlots, 3 * 160);
});

const slotsOfTrace = 400;
/** Runs of one letter, cut to the trace's length. */
const anyRow = fc
  .array(fc.tuple(fc.constantFrom('1', '1', '0', '?'), fc.integer({ min: 1, max: 200 })), {
    minLength: 8,
    maxLength: 12,
  })
  .map((runs) =>
    `${runs.map(([letter, length]) => letter.repeat(length)).join('')}${'1'.repeat(slotsOfTrace)}`.slice(
      0,
      slotsOfTrace,
    ),
  );
const anyGroup = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 3, maxLength: 3 });

/** Three files in one group, counted one after the other as the rules of the replay say it in words. */
function naiveAccount(rows: readonly string[], plans: readonly (readonly number[])[], k: number) {
  const n = 3;
  const found = { unavailable: 0, business: 0, seen: 0, lostFiles: 0, moved: 0 };
  const files = Array.from({ length: 3 }, () => ({ holders: [...plans[0]!], isLost: false }));
  const leavesAt = rows.map((row) => {
    const last = row.lastIndexOf('1');
    return last >= 0 && row.slice(last).split('0').length - 1 >= 168 ? last + 1 : Number.POSITIVE_INFINITY;
  });
  for (let slot = 0; slot < slotsOfTrace; slot++) {
    const wanted = plans[Math.min(slot, plans.length - 1)]!;
    const isUp = (machine: number): boolean => rows[machine]?.[slot] === '1';
    for (const file of files) {
      file.holders = file.holders.map((machine) => (slot >= (leavesAt[machine] ?? 0) ? -1 : machine));
      if (file.isLost || file.holders.filter((machine) => machine >= 0).length >= k) continue;
      file.isLost = true;
      found.lostFiles++;
    }
    for (const { holders } of files) {
      if (holders.some((machine) => rows[machine]?.[slot] === '?')) continue;
      found.seen++;
      if (holders.filter((machine) => isUp(machine)).length >= k) continue;
      found.unavailable++;
      const [day, hour] = [Math.floor(slot / 24) % 7, slot % 24];
      if (day < 5 && hour >= 8 && hour < 18) found.business++;
    }
    const moves = files.flatMap((file, number) =>
      file.isLost
        ? []
        : wanted.flatMap((to, at) => {
            const left = file.holders[at] === -1 ? file.holders.filter((machine) => machine >= 0).length : n;
            return file.holders[at] === to ? [] : [{ file, number, at, to, left }];
          }),
    );
    const taken = new Set<number>();
    for (const { file, at, to } of moves.toSorted(
      (a, b) => a.left - b.left || a.number - b.number || a.at - b.at,
    )) {
      const others = file.holders.filter((machine) => isUp(machine)).length;
      if (taken.has(to) || !isUp(to) || !(isUp(file.holders[at]!) || others >= k)) continue;
      found.moved += isUp(file.holders[at]!) ? 1 : k;
      file.holders[at] = to;
      taken.add(to);
    }
  }
  return found;
}

test('the accounts of any trace and any plans are those of a naive replay', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyRow, { minLength: 5, maxLength: 5 }),
      fc.array(anyGroup, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(1, 2, 3),
      (rows, groups, k) => {
        const plans = groups.flatMap((group) => Array.from({ length: 60 }, () => group));
        const { account, unavailableBySlot, lostBySlot } = liveThrough(rows, plans, k);
        const shard = account.storedBytes / 9;
        t.deepEqual(
          {
            unavailable: account.unavailableFileSlots,
            business: account.unavailableFileSlotsBusiness,
            seen: account.fileSlots,
            lostFiles: account.lostFiles,
            moved: Math.round(account.movedBytes / shard),
          },
          naiveAccount(rows, plans, k),
        );
        const sum = (values: Int32Array): number => values.reduce((total, value) => total + value, 0);
        t.is(sum(unavailableBySlot) + sum(lostBySlot), account.unavailableFileSlots);
      },
    ),
    { numRuns: 100 },
  );
});
