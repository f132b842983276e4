// The accounts of the replayed world on traces small enough to count by hand.

import test from 'ava';
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
});

test('who is away for less than a week at the end may come back: nothing is lost', (t) => {
  const away = `11${'0'.repeat(160)}`;
  const world = liveThrough([away, away, away], [[0, 1, 2]]);
  t.is(world.account.lostFiles, 0);
  t.is(world.account.unavailableFileSlots, 3 * 160);
});
