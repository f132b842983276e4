// A small real fleet for tests of the live ports: keys, certificates, admission, disks and wires on loopback.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import {
  type AdminKey,
  createAdminKey,
  createFleetRoot,
  createMachineKey,
  describePack,
  type FleetRoot,
  type MachineKey,
  type PackDescriptor,
  type Role,
  type SignedStatement,
  signStatement,
} from '../../../agent/codec/index.ts';
import { Membership } from '../../../agent/core/membership.ts';
import { driveId, type PeerId, type ShardOutcome } from '../../../agent/index.ts';
import { Admission } from '../../../agent/live/admission.ts';
import { type LiveDisk, openLiveDisk, ShardSink } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { createLiveWire, type LiveWire, type LiveWireOptions } from '../../../agent/live/wire/index.ts';
import type { ShardArrival, ShardLocation, ShardPlace, WireListener } from '../../../agent/ports.ts';
import { days, type UnixMs, unixMs } from '../../../datasets/index.ts';

export const nowMs = (): UnixMs => unixMs(Date.now());

export interface SmallFleet {
  readonly root: FleetRoot;
  readonly admin: AdminKey;
}

export function smallFleet(): SmallFleet {
  const root = createFleetRoot();
  return { root, admin: createAdminKey(root, { notBeforeMs: unixMs(nowMs() - days(1)), forMs: days(30) }) };
}

export interface CertificateTerms {
  readonly roles?: readonly Role[];
  readonly notBeforeMs?: UnixMs;
  readonly notAfterMs?: UnixMs;
}

export function certificateOf(
  { admin }: SmallFleet,
  peer: PeerId,
  terms: CertificateTerms = {},
): SignedStatement {
  return signStatement(admin, {
    kind: 'certificate',
    peer,
    name: 'pc',
    roles: terms.roles ?? ['holder'],
    notBeforeMs: terms.notBeforeMs ?? unixMs(nowMs() - days(1)),
    notAfterMs: terms.notAfterMs ?? unixMs(nowMs() + days(1)),
  });
}

export interface Heard {
  readonly kind: 'connected' | 'disconnected' | 'frame' | 'hint' | 'shardArriving' | 'shardArrived';
  readonly peer: PeerId;
  readonly bytes?: Uint8Array;
  readonly outcome?: ShardOutcome;
}

/** A listener that remembers, and lets tests wait for what it hears. */
export class Ears implements WireListener {
  readonly heard: Heard[] = [];
  place: ShardPlace | undefined = 'held';
  /** Whether machines that are found are to be dialled. */
  isOpenToAll = true;
  readonly #waiting = new Set<() => void>();

  connected(peer: PeerId): void {
    this.#hear({ kind: 'connected', peer });
  }
  disconnected(peer: PeerId): void {
    this.#hear({ kind: 'disconnected', peer });
  }
  wantsLink(): boolean {
    return this.isOpenToAll;
  }
  frame(peer: PeerId, bytes: Uint8Array): void {
    this.#hear({ kind: 'frame', peer, bytes });
  }
  hint(peer: PeerId, bytes: Uint8Array): void {
    this.#hear({ kind: 'hint', peer, bytes });
  }
  shardArriving(peer: PeerId): ShardPlace | undefined {
    this.#hear({ kind: 'shardArriving', peer });
    return this.place;
  }
  shardArrived(peer: PeerId, _arrival: ShardArrival, outcome: ShardOutcome): void {
    this.#hear({ kind: 'shardArrived', peer, outcome });
  }

  count(kind: Heard['kind']): number {
    return this.heard.filter((one) => one.kind === kind).length;
  }

  /** Ends when `count` of a kind were heard. */
  async hears(kind: Heard['kind'], count = 1): Promise<void> {
    while (this.count(kind) < count) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #hear(one: Heard): void {
    this.heard.push(one);
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

export interface TestAgent {
  /** Its data folder. */
  readonly folder: string;
  readonly key: MachineKey;
  readonly wire: LiveWire;
  readonly disk: LiveDisk;
  readonly ears: Ears;
  readonly membership: Membership;
  readonly admission: Admission;
  readonly reports: string[];
}

export interface TestAgentOptions {
  readonly key?: MachineKey;
  /** What it shows on hello; by default a good certificate. */
  readonly certificate?: Uint8Array;
  readonly isAdmin?: boolean;
  readonly quotaBytes?: number;
  readonly limits?: LiveWireOptions['limits'];
  readonly pace?: NonNullable<LiveWireOptions['pace']>;
  readonly bootstrapAddresses?: readonly string[];
  /** Hears instead of `ears`. */
  readonly listener?: WireListener;
}

export function temporaryFolder(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'drey-ports-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** An agent's wire, disk and admission, started; everything ends with the test. */
export async function startAgent(
  t: ExecutionContext,
  fleet: SmallFleet,
  options: TestAgentOptions = {},
): Promise<TestAgent> {
  const key = options.key ?? createMachineKey();
  const { peer } = key;
  const folder = temporaryFolder(t);
  const store = await openStore(join(folder, 'database'));
  const { quotaBytes = 64 * 1024 * 1024 } = options;
  const disk = await openLiveDisk({ folder: join(folder, 'shards'), database: store.database, quotaBytes });
  const membership = new Membership({ self: peer, fleet: fleet.root.fleet });
  const certificate = certificateOf(fleet, peer);
  const reports: string[] = [];
  const learn = ({ statement }: SignedStatement): void => void membership.learn(statement, nowMs());
  learn(certificate);
  const admission = new Admission({
    identity: {
      machineKey: key,
      fleet: fleet.root.fleet,
      certificateBytes: options.certificate ?? certificate.bytes,
      certificate: certificate.statement as Extract<typeof certificate.statement, { kind: 'certificate' }>,
      statements: [],
      addresses: [],
      ...(options.isAdmin === true ? { adminKey: fleet.admin } : {}),
    },
    membership,
    now: nowMs,
    addresses: () => wire.addresses(),
    publish: (statement) => Promise.resolve(learn(statement)),
    learn,
  });
  const wire: LiveWire = await createLiveWire({
    machineKey: key,
    fleet: fleet.root.fleet,
    disk,
    admission,
    listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
    mdns: 'off',
    report: (line) => reports.push(line),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.pace === undefined ? {} : { pace: options.pace }),
    ...(options.bootstrapAddresses === undefined ? {} : { bootstrapAddresses: options.bootstrapAddresses }),
  });
  const ears = new Ears();
  wire.start(options.listener ?? ears);
  t.teardown(async () => {
    await wire.close();
    await store.close();
  });
  return { folder, key, wire, disk, ears, membership, admission, reports };
}

/** Two agents that have shown each other their certificates. */
export async function connectedPair(
  t: ExecutionContext,
  options: { readonly first?: TestAgentOptions; readonly second?: TestAgentOptions } = {},
): Promise<readonly [TestAgent, TestAgent]> {
  const fleet = smallFleet();
  const first = await startAgent(t, fleet, options.first);
  const second = await startAgent(t, fleet, options.second);
  second.wire.connect(first.key.peer, first.wire.addresses());
  await Promise.all([first.ears.hears('connected'), second.ears.hears('connected')]);
  return [first, second];
}

/** Flips one bit in the middle of a stored shard's file. */
export function harm({ folder }: Pick<TestAgent, 'folder'>, { place, pack, index }: ShardLocation): void {
  const file = join(folder, 'shards', place, pack.slice(0, 2), `${pack}-${index}`);
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1;
  bytes[middle] = bytes[middle]! ^ 1;
  writeFileSync(file, bytes);
}

export interface TestPack {
  readonly descriptor: PackDescriptor;
  readonly shards: readonly Uint8Array[];
}

/** A pack whose bytes follow from `seed`. */
export function testPack(packBytes: number, redundancy = { k: 1, n: 3 }, seed = 1): TestPack {
  const pack = new Uint8Array(packBytes);
  let state = seed * 2_654_435_761;
  for (let at = 0; at < packBytes; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    pack[at] = state >>> 24;
  }
  const drive = driveId('0123456789abcdef'.repeat(2));
  const { descriptor, shards } = describePack(pack, {
    owner: createMachineKey().peer,
    drive,
    placementClass: 'bulk',
    redundancy,
  });
  return { descriptor, shards };
}

/** Stores one shard through a sink, as an arrival does. */
export async function storeShard(
  disk: LiveDisk,
  { descriptor, shards }: TestPack,
  where: { readonly index: number; readonly place?: ShardPlace; readonly bytes?: Uint8Array },
): Promise<ShardOutcome> {
  const sink = await disk.openSink({ descriptor, index: where.index, place: where.place ?? 'held' });
  if (!(sink instanceof ShardSink)) return sink;
  await sink.write(where.bytes ?? shards[where.index]!);
  return sink.finish();
}
