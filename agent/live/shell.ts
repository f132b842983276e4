// Carries out what the core orders through the live ports, and tells it how it ended. It decides nothing; what is not the
// core's business (plans, drives, restores) goes to the hooks.

import type { Logger } from 'pino';
import type { UnixMs } from '../../datasets/index.ts';
import {
  type AgentRecord,
  decodeHint,
  decodeMessage,
  encodeHint,
  encodeMessage,
  logName,
  type MachineKey,
  openBatch,
  openReceipt,
  type SignedBatch,
  signReceipt,
  type Stream,
  type WireMessage,
} from '../codec/index.ts';
import type {
  AgentCore,
  CoreEffect,
  CoreEvent,
  Effects,
  HeardForget,
  ScrubPosition,
  ShardCount,
  StagedSnapshot,
} from '../core/index.ts';
import type {
  Disk,
  ProofOutcome,
  ReadOutcome,
  ShardArrival,
  ShardLocation,
  SendOutcome,
  ShardOutcome,
  ShardPlace,
  StoredShard,
  Wire,
  WireListener,
} from '../ports.ts';
import type { DriveId, PackId, PeerId } from '../units.ts';
import { BatchAnswers } from './batch-answers.ts';
import type { LiveLog } from './log/index.ts';
import { NewerWords } from './newer-words.ts';
import type { PlanOrder } from './planning.ts';
import { OwnBatches } from './own-batches.ts';

/** What the core orders and others carry out. */
export interface ShellHooks {
  computePlan(order: PlanOrder): void;
  forecastPresence(machines: readonly PeerId[]): void;
  readonly outbox: {
    acknowledged(staged: StagedSnapshot): void;
    /** A shard of a pack that waits for holders was not what it should be. */
    damaged(pack: PackId): Promise<void>;
  };
  /** Hears of packs that somebody wants whole, in part, or counted. */
  readonly packs: {
    ready(pack: PackId, senders: readonly PeerId[]): void;
    lost(pack: PackId, foundCount: number): void;
    rangeReady(wish: number, bytes: Uint8Array | undefined): void;
    counted(survey: number, counts: readonly ShardCount[]): void;
  };
  noteForget(heard: HeardForget): void;
  noteScrub(position: ScrubPosition): void;
  proveDrive(drive: DriveId): void;
  report(level: 'info' | 'warning' | 'problem', text: string): void;
  /** Something that people look at may have changed. */
  changed(): void;
  /** A batch is in the log, flushed: own or others'. */
  stored(batch: SignedBatch): void;
}

export interface ShellParts {
  readonly core: AgentCore;
  readonly wire: Wire;
  readonly disk: Disk;
  readonly log: LiveLog;
  readonly key: MachineKey;
  readonly now: () => UnixMs;
  readonly hooks: ShellHooks;
  readonly logger: Logger;
}

type HandedOver = Extract<
  CoreEffect,
  {
    kind:
      | 'noteForget'
      | 'noteScrub'
      | 'proveDrive'
      | 'computePlan'
      | 'forecastPresence'
      | 'snapshotAcknowledged'
      | 'packReady'
      | 'packLost'
      | 'rangeReady'
      | 'packsCounted';
  }
>;

/** Events whose effects are of no interest to people. */
const quietKinds = new Set<CoreEvent['kind']>(['tick', 'hint', 'batchOpened', 'shardVerified']);

export class Shell implements WireListener {
  readonly newerWords = new NewerWords();
  readonly #parts: ShellParts;
  readonly #queue: CoreEvent[] = [];
  #isHandling = false;
  #isStopped = false;
  readonly #own: OwnBatches;
  readonly #answers: BatchAnswers;
  #sentBytes = 0;
  #receivedBytes = 0;

  constructor(parts: ShellParts) {
    this.#parts = parts;
    this.#answers = new BatchAnswers({ log: parts.log, send: (to, message) => this.#send(to, message) });
    const { log, key, now, hooks } = parts;
    this.#own = new OwnBatches({
      log,
      key,
      now,
      stored: (batch) => this.#stored(batch),
      refused: (error) =>
        hooks.report('problem', `records could not be written and are tried again: ${String(error)}`),
    });
  }

  get traffic(): { readonly sentBytes: number; readonly receivedBytes: number } {
    return { sentBytes: this.#sentBytes, receivedBytes: this.#receivedBytes };
  }

  /** After this nothing is handled any more. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Hands an event to the core; those that come while one is handled wait for their turn. */
  handle(event: CoreEvent): void {
    if (this.#isStopped) return;
    this.#queue.push(event);
    if (this.#isHandling) return;
    this.#isHandling = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        for (const effect of this.#parts.core.handle(next)) this.#carryOut(effect);
        if (next.kind === 'tick') this.#own.tick(next.now);
        if (!quietKinds.has(next.kind)) this.#parts.hooks.changed();
      }
    } finally {
      this.#isHandling = false;
    }
  }

  /** What the core ordered outside of an event. */
  carryOut(effects: Effects): void {
    for (const effect of effects) this.#carryOut(effect);
  }

  connected(peer: PeerId): void {
    this.handle({ kind: 'connected', peer, now: this.#parts.now() });
  }

  disconnected(peer: PeerId): void {
    this.handle({ kind: 'disconnected', peer, now: this.#parts.now() });
  }

  wantsLink(peer: PeerId): boolean {
    return this.#parts.core.neighbours.finds(peer);
  }

  frame(from: PeerId, bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes);
    if (decoded.ok) {
      this.#message(from, decoded.value);
      return;
    }
    const { code, reason } = decoded.rejection;
    if (code === 'newer-version') this.newerWords.note(from, this.#parts.now());
    this.#parts.logger.warn({ from, code, reason }, 'a message was refused');
  }

  hint(from: PeerId, bytes: Uint8Array): void {
    const decoded = decodeHint(bytes);
    if (decoded.ok) this.handle({ kind: 'hint', from, hint: decoded.value, now: this.#parts.now() });
  }

  shardArriving(from: PeerId, arrival: ShardArrival): ShardPlace | undefined {
    return this.#isStopped ? undefined : this.#parts.core.placeFor(from, arrival);
  }

  shardArrived(from: PeerId, arrival: StoredShard, outcome: ShardOutcome): void {
    if (outcome === 'stored') this.#receivedBytes += arrival.descriptor.shardBytes;
    this.handle({ kind: 'shardArrived', from, arrival, outcome, now: this.#parts.now() });
  }

  /** Appends records to an own log, as many batches as they need. Rejects with `log-full` when the disk does not take them. */
  append(stream: Stream, records: readonly AgentRecord[]): Promise<void> {
    return this.#own.append(stream, records);
  }

  #stored(batch: SignedBatch): void {
    this.handle({ kind: 'batchStored', batch, now: this.#parts.now() });
    this.#parts.hooks.stored(batch);
  }

  #message(from: PeerId, message: WireMessage): void {
    const now = this.#parts.now();
    if (message.kind === 'batches') this.#batches(from, message.batches, message.more);
    else if (message.kind === 'receipt') {
      const opened = openReceipt(message.receipt);
      if (opened.ok) this.handle({ kind: 'receiptOpened', receipt: opened.value, now });
    } else this.handle({ kind: 'message', from, message, now });
  }

  #batches(from: PeerId, batches: readonly Uint8Array[], more: boolean): void {
    let last: SignedBatch | undefined;
    for (const bytes of batches) {
      const opened = openBatch(bytes);
      if (!opened.ok) {
        this.#parts.logger.warn({ from, reason: opened.rejection.reason }, 'a batch was refused');
        return;
      }
      last = opened.value;
      this.handle({ kind: 'batchOpened', from, batch: last, now: this.#parts.now() });
    }
    if (!more || last === undefined) return;
    const want = [{ author: last.author, stream: last.stream, sequence: last.sequence + 1 }];
    this.#send(from, { kind: 'logPull', want });
  }

  #send(to: PeerId, message: WireMessage): void {
    this.#parts.wire.send(to, encodeMessage(message));
  }

  #carryOut(effect: CoreEffect): void {
    const { wire, disk, hooks, now, logger } = this.#parts;
    switch (effect.kind) {
      case 'send':
        return this.#send(effect.to, effect.message);
      case 'broadcast':
        return wire.broadcast(encodeHint(effect.hint));
      case 'appendRecords':
        return this.#own.carryOut(effect.stream, effect.records);
      case 'storeBatch':
        return this.#store(effect.batch);
      case 'sendBatches':
        return this.#answers.want(effect.to, effect.want);
      case 'recallBatch':
        return this.#recall(effect);
      case 'sendShard':
        return wire.sendShard(effect.to, effect.shard, (outcome) => this.#shardSent(effect, outcome));
      case 'sendReceipt':
        return this.#sendReceipt(effect.to, effect.shard);
      case 'proveShard':
        return disk.prove(effect.shard, effect.leaf, (outcome) => this.#shardProved(effect, outcome));
      case 'readRange':
        return disk.readRange(effect.place, effect.range, (bytes) => this.#rangeRead(effect, bytes));
      case 'rebuildShard':
        return disk.rebuild(effect, (outcome) =>
          this.handle({
            kind: 'rebuilt',
            shard: { pack: effect.descriptor.pack, index: effect.index },
            outcome,
            now: now(),
          }),
        );
      case 'removeShard':
        return disk.remove(effect.shard, () => hooks.changed());
      case 'connect':
        return wire.connect(effect.peer, effect.addresses);
      case 'release':
        return wire.release(effect.peer);
      case 'cut':
        return wire.cut(effect.peer);
      case 'report':
        logger.info({ level: effect.level }, effect.text);
        return hooks.report(effect.level, effect.text);
      case 'verifyShard':
        return disk.verify(effect.shard, (outcome) => this.#shardVerified(effect.shard, outcome));
      default:
        return this.#handOver(effect);
    }
  }

  /** What is the business of others than the ports. */
  #handOver(effect: HandedOver): void {
    const { hooks } = this.#parts;
    switch (effect.kind) {
      case 'noteForget':
        return hooks.noteForget(effect.heard);
      case 'noteScrub':
        return hooks.noteScrub(effect.position);
      case 'proveDrive':
        return hooks.proveDrive(effect.drive);
      case 'computePlan':
        return hooks.computePlan(effect);
      case 'forecastPresence':
        return hooks.forecastPresence(effect.machines);
      case 'snapshotAcknowledged':
        return hooks.outbox.acknowledged(effect.staged);
      case 'packReady':
        return hooks.packs.ready(effect.pack, effect.from);
      case 'packLost':
        return hooks.packs.lost(effect.pack, effect.foundCount);
      case 'rangeReady':
        this.#receivedBytes += effect.bytes?.length ?? 0;
        return hooks.packs.rangeReady(effect.wish, effect.bytes);
      case 'packsCounted':
        return hooks.packs.counted(effect.survey, effect.counts);
    }
  }

  #store(batch: SignedBatch): void {
    const { log, core } = this.#parts;
    log.append(batch, (outcome) => {
      if (outcome === 'stored') this.#stored(batch);
      else if (outcome !== 'known')
        core.replication.forget(batch, log.heads().get(logName(batch.author, batch.stream))?.next ?? 0);
    });
  }

  #recall({ author, sequence }: Extract<CoreEffect, { kind: 'recallBatch' }>): void {
    this.#parts.log.read({ author, stream: 'facts', sequence }, (page) => {
      const batch = page.find((one) => one.sequence === sequence);
      this.handle({ kind: 'batchRecalled', author, sequence, batch, now: this.#parts.now() });
    });
  }

  #shardSent({ to, shard }: Extract<CoreEffect, { kind: 'sendShard' }>, outcome: SendOutcome): void {
    const now = this.#parts.now();
    const descriptor = this.#parts.core.descriptorOf(shard.pack);
    if (outcome === 'stored') this.#sentBytes += descriptor?.shardBytes ?? 0;
    this.handle({ kind: 'shardSent', to, shard, outcome, now });
    if (outcome === 'damaged') this.handle({ kind: 'shardLost', shard, now });
    if (outcome === 'damaged' && shard.place === 'outbox') void this.#parts.hooks.outbox.damaged(shard.pack);
  }

  #shardProved(
    { to, shard, leaf }: Extract<CoreEffect, { kind: 'proveShard' }>,
    outcome: ProofOutcome,
  ): void {
    const now = this.#parts.now();
    const { pack, index } = shard;
    this.handle({ kind: 'shardProved', to, pack, index, leaf, outcome, now });
    if (isLost(outcome)) this.handle({ kind: 'shardLost', shard, now });
  }

  #rangeRead({ to, range }: Extract<CoreEffect, { kind: 'readRange' }>, bytes: Uint8Array | undefined): void {
    this.#sentBytes += bytes?.length ?? 0;
    this.handle({ kind: 'rangeRead', to, range, bytes, now: this.#parts.now() });
  }

  #shardVerified(shard: ShardLocation, outcome: ReadOutcome): void {
    const now = this.#parts.now();
    this.handle({ kind: 'shardVerified', shard, outcome, now });
    if (isLost(outcome)) this.handle({ kind: 'shardLost', shard, now });
  }

  #sendReceipt(to: PeerId, shard: { readonly pack: PackId; readonly index: number }): void {
    const { key, now } = this.#parts;
    const receipt = signReceipt(key, { ...shard, atMs: now() });
    if (to !== key.peer) {
      this.#send(to, { kind: 'receipt', receipt });
      return;
    }
    const opened = openReceipt(receipt);
    if (opened.ok) this.handle({ kind: 'receiptOpened', receipt: opened.value, now: now() });
  }
}

const isLost = (outcome: ReadOutcome | ProofOutcome): boolean =>
  outcome === 'damaged' || outcome === 'missing';
