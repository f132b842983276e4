// A whole simulated fleet: machines with real keys and certificates, one network, one queue, and the ledger and checks
// that watch them.

import { createRandom, days, minutes, type Random, type UnixMs, unixMs } from '../../datasets/index.ts';
import type { PresenceForecast } from '../../models/index.ts';
import type { Plan } from '../../optimizer/index.ts';
import {
  type AdminKey,
  bytesOfHex,
  createAdminKey,
  type ForgetRecord,
  machineKeyFromSeed,
  type PlanWait,
  type Role,
  sha256,
  type ShardKey,
  signBatch,
  signStatement,
  noBatchHash,
} from '../codec/index.ts';
import type {
  AgentCore,
  CoreEffect,
  CoreEvent,
  DriveProof,
  Effects,
  MeshShape,
  OpenedBatches,
  StagedSnapshot,
} from '../core/index.ts';
import { certificateMs } from '../limits.ts';
import type { FleetId } from '../units.ts';
import type { SaidRule } from './admin-words.ts';
import { Checks } from './checks.ts';
import { EventQueue } from './event-queue.ts';
import { Frames } from './frames.ts';
import { Guards } from './guards.ts';
import { sayEarly } from './hardships.ts';
import { Holdings } from './holdings.ts';
import { driveOf, Ledger, plainCanary } from './ledger.ts';
import { Persons } from './locks.ts';
import { type Coming, Machine, type OfferedShard, type World } from './machine.ts';
import { Network } from './network.ts';
import type { ResolvedOptions } from './options.ts';
import { type Planner, planMsOf, type PlanRequest } from './planner.ts';
import { oldOf } from './retaining.ts';
import { noReviewWords, waitOf, wasApproved } from './reviews.ts';
import { saysPlace, withRandomCopies } from './popular.ts';
import { Presences } from './presences.ts';
import { createStatementOpener } from './statements.ts';
import { rootOf } from './stolen-keys.ts';
import { firstEndMs } from './renewals.ts';
import { ShardTraffic } from './waits.ts';
import { Trace } from './trace.ts';
import { Witness } from './witness.ts';

/** A Monday, 00:00 UTC. */
export const startMs: UnixMs = unixMs(Date.UTC(2026, 0, 5));
/** Room for about a dozen shards of these packs. */
const smallQuotaBytes = 6000;
/** A crashed machine is started again after this. */
const restartMs = minutes(10);
/** Beyond the silence after which a machine is replaced: weekends, and the repair itself. */
const mendingMs = days(7);

export class Fleet implements World {
  readonly options: ResolvedOptions;
  readonly random: Random;
  readonly queue = new EventQueue(startMs);
  readonly network: Network;
  readonly frames = new Frames();
  readonly fleet: FleetId;
  readonly tickMs: number;
  readonly planMs = (): number => planMsOf(this.options.faults, this.#planning);
  readonly scrubPassMs: number;
  readonly meshShape: MeshShape;
  readonly planner: Planner;
  readonly rewrite: ((effects: Effects) => Effects) | undefined;
  readonly openStatement = createStatementOpener();
  readonly openedBatches: OpenedBatches = new WeakMap();
  readonly machines: Machine[] = [];
  /** Those that lie, or lied: what they said is believed for a while. */
  readonly liars = new Set<Machine>();
  readonly startMs = startMs;
  readonly ledger = new Ledger();
  readonly persons = new Persons();
  readonly holdings = new Holdings<Machine>();
  readonly checks: Checks;
  readonly guards: Guards;
  readonly witness: Witness;
  readonly trace = new Trace();
  readonly traffic = new ShardTraffic();
  readonly effectCounts: Record<string, number> = {};
  readonly faultCounts: Record<string, number> = {};
  readonly reports: Record<string, number> = {};
  readonly proofCounts: Record<string, number> = {};
  rejectionCount = 0;
  areFaultsOver = false;
  /** The first one's key signs all that the fleet needs. */
  readonly admins: readonly [AdminKey, AdminKey, AdminKey];
  /** Of admins who left. */
  readonly formerAdmins: readonly AdminKey[];
  readonly rules: SaidRule[] = [];
  readonly reviews = noReviewWords();
  readonly #planning: Random;
  readonly #waiting: Random;
  readonly #byPeer = new Map<string, Machine>();
  readonly #presences: Presences;

  constructor(options: ResolvedOptions) {
    this.options = options;
    this.random = createRandom(options.seed).fork('simulation');
    this.#planning = this.random.fork('plans that fail');
    this.#waiting = this.random.fork('plans that wait');
    this.tickMs = options.tickMs;
    this.scrubPassMs = options.scrubPassMs;
    this.meshShape = options;
    this.planner = options.planner;
    this.rewrite = options.rewrite;
    this.network = new Network({
      queue: this.queue,
      random: this.random.fork('network'),
      faults: options.faults.network,
    });
    this.network.isSparse = options.agentCount > options.meshMax;
    this.network.onBytes = (bytes) => this.#lookAtBytes(bytes);
    this.network.onTrickle = () => this.noteFault('shard that trickles');
    const root = rootOf(options.seed);
    this.fleet = root.fleet;
    const admin = (): AdminKey => createAdminKey(root, { notBeforeMs: startMs, forMs: certificateMs });
    this.admins = [admin(), admin(), admin()];
    this.formerAdmins = [admin(), admin(), admin()];
    for (let index = 0; index < options.agentCount; index++)
      this.addMachine({ notAfterMs: firstEndMs(options.faults, startMs) });
    const { machines, ledger, holdings } = this;
    this.checks = new Checks({
      machines,
      ledger,
      holdings,
      startMs,
      names: options.checks,
      mendMsMax: options.holderSilenceMs + mendingMs,
      tickMs: options.tickMs,
    });
    this.guards = new Guards({
      machines,
      ledger,
      holdings,
      checks: this.checks,
      machineOf: (peer) => this.machineOf(peer),
      liarCount: () => this.liars.size,
      now: () => this.queue.nowMs,
    });
    this.witness = new Witness({
      ledger,
      hasForecasts: options.past !== undefined || options.faults.forecastHours > 0,
      isApproved: (stated) => wasApproved(this, stated),
      isLayman: (peer) => this.machineOf(peer)?.isLayman === true,
      offMs: (peer) => this.machineOf(peer)?.offMs(this.queue.nowMs) ?? 0,
      count: (check) => this.checks.counts[check]++,
      violate: (check, machine, text) => {
        if (machine.liar === undefined && !machine.isRevoked) this.guards.violate(check, machine, text);
      },
    });
    this.#foundLogs();
    this.#presences = new Presences(this);
  }

  /** Certifies a new machine with an empty disk; it is off. */
  addMachine({
    roles = ['holder', 'optimizer'],
    invite,
    by = this.admins[this.machines.length % 3]!,
    notBeforeMs = startMs,
    notAfterMs = unixMs(startMs + certificateMs),
  }: Coming = {}): Machine {
    const index = this.machines.length;
    const random = this.random.fork(`machine ${index}`);
    const key = machineKeyFromSeed(sha256(Buffer.from(`machine ${index} ${this.options.seed}`)));
    const { statement: _, bytes } = signStatement(by, {
      kind: 'certificate',
      peer: key.peer,
      name: `pc-${index}`,
      roles,
      notBeforeMs,
      notAfterMs,
      ...(invite === undefined ? {} : { invite }),
    });
    const { clockSkewMsMax, smallDiskShare } = this.options.faults;
    const skewMs = Math.round((2 * random.fraction() - 1) * clockSkewMsMax);
    const isSmall = random.fork('disk').fraction() < smallDiskShare;
    const machine = new Machine({
      index,
      key,
      certificate: bytes,
      random,
      quotaBytes: isSmall ? Math.min(smallQuotaBytes, this.options.quotaBytes) : this.options.quotaBytes,
      skewMs,
    });
    this.machines.push(machine);
    this.#byPeer.set(machine.peer, machine);
    machine.watchHeld((shard) => {
      this.holdings.note(shard.pack, machine);
      const { heldBytes, copyBytes, quotaBytes } = machine.platters;
      if (heldBytes + copyBytes > quotaBytes)
        this.guards.violate('quota', machine, `holds ${heldBytes + copyBytes} of ${quotaBytes} bytes`);
      // From somebody who has not heard of it: nobody will get it back.
      if (machine.isRevoked) this.noteHarm(shard);
    });
    return machine;
  }

  saysPlace(index: number): boolean {
    return this.hasCopies && saysPlace(index, this.options.agentCount);
  }

  get hasCopies(): boolean {
    return this.options.faults.copiesPerPlan > 0;
  }

  planFor(request: PlanRequest, scope: 'copies' | undefined): Plan | undefined {
    const { previous, author } = request;
    const isSame = scope === 'copies' && previous !== undefined;
    if (isSame && !this.hasCopies) return undefined;
    const plan = isSame ? { ...previous, epoch: previous.epoch + 1, author } : this.planner(request);
    if (!this.hasCopies) return plan;
    return withRandomCopies(plan, previous, {
      ...request,
      packs: this.ledger.acknowledged.flatMap(({ descriptors }) => descriptors),
      count: this.options.faults.copiesPerPlan,
      roomBytes: Math.floor(this.options.quotaBytes / 3),
    });
  }

  waitFor(core: AgentCore, scope: PlanWait['scope']): PlanWait | undefined {
    return waitOf(this, core, { scope, random: this.#waiting });
  }

  begun(machine: Machine): void {
    sayEarly(this, machine);
  }

  failsToPlan(): boolean {
    const { failedPlanShare } = this.options.faults;
    if (failedPlanShare === 0 || this.areFaultsOver || this.#planning.fraction() >= failedPlanShare)
      return false;
    this.noteFault('plan that failed');
    return true;
  }

  presence(): PresenceForecast | undefined {
    return this.#presences.now;
  }

  machineOf(peer: string): Machine | undefined {
    return this.#byPeer.get(peer);
  }

  /** A new machine whose certificate stands in the log of one that is up. */
  join(roles?: readonly Role[]): Machine {
    const machine = this.addMachine(roles === undefined ? {} : { roles });
    this.publishStatement(machine.certificate);
    return machine;
  }

  /** A machine is out from now on, for everybody who hears of it; what it holds counts as lost. */
  noteOut(machine: Machine, cause: string): void {
    machine.isRevoked = true;
    this.noteFault(cause);
    this.checks.noteLostDisk();
    for (const { descriptor, index } of machine.platters.intactHeld())
      this.noteHarm({ pack: descriptor.pack, index });
  }

  /** Puts an admin's statement into the log of the first honest machine from `at` on that may write; false when there is none. */
  publishStatement(bytes: Uint8Array, done = (_author: Machine): void => {}, at = 0): boolean {
    const author = [...this.machines.slice(at), ...this.machines.slice(0, at)].find(
      ({ isUp, liar, isRevoked, shell }) =>
        isUp && liar === undefined && !isRevoked && shell?.mayPublish === true,
    );
    author?.shell?.publish([{ kind: 'statement', bytes }], () => done(author));
    return author !== undefined;
  }

  crash(machine: Machine): void {
    this.rejectionCount += machine.shell?.rejectionCount ?? 0;
    machine.crash();
  }

  crashForNow(machine: Machine): void {
    this.crash(machine);
    this.queue.schedule(this.queue.nowMs + restartMs, () => {
      if (machine.shell === undefined && machine.wantsOn) machine.powerOn(this);
    });
  }

  noteFault(name: string): void {
    this.faultCounts[name] = (this.faultCounts[name] ?? 0) + 1;
  }

  noteHarm(shard: ShardKey): void {
    this.checks.noteHarm(shard, this.queue.nowMs);
  }

  noteOffered(machine: Machine, shard: OfferedShard): void {
    this.witness.offered(machine, shard);
    if (shard.place === 'held' && machine.platters.hasIntact(shard)) this.guards.needless(machine, shard);
  }

  noteEvent(machine: Machine, event: CoreEvent): void {
    this.witness.told(machine, event);
    this.traffic.told(event);
  }

  noteEffect(machine: Machine, effect: CoreEffect): void {
    this.guards.watch(machine, effect);
    this.witness.ordered(machine, effect);
    this.trace.number(this.queue.nowMs);
    this.trace.number(machine.index);
    this.trace.word(effect.kind);
    const kind = effect.kind === 'send' ? `send ${effect.message.kind}` : effect.kind;
    this.effectCounts[kind] = (this.effectCounts[kind] ?? 0) + 1;
  }

  noteProof({ last: { verdict } }: DriveProof): void {
    this.proofCounts[verdict] = (this.proofCounts[verdict] ?? 0) + 1;
  }

  noteReport({ text }: Extract<CoreEffect, { kind: 'report' }>): void {
    this.reports[text] = (this.reports[text] ?? 0) + 1;
  }

  noteAcknowledged(machine: Machine, staged: StagedSnapshot): void {
    this.guards.acknowledged(machine, staged);
    this.ledger.acknowledge(staged.snapshot, this.queue.nowMs);
    this.#giveUpOld(machine);
  }

  /** One record for all that an owner does not keep any more. */
  #giveUpOld(machine: Machine): void {
    const { peer, shell } = machine;
    const old = oldOf(this, machine);
    if (old.length === 0) return;
    for (const promised of old) promised.givingUpMs ??= this.queue.nowMs;
    const packs = old.flatMap(({ descriptors }) => descriptors.map(({ pack }) => pack));
    const record: ForgetRecord = {
      kind: 'forget',
      drive: driveOf(peer),
      snapshots: bytesOfHex(old.map(({ snapshot }) => snapshot).join('')),
      packs: bytesOfHex(packs.join('')),
    };
    shell?.publish([record], () => {
      for (const promised of old) promised.givenUpMs ??= this.queue.nowMs;
    });
  }

  /** The first machine is the admin's: its log starts with the policy and everybody's certificate. */
  #foundLogs(): void {
    const [first] = this.machines;
    if (first === undefined) return;
    const policy = signStatement(this.admins[0], {
      kind: 'policy',
      fleetName: 'simulated',
      atMs: startMs,
      holderSilenceMs: this.options.holderSilenceMs,
      planMode: 'automatic',
    });
    const statements = [policy.bytes, ...this.machines.map(({ certificate }) => certificate)];
    let [previous, sequence] = [noBatchHash, 0];
    for (let at = 0; at < statements.length; at += 100) {
      const records = statements.slice(at, at + 100).map((bytes) => ({ kind: 'statement', bytes }) as const);
      const batch = signBatch({
        key: first.key,
        stream: 'facts',
        sequence: sequence++,
        previous,
        atMs: startMs,
        records,
      });
      first.shelves.keep(batch);
      previous = batch.hash;
    }
  }

  #lookAtBytes(bytes: Uint8Array): void {
    this.checks.counts.plain++;
    if (Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(plainCanary))
      this.checks.violate('plain', 'plain text is on the wire');
  }
}
