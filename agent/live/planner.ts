// Makes a plan when the core asks for one: telemetry → history → models (or the baseline, while there is too little) → groups,
// the heavy parts in threads of their own. What comes out goes back to the core, which decides whether it is news.

import { Worker } from 'node:worker_threads';
import {
  DreyError,
  type FleetHistory,
  hourMs,
  hourOfWeek,
  historyFromRows,
  type LocationRow,
  type MachineId,
  type PackReadRow,
  siteNameOf,
  type TelemetryRow,
  type UnixMs,
  weekMs,
} from '../../datasets/index.ts';
import {
  baselineForecast,
  canTrain,
  type FailureForecast,
  habitForecast,
  listModels,
  type ModelCard,
  packDemandFrom,
  type PackModel,
  type PresenceForecast,
  readModels,
  readPromoted,
  trainModels,
  type TrainedModels,
  type TrainingProgress,
} from '../../models/index.ts';
import type { AvailabilityTarget, PlacementLimits, Plan, PlannedMachine } from '../../optimizer/index.ts';
import type { ModelRecord } from '../codec/index.ts';
import type { RepairWish } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { LiveLog } from './log/index.ts';
import { promotedTask } from './promoted-task.ts';
import type { PlanTask, RefusedTask, WorkerTask } from './planner-worker.ts';

/** The models look back this far. */
const lookBackMs = 8 * weekMs;

export interface PlannerParts {
  readonly log: LiveLog;
  readonly self: PeerId;
  readonly registryFolder: string;
  readonly now: () => UnixMs;
}

export interface PlanWish {
  readonly machines: readonly PeerId[];
  readonly previous: Plan | undefined;
  /** What (k, n) are chosen by, once there is enough history to forecast. */
  readonly target: AvailabilityTarget;
  readonly limits: PlacementLimits;
  /** Mean bytes of a slot, as far as known. */
  readonly bytesPerSlot: { readonly small?: number; readonly bulk?: number };
  readonly onProgress: (progress: TrainingProgress) => void;
  readonly signal?: AbortSignal;
}

export interface RepairTask {
  readonly machines: readonly PeerId[];
  readonly previous: Plan;
  readonly limits: PlacementLimits;
  readonly repair: RepairWish;
}

export interface CopiesTask {
  readonly machines: readonly PeerId[];
  readonly previous: Plan;
  readonly limits: PlacementLimits;
}

export interface PlanMade {
  readonly plan: Plan;
  /** Present when models were trained for it. */
  readonly trained?: TrainedModels;
}

/** What machines told of themselves, as far as a plan needs it. */
interface Told {
  /** Of places only the newest word of each machine before `toMs`. */
  readonly rows: readonly TelemetryRow[];
  /** The newest word of each machine about its place and space. */
  readonly latest: ReadonlyMap<MachineId, LocationRow>;
  /** The last whole hour. */
  readonly toMs: number;
}

function historyOf({ rows, toMs }: Told, machines: readonly PeerId[]): FleetHistory | undefined {
  let firstMs = Number.POSITIVE_INFINITY;
  for (const row of rows) if (row.kind === 'uptime') firstMs = Math.min(firstMs, row.fromMs);
  const fromMs = Math.max(toMs - lookBackMs, Math.ceil(firstMs / hourMs) * hourMs);
  return fromMs + hourMs <= toMs
    ? historyFromRows(rows, { fromMs, toMs, reportedMachines: machines })
    : undefined;
}

export class Planner {
  readonly #parts: PlannerParts;
  readonly #end = new AbortController();

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** Ends what is being computed, and its threads, which would keep the process alive; whoever waits for it hears that. */
  stop(): void {
    this.#end.abort(new Error('the agent ends'));
  }

  get hasEnded(): boolean {
    return this.#end.signal.aborted;
  }

  /** All rows that machines wrote about themselves, in no particular order. */
  async *rows(): AsyncGenerator<TelemetryRow> {
    for await (const { author, records } of this.#parts.log.readAll('telemetry')) {
      const rows = records.flatMap((record) => (record.kind === 'telemetry' ? record.rows : []));
      for (const row of rows) if (row.machine === author) yield row;
    }
  }

  /** The last weeks of these machines, up to the last whole hour; undefined before the first whole hour. */
  async history(machines: readonly PeerId[]): Promise<FleetHistory | undefined> {
    return historyOf(await this.#read(), machines);
  }

  /** Once for each plan, and no more of it at once than is needed: the logs of a large fleet are a gigabyte, and take a while to open. */
  async #read(): Promise<Told> {
    const toMs = Math.floor(this.#parts.now() / hourMs) * hourMs;
    const rows: TelemetryRow[] = [];
    const latest = new Map<MachineId, LocationRow>();
    const places = new Map<MachineId, readonly LocationRow[]>();
    for await (const row of this.rows()) {
      if (row.kind !== 'location') {
        rows.push(row);
        continue;
      }
      if (row.atMs >= (latest.get(row.machine)?.atMs ?? 0)) latest.set(row.machine, row);
      // Of one moment all: the history's own rule says which holds.
      const [known] = places.get(row.machine) ?? [];
      if (row.atMs >= toMs || row.atMs < (known?.atMs ?? 0)) continue;
      places.set(row.machine, row.atMs === known?.atMs ? [...places.get(row.machine)!, row] : [row]);
    }
    return { rows: [...rows, ...[...places.values()].flat()], latest, toMs };
  }

  train(history: FleetHistory, wish: Pick<PlanWish, 'onProgress' | 'signal'>): Promise<TrainedModels> {
    return trainModels({
      history,
      // The plan of one fleet at one time is the same, whoever computes it.
      seed: 1,
      registryFolder: this.#parts.registryFolder,
      nowMs: this.#parts.now(),
      onProgress: wish.onProgress,
      signal: AbortSignal.any([this.#end.signal, ...(wish.signal === undefined ? [] : [wish.signal])]),
    });
  }

  /** Who is back when; undefined while there is less than a week to tell by. */
  async presence(machines: readonly PeerId[]): Promise<PresenceForecast | undefined> {
    const history = await this.history(machines);
    if (history === undefined || history.slotCount * history.slotMs < weekMs) return undefined;
    return this.#inThread<PresenceForecast>({ kind: 'presence', history });
  }

  /** The previous plan with its open slots filled; no model is trained for that. */
  async repair({ machines, previous, limits, repair }: RepairTask): Promise<Plan> {
    const told = await this.#read();
    const forecast = this.#servingForecast(told, machines);
    const nowMs = this.#parts.now();
    return this.#inThread<Plan>({
      kind: 'repair',
      previous,
      ...repair,
      machines: giversFrom(machines, told.latest),
      weekHour: hourOfWeek(nowMs, forecast.presence?.utcOffsetMs),
      forecast,
      author: this.#parts.self,
      nowMs,
      limits,
    });
  }

  /** The same plan with the copies of popular packs weighed anew. */
  async copies({ machines, previous, limits }: CopiesTask): Promise<Plan> {
    const told = await this.#read();
    return this.#inThread<Plan>({
      kind: 'copies',
      previous,
      machines: giversFrom(machines, told.latest),
      forecast: this.#servingForecast(told, machines),
      author: this.#parts.self,
      nowMs: this.#parts.now(),
      limits,
      ...this.#packDemands(told, this.#latestModel()),
    });
  }

  /** What a person promoted, else what was trained here last; undefined where there is neither. */
  #latestModel(): PackModel | undefined {
    const { registryFolder } = this.#parts;
    const promoted = readPromoted(registryFolder);
    if (promoted !== undefined) return promoted;
    const latest = listModels(registryFolder).at(-1);
    try {
      return latest === undefined ? undefined : readModels(registryFolder, latest);
    } catch (error) {
      // The next training makes a whole one; until then decayed counts serve.
      if (error instanceof DreyError && error.code === 'model-damaged') return undefined;
      throw error;
    }
  }

  /** What each site is expected to restore of which packs within a week, and what says so. */
  #packDemands(
    { rows, latest }: Told,
    model: PackModel | undefined,
  ): Pick<PlanTask, 'demands' | 'demandSource'> {
    const nowMs = this.#parts.now();
    const reads = rows.filter(
      (row): row is PackReadRow => row.kind === 'packRead' && row.hourMs >= nowMs - lookBackMs,
    );
    const siteOf = (machine: MachineId): string | undefined => {
      const said = latest.get(machine);
      return said === undefined ? undefined : siteNameOf(said.attributes);
    };
    const { reads: demands, source } = packDemandFrom(reads, { siteOf, nowMs }, model);
    return { demands, demandSource: source };
  }

  #servingForecast(told: Told, machines: readonly PeerId[]): FailureForecast {
    const history = historyOf(told, machines);
    if (history === undefined) return unknownForecast(machines);
    const promoted = readPromoted(this.#parts.registryFolder);
    return promoted === undefined ? baselineForecast(history) : promotedTask(promoted, history).forecast;
  }

  async make(wish: PlanWish): Promise<PlanMade> {
    const { machines, previous, target, limits } = wish;
    const { small, bulk } = wish.bytesPerSlot;
    const told = await this.#read();
    const history = historyOf(told, machines);
    const { self, now } = this.#parts;
    const task = {
      machines: giversFrom(machines, told.latest),
      author: self,
      nowMs: now(),
      previous,
      limits,
      ...(small === undefined && bulk === undefined
        ? {}
        : { bytesPerSlot: { small: small ?? 0, bulk: bulk ?? 0 } }),
    };
    if (history === undefined || !canTrain(history)) {
      const forecast = history === undefined ? unknownForecast(machines) : baselineForecast(history);
      return {
        plan: await this.#inThread<Plan>({
          kind: 'plan',
          ...task,
          forecast,
          ...this.#packDemands(told, undefined),
        }),
      };
    }
    const promoted = readPromoted(this.#parts.registryFolder);
    if (promoted !== undefined) {
      const demand = this.#packDemands(told, promoted);
      return {
        plan: await this.#inThread<Plan>({
          kind: 'plan',
          ...task,
          ...demand,
          target,
          ...promotedTask(promoted, history),
        }),
      };
    }
    const trained = await this.train(history, wish);
    const { forecast, heldOutForecast, heldOutFromSlot } = trained;
    const plan = await this.#inThread<Plan>({
      kind: 'plan',
      ...task,
      ...this.#packDemands(told, trained),
      target,
      forecast,
      habits: habitForecast(history),
      baseline: baselineForecast(history),
      heldOut: { history, heldOutForecast, heldOutFromSlot },
    });
    return { plan, trained };
  }

  async #inThread<Answer extends Plan | PresenceForecast>(task: WorkerTask): Promise<Answer> {
    const { signal } = this.#end;
    signal.throwIfAborted();
    const worker = new Worker(new URL('planner-worker.ts', import.meta.url), {
      name: 'drey planner',
      workerData: task,
    });
    const end = (): void => void worker.terminate();
    signal.addEventListener('abort', end, { once: true });
    const answered = new Promise<Answer>((resolve, reject) => {
      worker.once('message', (answer: Answer | RefusedTask) => {
        if ('refused' in answer) reject(new DreyError(answer.refused));
        else resolve(answer);
      });
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the planner thread ended early')));
    });
    return answered.finally(() => signal.removeEventListener('abort', end));
  }
}

/**
 * What machines give by what they said last. One that has said nothing is taken to give as much as the middle one of the others: the mean would be
 * what a single machine wants it to be.
 */
export function giversFrom(
  machines: readonly PeerId[],
  said: ReadonlyMap<MachineId, Pick<LocationRow, 'quotaBytes' | 'freeBytes' | 'attributes'>>,
): readonly PlannedMachine[] {
  const known = machines.flatMap((machine) => said.get(machine)?.quotaBytes ?? []).toSorted((a, b) => a - b);
  const usualBytes = known[(known.length - 1) >> 1] ?? 1;
  return machines.map((machine): PlannedMachine => {
    const row = said.get(machine);
    if (row === undefined) return { machine, quotaBytes: usualBytes };
    const { quotaBytes, freeBytes, attributes } = row;
    return { machine, quotaBytes, freeBytes, attributes };
  });
}

/** Before anything is known all machines are alike; that this is assumed is said wherever the odds are. */
export function unknownForecast(machines: readonly MachineId[]): ReturnType<typeof baselineForecast> {
  return {
    machines,
    strata: [
      {
        name: 'all hours',
        weight: 1,
        isBusinessHour: false,
        downProbability: new Float64Array(machines.length).fill(0.1),
      },
    ],
    shocks: [],
    domainOfMachine: new Int32Array(machines.length).fill(-1),
    goneProbability: new Float64Array(machines.length),
    source: 'nothing known yet: every machine is taken to be up 90 % of all hours',
  };
}

/** Scores as every machine of the fleet sees them. */
export const modelRecordOf = ({ version, cards }: TrainedModels, trainedMs: UnixMs): ModelRecord => ({
  kind: 'model',
  version,
  trainedMs,
  summaries: cards
    .filter(({ score }) => Number.isFinite(score.value))
    .map(({ model, score, serves, reason }: ModelCard) => ({
      model,
      metric: score.metric,
      value: score.value,
      better: score.better,
      baselines: score.baselines.filter(({ value }) => Number.isFinite(value)),
      serves,
      reason,
    })),
});
