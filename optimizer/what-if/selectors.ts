// What somebody fears to lose, as they type it: "site=hall-2", "osBuild=26100", "domain=3", "machine=anna-pc", "group=b4.6-2",
// "after 19:00". Refuses what it does not fully understand, and what fits no machine.

import {
  attributeNames,
  DreyError,
  listText,
  type MachineAttributes,
  type MachineId,
} from '../../datasets/index.ts';
import type { Plan } from '../plan.ts';

/** A machine as selectors see it. */
export interface SelectableMachine {
  readonly machine: MachineId;
  readonly name: string;
  readonly attributes: MachineAttributes;
}

/** Machines that are gone, or hours of the week (0..167, 0 = Monday 00:00) in which whoever is usually away is away. */
export type Selector =
  | { readonly kind: 'machines'; readonly text: string; readonly key: string; readonly value: string }
  | { readonly kind: 'hours'; readonly text: string; readonly isIn: (weekHour: number) => boolean };

const keys: readonly string[] = ['machine', 'domain', 'group', ...attributeNames];
const hourText = String.raw`([01]?\d|2[0-4]):00`;
const hoursPattern = new RegExp(
  `^(?:after ${hourText}|before ${hourText}|from ${hourText} to ${hourText})?(?: ?on (workdays|weekends))?$`,
  'u',
);

const malformed = (text: string): DreyError =>
  new DreyError({
    code: 'selector-malformed',
    message: `"${text}" says nothing that can be lost`,
    advice: `Write KEY=VALUE with a key of ${keys.join(', ')}, or hours: "after 19:00", "before 07:00", "from 22:00 to 06:00", each also "on workdays" or "on weekends".`,
  });

/** Throws `selector-malformed`. */
export function parseSelector(text: string): Selector {
  const [key = '', ...rest] = text.split('=');
  const value = rest.join('=').trim();
  if (keys.includes(key.trim()) && value !== '') return { kind: 'machines', text, key: key.trim(), value };
  const match = text.trim() === '' ? null : hoursPattern.exec(text.trim().toLowerCase());
  if (match === null) throw malformed(text);
  const [, after, before, from, to, days] = match;
  const begin = Number(after ?? from ?? 0);
  const end = Number(before ?? to ?? 24);
  // Nothing is after the end of a day or before its beginning: taken for all hours it would say of nothing what is true of everything.
  if ((after !== undefined && begin === 24) || (before !== undefined && end === 0)) throw malformed(text);
  const isOnDays = (day: number): boolean => days === undefined || day >= 5 === (days === 'weekends');
  const isIn = (weekHour: number): boolean => {
    const hour = weekHour % 24;
    const isWithin = begin < end ? hour >= begin && hour < end : hour >= begin || hour < end;
    return isWithin && isOnDays(Math.floor(weekHour / 24));
  };
  return { kind: 'hours', text, isIn };
}

/** Values of one key that a machine goes by. */
function valuesOf(machine: SelectableMachine, key: string, plan: Plan): readonly string[] {
  if (key === 'machine') return [machine.name, machine.machine];
  if (key === 'group')
    return plan.classes.flatMap(({ groups }) =>
      groups.flatMap(({ id, members }) => (members.includes(machine.machine) ? [id] : [])),
    );
  if (key === 'domain') {
    const domain = plan.domains[machine.machine];
    return domain === undefined ? [] : [domain, domain.replace(/^learned domain /u, '')];
  }
  const value = machine.attributes[key as keyof MachineAttributes];
  return value === undefined ? [] : [value];
}

/**
 * The machines of all selectors together; those that name hours select none. A value also fits by its beginning, from four
 * characters on: the salted hashes of subnets and gateways are long. Throws `selector-matches-nothing`.
 */
export function selectMachines(
  selectors: readonly Selector[],
  machines: readonly SelectableMachine[],
  plan: Plan,
): ReadonlySet<MachineId> {
  const selected = new Set<MachineId>();
  for (const selector of selectors) {
    if (selector.kind === 'hours') continue;
    const { key, value, text } = selector;
    const exact = machines.filter((machine) => valuesOf(machine, key, plan).includes(value));
    const found =
      exact.length > 0 || value.length < 4
        ? exact
        : machines.filter((machine) => valuesOf(machine, key, plan).some((own) => own.startsWith(value)));
    if (found.length === 0) throw matchesNothing(text, key, knownValues(machines, key, plan));
    for (const { machine } of found) selected.add(machine);
  }
  return selected;
}

/** A machine goes by several groups; of names for one thing the first is shown. */
function knownValues(machines: readonly SelectableMachine[], key: string, plan: Plan): readonly string[] {
  const values = machines.flatMap((machine) => {
    const all = valuesOf(machine, key, plan);
    return key === 'group' ? all : all.slice(0, 1);
  });
  return [...new Set(values)].toSorted();
}

const shownMax = 20;

const matchesNothing = (text: string, key: string, known: readonly string[]): DreyError =>
  new DreyError({
    code: 'selector-matches-nothing',
    message: `no machine fits "${text}"`,
    advice:
      known.length === 0
        ? `No machine has told a value of "${key}" yet.`
        : `Known values of "${key}": ${listText(known, shownMax)}.`,
  });
