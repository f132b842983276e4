// `drey telemetry`: see what is collected, export it, import older monitoring, or generate a trial fleet's history.

import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { askAgent, type CallRequest, type ReportProgress } from '../../agent/control/index.ts';
import {
  DreyError,
  encodeRow,
  openRowTable,
  type TableFormat,
  type TelemetryRow,
} from '../../datasets/index.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, countText, spanText, tableText, timeText } from '../print.ts';
import { writeGeneratedHistory } from '../generated-history.ts';
import { parseCount } from '../quantities.ts';

type RowKind = NonNullable<CallRequest<'exportTelemetry'>['kind']>;

interface RowOptions extends CommonOptions {
  readonly machine?: string;
  readonly kind?: RowKind;
}

function askRows(
  options: RowOptions,
  take: (row: TelemetryRow) => void,
): Promise<{ readonly rowCount: number }> {
  const report: ReportProgress = (progress) => {
    if (progress.kind === 'row') take(progress.row);
  };
  const request = {
    ...(options.machine === undefined ? {} : { machine: options.machine }),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
  };
  return askAgent({ home: homeOf(options), call: 'exportTelemetry', request, report });
}

function rowCells(row: TelemetryRow): string[] {
  const machine = row.machine.slice(-8);
  switch (row.kind) {
    case 'uptime':
      return [timeText(row.fromMs), machine, row.kind, `${row.state} for ${spanText(row.toMs - row.fromMs)}`];
    case 'location':
      return [
        timeText(row.atMs),
        machine,
        row.kind,
        Object.entries(row.attributes)
          .map(([name, value]) => `${name}=${value}`)
          .join(' '),
      ];
    case 'access':
      return [
        timeText(row.hourMs),
        machine,
        row.kind,
        `${row.file.slice(0, 8)} read ${row.reads} written ${row.writes}`,
      ];
    case 'packRead':
      return [
        timeText(row.hourMs),
        machine,
        row.kind,
        `pack ${row.pack.slice(0, 8)}, ${bytesText(row.packBytes)}, fetched ${countText(row.reads, 'time')} for restores`,
      ];
  }
}

const explanation = [
  'Collected on this machine: when it is up, asleep or off; hashed network, time zone, model and OS build; free space;',
  'counts of reads and writes per protected file and hour, under keyed ids; how often a pack was fetched for a restore, by its id.',
  'No names, no contents. Kept for nine weeks.',
].join('\n');

async function showRows(options: RowOptions & { readonly last: string }): Promise<void> {
  const rows: TelemetryRow[] = [];
  const own = options.machine === undefined ? { ...options, machine: 'self' } : options;
  await askRows(own, (row) => rows.push(row));
  const newest = rows.slice(-parseCount(options.last, { least: 1 }));
  show(options, newest, () =>
    [explanation, tableText([['from', 'machine', 'kind', 'what'], ...newest.map(rowCells)])].join('\n\n'),
  );
}

interface ExportOptions extends RowOptions {
  readonly out?: string;
  readonly format?: TableFormat;
}

/** By the file's name, where nothing was said. */
function exportFormat({ out = '', format }: ExportOptions): TableFormat {
  if (format !== undefined) return format;
  if (out.endsWith('.csv')) return 'csv';
  return out.endsWith('.parquet') ? 'parquet' : 'ndjson';
}

const formatNames = { ndjson: 'JSON lines', csv: 'CSV', parquet: 'Parquet' } as const;

/** What breaks off leaves an older export as it was: a part of one would look like a whole one. */
async function exportInto(out: string, format: TableFormat, options: ExportOptions): Promise<void> {
  const table = await openRowTable(out, format);
  try {
    const answer = await askRows(options, (row) => table.add(row));
    await table.close();
    show(
      options,
      { ...answer, file: out },
      () => `${countText(answer.rowCount, 'row')} written to ${out}, as ${formatNames[format]}`,
    );
  } catch (error) {
    table.drop();
    throw error;
  }
}

async function exportRows(options: ExportOptions): Promise<void> {
  const { out } = options;
  const format = exportFormat(options);
  if (out !== undefined && out !== '-') {
    await exportInto(out, format, options);
    return;
  }
  if (format === 'ndjson') await askRows(options, (row) => void process.stdout.write(`${encodeRow(row)}\n`));
  else
    throw new DreyError({
      code: 'export-needs-file',
      message: `${format} is not written to standard output`,
      advice: `Name a file, as in --out rows.${format}.`,
    });
}

async function importRows(
  file: string,
  options: CommonOptions & { readonly asSelf?: boolean },
): Promise<void> {
  const answer = await askAgent({
    home: homeOf(options),
    call: 'importTelemetry',
    request: { file: resolve(file), asSelf: options.asSelf === true },
  });
  show(options, answer, () =>
    [
      `${countText(answer.rowCount, 'row')} of history imported and signed by this machine.`,
      ...(answer.knownCount === 0
        ? []
        : [`${countText(answer.knownCount, 'row')} of the file had been imported before.`]),
    ].join('\n'),
  );
}

interface GenerateOptions extends CommonOptions {
  readonly out: string;
  readonly seed: string;
  readonly weeks: string;
  readonly machines?: string;
}

async function generate(options: GenerateOptions): Promise<void> {
  const home = homeOf(options);
  const ids =
    options.machines === undefined
      ? (await askAgent({ home, call: 'view', request: {} })).machines.map(({ peer }) => peer)
      : undefined;
  const written = await writeGeneratedHistory({
    folder: options.out,
    seed: options.seed,
    weeks: parseCount(options.weeks, { least: 1, most: 520 }),
    ...(ids === undefined
      ? { machineCount: parseCount(options.machines ?? '', { least: 1, most: 100_000 }) }
      : { machines: ids, machineCount: ids.length }),
    nowMs: Date.now(),
  });
  show(
    options,
    written,
    () =>
      `${countText(written.files.length, 'machine')} × ${countText(Number(options.weeks), 'week')}, history is generated: ${countText(written.files.length, 'file')} and truth.json in ${options.out}`,
  );
}

const addRowOptions = (command: Command): Command =>
  command
    .option('--machine <name>', 'only this machine ("self": this one)')
    .addOption(
      new Option('--kind <kind>', 'only rows of this kind').choices([
        'uptime',
        'location',
        'access',
        'packRead',
      ]),
    );

/** Adds `telemetry show | export | import | generate`. */
export function addTelemetryCommands(program: Command): void {
  const telemetry = program.command('telemetry').description('what is collected, in and out');
  addRowOptions(
    withCommonOptions(
      telemetry.command('show').description('print what this machine collected about itself'),
      'drey telemetry show --kind uptime',
    ),
  )
    .option('--last <count>', 'how many rows', '40')
    .action(showRows);
  addRowOptions(
    withCommonOptions(
      telemetry.command('export').description('write the rows of all machines: JSON lines, CSV or Parquet'),
      'drey telemetry export --out rows.parquet',
    ),
  )
    .option('--out <file>', 'where to (default, or "-": standard output)')
    .addOption(
      new Option('--format <format>', "how (default: by the file's name, else ndjson)").choices([
        'ndjson',
        'csv',
        'parquet',
      ]),
    )
    .action(exportRows);
  withCommonOptions(
    telemetry
      .command('import')
      .description("add this machine's history from older monitoring")
      .argument('<file>', 'rows, one JSON object a line, plain or gzip'),
    'drey telemetry import pc-17.ndjson --as-self',
  )
    .option('--as-self', 'take every row as about this machine, whatever id it carries')
    .action(importRows);
  withCommonOptions(
    telemetry.command('generate').description('generate the history of a trial fleet, one file a machine'),
    'drey telemetry generate --machines 40 --weeks 4 --seed 7 --out trial',
  )
    .requiredOption('--out <folder>', 'where to write the files')
    .option('--seed <seed>', 'the same seed gives the same history', '1')
    .option('--weeks <count>', 'how many weeks, up to now', '4')
    .option('--machines <count>', "how many machines (default: the running fleet's own, by their ids)")
    .action(generate);
}
