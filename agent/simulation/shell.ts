// One life of a simulated agent: feeds the core with events and carries out what it orders, through the simulated ports.
// The counterpart of agent/live; it decides nothing.

import { unixMs } from '../../datasets/index.ts';
import {
  type AgentRecord,
  assemblePack,
  type LogWant,
  type PackDescriptor,
  type SignedBatch,
  signBatch,
  signReceipt,
  type WireMessage,
  noBatchHash,
  logName,
} from '../codec/index.ts';
import { AgentCore, type CoreEffect, type CoreEvent, isValidAt, type StagedSnapshot } from '../core/index.ts';
import { batchPageBytesMax, batchPageCountMax } from '../limits.ts';
import type { ShardArrival, ShardPlace, WireListener } from '../ports.ts';
import type { PeerId } from '../units.ts';
import { SimulatedDisk } from './disk.ts';
import { refusalOf } from './hardships.ts';
import { Life, SimulatedClock } from './life.ts';
import { SimulatedLog } from './log.ts';
import type { Machine, World } from './machine.ts';
import { placeOrder } from './popular.ts';
import { proveDrive } from './proofs.ts';
import { noRest, tellRest } from './rests.ts';
import { carryOutOnDisk } from './shard-orders.ts';
import type { PackListener, RangeListener, TimelessEvent } from './shell-events.ts';
import { SimulatedWire } from './wire.ts';

type LogOrder = Extract<CoreEffect, { kind: 'appendRecords' | 'storeBatch' | 'sendBatches' | 'recallBatch' }>;

export class Shell {
  readonly core: AgentCore;
  readonly life: Life;
  readonly disk: SimulatedDisk;
  readonly wire: SimulatedWire;
  readonly log: SimulatedLog;
  readonly clock: SimulatedClock;
  readonly #machine: Machine;
  readonly #world: World;
  packListener: PackListener | undefined;
  /** Who waits for parts of packs, by the number of the wish. */
  readonly wishes = new Map<number, RangeListener>();
  rejectionCount = 0;

  constructor(machine: Machine, world: World) {
    this.#machine = machine;
    this.#world = world;
    this.life = new Life(world.queue);
    this.clock = new SimulatedClock(this.life, () => machine.skewMs);
    this.disk = new SimulatedDisk(machine.platters, this.life);
    this.log = new SimulatedLog(machine.shelves, this.life, refusalOf(machine, world.queue));
    this.core = new AgentCore({
      self: machine.peer,
      fleet: world.fleet,
      fraction: () => machine.random.fraction(),
      openStatement: world.openStatement,
      openedBatches: world.openedBatches,
      scrubPassMs: world.scrubPassMs,
      meshShape: world.meshShape,
    });
    this.wire = new SimulatedWire({
      network: world.network,
      life: this.life,
      disk: this.disk,
      self: machine.peer,
      certificate: machine.certificate,
      admits: (peer, certificate) => this.#admits(peer, certificate),
      spoiled: (shard, bytes) => machine.liar?.spoiled(shard, bytes),
      isPaused: () => machine.rest.isPaused,
    });
  }

  /** Reads what survived on the disk, then goes on the air. */
  start(): void {
    this.disk.list((stored) => {
      this.tell({ kind: 'started', stored, ...this.#machine.beginLife(this.clock.now()) });
      if (this.#machine.rest !== noRest) tellRest(this.#machine);
      this.#admits(this.#machine.peer, this.#machine.certificate);
      for (const batch of this.#machine.shelves.order) this.tell({ kind: 'batchStored', batch });
      if (this.life.isOver) return;
      this.wire.start(this.#listener());
      // Machines do not move: once is enough for thousands of others to read.
      const hasSaidPlace = this.log.heads().has(logName(this.#machine.peer, 'telemetry'));
      if (this.#world.saysPlace(this.#machine.index) && !hasSaidPlace)
        this.#store(this.#sign(placeOrder(this.#machine, this.clock.now())));
      this.#world.begun(this.#machine);
      this.#tick();
    });
  }

  /** Hands an event to the core and carries out its orders. */
  tell(event: TimelessEvent): void {
    if (this.life.isOver || this.#machine.liar?.hides(event, this) === true) return;
    const timed = { ...event, now: this.clock.now() } as CoreEvent;
    const effects = this.core.handle(timed);
    this.#world.noteEvent(this.#machine, timed);
    for (const effect of this.#world.rewrite === undefined ? effects : this.#world.rewrite(effects)) {
      if (this.#machine.isCrashDue()) this.#world.crashForNow(this.#machine);
      if (this.life.isOver) return;
      for (const done of this.#machine.liar?.bend(effect, this) ?? [effect]) this.carryOut(done);
    }
  }

  /** Does what the core ordered, or what a liar makes of it. */
  carryOut(effect: CoreEffect): void {
    if (this.life.isOver) return;
    this.#world.noteEffect(this.#machine, effect);
    this.#carryOut(effect);
  }

  /** What a liar sends that its core knows nothing of. */
  sendAside(to: PeerId, message: WireMessage): void {
    if (!this.life.isOver) this.#carryOut({ kind: 'send', to, message });
  }

  /** Writes an own pack into the outbox; told when it is flushed. */
  stagePack(
    pack: { readonly descriptor: PackDescriptor; readonly bytes: Uint8Array },
    done: () => void,
  ): void {
    const { descriptor } = pack;
    this.disk.store({ descriptor, index: 0, place: 'outbox' }, pack.bytes, (outcome) => {
      // A full disk: there will be no snapshot.
      if (outcome !== 'stored') return;
      this.tell({ kind: 'packStaged', descriptor });
      done();
    });
  }

  /** Journals a snapshot whose packs are staged. */
  stageSnapshot(staged: StagedSnapshot): void {
    this.#machine.journal.push(staged);
    this.tell({ kind: 'snapshotStaged', staged });
  }

  /** Whether its person's words may go into the own log of facts: not while it may lack words of its own, nor as a second history. */
  get mayPublish(): boolean {
    return (
      !this.life.isOver && this.core.ownLog.isSure && !this.core.replication.isForked(this.#machine.peer)
    );
  }

  /** Signs records into the own log of facts; told when they are flushed; nothing happens where it may not. */
  publish(records: readonly AgentRecord[], done: () => void): void {
    if (!this.mayPublish) return;
    const said = this.#machine.saidWith(records);
    const batch = this.#sign({ kind: 'appendRecords', stream: 'facts', records: said });
    this.log.append(batch, (outcome) => {
      if (outcome !== 'stored') return;
      this.tell({ kind: 'batchStored', batch });
      done();
    });
  }

  #tick(): void {
    this.tell({ kind: 'tick' });
    this.clock.start(this.#world.tickMs * (0.75 + 0.5 * this.#machine.random.fraction()), () => this.#tick());
  }

  /** The other side's hello: an admin of this fleet certified that very peer, the certificate holds, nobody revoked it. */
  #admits(peer: PeerId, certificate: Uint8Array): boolean {
    const opened = this.#world.openStatement(certificate, this.#world.fleet);
    if (!opened.ok) return false;
    const { statement } = opened.value;
    if (statement.kind !== 'certificate' || statement.peer !== peer) return false;
    const now = this.clock.now();
    const { membership } = this.core;
    for (const effect of membership.learnSigned(opened.value, now)) this.#carryOut(effect);
    const isBelieved = membership.isBelieved(opened.value, now) && !membership.isRevoked(peer);
    return isBelieved && (isValidAt(statement, now) || membership.isMember(peer, now));
  }

  #listener(): WireListener {
    return {
      connected: (peer) => this.tell({ kind: 'connected', peer }),
      disconnected: (peer) => this.tell({ kind: 'disconnected', peer }),
      wantsLink: (peer) => this.core.neighbours.finds(peer),
      frame: (from, bytes) => this.#frame(from, bytes),
      hint: (from, bytes) => {
        const hint = this.#world.frames.decodeHint(bytes);
        if (hint.ok) this.tell({ kind: 'hint', from, hint: hint.value });
        else this.rejectionCount++;
      },
      shardArriving: (from, arrival) => this.#placeFor(from, arrival),
      shardArrived: (from, arrival, outcome) => this.tell({ kind: 'shardArrived', from, arrival, outcome }),
    };
  }

  #placeFor(from: PeerId, arrival: ShardArrival): ShardPlace | undefined {
    const place = this.core.placeFor(from, arrival);
    const { pack } = arrival.descriptor;
    this.#world.noteOffered(this.#machine, { from, pack, index: arrival.index, place });
    return place;
  }

  #frame(from: PeerId, bytes: Uint8Array): void {
    const decoded = this.#world.frames.decode(bytes);
    if (!decoded.ok) {
      this.rejectionCount++;
      return;
    }
    const message = decoded.value;
    if (message.kind === 'batches') this.#batches(from, message.batches);
    else if (message.kind === 'receipt') this.#receipt(message.receipt);
    else this.tell({ kind: 'message', from, message });
  }

  #batches(from: PeerId, batches: readonly Uint8Array[]): void {
    for (const bytes of batches) {
      const opened = this.#world.frames.openBatch(bytes);
      if (opened.ok) this.tell({ kind: 'batchOpened', from, batch: opened.value });
      else this.rejectionCount++;
    }
  }

  #receipt(bytes: Uint8Array): void {
    const opened = this.#world.frames.openReceipt(bytes);
    if (opened.ok) this.tell({ kind: 'receiptOpened', receipt: opened.value });
    else this.rejectionCount++;
  }

  #carryOut(effect: CoreEffect): void {
    switch (effect.kind) {
      case 'send':
        this.wire.send(effect.to, this.#world.frames.encode(effect.message));
        return;
      case 'broadcast':
        this.wire.broadcast(this.#world.frames.encodeHint(effect.hint));
        return;
      case 'appendRecords':
      case 'storeBatch':
      case 'sendBatches':
      case 'recallBatch':
        this.#carryOutInLog(effect);
        return;
      case 'connect':
      case 'release':
      case 'cut':
        this.#link(effect);
        return;
      case 'computePlan':
        this.#computePlan(effect);
        return;
      case 'forecastPresence': {
        const presence = this.#world.presence();
        this.clock.start(this.#world.planMs(), () => this.tell({ kind: 'presenceForecast', presence }));
        return;
      }
      case 'snapshotAcknowledged':
        this.#acknowledged(effect.staged);
        return;
      case 'packReady':
      case 'packLost':
      case 'rangeReady':
      case 'packsCounted':
        this.#answerReader(effect);
        return;
      case 'noteForget':
        this.#machine.heard.push(effect.heard);
        return;
      case 'proveDrive':
        proveDrive({ shell: this, machine: this.#machine, world: this.#world }, effect.drive);
        return;
      case 'noteScrub':
        this.#machine.scrub = effect.position;
        return;
      case 'sendReceipt':
        this.#sendReceipt(effect);
        return;
      case 'report':
        this.#world.noteReport(effect);
        return;
      default:
        carryOutOnDisk(effect, this);
    }
  }

  #carryOutInLog(effect: LogOrder): void {
    if (effect.kind === 'appendRecords') this.#store(this.#sign(effect));
    else if (effect.kind === 'storeBatch') this.#store(effect.batch);
    else if (effect.kind === 'sendBatches') this.#sendBatches(effect.to, effect.want);
    else this.#recall(effect);
  }

  /** A fetched pack from the shards here, in one place or wherever they lie; undefined where they are not enough: it is fetched on. */
  takePack(descriptor: PackDescriptor, place?: ShardPlace): Uint8Array | undefined {
    const { pack } = descriptor;
    const shards = this.disk.intactShards(pack, place);
    const assembled = assemblePack(descriptor, shards);
    if (assembled.ok) this.tell({ kind: 'packUsed', pack });
    else this.tell({ kind: 'packUnreadable', pack, intact: [...shards.keys()] });
    return assembled.ok ? assembled.value : undefined;
  }

  /** Whoever wanted packs, or parts of them, or to know what can be had. */
  #answerReader(
    effect: Extract<CoreEffect, { kind: 'packReady' | 'packLost' | 'rangeReady' | 'packsCounted' }>,
  ): void {
    if (effect.kind === 'packReady') this.packListener?.packReady(effect.pack, effect.from);
    else if (effect.kind === 'packLost') this.packListener?.packLost(effect.pack, effect.foundCount);
    else if (effect.kind === 'rangeReady') this.wishes.get(effect.wish)?.(effect.bytes, effect.from);
    else this.#machine.counted = effect.counts;
  }

  #link(effect: Extract<CoreEffect, { kind: 'connect' | 'release' | 'cut' }>): void {
    if (effect.kind === 'connect') this.wire.connect(effect.peer, effect.addresses);
    else if (effect.kind === 'release') this.wire.release(effect.peer);
    else this.wire.cut(effect.peer);
  }

  #sign({ stream, records }: Extract<CoreEffect, { kind: 'appendRecords' }>): SignedBatch {
    const { key } = this.#machine;
    const head = this.log.heads().get(logName(key.peer, stream));
    const previous = head?.hash ?? noBatchHash;
    return signBatch({
      key,
      stream,
      sequence: head?.next ?? 0,
      previous,
      atMs: unixMs(Math.floor(this.clock.now()) + this.#machine.datedAheadMs),
      records,
    });
  }

  #store(batch: SignedBatch): void {
    this.log.append(batch, (outcome) => {
      if (outcome === 'stored') this.tell({ kind: 'batchStored', batch });
      else if (outcome !== 'known') {
        const next = this.log.heads().get(logName(batch.author, batch.stream))?.next ?? 0;
        this.core.replication.forget(batch, next);
      }
    });
  }

  #recall({ author, sequence }: Extract<CoreEffect, { kind: 'recallBatch' }>): void {
    this.log.read({ author, stream: 'facts', sequence }, (page) => {
      const batch = page.find((one) => one.sequence === sequence);
      this.tell({ kind: 'batchRecalled', author, sequence, batch });
    });
  }

  #sendBatches(to: PeerId, want: readonly LogWant[]): void {
    let page: Uint8Array[] = [];
    let pageBytes = 0;
    const flush = (more: boolean): void => {
      if (page.length > 0)
        this.wire.send(to, this.#world.frames.encode({ kind: 'batches', batches: page, more }));
      [page, pageBytes] = [[], 0];
    };
    for (const position of want) {
      for (const batch of this.log.from(position)) {
        if (page.length >= batchPageCountMax || pageBytes + batch.bytes.length > batchPageBytesMax)
          flush(true);
        page.push(batch.bytes);
        pageBytes += batch.bytes.length;
      }
    }
    flush(false);
  }

  #sendReceipt({ to, shard }: Extract<CoreEffect, { kind: 'sendReceipt' }>): void {
    const atMs = Math.floor(this.clock.now());
    const bytes = signReceipt(this.#machine.key, { ...shard, atMs });
    const receipt = { holder: this.#machine.peer, ...shard, atMs, bytes };
    this.#world.frames.rememberReceipt(receipt);
    if (to === this.#machine.peer) this.tell({ kind: 'receiptOpened', receipt });
    else this.wire.send(to, this.#world.frames.encode({ kind: 'receipt', receipt: bytes }));
  }

  #computePlan({ machines, repair, scope }: Extract<CoreEffect, { kind: 'computePlan' }>): void {
    if (this.#machine.isIdle) return;
    const previous = this.core.election.basis;
    const { random, peer: author } = this.#machine;
    this.clock.start(this.#world.planMs(), () => {
      const request = { machines, previous, author, now: unixMs(Math.floor(this.clock.now())), random };
      const plan = this.#world.planFor({ ...request, ...(repair === undefined ? {} : { repair }) }, scope);
      const waits = this.#world.waitFor(this.core, repair === undefined ? 'whole' : 'repair');
      this.tell(
        this.#world.failsToPlan()
          ? { kind: 'planFailed' }
          : { kind: 'planComputed', plan, ...(waits === undefined ? {} : { waits }) },
      );
    });
  }

  #acknowledged(staged: StagedSnapshot): void {
    const at = this.#machine.journal.findIndex(({ snapshot }) => snapshot === staged.snapshot);
    if (at >= 0) this.#machine.journal.splice(at, 1);
    this.#world.noteAcknowledged(this.#machine, staged);
    this.tell({ kind: 'driveSaved', drive: staged.drive, savedMs: staged.head.atMs });
  }
}
