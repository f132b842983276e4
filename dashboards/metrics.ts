// What one agent knows as metrics for Prometheus. Labels are fixed words and the random ids of own drives: no names of people or machines,
// no paths. It computes nothing that the view does not say.

import type * as Prometheus from 'prom-client';
import { type FleetView, problemKinds } from '../agent/index.ts';
import { secondMs } from '../datasets/index.ts';

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [value: number, labels?: Labels];

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The process that answers; left out where another one prints the metrics of an agent. */
export interface ProcessFigures {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  readonly startMs: number;
}

/** In the text format 0.0.4 of Prometheus. */
export async function metricsText(view: FleetView, running?: ProcessFigures): Promise<string> {
  // With the first question: most agents are never asked, and it takes 2 MB.
  const { Counter, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  const add = (
    kind: typeof Prometheus.Gauge | typeof Prometheus.Counter,
    { name, help, samples }: Metric,
  ): void => {
    // Without labels prom-client shows a 0, and a rule about ages would take it for 1970: where nothing is, nothing stands.
    const labelNames = samples.length === 0 ? ['none'] : Object.keys(samples[0]?.[1] ?? {});
    const metric = new kind({ name, help, labelNames, registers: [registry] });
    // Every scrape has a registry of its own, so adding the total to nothing sets it.
    for (const [value, labels] of samples) metric.inc(labels ?? {}, value);
  };
  for (const metric of [
    ...problemGauges(view),
    ...fleetGauges(view),
    ...workGauges(view),
    ...driveGauges(view),
  ])
    add(Gauge, metric);
  for (const metric of counters(view)) add(Counter, metric);
  if (running !== undefined) {
    add(Counter, one('process_cpu_seconds_total', 'CPU time of the agent.', running.cpuSeconds));
    add(Gauge, one('process_resident_memory_bytes', 'Memory of the agent.', running.residentBytes));
    add(
      Gauge,
      one('process_start_time_seconds', 'When the agent started, since 1970.', running.startMs / secondMs),
    );
  }
  return registry.metrics();
}

const one = (name: string, help: string, value: number): Metric => ({ name, help, samples: [[value]] });

const levels = ['warning', 'problem'] as const;

/** Every kind has its sample, so that an alert rule sees a 0 and not a gap. */
function problemGauges({ problems }: FleetView): readonly Metric[] {
  const countOf = (kind: string, level: string): number =>
    problems.filter((problem) => problem.kind === kind && problem.level === level).length;
  const samples = problemKinds.flatMap((kind) =>
    levels.map((level): Sample => [countOf(kind, level), { kind, level }]),
  );
  const since = [...Map.groupBy(problems, ({ kind }) => kind)].map(([kind, alike]): Sample => [
    Math.min(...alike.map(({ sinceMs }) => sinceMs)) / secondMs,
    { kind },
  ]);
  return [
    { name: 'drey_problems', help: 'What is wrong or at risk, by kind and level.', samples },
    {
      name: 'drey_problem_since_timestamp_seconds',
      help: 'Since when the oldest problem of a kind stands, since 1970.',
      samples: since,
    },
  ];
}

function fleetGauges(view: FleetView): readonly Metric[] {
  const { machines, groupsNow, plan, models } = view;
  const stateSamples = (['up', 'silent', 'gone', 'revoked'] as const).map((state): Sample => [
    machines.filter((machine) => machine.state === state).length,
    { state },
  ]);
  const standing = (['warned', 'dropped'] as const).map((word): Sample => [
    machines.filter(({ trust }) => trust?.standing === word).length,
    { standing: word },
  ]);
  const reach = (
    [
      ['spare', (margin: number) => margin > 0],
      ['thin', (margin: number) => margin === 0],
      ['out_of_reach', (margin: number) => margin < 0],
    ] as const
  ).map(([word, holds]): Sample => [groupsNow.filter(({ margin }) => holds(margin)).length, { reach: word }]);
  return [
    { name: 'drey_machines', help: 'Machines of the fleet, as this agent sees them.', samples: stateSamples },
    { name: 'drey_doubted_machines', help: 'Machines that are doubted as holders.', samples: standing },
    { name: 'drey_groups', help: 'Placement groups by what they could lose now.', samples: reach },
    one('drey_plan_epoch', 'Epoch of the plan that this agent follows; 0 without one.', plan?.epoch ?? 0),
    one(
      'drey_plan_timestamp_seconds',
      'When the plan was computed, since 1970; 0 without one.',
      (plan?.computedMs ?? 0) / secondMs,
    ),
    one(
      'drey_models_trained_timestamp_seconds',
      'When the newest models were trained, since 1970; 0 without any.',
      (models?.trainedMs ?? 0) / secondMs,
    ),
    one('drey_telemetry_rows', 'Telemetry rows that this agent keeps.', view.telemetryRows),
  ];
}

function workGauges({ work, machines, self, limits }: FleetView): readonly Metric[] {
  const own = machines.find(({ peer }) => peer === self);
  return [
    one('drey_held_shards', 'Shards that this machine holds for others.', work.heldShards),
    one('drey_held_bytes', 'Bytes of those shards.', work.heldBytes),
    one('drey_copies', 'Whole copies of popular packs on this machine.', work.copies),
    one('drey_copy_bytes', 'Bytes of those copies.', work.copyBytes),
    one('drey_quota_bytes', 'Bytes that this machine gives.', own?.quotaBytes ?? 0),
    one('drey_disk_free_bytes', 'Bytes free on its disk beyond the reserve.', own?.freeBytes ?? 0),
    one(
      'drey_paused',
      '1 while snapshots and shards for the plan rest.',
      limits?.paused === undefined ? 0 : 1,
    ),
    one('drey_outbox_packs', 'Own packs that wait for receipts.', work.outboxPacks),
    one('drey_shards_to_send', 'Shards that others wait for.', work.shardsToSend),
    one('drey_shards_to_rebuild', 'Shards that this machine lacks under the plan.', work.shardsToRebuild),
    one('drey_shards_to_remove', 'Shards that the plan wants elsewhere.', work.shardsToRemove),
  ];
}

/** Of the drives that this machine protects. */
function driveGauges({ drives }: FleetView): readonly Metric[] {
  const newest = drives
    .filter(({ path }) => path !== undefined)
    .map(({ drive, snapshots, leftMs }) => ({
      labels: { drive: drive.slice(0, 8) },
      isLeft: leftMs !== undefined,
      last: snapshots.at(-1),
      snapshots,
    }));
  const gauge = (
    name: string,
    help: string,
    valueOf: (drive: (typeof newest)[number]) => number,
  ): Metric => ({ name, help, samples: newest.map((drive) => [valueOf(drive), drive.labels]) });
  return [
    gauge(
      'drey_drive_protected',
      '1 while snapshots of a drive are taken; 0 since its folder is protected no more.',
      ({ isLeft }) => (isLeft ? 0 : 1),
    ),
    gauge('drey_drive_snapshots', 'Snapshots of a drive.', ({ snapshots }) => snapshots.length),
    gauge(
      'drey_drive_newest_snapshot_timestamp_seconds',
      'When the newest acknowledged snapshot was taken, since 1970; 0 without one.',
      ({ last }) => (last?.atMs ?? 0) / secondMs,
    ),
    gauge('drey_drive_files', 'Files in the newest snapshot.', ({ last }) => last?.fileCount ?? 0),
    gauge('drey_drive_bytes', 'Bytes in the newest snapshot.', ({ last }) => last?.byteCount ?? 0),
  ];
}

function counters({ work, machines }: FleetView): readonly Metric[] {
  const sum = (word: 'proven' | 'failed'): number =>
    machines.reduce((total, { audits }) => total + (audits?.[word] ?? 0), 0);
  return [
    one('drey_sent_bytes_total', 'Bytes of shards sent since the agent started.', work.sentBytes),
    one('drey_received_bytes_total', 'Bytes of shards received since the agent started.', work.receivedBytes),
    {
      name: 'drey_audits_total',
      help: 'Audits by this agent since it started.',
      samples: [
        [sum('proven'), { result: 'proven' }],
        [sum('failed'), { result: 'failed' }],
      ],
    },
  ];
}
