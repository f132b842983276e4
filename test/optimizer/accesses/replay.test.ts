// The replay of accesses on tiny traces: caches against plain models of themselves, pushes against what a hand computes.

import test from 'ava';
import fc from 'fast-check';
import { type AccessTrace, fileId, machineId, unixMs } from '../../../datasets/index.ts';
import {
  type AccessRules,
  cacheNames,
  oracleForecast,
  replayCache,
  replayPushes,
} from '../../../optimizer/index.ts';
import { LruStore, SieveStore } from '../../../optimizer/replay/accesses/caches.ts';
import { touchedBytesPerSite } from '../../../optimizer/replay/accesses/replay-accesses.ts';

const hour = 3_600_000;
const idOf = (file: number): ReturnType<typeof fileId> => fileId(String(file).padStart(32, '0'));

/** One read an hour, [file, site]; sizes by file. */
const traceOf = (
  reads: readonly (readonly [file: number, site: number])[],
  bytes: (file: number) => number = () => 1,
): AccessTrace => ({
  startMs: unixMs(0),
  hourCount: Math.max(1, reads.length),
  demand: 'reads',
  sites: ['a', 'b'],
  siteOf: new Map([
    [machineId('m0'), 0],
    [machineId('m1'), 1],
  ]),
  rows: reads.map(([file, site], at) => ({
    kind: 'access',
    machine: machineId(`m${site}`),
    hourMs: unixMs(at * hour),
    file: idOf(file),
    reads: 1,
    writes: 0,
    byteCount: bytes(file),
  })),
});

const rulesFor = (trace: AccessTrace, change: Partial<AccessRules> = {}): AccessRules => ({
  capacityBytes: 2,
  stepHours: 1,
  horizonHours: 4,
  costs: { wan: 1, lan: 0, push: 1 },
  fromHour: 0,
  toHour: trace.hourCount,
  ...change,
});

const someReads = fc.array(fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 1 })), {
  minLength: 1,
  maxLength: 80,
});

test('every cache serves no first read, counts each byte once, and hits whatever fits when all fits', (t) => {
  fc.assert(
    fc.property(someReads, (reads) => {
      const bytes = (file: number): number => 1 + (file % 3);
      const trace = traceOf(reads, bytes);
      const different = new Set(reads.map(([file, site]) => `${file} ${site}`)).size;
      for (const name of cacheNames) {
        const small = replayCache({ trace, rules: rulesFor(trace, { capacityBytes: 4 }) }, name);
        t.true(small.hits <= reads.length - different, name);
        t.is(small.hitBytes + small.wanBytes, small.bytes);
        const large = replayCache({ trace, rules: rulesFor(trace, { capacityBytes: 1000 }) }, name);
        t.is(large.hits, reads.length - different, name);
      }
    }),
  );
});

test('no cache of files of one size has more hits than the one that sees the future', (t) => {
  fc.assert(
    fc.property(someReads, fc.integer({ min: 1, max: 5 }), (reads, capacityBytes) => {
      const trace = traceOf(reads);
      const scene = { trace, rules: rulesFor(trace, { capacityBytes }) };
      const best = replayCache(scene, 'Belady').hits;
      for (const name of cacheNames) t.true(replayCache(scene, name).hits <= best, name);
    }),
  );
});

const read = (file: number): Parameters<LruStore['read']>[0] => ({
  hour: 0,
  site: 0,
  file: idOf(file),
  byteCount: 1,
  isBirth: false,
});

test('LRU keeps exactly the files that were read last', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 60 }), (files) => {
      const store = new LruStore(3);
      let last: number[] = [];
      for (const file of files) {
        t.is(store.read(read(file)), last.includes(file));
        last = [file, ...last.filter((other) => other !== file)].slice(0, 3);
      }
      t.deepEqual([...store.kept.keys()], last.toReversed().map(idOf));
    }),
  );
});

test("SIEVE's hand spares what was visited and goes on from where it stood", (t) => {
  const store = new SieveStore(3);
  for (const file of [1, 2, 3]) t.false(store.read(read(file)));
  t.true(store.read(read(1)));
  // The hand clears 1 and drops 2; then it stands before 3 and drops that, though 1 is older.
  t.false(store.read(read(4)));
  t.false(store.read(read(5)));
  t.true(store.read(read(1)));
  t.false(store.read(read(2)));
});

/** As in the paper's figure: a hand that walks a list from old to new, and begins again when it has walked past the newest. */
function naiveSieve(capacity: number): (file: number) => boolean {
  const queue: { file: number; isVisited: boolean }[] = [];
  let hand = 0;
  return (file) => {
    const found = queue.find((one) => one.file === file);
    if (found !== undefined) {
      found.isVisited = true;
      return true;
    }
    if (queue.length === capacity) {
      for (; queue[hand]!.isVisited; hand = (hand + 1) % queue.length) queue[hand]!.isVisited = false;
      queue.splice(hand, 1);
      if (hand === queue.length) hand = 0;
    }
    queue.push({ file, isVisited: false });
    return false;
  };
}

test('SIEVE hits and misses as a list with a hand does', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 200 }),
      fc.integer({ min: 1, max: 6 }),
      (files, capacity) => {
        const [store, naive] = [new SieveStore(capacity), naiveSieve(capacity)];
        t.deepEqual(
          files.map((file) => store.read(read(file))),
          files.map((file) => naive(file)),
        );
      },
    ),
  );
});

test('the oracle brings what will be read, wastes nothing that is read, and pays for every byte', (t) => {
  const trace = traceOf([
    [1, 0],
    [2, 1],
    [1, 0],
    [2, 1],
  ]);
  const rules = rulesFor(trace);
  const result = replayPushes({ trace, rules }, oracleForecast({ trace, rules }));
  t.is(result.hits, 4);
  t.is(result.pushedBytes, 2);
  t.is(result.wanBytes, 2);
  t.is(result.wastedBytes, 0);
});

test('a push that nobody reads is counted as wasted, and one that does not pay is not made', (t) => {
  const trace = traceOf([
    [1, 0],
    [1, 0],
  ]);
  const wish = (reads: number): Parameters<typeof replayPushes>[1] => ({
    name: 'a wish',
    echo: 1,
    at: () => [{ file: idOf(9), site: 1, byteCount: 2, reads }],
  });
  const eager = replayPushes({ trace, rules: rulesFor(trace) }, wish(5));
  t.is(eager.pushedBytes, 2);
  t.is(eager.wastedBytes, 2);
  t.is(eager.hits, 1);
  t.is(replayPushes({ trace, rules: rulesFor(trace) }, wish(0.9)).pushedBytes, 0);
});

test('a forecast is never asked before its hour, and a plan never holds more than the site spares', (t) => {
  fc.assert(
    fc.property(someReads, (reads) => {
      const trace = traceOf(reads);
      const rules = rulesFor(trace, { stepHours: 3 });
      const asked: number[] = [];
      const expected = Array.from({ length: 8 }, (_, file) => ({
        file: idOf(file),
        site: 0,
        byteCount: 1,
        reads: file,
      }));
      const result = replayPushes(
        { trace, rules },
        { name: 'a list', echo: 0.1, at: (at) => (asked.push(at), expected) },
      );
      t.deepEqual(
        asked,
        asked.map((_, at) => 3 * at),
      );
      t.true((asked.at(-1) ?? 0) < trace.hourCount);
      t.true(result.hits <= reads.length);
      t.is(result.wanBytes, result.bytes - result.hitBytes + result.pushedBytes);
    }),
  );
});

test('making a file is no read, and changes of it are', (t) => {
  const reads = traceOf([
    [1, 0],
    [1, 1],
    [1, 0],
  ]);
  const trace: AccessTrace = {
    ...reads,
    demand: 'writes',
    rows: reads.rows.map((row) => ({ ...row, reads: 0, writes: 1 })),
  };
  const result = replayCache({ trace, rules: rulesFor(trace) }, 'LRU');
  t.is(result.reads, 2);
  t.is(result.hits, 1);
  t.is(touchedBytesPerSite(trace, 3), 1);
});

test('a log of more reads than anybody can replay is refused, also where one row counts them all', (t) => {
  const trace = traceOf([
    [1, 0],
    [2, 0],
  ]);
  const rows = trace.rows.map((row) => ({ ...row, reads: Number.MAX_SAFE_INTEGER }));
  t.throws(() => replayCache({ trace: { ...trace, rows }, rules: rulesFor(trace) }, 'LRU'), {
    code: 'accesses-too-many',
  });
});
