import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import fc from 'fast-check';
import {
  attributeNames,
  decodeRow,
  encodeRow,
  encodeRows,
  fileId,
  hourMs,
  knownAtMs,
  machineId,
  parseTelemetryRow,
  readRowFile,
  readRows,
  rowLimits,
  type TelemetryRow,
  unixMs,
  writeRowFile,
} from '../../datasets/index.ts';

const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const machine = fc.string({ minLength: 1, maxLength: 128 }).map(machineId);
const peerName = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => name !== '__proto__');
const moment = fc.integer({ min: 0, max: 4e12 });
const attributeValue = fc.string({ minLength: 1, maxLength: 128 });

const anyRow: fc.Arbitrary<TelemetryRow> = fc.oneof(
  fc
    .record({
      machine,
      at: moment,
      spanMs: fc.integer({ min: 1, max: rowLimits.spanMsMax }),
      state: fc.constantFrom('up', 'asleep', 'off', 'crashed'),
    })
    .map(({ at, spanMs, ...row }): TelemetryRow => ({
      kind: 'uptime',
      machine: row.machine,
      fromMs: unixMs(at),
      toMs: unixMs(at + spanMs),
      state: row.state,
    })),
  fc.record({
    kind: fc.constant('location'),
    machine,
    atMs: moment.map(unixMs),
    attributes: fc.record(Object.fromEntries(attributeNames.map((name) => [name, attributeValue])), {
      requiredKeys: [],
    }),
    roundTripMs: fc.dictionary(peerName, fc.double({ min: 0, max: 600_000, noNaN: true }), { maxKeys: 32 }),
    freeBytes: count,
    quotaBytes: count,
  }),
  fc.record({
    kind: fc.constant('access'),
    machine,
    hourMs: fc.nat({ max: 1_000_000 }).map((hour) => unixMs(hour * hourMs)),
    file: fc.stringMatching(/^[0-9a-f]{32}$/).map(fileId),
    reads: count,
    writes: count,
    byteCount: count,
  }),
  fc.tuple(fc.integer({ min: 1, max: 32 }), fc.integer({ min: 1, max: 32 })).chain(([a, b]) =>
    fc.record({
      kind: fc.constant('packRead'),
      machine,
      hourMs: fc.nat({ max: 1_000_000 }).map((hour) => unixMs(hour * hourMs)),
      pack: fc.stringMatching(/^[0-9a-f]{64}$/),
      owner: machine,
      packClass: fc.constantFrom('small', 'bulk'),
      k: fc.constant(Math.min(a, b)),
      n: fc.constant(Math.max(a, b)),
      packBytes: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      reads: count,
    }),
  ),
);

const uptime = { kind: 'uptime', machine: 'a', fromMs: 0, toMs: hourMs, state: 'up' } as const;
const location = {
  kind: 'location',
  machine: 'a',
  atMs: 5,
  attributes: { subnet: 'x' },
  roundTripMs: { b: 1.5 },
  freeBytes: 1,
  quotaBytes: 0,
} as const;
const access = {
  kind: 'access',
  machine: 'a',
  hourMs,
  file: '0123456789abcdef0123456789abcdef',
  reads: 1,
  writes: 0,
  byteCount: 9,
} as const;

const packRead = {
  kind: 'packRead',
  machine: 'a',
  hourMs,
  pack: '0123456789abcdef'.repeat(4),
  owner: 'b',
  packClass: 'bulk',
  k: 4,
  n: 6,
  packBytes: 9,
  reads: 1,
} as const;

test('a row that was encoded is read back as it was', (t) => {
  fc.assert(
    fc.property(anyRow, (row) => {
      t.deepEqual({ ...decodeRow(encodeRow(row), { file: 'f', lineNumber: 1 }) }, normal(row));
    }),
  );
});

/** JSON has no negative zero. */
function normal(row: TelemetryRow): TelemetryRow {
  if (row.kind !== 'location') return row;
  const roundTripMs = Object.fromEntries(Object.entries(row.roundTripMs).map(([peer, ms]) => [peer, ms + 0]));
  return { ...row, attributes: { ...row.attributes }, roundTripMs };
}

test('the text of a row does not depend on the order of its keys', (t) => {
  fc.assert(
    fc.property(anyRow, (row) => {
      const reversed = parseTelemetryRow(Object.fromEntries(Object.entries(row).toReversed()));
      return reversed.kind !== 'rejection' && encodeRow(reversed) === encodeRow(row);
    }),
  );
  t.pass();
});

test('whatever a peer sends, the answer is a row or a rejection and never an exception', (t) => {
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.jsonValue()), (value) => {
      return ['uptime', 'location', 'access', 'packRead', 'rejection'].includes(
        parseTelemetryRow(value).kind,
      );
    }),
    { numRuns: 500 },
  );
  t.pass();
});

const bad: readonly [title: string, row: object, reason: RegExp][] = [
  ['a pack id that is none', { ...packRead, pack: 'x'.repeat(64) }, /pack/],
  ['an empty pack', { ...packRead, packBytes: 0 }, /packBytes/],
  ['more shards needed than there are', { ...packRead, k: 7 }, /k is over n/],
  ['a pack read between two hours', { ...packRead, hourMs: 5 }, /hourMs/],
  ['an unknown kind', { ...uptime, kind: 'gossip' }, /kind/],
  ['a field too many', { ...uptime, note: 'x' }, /field too many/],
  ['a missing field', { ...access, reads: undefined }, /reads/],
  ['an empty machine id', { ...uptime, machine: '' }, /machine/],
  ['a machine id of 129 characters', { ...uptime, machine: 'a'.repeat(129) }, /machine/],
  ['an empty span', { ...uptime, toMs: 0 }, /span/],
  ['a backwards span', { ...uptime, fromMs: 2 * hourMs }, /span/],
  ['a span of more than 31 days', { ...uptime, toMs: rowLimits.spanMsMax + 1 }, /31 days/],
  ['an unknown state', { ...uptime, state: 'tired' }, /state/],
  ['a negative time', { ...uptime, fromMs: -1 }, /fromMs/],
  ['a fraction of a millisecond', { ...uptime, toMs: 1.5 }, /toMs/],
  ['a time past the year 9999', { ...uptime, fromMs: 3e14, toMs: 3e14 + 1 }, /fromMs/],
  ['an unknown attribute', { ...location, attributes: { userName: 'eve' } }, /attributes: a field too many/],
  [
    'an attribute of 129 characters',
    { ...location, attributes: { site: 'a'.repeat(129) } },
    /attributes\.site/,
  ],
  [
    'a round trip that is not finite',
    { ...location, roundTripMs: { b: Number.POSITIVE_INFINITY } },
    /roundTripMs/,
  ],
  ['a negative count', { ...access, writes: -1 }, /writes/],
  ['a count beyond safe integers', { ...access, byteCount: 2 ** 53 }, /byteCount/],
  ['an hour that does not start on the hour', { ...access, hourMs: 5 }, /hourMs/],
  ['a file that is a path', { ...access, file: '/home/eve/cv.pdf' }, /file/],
];

for (const [title, row, reason] of bad) {
  test(`${title} is rejected`, (t) => {
    const answer = parseTelemetryRow(row);
    t.is(answer.kind, 'rejection');
    if (answer.kind === 'rejection') t.regex(answer.reason, reason);
  });
}

const peers = (n: number) => Object.fromEntries(Array.from({ length: n }, (_, i) => [`p${i}`, 1]));

test('32 measured peers are fine and 33 are rejected', (t) => {
  t.is(parseTelemetryRow({ ...location, roundTripMs: peers(32) }).kind, 'location');
  t.is(parseTelemetryRow({ ...location, roundTripMs: peers(33) }).kind, 'rejection');
});

test('a rejection repeats nothing that the peer wrote', (t) => {
  const secret = 'hunter2';
  for (const row of [
    { ...uptime, [secret]: 1 },
    { ...location, roundTripMs: { [secret]: -1 } },
    { ...access, file: secret },
    { ...uptime, kind: secret },
    { ...location, attributes: { [secret]: 'x' } },
  ]) {
    t.notRegex(JSON.stringify(parseTelemetryRow(row)), /hunter2/);
  }
});

test('a bad line is named by file and line number, with advice', (t) => {
  const good = JSON.stringify(uptime);
  const lines = [good, '', '{"kind":"uptime"}'];
  const error = t.throws(() => [...readRows(lines, { file: 'export.ndjson' })], {
    code: 'row-malformed',
    message: /^export\.ndjson, line 3 /,
  });
  t.true(error !== undefined && 'advice' in error && error.advice !== '');
  t.throws(() => [...readRows(['{"kind"'], { file: 'f' })], {
    code: 'row-malformed',
    message: /line 1.*JSON/,
  });
});

test('a row is known at the end of its span or hour, and a location at once', (t) => {
  t.is(knownAtMs({ ...uptime, machine: machineId('a'), fromMs: unixMs(0), toMs: unixMs(7) }), 7);
  const parsed = [location, access].map((row) => parseTelemetryRow(row));
  t.deepEqual(
    parsed.map((row) => (row.kind === 'rejection' ? undefined : knownAtMs(row))),
    [5, 2 * hourMs],
  );
});

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'drey-rows-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function collect(path: string): Promise<TelemetryRow[]> {
  const rows: TelemetryRow[] = [];
  for await (const row of readRowFile(path)) rows.push(row);
  return rows;
}

test('row files are read back as written, plain or gzip, whatever their name says', async (t) => {
  await inFolder(async (folder) => {
    const rows = fc.sample(anyRow, { numRuns: 300, seed: 1 });
    for (const name of ['rows.ndjson', 'rows.ndjson.gz']) {
      await writeRowFile(join(folder, name), rows);
      t.is(encodeRows(await collect(join(folder, name))), encodeRows(rows));
    }
    const disguised = join(folder, 'plain.txt');
    await writeFile(disguised, gzipSync(encodeRows(rows).replaceAll('\n', '\r\n')));
    t.is(encodeRows(await collect(disguised)), encodeRows(rows));
  });
});

test('a missing, a damaged and an unwritable file each say so', async (t) => {
  await inFolder(async (folder) => {
    const cut = join(folder, 'cut.gz');
    await writeFile(cut, gzipSync(encodeRows(fc.sample(anyRow, 50))).subarray(0, 200));
    await t.throwsAsync(collect(cut), { code: 'dataset-unreadable' });
    await t.throwsAsync(collect(join(folder, 'none')), { code: 'dataset-missing' });
    await t.throwsAsync(collect(folder), { code: 'dataset-missing', message: /is a folder/u });
    await t.throwsAsync(writeRowFile(join(folder, 'no', 'where'), []), { code: 'dataset-unwritable' });
    const lines = join(folder, 'lines');
    await writeFile(lines, `${JSON.stringify(uptime)}\noops\n`);
    await t.throwsAsync(collect(lines), { code: 'row-malformed', message: /lines, line 2 / });
  });
});
