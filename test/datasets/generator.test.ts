import test from 'ava';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import {
  type FleetHistory,
  type FleetOptions,
  type GeneratedFleet,
  generateFleet,
  historyFromRows,
  hourMs,
  hourOfWeek,
  knownAtMs,
  machineId,
  parseTelemetryRow,
  slotDown,
  slotUnknown,
  slotUp,
} from '../../datasets/index.ts';

const mondayMs = Date.UTC(2026, 0, 5);
const small: FleetOptions = { seed: 1, machineCount: 9, weeks: 4, startMs: mondayMs };
const large = generateFleet({
  seed: 'large',
  machineCount: 240,
  weeks: 8,
  startMs: mondayMs,
  outagesPerDomainWeek: 2,
  touchesPerDay: 4,
});

/**
 * Residual correlation of "down" for two rows: each hour against the machine's own mean in that hour of the week, so
 * that nights and weekends, which everybody shares, do not count as failing together.
 */
function residuals(history: FleetHistory): readonly Float64Array[] {
  return history.machines.map((_, row) => {
    const down = history.up.subarray(row * history.slotCount, (row + 1) * history.slotCount);
    const sums = new Float64Array(168);
    const counts = new Float64Array(168);
    const hour = (slot: number): number => hourOfWeek(history.startMs + slot * history.slotMs);
    for (const [slot, value] of down.entries()) {
      if (value === slotUnknown) continue;
      sums[hour(slot)]! += value === slotDown ? 1 : 0;
      counts[hour(slot)]!++;
    }
    return Float64Array.from(down, (value, slot) =>
      value === slotUnknown
        ? 0
        : (value === slotDown ? 1 : 0) - sums[hour(slot)]! / Math.max(1, counts[hour(slot)]!),
    );
  });
}

function correlation(a: Float64Array, b: Float64Array): number {
  let [ab, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    ab += value * b[i]!;
    aa += value * value;
    bb += b[i]! * b[i]!;
  }
  return aa === 0 || bb === 0 ? 0 : ab / Math.sqrt(aa * bb);
}

/** Mean correlation over pairs that share a key and over pairs that do not; machines without a key pair with none. */
function meanCorrelations(
  rows: readonly Float64Array[],
  keyOf: (machine: number) => string | number | undefined,
): { readonly same: number; readonly other: number } {
  const sums = { same: 0, other: 0 };
  const counts = { same: 0, other: 0 };
  for (const [a, rowA] of rows.entries()) {
    for (let b = a + 1; b < rows.length; b++) {
      const key = keyOf(a);
      const side = key !== undefined && key === keyOf(b) ? 'same' : 'other';
      sums[side] += correlation(rowA, rows[b]!);
      counts[side]++;
    }
  }
  return { same: sums.same / counts.same, other: sums.other / counts.other };
}

function domainKey(fleet: GeneratedFleet): (machine: number) => number | undefined {
  return (machine) => {
    const domain = fleet.truth.domainOfMachine[machine]!;
    return domain < 0 ? undefined : domain;
  };
}

test('the same options give the same fleet, and another seed gives another one', (t) => {
  t.true(isDeepStrictEqual(generateFleet(small), generateFleet(small)));
  t.notDeepEqual(generateFleet(small).history.up, generateFleet({ ...small, seed: 2 }).history.up);
});

test('the history is exactly what the reader of telemetry logs makes of the rows', (t) => {
  const rows = [...large.rows.values()].flat();
  const { startMs, slotCount } = large.history;
  const window = { fromMs: startMs, toMs: startMs + slotCount * hourMs };
  const options = { ...window, reportedMachines: [...large.rows.keys()] };
  t.true(isDeepStrictEqual(historyFromRows(rows.toReversed(), options), large.history));
});

test('every row passes the checks that rows of peers must pass, and each log is in the order of knowing', (t) => {
  for (const rows of large.rows.values()) {
    t.true(rows.every((row) => parseTelemetryRow(row).kind === row.kind));
    t.true(rows.every((row, i) => i === 0 || knownAtMs(rows[i - 1]!) <= knownAtMs(row)));
  }
});

test('given machine ids name the rows and the history in their order', (t) => {
  const machines = ['c', 'a', 'b'].map((id) => machineId(id));
  const fleet = generateFleet({ ...small, machineCount: 3, machines });
  t.deepEqual([...fleet.rows.keys()], machines);
  t.deepEqual(
    fleet.history.machines.map((profile) => profile.machine),
    machines,
  );
  for (const [machine, rows] of fleet.rows) t.true(rows.every((row) => row.machine === machine));
});

test('machines of a hidden domain go down together far beyond chance', (t) => {
  const means = meanCorrelations(residuals(large.history), domainKey(large));
  t.true(means.same > 0.2, `same domain ${means.same}`);
  t.true(means.same > 10 * Math.abs(means.other), `same ${means.same}, other ${means.other}`);
});

test('nine machines have three hidden domains of three, each discoverable within four weeks', (t) => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const fleet = generateFleet({ ...small, seed });
    t.deepEqual(
      fleet.truth.domains.map((domain) => domain.members.length),
      [3, 3, 3],
    );
    const means = meanCorrelations(residuals(fleet.history), domainKey(fleet));
    t.true(means.same > means.other + 0.15, `seed ${seed}: same ${means.same}, other ${means.other}`);
  }
});

test('decoy attributes say nothing about who goes down together', (t) => {
  const rows = residuals(large.history);
  for (const name of ['hardwareModel', 'diskClass'] as const) {
    t.true(large.truth.decoyAttributes.includes(name));
    const means = meanCorrelations(rows, (machine) => large.history.machines[machine]!.attributes[name]);
    t.true(Math.abs(means.same - means.other) < 0.02, `${name}: same ${means.same}, other ${means.other}`);
  }
});

test('no attribute shows a hidden domain: its members differ in every one but those of the whole site', (t) => {
  for (const domain of large.truth.domains) {
    const profiles = domain.members.map((member) => large.history.machines[member]!.attributes);
    for (const name of ['subnet', 'hardwareModel', 'osBuild', 'patchRing', 'diskClass'] as const) {
      t.true(new Set(profiles.map((attributes) => attributes[name])).size > 1, `${domain.name} ${name}`);
    }
  }
});

const downShare = (counts: readonly number[]): number =>
  counts[slotDown]! / (counts[slotDown]! + counts[slotUp]!);
const isNight = (hour: number): boolean => hour % 24 === 3;
const isMorning = (hour: number): boolean => hour < 120 && hour % 24 === 11;

test('during a hidden outage most members are down and most others are not taken along', (t) => {
  const { history, truth } = large;
  const seen = { member: [0, 0, 0], other: [0, 0, 0] };
  const alwaysOn = [...truth.habitOfMachine.keys()].filter((i) => truth.habitOfMachine[i] === 'alwaysOn');
  const count = (domain: number, slot: number): void => {
    for (const machine of alwaysOn) {
      const side = truth.domainOfMachine[machine] === domain ? 'member' : 'other';
      seen[side][history.up[machine * history.slotCount + slot]!]!++;
    }
  };
  for (const [index, domain] of truth.domains.entries()) {
    for (const outage of domain.outages) {
      const slot = Math.ceil((outage.fromMs - history.startMs) / hourMs) + 1;
      const isWithin = (slot + 1) * hourMs + history.startMs <= outage.toMs && slot < history.slotCount;
      if (isWithin) count(index, slot);
    }
  }
  t.true(downShare(seen.member) > 0.85, `members ${downShare(seen.member)}`);
  t.true(downShare(seen.other) < 0.2, `others ${downShare(seen.other)}`);
});

test('habits are shared out by quota, so that even nine machines have some of each', (t) => {
  for (const seed of [1, 2, 3]) {
    const { habitOfMachine } = generateFleet({ ...small, seed, touchesPerDay: 0 }).truth;
    const countOf = (habit: string): number => habitOfMachine.filter((name) => name === habit).length;
    t.deepEqual(['alwaysOn', 'office', 'laptop'].map(countOf), [6, 2, 1]);
  }
});

test('people rest at night and at weekends, and machines that are always on do not', (t) => {
  const { history, truth } = large;
  const share = (habit: string, isWanted: (hour: number) => boolean): number => {
    const counts = [0, 0, 0];
    for (const [machine, profile] of history.machines.entries()) {
      if (truth.habitOfMachine[machine] !== habit) continue;
      for (let slot = 0; slot < history.slotCount; slot++) {
        const hour = hourOfWeek(history.startMs + slot * hourMs, profile.utcOffsetMs);
        if (isWanted(hour)) counts[history.up[machine * history.slotCount + slot]!]!++;
      }
    }
    return counts[slotUp]! / (counts[slotUp]! + counts[slotDown]!);
  };
  t.true(share('office', isMorning) > 0.7);
  t.true(share('office', isNight) < 0.35);
  t.true(share('office', (hour) => hour >= 120) < 0.35);
  t.true(share('alwaysOn', isNight) > 0.75);
});

test('who left stays down to the end, and who joined later is unknown before', (t) => {
  const { history, truth } = large;
  const leavers = truth.leaveMsOfMachine.filter((at) => at !== undefined);
  const joiners = truth.joinMsOfMachine.filter((at) => at !== undefined);
  t.is(leavers.length, Math.round(0.03 * 240));
  t.is(joiners.length, Math.round(0.02 * 240));
  for (let machine = 0; machine < history.machines.length; machine++) {
    const row = history.up.subarray(machine * history.slotCount, (machine + 1) * history.slotCount);
    const [leaveMs, joinMs] = [truth.leaveMsOfMachine[machine], truth.joinMsOfMachine[machine]];
    if (leaveMs !== undefined) {
      t.true(row.subarray((leaveMs - history.startMs) / hourMs).every((value) => value === slotDown));
    }
    if (joinMs !== undefined) {
      t.true(row.subarray(0, (joinMs - history.startMs) / hourMs).every((value) => value === slotUnknown));
    }
  }
});

test('files are touched only in hours in which their machine was up, and few files draw most touches', (t) => {
  const { history } = large;
  const indexOf = new Map(history.machines.map((profile, i) => [profile.machine, i]));
  const touches = new Map<string, number>();
  for (const row of history.access) {
    const slot = (row.hourMs - history.startMs) / hourMs;
    t.is(history.up[indexOf.get(row.machine)! * history.slotCount + slot], slotUp);
    touches.set(row.file, (touches.get(row.file) ?? 0) + row.reads + row.writes);
  }
  const counts = [...touches.values()].toSorted((a, b) => b - a);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const top = counts.slice(0, Math.ceil(counts.length / 5)).reduce((sum, count) => sum + count, 0);
  t.true(top / total > 0.5, `the top fifth has ${top / total}`);
});

test('no access rows and no labels are made unless asked for', (t) => {
  const quiet = generateFleet({ ...small, touchesPerDay: 0 });
  t.is(quiet.history.access.length, 0);
  t.true(quiet.history.machines.every((profile) => profile.attributes.site === undefined));
  const labelled = generateFleet({ ...small, touchesPerDay: 0, siteLabels: 'present' });
  t.true(labelled.history.machines.every((profile) => profile.attributes.site === 'site-1'));
});

test('any sensible size works: one history row per machine, domains disjoint and inside the fleet', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer(),
        machineCount: fc.integer({ min: 1, max: 40 }),
        weeks: fc.integer({ min: 1, max: 2 }),
        startHour: fc.integer({ min: 0, max: 500_000 }),
      }),
      ({ startHour, ...options }) => {
        const fleet = generateFleet({ ...options, startMs: startHour * hourMs, touchesPerDay: 1 });
        const members = fleet.truth.domains.flatMap((domain) => domain.members);
        return (
          fleet.history.up.length === options.machineCount * options.weeks * 168 &&
          new Set(members).size === members.length &&
          members.every((member) => member >= 0 && member < options.machineCount)
        );
      },
    ),
    { numRuns: 25 },
  );
  t.pass();
});

test('options out of range are refused by name', (t) => {
  const refused: readonly [FleetOptions, RegExp][] = [
    [{ ...small, machineCount: 0 }, /machineCount/],
    [{ ...small, weeks: 1.5 }, /weeks/],
    [{ ...small, startMs: 5 }, /startMs/],
    [{ ...small, siteCount: 10 }, /siteCount/],
    [{ ...small, leaverShare: 2 }, /leaverShare/],
    [{ ...small, machines: [machineId('a')] }, /machine ids/],
    [{ ...small, hiddenDomainSize: 5, hiddenDomainCount: 2 }, /domains of 5/],
    [{ ...small, habitShares: { alwaysOn: 0, office: 0, laptop: 0 } }, /habitShares/],
  ];
  for (const [options, pattern] of refused) {
    t.throws(() => generateFleet(options), { code: 'fleet-options', message: pattern });
  }
});
