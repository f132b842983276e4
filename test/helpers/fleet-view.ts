// Views of made-up fleets for the tests of the dashboard: 9 machines in 3 domains with a plan by the real optimizer, or less.

import { driveId, type FleetView, fleetId, type MachineView, peerId, snapshotId } from '../../agent/index.ts';
import { dayMs, gibibyte, hourMs, mebibyte, minuteMs, unixMs } from '../../datasets/index.ts';
import type { FailureForecast } from '../../models/index.ts';
import { computePlan, type Plan, type PolicyScore, slotChanges } from '../../optimizer/index.ts';

export interface FleetShape {
  /** Default 9; domains of three by number. */
  readonly machineCount?: number;
  /** Parts of the view that replace the made-up ones. */
  readonly parts?: Partial<FleetView>;
}

const names = ['ada', 'bell', 'curie', 'dirac', 'euler', 'fermi', 'gauss', 'hopper', 'ito'];

/** Monday 2026-11-02 09:30 UTC. */
export const viewMs = unixMs(Date.UTC(2026, 10, 2, 9, 30));

/** Looks like a peer id, in base58; the same for the same row, another for another. */
export const peerOf = (row: number) => {
  const digits = String(row).replaceAll('0', 'Q');
  return peerId(`12D3KooW${digits.padStart(8, 'z').padEnd(44, 'aVbXcZ')}`);
};

const nameOf = (row: number): string => `desk-${names[row % names.length]}${row < 9 ? '' : `-${row}`}`;

const strata = ['03:00', '10:00', '16:00', '21:00'].map((hour, index) => ({
  name: `workday ${hour}`,
  isBusinessHour: index === 1 || index === 2,
  downFactor: [2, 0.5, 0.6, 1.5][index]!,
}));

/** Three machines share each cause; every third domain is bad enough to matter. */
function forecastOf(machineCount: number): FailureForecast {
  const rows = Array.from({ length: machineCount }, (_, row) => row);
  const shockCount = Math.ceil(machineCount / 3);
  return {
    machines: rows.map(peerOf),
    strata: strata.map(({ name, isBusinessHour, downFactor }) => ({
      name,
      weight: 1 / strata.length,
      isBusinessHour,
      downProbability: Float64Array.from(rows, (row) => downFactor * (0.02 + 0.015 * (row % 4))),
    })),
    shocks: Array.from({ length: shockCount }, (_, shock) => ({
      name: `learned domain ${shock + 1}`,
      origin: 'learned',
      probability: Math.min(0.02, 0.3 / shockCount),
      strike: Float64Array.from(rows, (row) => (Math.floor(row / 3) === shock ? 0.9 : 0)),
    })),
    domainOfMachine: Int32Array.from(rows, (row) => Math.floor(row / 3)),
    goneProbability: new Float64Array(machineCount),
    source: 'models 2026-11-01',
  };
}

const heldOut: readonly PolicyScore[] = [
  { policy: 'random', unavailableShare: 0.0212, unavailableShareBusiness: 0.0104 },
  { policy: 'best-k', unavailableShare: 0.0131, unavailableShareBusiness: 0.0079 },
  { policy: 'best-k with swaps', unavailableShare: 0.0088, unavailableShareBusiness: 0.0052 },
  { policy: 'learned', unavailableShare: 0.0034, unavailableShareBusiness: 0.0011 },
];

/** The optimizer's own plan for the made-up fleet. */
const planOf = (machineCount: number): Plan =>
  computePlan({
    machines: Array.from({ length: machineCount }, (_, row) => ({
      machine: peerOf(row),
      quotaBytes: (100 + 20 * (row % 5)) * gibibyte,
    })),
    forecast: forecastOf(machineCount),
    author: peerOf(1),
    nowMs: viewMs - 3 * hourMs,
    seed: 7,
    heldOut,
  });

function machineOf(row: number, plan: Plan | undefined): MachineView {
  const peer = peerOf(row);
  const state = row === 4 ? 'silent' : row === 8 ? 'gone' : 'up';
  const quietMs = row === 4 ? 3 * hourMs : row === 8 ? 3 * dayMs : 0;
  const slots = plan?.classes.flatMap(({ groups }) => groups.flatMap(({ members }) => members)) ?? [];
  const quotaBytes = (100 + 20 * (row % 5)) * gibibyte;
  const domain = plan?.domains[peer];
  return {
    peer,
    name: nameOf(row),
    roles: row === 0 ? ['machine', 'admin'] : ['machine'],
    state,
    lastHeardMs: unixMs(viewMs - quietMs),
    freeBytes: quotaBytes * (0.35 + 0.06 * (row % 9)),
    quotaBytes,
    slotCount: slots.filter((member) => member === peer).length,
    ...(domain === undefined ? {} : { domain }),
  };
}

const models: FleetView['models'] = {
  version: '2026-11-01T02:00Z-a1b2c3',
  trainedMs: unixMs(viewMs - 31 * hourMs),
  summaries: [
    {
      model: 'availability',
      metric: 'Brier score, 24 h ahead',
      value: 0.092,
      better: 'lower',
      baselines: [
        { name: 'always up', value: 0.21 },
        { name: 'mean of the machine', value: 0.118 },
        { name: 'same hour last week', value: 0.101 },
      ],
      serves: 'model',
      reason: 'Better than every baseline on the held-out week.',
    },
    {
      model: 'joint failure',
      metric: 'log likelihood per hour',
      value: -1.9,
      better: 'higher',
      baselines: [
        { name: 'independent', value: -2.7 },
        { name: 'by subnet', value: -2.2 },
        { name: 'by site', value: -2.4 },
      ],
      serves: 'model',
      reason: 'Better than every baseline on the held-out week.',
    },
    {
      model: 'popularity',
      metric: 'share of reads found in the top 10 %',
      value: 0.41,
      better: 'higher',
      baselines: [
        { name: 'most recent', value: 0.43 },
        { name: 'most read', value: 0.4 },
        { name: 'decayed count', value: 0.42 },
      ],
      serves: 'baseline',
      reason: '"most recent" is better (0.43 against 0.41): it serves.',
    },
  ],
};

const drives: FleetView['drives'] = [
  {
    drive: driveId('0f'.repeat(16)),
    owner: peerOf(0),
    path: '/home/ada/papers',
    watcher: 'watching',
    snapshots: [30, 6, 1].map((hoursAgo, index) => ({
      snapshot: snapshotId(String(index).repeat(64)),
      atMs: unixMs(viewMs - hoursAgo * hourMs),
      fileCount: 1200 + 10 * index,
      byteCount: (900 + 12 * index) * mebibyte,
    })),
    pending: {
      startedMs: unixMs(viewMs - minuteMs),
      shardsStored: 21,
      shardsWanted: 54,
      waitsFor: ['pc-03'],
    },
    proof: {
      last: {
        atMs: unixMs(viewMs - 3 * hourMs),
        verdict: 'unreachable',
        fileCount: 4,
        byteCount: 9 * mebibyte,
        machineCount: 3,
        comparedCount: 4,
        reasons: ['1 of the 2 shards that a pack needs were found'],
      },
      proven: {
        atMs: unixMs(viewMs - 27 * hourMs),
        verdict: 'proven',
        fileCount: 5,
        byteCount: 12 * mebibyte,
        machineCount: 4,
        comparedCount: 5,
        reasons: [],
      },
    },
  },
  { drive: driveId('a7'.repeat(16)), owner: peerOf(3), snapshots: [] },
];

function groupsNow(plan: Plan, machines: readonly MachineView[]): FleetView['groupsNow'] {
  const up = new Set(machines.filter(({ state }) => state === 'up').map(({ peer }) => peer));
  return plan.classes.flatMap(({ groups, redundancy }) =>
    groups.map(({ id, members }) => {
      const upCount = members.filter((member) => up.has(member)).length;
      return { group: id, redundancy, upCount, margin: upCount - redundancy.k, packCount: 2 };
    }),
  );
}

/** A fleet in its third day, seen from machine 0: two machines away, a snapshot on its way, one baseline serving. */
export function fleetView({ machineCount = 9, parts = {} }: FleetShape = {}): FleetView {
  const plan = machineCount < 4 ? undefined : planOf(machineCount);
  const machines = Array.from({ length: machineCount }, (_, row) => machineOf(row, plan));
  return {
    atMs: viewMs,
    fleet: fleetId('f1'.repeat(32)),
    fleetName: 'Institute of Examples',
    self: peerOf(0),
    optimizer: { peer: peerOf(1), untilMs: unixMs(viewMs + 5 * minuteMs) },
    machines,
    ...(plan === undefined ? {} : { plan, groupsNow: groupsNow(plan, machines) }),
    work: {
      heldShards: 412,
      heldBytes: 5.4 * gibibyte,
      copies: 3,
      copyBytes: 48 * 2 ** 20,
      servedCopyShards: 12,
      readShards: 96,
      rottenShards: 0,
      outboxPacks: 2,
      shardsToSend: 33,
      shardsToRebuild: 4,
      shardsToRemove: 0,
      sentBytes: 8.1 * gibibyte,
      receivedBytes: 5.6 * gibibyte,
    },
    drives,
    ...(models === undefined ? {} : { models }),
    problems: [
      {
        kind: 'machine-gone',
        about: peerOf(8),
        level: 'warning',
        risk: 'What desk-ito holds for others has fewer copies, and its own files are not backed up.',
        why: 'It was silent for 72 h, longer than the 42 h that are allowed.',
        action: 'Shards of it that are needed are made again elsewhere.',
        advice: 'Start it again, or put it out with `drey fleet revoke desk-ito`.',
        sinceMs: unixMs(viewMs - hourMs),
      },
    ],
    events: [
      { atMs: unixMs(viewMs - 3 * hourMs), level: 'info', text: 'Plan 1 was published by desk-bell.' },
      {
        atMs: unixMs(viewMs - hourMs),
        level: 'warning',
        text: 'desk-ito has been silent for 42 h: repair starts.',
      },
    ],
    telemetryRows: 18_342,
    ...(plan === undefined ? { groupsNow: [] } : {}),
    ...parts,
  } as FleetView;
}

/** An agent just started: nobody else, no plan, no models, no drives. */
export function lonelyView(): FleetView {
  const { plan: _plan, models: _models, optimizer: _optimizer, ...rest } = fleetView({ machineCount: 1 });
  const { domain: _domain, ...machine } = rest.machines[0]!;
  return {
    ...rest,
    machines: [{ ...machine, slotCount: 0 }],
    groupsNow: [],
    drives: [],
    problems: [],
    events: [],
    telemetryRows: 0,
  };
}

/** The same fleet with a plan that waits: another machine gets the first slot of the first group. */
export function withWaitingPlan(
  view: FleetView,
): FleetView & Required<Pick<FleetView, 'waitingPlan' | 'plan'>> {
  const plan = view.plan!;
  const [first, ...classes] = plan.classes;
  const [group, ...groups] = first!.groups;
  const newcomer = view.machines.find(({ peer }) => !group!.members.includes(peer))!;
  const changed = { ...group!, members: [newcomer.peer, ...group!.members.slice(1)], unavailability: 0.0003 };
  const next = {
    ...plan,
    epoch: plan.epoch + 1,
    classes: [{ ...first!, groups: [changed, ...groups] }, ...classes],
  };
  const reason = 'the fleet is in review mode';
  return {
    ...view,
    plan,
    waitingPlan: { plan: next, reason, moveShare: 0.04, changes: slotChanges(plan, next), repairCount: 0 },
  };
}
