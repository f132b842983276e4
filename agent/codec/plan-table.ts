// A plan as it travels since batches of version 2: one table of machines, everything else by its place in the table, numbers side by
// side. Both ways are pure; what came from a peer is a plan only after the plan's own schema has seen it.

import { type MachineId, unixMs } from '../../datasets/index.ts';
import type {
  MemberReason,
  PlacementClass,
  PlacementGroup,
  Plan,
  PlanLimits,
  PopularPart,
} from '../../optimizer/index.ts';
import { bytesOfHex, hexOf } from './keys.ts';
import type { FormOf } from './plan-table-form.ts';

/** Machines in one table: an index takes two bytes. */
export const planMachinesMax = 65_535;

/** Throws a RangeError for a plan of more than `planMachinesMax` machines: it would not fit into a batch either. */
export function tableOfPlan({ classes, domains, limits, popular, ...rest }: Plan): FormOf<'plan'> {
  const machines = new MachineTable([
    ...classes.flatMap(namesOfClass),
    ...Object.keys(domains),
    ...namesOfLimits(limits),
    ...namesOfPopular(popular),
  ]);
  const domainNames = [...new Set(Object.values(domains))];
  const domainAt = new Map(domainNames.map((name, at) => [name, at + 1]));
  return {
    ...rest,
    machines: machines.names,
    domainNames,
    domainOf: packPlaces(machines.names.map((machine) => domainAt.get(domains[machine] ?? '') ?? 0)),
    classes: classes.map((placementClass) => tableOfClass(placementClass, machines)),
    ...(limits === undefined ? {} : { limits: tableOfLimits(limits, machines) }),
    ...(popular === undefined ? {} : { popular: tableOfPopular(popular, machines) }),
  };
}

/** Undefined where lists that belong together differ in length, or name a place that the table does not have. */
export function planOfTable(table: FormOf<'plan'>): Plan | undefined {
  const { machines, domainNames, domainOf, classes, limits, popular, ...rest } = table;
  const domains = unpackPlaces(domainOf);
  const isWhole =
    domains.length === machines.length &&
    domains.every((at) => at <= domainNames.length) &&
    new Set(machines).size === machines.length;
  if (!isWhole) return undefined;
  const opened = classes.map((one) => classOfTable(one, machines));
  if (opened.includes(undefined)) return undefined;
  const named = machines.flatMap((machine, at) =>
    domains[at] === 0 ? [] : [[machine, domainNames[domains[at]! - 1]!] as const],
  );
  const bounds = limits === undefined ? {} : limitsOfTable(limits, machines);
  const copies = popular === undefined ? {} : popularOfTable(popular, machines);
  if (bounds === undefined || copies === undefined) return undefined;
  return {
    ...rest,
    classes: opened as PlacementClass[],
    domains: Object.fromEntries(named),
    ...bounds,
    ...copies,
  };
}

/** Every machine that a plan names, in the order in which it names them. */
class MachineTable {
  readonly names: readonly MachineId[];
  readonly #placeOf: ReadonlyMap<string, number>;

  constructor(named: readonly string[]) {
    const names = new Set(named);
    if (names.size > planMachinesMax)
      throw new RangeError(`a plan of ${names.size} machines, at most ${planMachinesMax}`);
    this.names = [...names] as MachineId[];
    this.#placeOf = new Map(this.names.map((name, place) => [name, place]));
  }

  placeOf(machine: MachineId): number {
    return this.#placeOf.get(machine)!;
  }
}

const namesOfClass = ({ groups, certificate }: PlacementClass): readonly string[] => [
  ...groups.flatMap(({ members, reasons }) => [
    ...members,
    ...reasons.flatMap(({ machine, runnerUp = machine }) => [machine, runnerUp]),
  ]),
  ...Object.keys(certificate?.prices ?? {}),
];

const namesOfLimits = ({ moves = [], before = [] }: PlanLimits = {}): readonly string[] => [
  ...moves.flatMap(({ from }) => from ?? []),
  ...before.map(({ machine }) => machine),
];

function tableOfLimits({ moves, before, ...rest }: PlanLimits, machines: MachineTable): FormOf<'limits'> {
  return {
    ...rest,
    ...(moves === undefined
      ? {}
      : {
          moves: moves.map(({ from, ...move }) => ({
            ...move,
            ...(from === undefined ? {} : { from: machines.placeOf(from) }),
          })),
        }),
    ...(before === undefined
      ? {}
      : { before: before.map((one) => ({ ...one, machine: machines.placeOf(one.machine) })) }),
  };
}

/** Undefined where a place is beyond the table. */
function limitsOfTable(
  { moves, before, ...rest }: FormOf<'limits'>,
  machines: readonly MachineId[],
): Pick<Plan, 'limits'> | undefined {
  const places = [
    ...(moves ?? []).flatMap(({ from }) => from ?? []),
    ...(before ?? []).map(({ machine }) => machine),
  ];
  if (places.some((place) => place >= machines.length)) return undefined;
  const limits = {
    ...rest,
    ...(moves === undefined
      ? {}
      : {
          moves: moves.map(({ from, ...move }) => ({
            ...move,
            ...(from === undefined ? {} : { from: machines[from]! }),
          })),
        }),
    ...(before === undefined
      ? {}
      : { before: before.map((one) => ({ ...one, machine: machines[one.machine]! })) }),
  };
  return { limits };
}

const namesOfPopular = ({ copies, rooms }: PopularPart = { copies: [], rooms: [] }): readonly string[] => [
  ...copies.flatMap(({ owner, machine }) => [owner, machine]),
  ...rooms.map(({ machine }) => machine),
];

const tableOfPopular = ({ copies, rooms }: PopularPart, machines: MachineTable): FormOf<'popular'> => ({
  copies: copies.map((copy) => ({
    ...copy,
    pack: bytesOfHex(copy.pack),
    owner: machines.placeOf(copy.owner),
    machine: machines.placeOf(copy.machine),
    untilMs: unixMs(copy.untilMs),
  })),
  rooms: rooms.map((room) => ({ ...room, machine: machines.placeOf(room.machine) })),
});

/** Undefined where a place is beyond the table. */
function popularOfTable(
  { copies, rooms }: FormOf<'popular'>,
  machines: readonly MachineId[],
): Pick<Plan, 'popular'> | undefined {
  const places = [
    ...copies.flatMap(({ owner, machine }) => [owner, machine]),
    ...rooms.map((one) => one.machine),
  ];
  if (places.some((place) => place >= machines.length)) return undefined;
  return {
    popular: {
      copies: copies.map((copy) => ({
        ...copy,
        pack: hexOf(copy.pack),
        owner: machines[copy.owner]!,
        machine: machines[copy.machine]!,
      })),
      rooms: rooms.map((room) => ({ ...room, machine: machines[room.machine]! })),
    },
  };
}

function tableOfClass(
  { groups, certificate, ...rest }: PlacementClass,
  machines: MachineTable,
): FormOf<'class'> {
  const hours = [...new Set(groups.flatMap(({ unavailabilityAt }) => Object.keys(unavailabilityAt)))];
  const reasons = groups.map((group) =>
    group.reasons.map(({ machine, runnerUp, ...why }) => ({
      ...why,
      machine: machines.placeOf(machine),
      ...(runnerUp === undefined ? {} : { runnerUp: machines.placeOf(runnerUp) }),
    })),
  );
  return {
    ...rest,
    ids: groups.map(({ id }) => id),
    sizes: Uint8Array.from(groups, ({ members }) => members.length),
    members: packPlaces(groups.flatMap(({ members }) => members.map((one) => machines.placeOf(one)))),
    weights: packNumbers(groups.map(({ weight }) => weight)),
    unavailability: packNumbers(groups.map((group) => group.unavailability)),
    hours,
    unavailabilityAt: packNumbers(
      groups.flatMap((group) => hours.map((hour) => group.unavailabilityAt[hour] ?? absent)),
    ),
    ...(reasons.some((list) => list.length > 0) ? { reasons } : {}),
    ...(certificate === undefined
      ? {}
      : {
          certificate: {
            ...certificate,
            prices: packNumbers(machines.names.map((machine) => certificate.prices[machine] ?? absent)),
          },
        }),
  };
}

function classOfTable(table: FormOf<'class'>, machines: readonly MachineId[]): PlacementClass | undefined {
  const { ids, sizes, hours, reasons, certificate, name, redundancy } = table;
  const members = unpackPlaces(table.members);
  const weights = unpackNumbers(table.weights);
  const odds = unpackNumbers(table.unavailability);
  const oddsAt = unpackNumbers(table.unavailabilityAt);
  const prices = certificate === undefined ? undefined : unpackNumbers(certificate.prices);
  const reasonedPlaces = (reasons ?? []).flat().flatMap(({ machine, runnerUp = 0 }) => [machine, runnerUp]);
  const isWhole =
    sizes.length === ids.length &&
    weights.length === ids.length &&
    odds.length === ids.length &&
    oddsAt.length === ids.length * hours.length &&
    members.length === sizes.reduce((sum, size) => sum + size, 0) &&
    (reasons === undefined || reasons.length === ids.length) &&
    (prices === undefined || prices.length === machines.length) &&
    [...members, ...reasonedPlaces].every((place) => place < machines.length);
  if (!isWhole) return undefined;
  let from = 0;
  const groups = ids.map((id, at): PlacementGroup => {
    const places = members.subarray(from, (from += sizes[at]!));
    const hourly = hours.map((hour, index) => [hour, oddsAt[at * hours.length + index]!] as const);
    return {
      id,
      members: Array.from(places, (place) => machines[place]!),
      weight: weights[at]!,
      unavailability: odds[at]!,
      unavailabilityAt: present(hourly),
      reasons: (reasons?.[at] ?? []).map((reason) => reasonOfTable(reason, machines)),
    };
  });
  if (certificate === undefined || prices === undefined) return { name, redundancy, groups };
  const priced = present(machines.map((machine, at) => [machine, prices[at]!] as const));
  return { name, redundancy, groups, certificate: { ...certificate, prices: priced } };
}

const reasonOfTable = (
  { machine, runnerUp, ...why }: FormOf<'reason'>,
  machines: readonly MachineId[],
): MemberReason => ({
  ...why,
  machine: machines[machine]!,
  ...(runnerUp === undefined ? {} : { runnerUp: machines[runnerUp]! }),
});

/** Stands where a plan says nothing: any number that is none. */
const absent = Number.NaN;

const present = (entries: readonly (readonly [string, number])[]): Record<string, number> =>
  Object.fromEntries(entries.filter(([, value]) => !Number.isNaN(value)));

function packPlaces(places: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(2 * places.length);
  const view = new DataView(bytes.buffer);
  for (const [at, place] of places.entries()) view.setUint16(2 * at, place);
  return bytes;
}

function unpackPlaces(bytes: Uint8Array): Uint16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Uint16Array.from({ length: bytes.length >> 1 }, (_, at) => view.getUint16(2 * at));
}

function packNumbers(numbers: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (const [at, value] of numbers.entries()) view.setFloat64(8 * at, value);
  return bytes;
}

function unpackNumbers(bytes: Uint8Array): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float64Array.from({ length: bytes.length >> 3 }, (_, at) => view.getFloat64(8 * at));
}
