// Public logs of accesses to access rows per client and hour: histories of who changed which file (CSV), web server logs (TSV), and
// telemetry rows. The header tells which; a malformed line is named by file and number. Names become hashes at once.

import { createHash } from 'node:crypto';
import { type AccessTrace, numberSites, siteNameOf } from './access-trace.ts';
import { DreyError } from './errors.ts';
import { openLines } from './line-files.ts';
import { decodeRow, isRowTable, readPlacedRows } from './row-files.ts';
import type { RowPlace } from './row-tables.ts';
import type { AccessRow, TelemetryRow } from './rows.ts';
import { dayMs, type FileId, fileId, hourMs, machineId, type MachineId, secondMs, unixMs } from './units.ts';

export interface AccessOptions {
  /** How errors name the source. */
  readonly file: string;
  /** Public logs know no sites: their clients are dealt into so many groups by a hash of their code. 1..64. */
  readonly siteCount: number;
}

const changeHeader = 'unix_time,user,op,path,size_after';
const webHeader = 'host\tlogname\ttime\tmethod\turl\tresponse\tbytes';

/** No log is longer: what says so has one time that is wrong, and would be replayed for empty decades. The oldest histories of changes begin in 1985. */
const extentMsMax = 45 * 366 * dayMs;

/** Reads a plain or gzip file, or an export's table. Throws `dataset-missing`, `dataset-unreadable`, `access-malformed`, `access-empty`, `row-malformed`. */
export async function openAccess(path: string, options: Omit<AccessOptions, 'file'>): Promise<AccessTrace> {
  const table = new AccessTable({ ...options, file: path });
  if (await isRowTable(path))
    for await (const { row, ...place } of readPlacedRows(path)) table.addPlacedRow(row, place);
  else for await (const line of openLines(path)) table.addLine(line);
  return table.finish();
}

/** The same from lines that are there already. */
export function readAccess(lines: Iterable<string>, options: AccessOptions): AccessTrace {
  const table = new AccessTable(options);
  for (const line of lines) table.addLine(line);
  return table.finish();
}

type Layout = 'changes' | 'web log' | 'rows';

interface Touch {
  readonly machine: MachineId;
  readonly file: FileId;
  readonly atMs: number;
  readonly reads: number;
  readonly writes: number;
  readonly byteCount: number;
}

interface PlacedMoment {
  readonly ms: number;
  readonly place: RowPlace;
}

/** Collects touches line by line; equal machine, file and hour become one row, in the order in which they came. */
class AccessTable {
  readonly #options: AccessOptions;
  readonly #rows = new Map<string, AccessRow>();
  readonly #siteNames = new Map<MachineId, string>();
  readonly #ids = new Map<string, FileId>();
  readonly #sizes = new Map<FileId, number>();
  #layout: Layout | undefined;
  #place: RowPlace = { unit: 'line', number: 0 };
  #earliest: PlacedMoment | undefined;
  #latest: PlacedMoment | undefined;

  constructor(options: AccessOptions) {
    this.#options = options;
  }

  addPlacedRow(row: TelemetryRow, place: RowPlace): void {
    this.#place = place;
    this.#addRow(row);
  }

  addLine(line: string): void {
    this.#place = { unit: 'line', number: this.#place.number + 1 };
    if (line.trim() === '') return;
    if (this.#layout === undefined) {
      this.#layout = this.#layoutOf(line);
      if (this.#layout !== 'rows') return;
    }
    if (this.#layout === 'rows')
      this.#addRow(decodeRow(line, { file: this.#options.file, lineNumber: this.#place.number }));
    else if (this.#layout === 'changes') this.#addChange(line);
    else this.#addRequest(line);
  }

  #layoutOf(line: string): Layout {
    if (line.trim() === changeHeader) return 'changes';
    if (line.startsWith(webHeader)) return 'web log';
    if (line.startsWith('{')) return 'rows';
    return this.#refuse(
      `it is neither "${changeHeader}" nor "${webHeader.replaceAll('\t', ' ')}" nor a telemetry row`,
    );
  }

  #addRow(row: TelemetryRow): void {
    if (row.kind === 'location') this.#siteNames.set(row.machine, siteNameOf(row.attributes));
    if (row.kind !== 'access') return;
    if (!this.#siteNames.has(row.machine)) this.#siteNames.set(row.machine, siteNameOf({}));
    this.#add({ ...row, atMs: row.hourMs });
  }

  /** unix_time,user,op,path,size_after: each is a modification. A deletion leaves a file of no bytes; an empty size is unknown. */
  #addChange(line: string): void {
    const fields = csvFields(line);
    const [time = '', user = '', op = '', path = '', size = ''] = fields;
    if (line.split('"').length % 2 === 0) this.#refuse('a quote in it is not closed');
    if (fields.length !== 5) this.#refuse(`it has ${fields.length} fields, not 5`);
    if (!/^[AMD]$/u.test(op)) this.#refuse('its op is none of A, M, D');
    if (!/^\d{0,15}$/u.test(size)) this.#refuse('its size is not a number of bytes');
    const file = this.#idOf(path);
    this.#add({
      machine: this.#client(user),
      file,
      atMs: this.#time(time),
      reads: 0,
      writes: 1,
      byteCount: op === 'D' ? 0 : Number(size === '' ? (this.#sizes.get(file) ?? 0) : size),
    });
  }

  /** host, logname, time, method, url, response, bytes: a GET that was answered by 200 or 304 (the client's copy was still good). */
  #addRequest(line: string): void {
    const [host = '', , time = '', method = '', url = '', response = '', bytes = ''] = line.split('\t');
    if (!/^\d{3}$/u.test(response)) this.#refuse('its response is not a status of three digits');
    const atMs = this.#time(time);
    if (!/^(?:\d{1,15}|-?)$/u.test(bytes)) this.#refuse('its bytes are not a number');
    if (method !== 'GET' || (response !== '200' && response !== '304')) return;
    const file = this.#idOf(url);
    const sent = response === '200' && /^\d/u.test(bytes) ? Number(bytes) : 0;
    const byteCount = Math.max(sent, this.#sizes.get(file) ?? 0);
    this.#add({ machine: this.#client(host), file, atMs, reads: 1, writes: 0, byteCount });
  }

  #add(touch: Touch): void {
    const { machine, file, reads, writes, byteCount } = touch;
    const hour = unixMs(Math.floor(touch.atMs / hourMs) * hourMs);
    this.#sizes.set(file, byteCount);
    const moment = { ms: hour, place: this.#place };
    if (this.#earliest === undefined || hour < this.#earliest.ms) this.#earliest = moment;
    if (this.#latest === undefined || hour > this.#latest.ms) this.#latest = moment;
    const key = `${hour} ${machine} ${file}`;
    const before = this.#rows.get(key);
    this.#rows.set(key, {
      kind: 'access',
      machine,
      hourMs: hour,
      file,
      reads: reads + (before?.reads ?? 0),
      writes: writes + (before?.writes ?? 0),
      byteCount,
    });
  }

  #client(code: string): MachineId {
    if (code === '' || code.length > 128)
      this.#refuse('its client has no name, or one of over 128 characters');
    const machine = machineId(code);
    if (!this.#siteNames.has(machine)) {
      const group = createHash('sha256').update(`client:${code}`).digest().readUInt32LE(0);
      this.#siteNames.set(machine, `group ${String(group % this.#options.siteCount).padStart(2, '0')}`);
    }
    return machine;
  }

  #idOf(name: string): FileId {
    if (name === '') this.#refuse('it names no file');
    let id = this.#ids.get(name);
    if (id === undefined) {
      id = fileId(createHash('sha256').update(`file:${name}`).digest('hex').slice(0, 32));
      this.#ids.set(name, id);
    }
    return id;
  }

  #time(text: string): number {
    if (!/^\d{1,11}$/u.test(text)) this.#refuse('its time is not a number of seconds');
    return Number(text) * secondMs;
  }

  #refuse(reason: string): never {
    throw new DreyError({
      code: 'access-malformed',
      message: `${this.#options.file}, ${this.#place.unit} ${this.#place.number}: ${reason}`,
      advice: 'Check that it is a log of accesses in one of the three formats, then fetch the file again.',
    });
  }

  /** Names the place of the time that is farther from when most accesses were. */
  #refuseLength(rows: readonly AccessRow[]): void {
    const [earliest, latest] = [this.#earliest!, this.#latest!];
    if (latest.ms - earliest.ms <= extentMsMax) return;
    const usualMs = rows[Math.floor((rows.length - 1) / 2)]!.hourMs;
    const isLate = latest.ms - usualMs > usualMs - earliest.ms;
    const wild = isLate ? latest : earliest;
    this.#place = wild.place;
    const years = Math.round(Math.abs(wild.ms - usualMs) / (365.25 * dayMs));
    this.#refuse(`its time lies ${years} years ${isLate ? 'after' : 'before'} most others`);
  }

  finish(): AccessTrace {
    // Stable: inside an hour the order of the log remains.
    const rows = [...this.#rows.values()].toSorted((a, b) => a.hourMs - b.hourMs);
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) {
      throw new DreyError({
        code: 'access-empty',
        message: `${this.#options.file} has no access to any file`,
        advice: 'Give a log with accesses; telemetry about uptime alone says nothing of popularity.',
      });
    }
    this.#refuseLength(rows);
    return {
      startMs: first.hourMs,
      hourCount: (last.hourMs - first.hourMs) / hourMs + 1,
      demand: rows.some(({ reads }) => reads > 0) ? 'reads' : 'writes',
      ...numberSites(this.#siteNames),
      rows,
    };
  }
}

/** RFC 4180 within one line: a quoted field may hold commas and doubled quotes. */
const csvFields = (line: string): readonly string[] =>
  Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/gu), ([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'),
  );
