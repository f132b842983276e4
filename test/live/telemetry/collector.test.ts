import { endianness } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  AccessCounts,
  filesPerHourMax,
  importTelemetry,
  readMovingAttributes,
  readStaticAttributes,
  recordBytesMax,
  recordRowsMax,
  startTelemetry,
  type Telemetry,
} from '../../../agent/live/telemetry/index.ts';
import {
  encodeRow,
  fileId,
  hourMs,
  hours,
  machineId,
  minutes,
  parseTelemetryRow,
  sampleRows,
  type TelemetryRow,
  unixMs,
} from '../../../datasets/index.ts';
import { gatewayOfRoutes } from '../../../agent/live/telemetry/location.ts';
import { describePack, machineKeyFromSeed } from '../../../agent/codec/index.ts';
import { driveId } from '../../../agent/units.ts';
import { newFolder } from '../data-path/odd-trees.ts';
import { HandClock } from './hand-clock.ts';

const machine = machineId('pc-1');
const startMs = Date.UTC(2026, 10, 2, 8);
const { descriptor: pack } = describePack(new Uint8Array(5000).fill(7), {
  owner: machineKeyFromSeed(new Uint8Array(32).fill(7)).peer,
  drive: driveId('0'.repeat(32)),
  placementClass: 'bulk',
  redundancy: { k: 2, n: 4 },
});
const file = fileId('0123456789abcdef0123456789abcdef');

interface Trial {
  readonly clock: HandClock;
  readonly telemetry: Telemetry;
  readonly flushed: TelemetryRow[][];
  readonly refuse: { all: boolean };
}

function startTrial(): Trial {
  const clock = new HandClock(startMs);
  const flushed: TelemetryRow[][] = [];
  const refuse = { all: false };
  const telemetry = startTelemetry({
    machine,
    clock,
    journalFile: join(newFolder(), 'uptime.journal'),
    salt: 'fleet',
    site: 'hall-1',
    usage: () => ({ freeBytes: 1000, quotaBytes: 500 }),
    roundTripMs: () => ({ 'pc-2': 1.5 }),
    flush: async (rows) => {
      if (refuse.all) throw new Error('the log is full');
      flushed.push([...rows]);
    },
    onProblem: () => {},
  });
  return { clock, telemetry, flushed, refuse };
}

const ofKind = (rows: readonly TelemetryRow[], kind: TelemetryRow['kind']): TelemetryRow[] =>
  rows.filter((row) => row.kind === kind);

test('every row that is handed over passes the check of rows', async (t) => {
  const { clock, telemetry, flushed } = startTrial();
  telemetry.countAccess([{ file, reads: 1, writes: 2, byteCount: 10 }]);
  clock.pass(hours(2));
  await telemetry.flushNow();
  await telemetry.stop();
  const rows = flushed.flat();
  for (const kind of ['uptime', 'location', 'access'] as const) t.true(ofKind(rows, kind).length > 0, kind);
  t.deepEqual(
    rows.map((row) => parseTelemetryRow(JSON.parse(encodeRow(row)))),
    rows,
  );
});

test('a machine tells the site that people gave it, and nothing of its disk but what it gives and has left', async (t) => {
  const { telemetry, flushed } = startTrial();
  await telemetry.flushNow();
  await telemetry.stop();
  const rows = ofKind(flushed.flat(), 'location');
  t.true(rows.every((row) => row.kind === 'location' && row.attributes.site === 'hall-1'));
  t.true(rows.every((row) => row.kind === 'location' && row.freeBytes === 1000 && row.quotaBytes === 500));
});

test('a flush that fails loses no row', async (t) => {
  const { clock, telemetry, flushed, refuse } = startTrial();
  await telemetry.flushNow();
  telemetry.countAccess([{ file, reads: 0, writes: 1, byteCount: 10 }]);
  clock.pass(hourMs / 120);
  clock.sleep(hours(1));
  refuse.all = true;
  await t.throwsAsync(telemetry.flushNow(), { message: 'the log is full' });
  refuse.all = false;
  const before = flushed.length;
  await telemetry.flushNow();
  const rows = flushed.slice(before).flat();
  t.is(ofKind(rows, 'access').length, 1);
  t.true(ofKind(rows, 'uptime').some((row) => row.kind === 'uptime' && row.state === 'asleep'));
  await telemetry.stop();
});

test('accesses are summed by hour, and an hour is told once, when it is over', (t) => {
  const counts = new AccessCounts(machine);
  counts.count([{ file, reads: 1, writes: 0, byteCount: 5 }], unixMs(startMs + 1));
  counts.count([{ file, reads: 2, writes: 1, byteCount: 7 }], unixMs(startMs + hourMs - 1));
  t.deepEqual(counts.takeFinished(unixMs(startMs + hourMs - 1)), []);
  t.deepEqual(counts.takeFinished(unixMs(startMs + hourMs)), [
    { kind: 'access', machine, hourMs: unixMs(startMs), file, reads: 3, writes: 1, byteCount: 7 },
  ]);
  t.deepEqual(counts.takeAll(), []);
});

test('packs that restores fetch are counted by hour, and their rows say who may hold them', async (t) => {
  const { clock, telemetry, flushed } = startTrial();
  for (let read = 0; read < 3; read++) telemetry.countPack(pack);
  clock.pass(hours(2));
  await telemetry.flushNow();
  await telemetry.stop();
  const { owner, redundancy, packBytes } = pack;
  t.deepEqual(ofKind(flushed.flat(), 'packRead'), [
    {
      kind: 'packRead',
      machine,
      hourMs: unixMs(startMs),
      pack: pack.pack,
      owner,
      packClass: 'bulk',
      ...redundancy,
      packBytes,
      reads: 3,
    },
  ]);
  t.deepEqual(
    ofKind(flushed.flat(), 'packRead').map((row) => parseTelemetryRow(JSON.parse(encodeRow(row)))),
    ofKind(flushed.flat(), 'packRead'),
  );
});

test('a mass change does not flood the log', (t) => {
  const counts = new AccessCounts(machine);
  const ids = Array.from({ length: filesPerHourMax + 50 }, (_, index) =>
    fileId(index.toString(16).padStart(32, '0')),
  );
  counts.count(
    ids.map((id) => ({ file: id, reads: 0, writes: 1, byteCount: 1 })),
    unixMs(startMs),
  );
  t.is(counts.takeAll().length, filesPerHourMax);
});

test('this machine tells its time zone and model, and no address in the clear', async (t) => {
  const [moving, fixed] = [await readMovingAttributes('fleet'), await readStaticAttributes()];
  t.truthy(moving.timeZone);
  t.truthy(fixed.osBuild);
  for (const hash of [moving.subnet, moving.gateway])
    if (hash !== undefined) t.regex(hash, /^[0-9a-f]{16}$/u);
  const other = await readMovingAttributes('another fleet');
  if (moving.subnet !== undefined) t.not(moving.subnet, other.subnet);
});

const route = (...words: readonly string[]): string => `${words.join('\t')}   `;
const routesHead = route('Iface', 'Destination', 'Gateway', 'Flags', 'RefCnt', 'Use', 'Metric', 'Mask');

test('the router of this machine is that of the default route with the lowest metric', (t) => {
  const [lan, tunnel] = endianness() === 'LE' ? ['0102A8C0', '0100080A'] : ['C0A80201', '0A080001'];
  const rows = [
    routesHead,
    route('tun0', '00000000', tunnel, '0003', '0', '0', '0', '00000080'),
    route('wlan0', '00000000', tunnel, '0003', '0', '0', '600', '00000000'),
    route('eth0', '00000000', lan, '0003', '0', '0', '100', '00000000'),
    route('eth1', '00000000', tunnel, '0002', '0', '0', '1', '00000000'),
    route('eth0', '0002A8C0', '00000000', '0001', '0', '0', '100', '00FFFFFF'),
  ];
  t.is(gatewayOfRoutes(rows.join('\n')), '192.168.2.1');
  t.is(gatewayOfRoutes(`${routesHead}\n`), '');
  t.is(gatewayOfRoutes(''), '');
});

test('imported rows keep their order in records of bounded size that say where they come from', (t) => {
  const rows = sampleRows().slice(0, 3000);
  const records = importTelemetry(rows);
  t.deepEqual(
    records.flatMap((record) => record.rows),
    rows,
  );
  for (const { origin, rows: page } of records) {
    t.is(origin, 'imported');
    t.true(page.length <= recordRowsMax);
    t.true(page.reduce((sum, row) => sum + encodeRow(row).length, 0) <= recordBytesMax);
  }
});

test('where the tools of the system fail or hang, hours are counted all the same', async (t) => {
  const clock = new HandClock(startMs);
  const flushed: TelemetryRow[] = [];
  const problems: unknown[] = [];
  const telemetry = startTelemetry({
    machine,
    clock,
    journalFile: join(newFolder(), 'uptime.journal'),
    salt: 'fleet',
    usage: () => ({ freeBytes: 1000, quotaBytes: 500 }),
    roundTripMs: () => ({}),
    readers: {
      readStatic: () => Promise.reject(new Error('the disk does not answer')),
      readMoving: () => Promise.reject(new Error('nor does the network')),
    },
    flush: async (rows) => void flushed.push(...rows),
    onProblem: (error) => problems.push(error),
  });
  for (let minute = 0; minute < 130; minute++) {
    clock.pass(minutes(1));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.true(problems.length > 0);
  t.true(ofKind(flushed, 'uptime').length > 0);
  await telemetry.stop();
});
