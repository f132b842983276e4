// Where `drey models` finds versions and history on a machine that need not be in any fleet: a folder of versions, and a file of
// exported telemetry or of a public trace; how that is typed again. Reads only.

import { join } from 'node:path';
import { type Command, Option } from 'commander';
import {
  DreyError,
  type FleetHistory,
  hourMs,
  sliceHistory,
  slotUnknown,
  weekMs,
} from '../datasets/index.ts';
import { homeOf, type CommonOptions } from './command.ts';

export interface RegistryOptions extends CommonOptions {
  readonly registry?: string;
}

export type DataFormat = 'avt' | 'fta' | 'rows';

export interface DataOptions {
  readonly data?: string;
  readonly format?: DataFormat;
  readonly machines?: string;
  readonly block?: string;
  readonly draw: string;
  readonly weeks: string;
}

/** The folder of versions: the running agent's own, unless another is named. */
export const registryOf = (options: RegistryOptions): string =>
  options.registry ?? join(homeOf(options), 'models');

/** A word as a shell takes it. */
const typedWord = (word: string): string =>
  /^[\w./:@%+=,~-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** A command as it can be typed again: with the folder of versions, where it is not this user's own agent's. */
export function typedCommand(command: string, { registry, home }: RegistryOptions): string {
  if (registry !== undefined) return `${command} --registry ${typedWord(registry)}`;
  return home === undefined ? command : `${command} --home ${typedWord(home)}`;
}

/** The command of a card; versions of before it named its folder get the one that they are in. */
export const commandOfCard = (command: string | undefined, options: RegistryOptions): string | undefined =>
  command === undefined || / --(?:registry|home) /u.test(command) ? command : typedCommand(command, options);

/** The command that makes the same training again. */
export function trainingCommand(
  options: RegistryOptions & DataOptions & { readonly data: string; readonly seed: string },
): string {
  const { data, seed, weeks, machines, block, draw, format } = options;
  const words = [
    ['--data', data],
    ['--seed', seed],
    ['--weeks', weeks],
    ...(machines === undefined
      ? []
      : [
          ['--machines', machines],
          ['--block', block ?? machines],
          ['--draw', draw],
        ]),
    ...(format === undefined ? [] : [['--format', format]]),
  ];
  const typed = words.map(([option = '', word = '']) => `${option} ${typedWord(word)}`);
  return typedCommand(['drey models train', ...typed].join(' '), options);
}

export const withRegistry = (command: Command): Command =>
  command.option('--registry <folder>', "the folder of versions (default: the agent's own)");

/** Adds the options that say which history. */
export const withData = (command: Command): Command =>
  command
    .option('--data <file>', 'exported telemetry (JSON lines, CSV, Parquet) or a public trace, plain or gzip')
    .addOption(
      new Option('--format <format>', "how it is written (default: by the file's name)").choices([
        'avt',
        'fta',
        'rows',
      ]),
    )
    .option('--machines <count>', 'draw so many machines (default: all)')
    .option('--block <count>', "… as runs of so many neighbours in the file's order (default: one run)")
    .option('--draw <seed>', 'seed of that draw', '1')
    .option('--weeks <span>', 'the last so many weeks ("8"), or from … to … of the data ("0-4")', '8');

const wrong = (message: string, advice: string): DreyError =>
  new DreyError({ code: 'models-options', message, advice });

/** `.tab` is a Failure Trace Archive table, `.avt` what it says; all else are telemetry rows. */
export function formatOfName(name: string): DataFormat {
  const plain = name.replace(/\.gz$/u, '');
  if (plain.endsWith('.tab')) return 'fta';
  return plain.endsWith('.avt') ? 'avt' : 'rows';
}

/** Slots [from, to) that "8" or "0-4" means. Throws `models-options`. */
export function slotsOf(
  weeks: string,
  { slotCount, slotMs }: Pick<FleetHistory, 'slotCount' | 'slotMs'>,
): { readonly fromSlot: number; readonly toSlot: number } {
  const match = /^(?:(\d+(?:\.\d+)?)-)?(\d+(?:\.\d+)?)$/u.exec(weeks.trim());
  const slots = (text: string | undefined): number => Math.round((Number(text) * weekMs) / slotMs);
  const toSlot = match?.[1] === undefined ? slotCount : Math.min(slotCount, slots(match[2]));
  const fromSlot = match?.[1] === undefined ? Math.max(0, slotCount - slots(match?.[2])) : slots(match[1]);
  if (match !== null && fromSlot < toSlot) return { fromSlot, toSlot };
  throw wrong(
    `"${weeks}" is no part of ${((slotCount * slotMs) / weekMs).toFixed(1)} weeks`,
    'Write the last so many weeks, as --weeks 8, or from and to, as --weeks 0-4.',
  );
}

/** Whoever names weeks by their ends means all of them: of a last one that is not whole what there is. Throws `models-options`. */
export function refuseBeyond(
  weeks: string,
  { slotCount, slotMs }: Pick<FleetHistory, 'slotCount' | 'slotMs'>,
): void {
  const end = /-(\d+(?:\.\d+)?)$/u.exec(weeks.trim())?.[1];
  const all = (slotCount * slotMs) / weekMs;
  if (end === undefined || Number(end) <= Math.ceil(all)) return;
  throw wrong(
    `there are ${all.toFixed(1)} weeks, and "${weeks}" goes beyond them`,
    `Write an end up to ${Math.ceil(all)}, or the last so many weeks, as --weeks 8.`,
  );
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw wrong(`${name} cannot be "${text}"`, 'Write a whole number above 0.');
}

/** The week of an `.avt` is told from so much of its beginning, whatever part is asked for. */
const calendarWeeks = 8;

/** The history that was asked for. Throws `models-options` and what the readers throw. */
export async function readData(options: DataOptions & { readonly data: string }): Promise<FleetHistory> {
  const { loadTrace } = await import('../optimizer/index.ts');
  const { data, draw, weeks } = options;
  const machineCount =
    options.machines === undefined ? undefined : wholeNumber('--machines', options.machines);
  const block = options.block === undefined ? machineCount : wholeNumber('--block', options.block);
  const history = await loadTrace({
    file: data,
    format: options.format ?? formatOfName(data),
    ...(machineCount === undefined ? {} : { machineCount }),
    block: block ?? 1,
    seed: draw,
    stepMs: hourMs,
    trainWeeks: calendarWeeks,
  });
  refuseBeyond(weeks, history);
  const part = sliceHistory(history, slotsOf(weeks, history));
  if (part.up.some((state) => state !== slotUnknown)) return part;
  throw wrong(
    `nothing is known of these ${part.machines.length} machines in these weeks`,
    'Choose other weeks with --weeks, or another draw with --draw.',
  );
}

/** The same where a file has to be named. */
export async function readNamedData(options: DataOptions): Promise<FleetHistory> {
  const { data } = options;
  if (data !== undefined) return readData({ ...options, data });
  throw wrong('no history is named', 'Name a file with --data; `drey telemetry export` writes one.');
}
