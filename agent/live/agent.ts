// One running agent: puts core and ports together, starts what runs by itself, and stops it all in order.

import { createLiveRandom } from './random.ts';
import { DreyError, type LocationRow, seconds, type UnixMs } from '../../datasets/index.ts';
import {
  openStatement,
  type SignedBatch,
  type SignedStatement,
  type Statement,
  type StatementRecord,
} from '../codec/index.ts';
import type { CallHandlers } from '../control/index.ts';
import { AgentCore, type HeardForget, type MeshShape, type ScrubPosition } from '../core/index.ts';
import { eventLinesMax } from '../limits.ts';
import type { Clock, Timer } from '../ports.ts';
import type { DriveId, PeerId } from '../units.ts';
import type { EventLine, FleetView } from '../view.ts';
import { Admission } from './admission.ts';
import type { AgentLog } from './agent-log.ts';
import { startAgentTelemetry } from './agent-telemetry.ts';
import { WorkerPool } from './data-path/index.ts';
import type { LiveDisk } from './disk/index.ts';
import { Drives } from './drives.ts';
import { endInOrder, type EndingStep } from './ending.ts';
import { fleetView, type ViewParts } from './fleet-view.ts';
import { createHandlers } from './handlers.ts';
import type { Home } from './home.ts';
import type { Identity } from './identity.ts';
import { Housekeeping } from './housekeeping.ts';
import { Keeper } from './keeping.ts';
import { knownAddresses } from './known-addresses.ts';
import type { LiveLog } from './log/index.ts';
import { Observations } from './observations.ts';
import { Operations } from './operations.ts';
import { OwnAddresses } from './own-addresses.ts';
import { signBelieved } from './own-statements.ts';
import { OwnWords } from './own-words.ts';
import { Planner } from './planner.ts';
import { Planning, type PlanOrder } from './planning.ts';
import { readPower } from './power.ts';
import { PackFetcher } from './restores.ts';
import { Shell } from './shell.ts';
import { listensOn, type StartOptions } from './start-options.ts';
import { listenAsBefore } from './kept-port.ts';
import type { Store } from './store.ts';
import type { Telemetry, telemetryRecords } from './telemetry/index.ts';
import { Upkeep } from './upkeep.ts';
import { createLiveWire, type LiveWire } from './wire/index.ts';

const tickMs = seconds(1);

/** What a running agent is put together from; all of it is open. */
export interface Parts {
  readonly home: Home;
  readonly identity: Identity;
  readonly agentLog: AgentLog;
  /** Where people say that the machine stands. */
  readonly site?: string;
  readonly meshShape: MeshShape | undefined;
  readonly store: Store;
  readonly log: LiveLog;
  readonly disk: LiveDisk;
  readonly clock: Clock;
}

export class LiveAgent {
  readonly peer: PeerId;
  /** By `performance.now()`. */
  readonly startedAt = performance.now();
  readonly handlers: Omit<CallHandlers, 'dashboard' | 'stop'>;
  readonly core: AgentCore;
  readonly ownWords: OwnWords;
  readonly drives: Drives;
  readonly planner: Planner;
  readonly planning: Planning;
  readonly fetcher: PackFetcher;
  readonly keeper: Keeper;
  readonly upkeep: Upkeep;
  readonly workers = new WorkerPool();
  readonly identity: Identity;
  readonly home: Home;
  readonly #parts: Parts;
  readonly #admission: Admission;
  readonly #listeners = new Set<() => void>();
  readonly #events: EventLine[] = [];
  readonly #observations = new Observations();
  readonly #ownAddresses = new OwnAddresses(this);
  readonly #housekeeping: Housekeeping;
  readonly operations: Operations;
  #wire: LiveWire | undefined;
  #shell: Shell | undefined;
  #telemetry: Telemetry | undefined;
  #ticker: Timer | undefined;
  #isCertificateLogged = false;
  #isStopped = false;

  constructor(parts: Parts) {
    const { identity, log, disk, clock, home, meshShape } = parts;
    [this.#parts, this.#housekeeping] = [parts, new Housekeeping(parts)];
    [this.identity, this.home, this.peer] = [identity, home, identity.machineKey.peer];
    const [random, { fleet }] = [createLiveRandom(), identity];
    const fraction = (): number => random.fraction();
    this.core = new AgentCore({ self: this.peer, fleet, fraction, meshShape, packs: disk.packs });
    this.ownWords = new OwnWords(this, clock);
    this.#admission = new Admission({
      identity,
      membership: this.core.membership,
      now: () => clock.now(),
      addresses: () => this.knownAddresses(),
      publish: (statement) => this.publish(statement),
      learn: (signed) => this.#shell?.carryOut(this.core.membership.learnSigned(signed, this.now())),
    });
    this.planner = new Planner({ log, self: this.peer, registryFolder: home.models, now: () => clock.now() });
    const tell = (event: Parameters<Shell['handle']>[0]): void => this.#shell?.handle(event);
    const report = this.#report.bind(this);
    this.planning = new Planning({
      core: this.core,
      planner: this.planner,
      tell,
      append: (record) => this.ownWords.write([record]),
      report,
      changed: () => this.#changed(),
      now: () => clock.now(),
    });
    this.fetcher = new PackFetcher({ disk, tell, now: () => clock.now() });
    this.drives = new Drives({
      home,
      core: this.core,
      key: identity.machineKey,
      disk,
      workers: this.workers,
      clock,
      tell,
      ownWords: () => this.ownWords,
      telemetry: () => this.#telemetry,
      power: readPower,
      pacing: () => this.operations.pacing,
      keeper: () => this.keeper,
      report,
    });
    this.keeper = new Keeper(this, { home, report });
    this.upkeep = new Upkeep(this, { ...parts, random, tell, power: readPower, report });
    this.operations = new Operations({
      ...parts,
      publish: (statement) => this.publish(statement),
      renewed: (certificate) => this.#admission.renewed(certificate),
      report,
      tell,
      observations: this.#observations,
      workers: this.workers,
      random,
      core: this.core,
      logger: parts.agentLog.logger,
    });
    this.handlers = createHandlers(this);
  }

  get shell(): Shell {
    if (this.#shell === undefined) throw new Error('the agent is not started');
    return this.#shell;
  }

  now(): UnixMs {
    return this.#parts.clock.now();
  }

  addresses(): readonly string[] {
    return this.#wire?.addresses() ?? [];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  view(): FleetView {
    return fleetView(this.#viewParts());
  }

  #viewParts(): ViewParts {
    return {
      core: this.core,
      disk: this.#parts.disk,
      drives: this.drives,
      shell: this.shell,
      observations: this.#observations,
      training: this.planning.training,
      planFailure: this.planning.failure,
      events: this.#events,
      turnedAwayBy: this.#admission.turnedAwayBy,
      twins: this.#wire?.twins,
      operations: this.operations,
      now: this.now(),
    };
  }

  /** Undefined until it is started. */
  get telemetry(): Telemetry | undefined {
    return this.#telemetry;
  }

  /** The newest word of each machine about its place and space. */
  get locations(): ReadonlyMap<PeerId, LocationRow> {
    return this.#observations.locations;
  }

  async start(options: StartOptions): Promise<void> {
    const { identity, log, disk, agentLog } = this.#parts;
    const { logger } = agentLog;
    this.#learnOwnStatements();
    const wire = await listenAsBefore(this.#parts.home, listensOn(options), (listenAddresses) =>
      createLiveWire({
        machineKey: identity.machineKey,
        fleet: identity.fleet,
        disk,
        admission: this.#admission,
        pace: this.operations.pacing,
        listenAddresses,
        bootstrapAddresses: identity.addresses,
        mdns: options.discovery === 'mdns' ? 'on' : 'off',
        report: (line) => logger.info(line),
      }),
    );
    this.#wire = wire;
    this.#shell = new Shell({
      core: this.core,
      wire,
      disk,
      log,
      key: identity.machineKey,
      now: () => this.now(),
      hooks: this.#hooks(),
      logger,
    });
    await this.#tellWhatSurvived(options);
    wire.start(this.#shell);
    await this.#publishFirstFacts();
    this.#tick();
    this.#telemetry = startAgentTelemetry({
      ...this.#parts,
      roundTripMs: () => wire.roundTripMs(),
      append: (records) => this.appendTelemetry(records),
    });
    this.drives.start();
    this.upkeep.start();
    if (this.#telemetry?.lastEnd === 'crashed')
      this.#report(
        'warning',
        'the last run of this agent ended in a crash or power cut; nothing acknowledged was lost',
      );
  }

  /** Ends everything in order: no new work, last rows, then the ports. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#ticker?.cancel();
    const { agentLog, log, store } = this.#parts;
    const steps: readonly EndingStep[] = [
      ['the clocks', () => (this.operations.stop(), this.upkeep.stop())],
      ['the planner', () => this.planner.stop()],
      ['the drives', () => this.drives.stop()],
      ['the last telemetry', () => this.#telemetry?.stop()],
      ['the shell', () => this.#shell?.stop()],
      ['the links', () => this.#wire?.close()],
      ['the workers', () => this.workers.close()],
      ['the log', () => log.idle()],
      ['the database', () => store.close()],
    ];
    await endInOrder(steps, (what, error) =>
      agentLog.logger.error({ error: String(error) }, `${what} did not end in order`),
    );
    await agentLog.close();
  }

  /** Every stored batch of facts, log after log. */
  readFacts(): AsyncIterable<SignedBatch> {
    return this.#parts.log.readAll('facts');
  }

  /** Puts a statement into the own log; flushed when it resolves. Throws as `OwnWords.write`. */
  publish(statement: SignedStatement): Promise<void> {
    return this.ownWords.write([{ kind: 'statement', bytes: statement.bytes }]);
  }

  /** Signs and publishes, all at once. Throws `not-an-admin`, `statement-refused`. */
  async declare(...statements: readonly Statement[]): Promise<void> {
    const key = this.#adminKey();
    const signed = statements.map((statement) => signBelieved(key, statement));
    await this.ownWords.write(signed.map(({ bytes }) => ({ kind: 'statement', bytes })));
  }

  async appendTelemetry(records: ReturnType<typeof telemetryRecords>): Promise<void> {
    await this.shell.append('telemetry', records);
  }

  #adminKey() {
    const { adminKey } = this.identity;
    if (adminKey !== undefined && this.core.membership.authority.canAct(this.peer)) return adminKey;
    throw new DreyError({
      code: 'not-an-admin',
      message: 'this machine has no admin key, or it was put out',
      advice: 'Run the command on a machine of an admin.',
    });
  }

  #hooks() {
    return {
      computePlan: (order: PlanOrder) => void this.planning.computeForCore(order),
      forecastPresence: (machines: readonly PeerId[]) => void this.planning.forecastForCore(machines),
      outbox: this.drives.outbox,
      packs: this.fetcher,
      noteForget: (heard: HeardForget) => this.upkeep.noteForget(heard),
      noteScrub: (position: ScrubPosition) => this.upkeep.noteScrub(position),
      proveDrive: (drive: DriveId) => this.upkeep.proveForCore(drive),
      report: (level: EventLine['level'], text: string) => this.#report(level, text),
      changed: () => this.#changed(),
      stored: (batch: SignedBatch) => this.operations.note(batch),
    };
  }

  #learnOwnStatements(): void {
    const { certificateBytes, statements, fleet } = this.identity;
    for (const bytes of [certificateBytes, ...statements]) {
      const opened = openStatement(bytes, fleet);
      if (opened.ok) this.core.membership.learnSigned(opened.value, this.now());
    }
  }

  async #tellWhatSurvived({ isFirstLife }: StartOptions): Promise<void> {
    const { disk, log } = this.#parts;
    const stored = await new Promise<Parameters<Parameters<LiveDisk['list']>[0]>[0]>((resolve) => {
      disk.list(resolve);
    });
    this.drives.outbox.takeStock(stored);
    this.shell.handle({
      kind: 'started',
      isFirstLife,
      stored,
      staged: this.drives.outbox.submissions.pending,
      ...(await this.upkeep.survived()),
      now: this.now(),
    });
    for (const batches of [log.readFacts(this.peer), log.readAll('telemetry')]) {
      for await (const batch of batches) {
        this.shell.handle({ kind: 'batchStored', batch, now: this.now() });
        this.operations.note(batch);
        this.#isCertificateLogged ||= this.#holdsOwnCertificate(batch);
      }
    }
  }

  #holdsOwnCertificate({ records }: SignedBatch): boolean {
    const { certificateBytes: own } = this.identity;
    return records.some((one) => one.kind === 'statement' && Buffer.compare(one.bytes, own) === 0);
  }

  /** An admin's first start writes its own certificate, the fleet's first one the policy too; every start writes new addresses. */
  async #publishFirstFacts(): Promise<void> {
    const { certificateBytes, statements, adminKey } = this.identity;
    const head = this.#parts.log.heads().get(`${this.peer}/facts`);
    if (adminKey !== undefined && !this.#isCertificateLogged) {
      const first = head === undefined ? statements : [];
      const records = [certificateBytes, ...first].map((bytes): StatementRecord => ({
        kind: 'statement',
        bytes,
      }));
      await this.shell.append('facts', records);
    }
    this.#ownAddresses.sayFirst(this.now());
  }

  /** Addresses to dial this machine at, and others of the fleet. */
  knownAddresses(): readonly string[] {
    const { membership } = this.core;
    return [...this.addresses(), ...knownAddresses(membership, membership.up)].slice(0, 32);
  }

  #tick(): void {
    if (this.#isStopped) return;
    const now = this.now();
    this.shell.handle({ kind: 'tick', now });
    this.operations.tick(() => this.#viewParts(), now);
    this.#ownAddresses.tick(now);
    this.#housekeeping.tick(now);
    this.planning.judgeAgain();
    this.#ticker = this.#parts.clock.start(tickMs, () => this.#tick());
  }

  #report(level: EventLine['level'], text: string): void {
    this.#parts.agentLog.logger.info({ level }, text);
    this.#events.push({ atMs: this.now(), level, text });
    if (this.#events.length > eventLinesMax) this.#events.shift();
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}
