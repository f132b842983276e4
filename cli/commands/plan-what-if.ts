// `drey plan whatif`: what would be out of reach, whose it is, and how long repair takes, if these machines were gone.

import { type Command, InvalidArgumentError } from 'commander';
import { askAgent } from '../../agent/control/index.ts';
import type { WhatIfAnswer } from '../../optimizer/index.ts';
import { type CommonOptions, homeOf, show } from '../command.ts';
import { bytesText, countText, listText, shareText, spanText, survivalText, tableText } from '../print.ts';
import type { Naming } from './plan-text.ts';

interface WhatIfOptions extends CommonOptions {
  readonly lose: readonly string[];
  readonly mbit: number;
}

/** Names in one line; a fleet of thousands is counted. */
const shownMax = 12;

function repairText({ repair, leftCount, classes }: WhatIfAnswer, mbit: number): string {
  const { slots, bytes, trafficBytes, seconds, isRough = false } = repair;
  const isOutOfReach = classes.some(({ lostGroups }) => lostGroups.length > 0);
  if (slots === 0)
    return isOutOfReach
      ? 'Nothing can be made again: of what is out of reach too few shards are left, until machines come back.'
      : 'Nothing has to be made again.';
  if (bytes === undefined || trafficBytes === undefined)
    return `${slots} slots of groups have to be filled again; how many bytes, a machine that holds some knows, and so far no drive has a snapshot.`;
  const needed = `${isRough ? 'About ' : ''}${bytesText(bytes)} have to be made again from ${bytesText(trafficBytes)} of shards`;
  return seconds === undefined
    ? `${needed}, but no machine is left for it.`
    : `${needed}: ${seconds < 1 ? 'less than a second' : `at least ${spanText(1000 * seconds)}`}, if ${leftCount === 1 ? 'the machine' : `each of the ${leftCount} machines`} left takes in ${mbit} Mbit/s.`;
}

/** Counted where the packs are known; of other machines nobody knows here where theirs lie. */
const lossText = ({
  packs,
  lostShare,
}: Pick<WhatIfAnswer['owners'][number], 'packs' | 'lostShare'>): string =>
  packs === undefined
    ? `${shareText(lostShare)} of new packs expected`
    : `${packs.lostCount} of its ${countText(packs.count, 'pack')}`;

export function whatIfText(answer: WhatIfAnswer, names: Naming, mbit: number): string {
  const nameOf = (machine: string): string => names.get(machine) ?? machine.slice(-8);
  const { lostMachines, machineCount, classes, owners } = answer;
  const rows = classes.map(({ name, redundancy: { k, n }, groupCount, lostGroups, lostShare, odds }) => [
    `${name} ${k} of ${n}`,
    `${lostGroups.length} of ${groupCount}`,
    shareText(lostShare),
    survivalText(odds.before),
    survivalText(odds.after),
  ]);
  const harmed = owners.filter(({ lostShare }) => lostShare > 0);
  return [
    lostMachines.length === 0
      ? 'No machine would be lost.'
      : `Lost: ${lostMachines.length} of ${machineCount} machines (${listText(lostMachines.map(nameOf), shownMax)}).`,
    tableText([
      ['class', 'groups out of reach', 'expected share of new packs', 'survival at all hours', 'then'],
      ...rows,
    ]),
    harmed.length === 0
      ? 'Every pack of everybody could still be restored.'
      : tableText([
          ['whose backups', 'out of reach', ''],
          ...harmed
            .slice(0, shownMax)
            .map(({ owner, isLostItself, ...loss }) => [
              nameOf(owner),
              lossText(loss),
              isLostItself ? 'its own disk is lost too' : '',
            ]),
        ]),
    ...(harmed.length > shownMax ? [`… and ${harmed.length - shownMax} more.`] : []),
    repairText(answer, mbit),
  ].join('\n');
}

function parseMbit(text: string): number {
  const mbit = Number(text);
  if (!(mbit > 0 && mbit < 1e6)) throw new InvalidArgumentError('a number of Mbit/s above 0');
  return mbit;
}

/** Adds `plan whatif`; `namesFor` asks the agent who is called what. */
export function addWhatIf(command: Command, namesFor: (home: string) => Promise<Naming>): void {
  command
    .requiredOption(
      '--lose <selector>',
      'site=…, osBuild=…, domain=3, machine=NAME, group=ID, "after 19:00", "on weekends"; again for more',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .option('--mbit <rate>', 'what each machine can take in for repairs, in Mbit/s', parseMbit, 100)
    .action(async (options: WhatIfOptions) => {
      const home = homeOf(options);
      const { lose, mbit } = options;
      const request = { lose: [...lose], bytesPerSecond: (mbit * 1e6) / 8 };
      const answer = await askAgent({ home, call: 'whatIf', request });
      const names = await namesFor(home);
      show(options, answer, () => whatIfText(answer, names, mbit));
    });
}
