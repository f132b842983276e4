// Telemetry as tables for other tools: what is written is read back by readers that know nothing of us.

import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import {
  DreyError,
  fileId,
  machineId,
  openRowTable,
  readRowFile,
  tableColumns,
  type TelemetryRow,
  unixMs,
} from '../../datasets/index.ts';

const hour = 3_600_000;
const rows: readonly TelemetryRow[] = [
  { kind: 'uptime', machine: machineId('pc "1", north'), fromMs: unixMs(0), toMs: unixMs(hour), state: 'up' },
  {
    kind: 'location',
    machine: machineId('пк-2'),
    atMs: unixMs(1_790_000_000_123),
    attributes: { site: 'Zürich\nHaus B', timeZone: 'Europe/Zurich' },
    roundTripMs: { peer: 1.5 },
    freeBytes: 2 ** 40,
    quotaBytes: 0,
  },
  {
    kind: 'access',
    machine: machineId('3'),
    hourMs: unixMs(hour),
    file: fileId('0'.repeat(32)),
    reads: 7,
    writes: 0,
    byteCount: Number.MAX_SAFE_INTEGER,
  },
  {
    kind: 'packRead',
    machine: machineId('3'),
    hourMs: unixMs(hour),
    pack: '5'.repeat(64),
    owner: machineId('4'),
    packClass: 'bulk',
    k: 4,
    n: 6,
    packBytes: 2 ** 24,
    reads: 2,
  },
];

async function write(t: ExecutionContext, name: 'rows.csv' | 'rows.parquet', copies = 1): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'drey-tables-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  const table = await openRowTable(file, name === 'rows.csv' ? 'csv' : 'parquet');
  for (let copy = 0; copy < copies; copy++) for (const row of rows) table.add(row);
  await table.close();
  return file;
}

/** A field is quoted or has no comma, quote or line break: RFC 4180, section 2. */
const fieldsOf = (text: string): string[] =>
  [...text.matchAll(/(?:^|[,\n])(?:"((?:[^"]|"")*)"|([^",\r\n]*))/gu)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );

test('a CSV table has a header, one record a row, and quotes only where they are needed', async (t) => {
  const text = readFileSync(await write(t, 'rows.csv'), 'utf8');
  const fields = fieldsOf(text.trimEnd());
  t.is(fields.length, 5 * tableColumns.length);
  t.deepEqual(fields.slice(0, tableColumns.length), [...tableColumns]);
  const cell = (row: number, name: string): string =>
    fields[(row + 1) * tableColumns.length + tableColumns.indexOf(name)] ?? '';
  t.is(cell(0, 'machine'), 'pc "1", north');
  t.is(cell(0, 'toMs'), String(hour));
  t.is(cell(0, 'reads'), '');
  t.is(cell(1, 'site'), 'Zürich\nHaus B');
  t.is(cell(1, 'roundTripMs'), '{"peer":1.5}');
  t.is(cell(2, 'byteCount'), String(Number.MAX_SAFE_INTEGER));
});

test('a Parquet table is read back cell by cell, with nulls where a kind of row has no such field', async (t) => {
  const copies = 20_000;
  const file = await asyncBufferFromFile(await write(t, 'rows.parquet', copies));
  const back = await parquetReadObjects({ file });
  t.is(back.length, copies * rows.length);
  const last = back.slice(-rows.length);
  t.deepEqual(Object.keys(last[0] ?? {}), [...tableColumns]);
  t.is(last[0]?.['machine'], 'pc "1", north');
  t.is(last[0]?.['toMs'], BigInt(hour));
  t.is(last[0]?.['reads'], null);
  t.is(last[1]?.['site'], 'Zürich\nHaus B');
  t.is(last[1]?.['freeBytes'], 2n ** 40n);
  t.is(last[2]?.['byteCount'], BigInt(Number.MAX_SAFE_INTEGER));
  t.is(last[2]?.['file'], '0'.repeat(32));
});

for (const format of ['ndjson', 'csv', 'parquet'] as const) {
  test(`a ${format} table that cannot be written says so before the first row`, async (t) => {
    for (const place of [join(tmpdir(), 'drey-no-such-folder', 'rows'), tmpdir()]) {
      const error = await t.throwsAsync(openRowTable(place, format), { instanceOf: DreyError });
      t.is(error.code, 'table-unwritable');
      t.regex(error.message, /cannot be written: (?:ENOENT|EISDIR)/u);
    }
  });
}

for (const format of ['ndjson', 'csv', 'parquet'] as const) {
  test(`a ${format} table that breaks off leaves what was there before it, and one that is whole takes its place`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'drey-tables-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const [file, link] = [join(folder, 'rows'), join(folder, 'newest')];
    writeFileSync(file, 'an older export');
    symlinkSync('rows', link);
    const broken = await openRowTable(link, format);
    for (const row of rows) broken.add(row);
    t.is(readFileSync(file, 'utf8'), 'an older export');
    broken.drop();
    t.deepEqual(readdirSync(folder).toSorted(), ['newest', 'rows']);
    t.is(readFileSync(file, 'utf8'), 'an older export');
    const whole = await openRowTable(link, format);
    for (const row of rows) whole.add(row);
    await whole.close();
    t.deepEqual(readdirSync(folder).toSorted(), ['newest', 'rows']);
    t.deepEqual(await rowsOf(file), rows);
    t.true(lstatSync(link).isSymbolicLink());
  });
}

test('a device takes rows as they come', async (t) => {
  const table = await openRowTable('/dev/null', 'csv');
  table.add(rows[0]!);
  await table.close();
  t.true(statSync('/dev/null').isCharacterDevice());
});

async function rowsOf(file: string): Promise<readonly TelemetryRow[]> {
  const found: TelemetryRow[] = [];
  for await (const row of readRowFile(file)) found.push(row);
  return found;
}

for (const name of ['rows.csv', 'rows.parquet'] as const) {
  test(`${name} of an export comes back row for row`, async (t) => {
    const file = await write(t, name, 3);
    t.deepEqual(await rowsOf(file), [...rows, ...rows, ...rows]);
  });
}

test('a table that another tool has written again, with other quotes and another order, is read', async (t) => {
  const file = await write(t, 'rows.csv');
  writeFileSync(file, '"toMs","fromMs","state","machine","kind"\n"5","1","up","a","uptime"\n');
  t.deepEqual(await rowsOf(file), [
    { kind: 'uptime', machine: machineId('a'), fromMs: unixMs(1), toMs: unixMs(5), state: 'up' },
  ]);
});

test('a table whose row does not fit is refused by file and number', async (t) => {
  const file = await write(t, 'rows.csv');
  const lines = readFileSync(file, 'utf8');
  for (const [text, why] of [
    [lines.replace('uptime', 'downtime'), /rows\.csv, line 2 /u],
    [`${lines}uptime,short\r\n`, /rows\.csv, line 7 .* cells/u],
    [`${lines}"uptime`, /rows\.csv, line 7 .*quote/u],
    [lines.replace('kind,', 'sort,'), /rows\.csv, line 1 .*neither JSON nor the header/u],
    [lines.replaceAll(',', ';'), /rows\.csv, line 1 .*neither JSON nor the header/u],
    [lines.replace('fromMs', 'machine'), /rows\.csv, line 1 .*two columns "machine"/u],
    [`${lines}uptime,"open\r\nuptime,a\r\nuptime,"b"\r\n`, /rows\.csv, line 7 /u],
  ] as const) {
    writeFileSync(file, text);
    const error = await t.throwsAsync(rowsOf(file), { code: 'row-malformed' });
    t.regex(error.message, why);
  }
  writeFileSync(file, 'PAR1 and nothing else');
  await t.throwsAsync(rowsOf(file), { code: 'dataset-unreadable' });
});

test('what members call themselves is no formula in a spreadsheet, and comes back as it was', async (t) => {
  const sites = [
    '=HYPERLINK("http://x";"y")',
    '+1',
    '-1',
    '@a',
    '\t=1',
    "'=1",
    "''@",
    "'s-Hertogenbosch",
    'a=b',
  ];
  const file = await write(t, 'rows.csv');
  const location = rows[1]!;
  if (location.kind !== 'location') return t.fail();
  const table = await openRowTable(file, 'csv');
  for (const site of sites) table.add({ ...location, attributes: { site } });
  await table.close();
  const cells = fieldsOf(readFileSync(file, 'utf8').trimEnd());
  t.false(cells.some((cell) => /^[=+\-@\t]/u.test(cell)));
  t.deepEqual(
    (await rowsOf(file)).map((row) => row.kind === 'location' && row.attributes.site),
    sites,
  );
});

test('a Parquet file that says it has more than it has is refused before memory is set aside for it', async (t) => {
  const file = await write(t, 'rows.parquet', 16);
  const bytes = readFileSync(file);
  // 64 as a thrift number (zigzag, then LEB128), and 8191 in its place.
  const [honest, lie] = [Buffer.of(0x80, 0x01), Buffer.of(0xfe, 0x7f)];
  const reasons: string[] = [];
  for (let at = bytes.indexOf(honest); at >= 0; at = bytes.indexOf(honest, at + 1)) {
    const changed = Buffer.from(bytes);
    changed.set(lie, at);
    writeFileSync(file, changed);
    const read = await rowsOf(file).catch((error: DreyError) => error);
    if (read instanceof DreyError) reasons.push(read.message);
  }
  t.true(
    reasons.some((reason) => reason.includes('a page of 8191 values in 64 rows')),
    reasons.join('\n'),
  );
  t.true(
    reasons.some((reason) => reason.includes('groups have 64 rows, not 8191')),
    reasons.join('\n'),
  );
});
