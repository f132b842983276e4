// Answers "what if these machines were gone?" from what this agent knows: the plan, the fleet's telemetry, the backups that it
// heard of, and the shards that it holds as a sample of all.

import { DreyError, type LocationRow, type MachineId } from '../../datasets/index.ts';
import { habitForecast } from '../../models/index.ts';
import {
  parseSelector,
  type Plan,
  plannedMachines,
  selectMachines,
  type Selector,
  statesFromForecast,
  whatIf,
  type WhatIfAnswer,
  type WhatIfQuestion,
} from '../../optimizer/index.ts';
import { type AgentCore, groupUnder, type Shelf } from '../core/index.ts';
import type { Drives } from './drives.ts';
import type { Operations } from './operations.ts';
import { packsOfDrive } from './own-packs.ts';
import { type Planner, unknownForecast } from './planner.ts';

export interface WhatIfParts {
  readonly core: AgentCore;
  readonly planner: Planner;
  readonly drives: Pick<Drives, 'running'>;
  readonly operations: Pick<Operations, 'ownPacks'>;
  /** What each machine last told of its place. */
  readonly locations: ReadonlyMap<MachineId, LocationRow>;
}

export interface WhatIfWish {
  /** As people type them: see `parseSelector`. At least one. */
  readonly lose: readonly string[];
  /** What each machine can take in for repairs. */
  readonly bytesPerSecond: number;
}

/** Throws `no-plan-yet`, `selector-malformed` or `selector-matches-nothing`. */
export async function answerWhatIf(
  parts: WhatIfParts,
  { lose, bytesPerSecond }: WhatIfWish,
): Promise<WhatIfAnswer> {
  const { core, planner, locations } = parts;
  const { plan } = core.election;
  if (plan === undefined)
    throw new DreyError({
      code: 'no-plan-yet',
      message: 'this fleet has no plan yet',
      advice: 'Start at least four machines, or ask for one with `drey plan compute`.',
      retry: 'retryable',
    });
  const selectors = lose.map(parseSelector);
  const machines = core.membership.machines.map((peer) => ({
    machine: peer,
    name: core.membership.nameOf(peer),
    attributes: locations.get(peer)?.attributes ?? {},
  }));
  const planned = [...plannedMachines(plan)];
  const isInHours = hoursOf(selectors);
  const history = await planner.history(planned);
  const forecast = history === undefined ? unknownForecast(planned) : habitForecast(history);
  return whatIf({
    plan,
    states: statesFromForecast(forecast, planned),
    lost: selectMachines(selectors, machines, plan),
    ...(isInHours === undefined ? {} : { isInHours }),
    owners: [...new Set([...core.catalogue.drives.values()].map(({ owner }) => owner))],
    machineCount: machines.length,
    ...knownPacks(parts, plan),
    ...slotBytes(core, plan),
    bytesPerSecond,
  });
}

/** Where this machine's own packs lie by the plan; absent where it has none. */
function knownPacks(
  parts: Pick<WhatIfParts, 'core' | 'drives' | 'operations'>,
  plan: Plan,
): Pick<WhatIfQuestion, 'knownPacks'> {
  const countByGroup = new Map<string, number>();
  for (const drive of parts.drives.running.keys())
    for (const descriptor of packsOfDrive(parts, drive) ?? []) {
      const group = groupUnder(plan, descriptor);
      if (group !== undefined) countByGroup.set(group.id, (countByGroup.get(group.id) ?? 0) + 1);
    }
  return countByGroup.size === 0 ? {} : { knownPacks: { owner: parts.core.membership.self, countByGroup } };
}

/** As seen in its own slots; else derived from what the newest snapshots of all drives have, unpacked, with indexes left out. */
function slotBytes(
  { shelf, membership, catalogue }: AgentCore,
  plan: Plan,
): Pick<WhatIfQuestion, 'bytesPerSlot' | 'areBytesRough'> {
  const seen = bytesPerSlot(shelf, plan, membership.self);
  if (seen.small !== undefined && seen.bulk !== undefined) return { bytesPerSlot: seen };
  const newest = [...catalogue.drives.values()].flatMap(({ heads }) => heads.at(-1) ?? []);
  const bulk = plan.classes.find(({ name }) => name === 'bulk');
  if (newest.length === 0 || bulk === undefined) return { bytesPerSlot: seen };
  const total = newest.reduce((sum, { byteCount }) => sum + byteCount, 0);
  const derived = total / (bulk.redundancy.k * Math.max(1, bulk.groups.length));
  return { bytesPerSlot: { small: seen.small ?? 0, bulk: seen.bulk ?? derived }, areBytesRough: true };
}

/** Hours that all selectors of hours agree on; undefined where there are none. */
function hoursOf(selectors: readonly Selector[]): WhatIfQuestion['isInHours'] {
  const hours = selectors.flatMap((selector) => (selector.kind === 'hours' ? [selector] : []));
  return hours.length === 0 ? undefined : (weekHour) => hours.every(({ isIn }) => isIn(weekHour));
}

/** Mean bytes of a slot, by what this agent holds in its own slots, unknown where it holds nothing; the rendezvous spreads packs evenly, so all slots of a class are alike. */
export function bytesPerSlot(shelf: Shelf, plan: Plan, self: MachineId): WhatIfQuestion['bytesPerSlot'] {
  const classOfGroup = new Map(
    plan.classes.flatMap(({ name, groups }) => groups.map((group) => [group, name] as const)),
  );
  const bytes = { small: 0, bulk: 0 };
  for (const known of shelf.packs.values()) {
    const group = shelf.groupOf(known);
    const name = group === undefined ? undefined : classOfGroup.get(group);
    if (name !== undefined) bytes[name] += known.held.size * known.shardBytes;
  }
  const slots = { small: 0, bulk: 0 };
  for (const [group, name] of classOfGroup)
    slots[name] += group.members.filter((member) => member === self).length;
  return {
    ...(bytes.small === 0 || slots.small === 0 ? {} : { small: bytes.small / slots.small }),
    ...(bytes.bulk === 0 || slots.bulk === 0 ? {} : { bulk: bytes.bulk / slots.bulk }),
  };
}
