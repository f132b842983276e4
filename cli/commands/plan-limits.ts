// `drey plan limits`: what admins forbid every plan, shown and changed.

import type { Command } from 'commander';
import { askAgent, type CallAnswers, type CallRequest } from '../../agent/control/index.ts';
import { attributeNames, DreyError } from '../../datasets/index.ts';
import type { PlacementLimits } from '../../optimizer/index.ts';
import { collected, type CommonOptions, homeOf, show } from '../command.ts';
import { bytesText } from '../print.ts';
import { parseByteCount } from '../quantities.ts';
import type { Naming } from './plan-text.ts';

interface LimitsOptions extends CommonOptions {
  readonly veto?: readonly string[];
  readonly lift?: readonly string[];
  readonly pin?: readonly string[];
  readonly unpin?: readonly string[];
  readonly apart?: string;
  readonly movedPerWeek?: string;
  readonly inPerWeek?: string;
  readonly outPerWeek?: string;
  readonly scatterMin?: string;
  readonly scatterMax?: string;
}

type Change = CallRequest<'planLimits'>;

const malformed = (message: string, advice: string): DreyError =>
  new DreyError({ code: 'limits-malformed', message, advice });

function parsePin(text: string): { readonly group: string; readonly machine: string } {
  const [group = '', ...machine] = text.split(':');
  if (group !== '' && machine.length > 0) return { group, machine: machine.join(':') };
  throw malformed(`"${text}" names no slot`, 'Write GROUP:MACHINE, as in "s1.3-2:anna-pc".');
}

function parseApart(text: string): NonNullable<Change['apart']> {
  const names = text === 'none' ? [] : text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !attributeNames.some((known) => known === name));
  if (unknown !== undefined)
    throw malformed(
      `no machine tells a "${unknown}"`,
      `Choose from ${attributeNames.join(', ')}, or "none".`,
    );
  return attributeNames.filter((known) => names.includes(known));
}

/** "none" lifts a limit. */
const parseBytes = (text: string): number | null => (text === 'none' ? null : parseByteCount(text));

/** As an admin's word has room for. */
const widthMax = 65_535;

export function parseWidth(text: string): number | null {
  if (text === 'none') return null;
  if (/^[1-9]\d{0,4}$/u.test(text) && Number(text) <= widthMax) return Number(text);
  throw malformed(
    `"${text}" is no number of machines`,
    `Write a whole number from 1 to ${widthMax}, or "none".`,
  );
}

function numbersOf(options: LimitsOptions): Change {
  const { movedPerWeek, inPerWeek, outPerWeek, scatterMin, scatterMax } = options;
  return {
    ...(movedPerWeek === undefined ? {} : { movedBytesPerWeek: parseBytes(movedPerWeek) }),
    ...(inPerWeek === undefined ? {} : { takenBytesPerWeek: parseBytes(inPerWeek) }),
    ...(outPerWeek === undefined ? {} : { givenBytesPerWeek: parseBytes(outPerWeek) }),
    ...(scatterMin === undefined ? {} : { scatterMin: parseWidth(scatterMin) }),
    ...(scatterMax === undefined ? {} : { scatterMax: parseWidth(scatterMax) }),
  };
}

const changeOf = ({ veto, lift, pin, unpin, apart, ...numbers }: LimitsOptions): Change => ({
  ...(veto === undefined ? {} : { veto: [...veto] }),
  ...(lift === undefined ? {} : { lift: [...lift] }),
  ...(pin === undefined ? {} : { pin: pin.map(parsePin) }),
  ...(unpin === undefined ? {} : { unpin: unpin.map(parsePin) }),
  ...(apart === undefined ? {} : { apart: parseApart(apart) }),
  ...numbersOf(numbers),
});

const atMost = (bytes: number | undefined): string =>
  bytes === undefined ? 'no limit' : `at most ${bytesText(bytes)}`;

function widthText({ scatterMin, scatterMax }: PlacementLimits): string {
  const bounds = [
    ...(scatterMin === undefined ? [] : [`at least ${scatterMin}`]),
    ...(scatterMax === undefined ? [] : [`at most ${scatterMax}`]),
  ];
  return bounds.length === 0 ? 'as many as is best' : bounds.join(', ');
}

/** What is kept apart, and what of it keeps nobody apart yet. */
function apartText({ apart, untold }: CallAnswers['planLimits']): string {
  const idle = apart.filter((name) => untold.includes(name));
  const noted = idle.map((name) => ` No machine has told a ${name} yet: it keeps nothing apart.`);
  return `Kept apart inside a group: ${apart.join(', ') || 'nothing'}.${noted.join('')}`;
}

/** The limits in words. */
export function limitsText(limits: CallAnswers['planLimits'], names: Naming): string {
  const { vetoes, pins, movedBytesPerWeek, takenBytesPerWeek, givenBytesPerWeek } = limits;
  const nameOf = (machine: string): string => names.get(machine) ?? machine.slice(-8);
  return [
    `Machines that hold nothing: ${vetoes.map(nameOf).join(', ') || 'none'}.`,
    apartText(limits),
    `Pinned: ${pins.map(({ group, machine }) => `${nameOf(machine)} in ${group}`).join(', ') || 'none'}.`,
    `Moved to do better in a week: ${movedBytesPerWeek === undefined ? 'as much as is worth it' : `at most ${bytesText(movedBytesPerWeek)}`}; repair is not counted.`,
    `Taken in by one machine in a week: ${atMost(takenBytesPerWeek)}; given out: ${atMost(givenBytesPerWeek)}; repair is not counted.`,
    `Others that a machine shares groups of a class with: ${widthText(limits)}.`,
    'The next plan keeps to it: `drey plan compute` makes one now.',
  ].join('\n');
}

/** Adds `plan limits`; `namesFor` asks the agent who is called what. */
export function addLimits(command: Command, namesFor: (home: string) => Promise<Naming>): void {
  command
    .option('--veto <machine>', 'it holds nothing; again for more', collected)
    .option('--lift <machine>', 'takes a veto back', collected)
    .option('--apart <attributes>', 'no two of a group share them: subnet,gateway,… or none')
    .option('--pin <group:machine>', 'the machine keeps its slot in the group', collected)
    .option('--unpin <group:machine>', 'takes a pin back', collected)
    .option('--moved-per-week <size>', 'most that plans move to do better, or none')
    .option('--in-per-week <size>', 'most that plans make one machine take in, or none')
    .option('--out-per-week <size>', 'most that plans make one machine give out, or none')
    .option('--scatter-min <count>', 'others that a machine shares groups with at least, or none')
    .option('--scatter-max <count>', 'others that a machine shares groups with at most, or none')
    .action(async (options: LimitsOptions) => {
      const home = homeOf(options);
      const answer = await askAgent({ home, call: 'planLimits', request: changeOf(options) });
      const names = await namesFor(home);
      show(options, answer, () => limitsText(answer, names));
    });
}
