// Labels of machines from a CSV, as columns of numbers for the policies that are meant to have them. It refuses a file that is not about
// the machines of the trace, and leaves out columns that cannot keep n machines apart, each with the reason.

import { DreyError, type MachineId, openLines } from '../../datasets/index.ts';

/** A column of which one value covers more of the machines keeps nobody apart. */
const largestShareMax = 0.5;

export interface Labels {
  /** One number a machine, the same for the same label; −1 for none. */
  readonly columns: readonly Int32Array[];
  /** Columns that keep nobody apart. */
  readonly leftOut: readonly { readonly name: string; readonly reason: string }[];
  /** Columns that stay, in which some of the machines have none: nothing keeps those apart. */
  readonly partly: readonly { readonly name: string; readonly missingCount: number }[];
}

/**
 * Labels of these machines from a CSV with a header: the first column is the id, every other one a label; an empty field is no
 * label, and so is what a machine that is not there would have. Fields may stand in quotes (RFC 4180), on one line. Columns with fewer values than a
 * group has members, or with one value for most machines, keep nobody apart and are left out. Throws `labels-malformed`, `dataset-missing`.
 */
export async function loadLabels(file: string, machines: readonly MachineId[], n: number): Promise<Labels> {
  const { header, fieldsOf } = await readTable(file);
  if (!machines.some((machine) => fieldsOf.has(machine)))
    throw malformed(`${file} names none of the machines of the trace`);
  if (machines.some((machine) => machine === header[0]))
    throw malformed(`${file} begins with the machine ${header[0]} and not with a header, as in "id,site"`);
  if (header.length < 2) throw malformed(`${file} has no column of labels`);
  const columns: Int32Array[] = [];
  const leftOut: Labels['leftOut'][number][] = [];
  const partly: Labels['partly'][number][] = [];
  for (const [at, name] of header.slice(1).entries()) {
    const column = numbered(machines.map((machine) => fieldsOf.get(machine)?.[at + 1] ?? ''));
    const reason = whyUseless(column, n);
    if (reason !== undefined) {
      leftOut.push({ name, reason });
      continue;
    }
    columns.push(column);
    const missingCount = column.filter((label) => label < 0).length;
    if (missingCount > 0) partly.push({ name, missingCount });
  }
  return { columns, leftOut, partly };
}

function numbered(labels: readonly string[]): Int32Array {
  const numbers = new Map<string, number>();
  return Int32Array.from(labels, (label) => {
    if (label === '') return -1;
    if (!numbers.has(label)) numbers.set(label, numbers.size);
    return numbers.get(label)!;
  });
}

interface LabelTable {
  readonly header: readonly string[];
  readonly fieldsOf: ReadonlyMap<string, readonly string[]>;
}

async function readTable(file: string): Promise<LabelTable> {
  const fieldsOf = new Map<string, readonly string[]>();
  let header: readonly string[] | undefined;
  let lineNumber = 0;
  for await (const line of openLines(file)) {
    lineNumber++;
    if (line.trim() === '') continue;
    const place = `${file}, line ${lineNumber}`;
    if (header === undefined) refuseSeparator(line, place);
    const fields = fieldsOfLine(line);
    if (fields === undefined) throw malformed(`${place} has a quote that does not fit`);
    if (header === undefined) {
      header = fields;
      refuseLateId(header, place);
      continue;
    }
    if (fields.length !== header.length)
      throw malformed(`${place} has ${fields.length} fields, its header has ${header.length}`);
    const [id = ''] = fields;
    if (fieldsOf.has(id)) throw malformed(`${place} is about a machine that had a line before`);
    fieldsOf.set(id, fields);
  }
  return { header: header ?? [], fieldsOf };
}

/** Spreadsheets of some countries write semicolons. */
function refuseSeparator(header: string, place: string): void {
  const other = header.includes(';') ? 'semicolons' : header.includes('\t') ? 'tabs' : undefined;
  if (other !== undefined && !header.includes(','))
    throw malformed(`${place} has ${other} where commas should be`);
}

/** Labels before the id would be taken for ids. */
function refuseLateId(header: readonly string[], place: string): void {
  const at = header.findIndex((name) => name.toLowerCase() === 'id');
  if (at > 0)
    throw malformed(`${place} has the column "${header[at]}" in place ${at + 1}, and it belongs first`);
}

/** What stands between two commas: in quotes, with doubled quotes inside, or without any quote. */
const field = /\s*(?:"((?:[^"]|"")*)"\s*|([^",]*))(,|$)/uy;

/** Undefined where a quote opens and does not close, or stands inside a field without quotes. */
function fieldsOfLine(line: string): readonly string[] | undefined {
  const fields: string[] = [];
  field.lastIndex = 0;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return undefined;
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2]!.trim());
    if (match[3] === '') return fields;
  }
}

/** Undefined where the column keeps n machines apart. */
function whyUseless(column: Int32Array, n: number): string | undefined {
  const counts = new Map<number, number>();
  for (const value of column) if (value >= 0) counts.set(value, (counts.get(value) ?? 0) + 1);
  const largest = [...counts.values()].reduce((most, count) => Math.max(most, count), 0);
  if (counts.size < n)
    return `${counts.size} different ${counts.size === 1 ? 'label' : 'labels'} cannot keep ${n} pieces of a file apart`;
  if (largest > largestShareMax * column.length)
    return `${largest} of ${column.length} machines have the same one`;
  return undefined;
}

const malformed = (message: string): DreyError =>
  new DreyError({
    code: 'labels-malformed',
    message,
    advice: 'Write one line a machine: its id as in the trace, then its labels, separated by commas.',
  });
