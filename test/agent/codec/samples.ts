// One value of every kind that agents write or send, made from fixed seeds: golden files and hostile bytes start here.

import { readFileSync } from 'node:fs';
import {
  type AgentRecord,
  chunkIdOf,
  describePack,
  type HelloAnswer,
  type IndexedPack,
  type JoinMessage,
  noBatchHash,
  OpenPack,
  PackWriter,
  type RootPointer,
  signBatch,
  type SignedBatch,
  signReceipt,
  type SnapshotRoot,
  type TreeEntry,
  type WireMessage,
} from '../../../agent/codec/index.ts';
import { driveId, fleetId, inviteId, snapshotId } from '../../../agent/units.ts';
import { fileId, type TelemetryRow, unixMs } from '../../../datasets/index.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { atMs, hexId, holder, noise, owner, root, seedOf } from './sample-seeds.ts';

export { atMs, createAdmin, holder, noise, owner, root, seedOf } from './sample-seeds.ts';
export * from './sample-statements.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

export const driveKey = seedOf('drive key');
export const drive = driveId(hexId('drive').slice(0, 32));
export const salt = seedOf('salt').subarray(0, 16);

export const plan: Plan = {
  epoch: 3,
  author: owner.peer,
  computedMs: atMs,
  classes: [
    {
      name: 'small',
      redundancy: { k: 1, n: 2 },
      groups: [
        {
          id: 's1',
          members: [owner.peer, holder.peer],
          weight: 1.5,
          unavailability: 0.000_25,
          unavailabilityAt: { '03:00': 0.001 },
          reasons: [
            {
              machine: holder.peer,
              availability: 0.96,
              domain: 'cellar',
              swapLoss: 2.5,
              runnerUp: owner.peer,
              binding: 'the better one is full',
            },
          ],
        },
      ],
    },
    { name: 'bulk', redundancy: { k: 2, n: 3 }, groups: [] },
  ],
  domains: { [holder.peer]: 'cellar' },
  modelSource: 'availability 7',
  heldOut: [{ policy: 'random', unavailableShare: 0.01, unavailableShareBusiness: 0.001 }],
  notes: ['the first plan'],
};

/** With the parts that came later and are optional. */
export const certifiedPlan: Plan = {
  ...plan,
  classes: plan.classes.map((placementClass, index) =>
    index > 0
      ? placementClass
      : {
          ...placementClass,
          certificate: { prices: { [holder.peer]: 0.125 }, value: 0.5, lowerBound: 0.25, gap: 1 },
        },
  ),
  evidence: {
    machines: [owner.peer, holder.peer],
    weights: [0.75, 0.25],
    hourOfState: [0, 1],
    down: [
      [0.5, 0.25],
      [1, 0.75],
    ],
    capacities: [[1, 1], []],
  },
};

export const limitedPlan: Plan = {
  ...plan,
  limits: {
    scatterMin: 1,
    scatterMax: 10,
    takenBytesMax: 2 ** 38,
    givenBytesMax: 2 ** 37,
    bytesPerSlot: { small: 1000.5, bulk: 2 ** 30 },
    moves: [{ group: plan.classes[0]!.groups[0]!.id, slot: 0, from: holder.peer }],
    before: [{ machine: owner.peer, takenBytes: 2 ** 30, givenBytes: 0 }],
  },
};

export const rows: readonly TelemetryRow[] = [
  { kind: 'uptime', machine: owner.peer, fromMs: unixMs(atMs - 1000), toMs: atMs, state: 'crashed' },
  {
    kind: 'location',
    machine: owner.peer,
    atMs,
    attributes: { subnet: 'a1b2', timeZone: 'Europe/Berlin' },
    roundTripMs: { [holder.peer]: 0.4 },
    freeBytes: 5e11,
    quotaBytes: 1e11,
  },
  {
    kind: 'access',
    machine: owner.peer,
    hourMs: unixMs(497_000 * 3_600_000),
    file: fileId(hexId('file').slice(0, 32)),
    reads: 3,
    writes: 0,
    byteCount: 4096,
  },
];

export const pieces: readonly Uint8Array[] = [noise('one', 3000), noise('two', 700), noise('three', 1)];

/** A pack of incompressible chunks: its bytes do not depend on the version of zstd. */
export function writePack(chunks: readonly Uint8Array[] = pieces): ReturnType<PackWriter['finish']> {
  const writer = new PackWriter({ driveKey, drive, keyEpoch: 2, salt });
  for (const bytes of chunks) writer.add(chunkIdOf(driveKey, bytes), bytes);
  return writer.finish();
}

/** The same pieces as packs of version 1 held them: descriptors and shards of golden files speak of it. */
const packBytes = new Uint8Array(readFileSync(new URL('../../golden/pack/v1/raw.bin', import.meta.url)));
const openedPack = OpenPack.open(packBytes, driveKey);
if (!openedPack.ok) throw new Error('the golden pack cannot be opened');
export const pack = { bytes: packBytes, entries: openedPack.value.entries };
export const described = describePack(pack.bytes, {
  owner: owner.peer,
  drive,
  placementClass: 'bulk',
  redundancy: { k: 2, n: 3 },
});
export const { descriptor } = described;
const locators = pack.entries.map((entry) => ({ ...entry, pack: descriptor.pack }));

export const records: readonly AgentRecord[] = [
  {
    kind: 'drive',
    drive,
    keyEpoch: 2,
    sealedName: noise('name', 40),
    wrappedKeys: [{ recipient: hexId('recipient'), wrapped: noise('wrapped', 80) }],
  },
  {
    kind: 'head',
    drive,
    snapshot: snapshotId(hexId('snapshot')),
    atMs,
    keyEpoch: 2,
    sealedRoot: noise('root', 200),
    fileCount: 12,
    byteCount: 3_701,
    packCount: 1,
    receiptsDigest: hexId('receipts'),
  },
  { kind: 'lease', fromMs: atMs, untilMs: unixMs(atMs + 900_000) },
  { kind: 'plan', plan },
  {
    kind: 'model',
    version: '2026-10-01',
    trainedMs: atMs,
    summaries: [
      {
        model: 'availability',
        metric: 'Brier score, 24 h ahead',
        value: 0.07,
        better: 'lower',
        baselines: [{ name: 'always up', value: 0.2 }],
        serves: 'model',
        reason: 'better than every baseline',
      },
    ],
  },
  { kind: 'addresses', addresses: ['/ip4/192.0.2.7/tcp/4001'] },
  { kind: 'statement', bytes: noise('statement', 300) },
];

export const batches: Readonly<Record<string, SignedBatch>> = {
  facts: signBatch({ key: owner, stream: 'facts', sequence: 0, previous: noBatchHash, atMs, records }),
  telemetry: signBatch({
    key: owner,
    stream: 'telemetry',
    sequence: 41,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'telemetry', origin: 'collected', rows }],
  }),
  'certified-plan': signBatch({
    key: owner,
    stream: 'facts',
    sequence: 42,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'plan', plan: certifiedPlan }],
  }),
  'limited-plan': signBatch({
    key: owner,
    stream: 'facts',
    sequence: 44,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'plan', plan: limitedPlan }],
  }),
  'new-key': signBatch({
    key: owner,
    stream: 'facts',
    sequence: 45,
    previous: hexId('previous'),
    atMs,
    records: [
      {
        kind: 'drive',
        drive,
        keyEpoch: 3,
        sealedName: noise('name', 40),
        wrappedKeys: [{ recipient: hexId('recipient'), wrapped: noise('wrapped', 80) }],
        person: hexId('person'),
        sealedFormer: noise('former keys', 92),
      },
      { kind: 'act', act: 'limits-set', about: 'sending at most 1 MB/s', atMs },
      { kind: 'plan', plan: certifiedPlan },
    ],
  }),
  forget: signBatch({
    key: owner,
    stream: 'facts',
    sequence: 43,
    previous: hexId('previous'),
    atMs,
    records: [
      {
        kind: 'forget',
        drive,
        snapshots: noise('forgotten snapshots', 64),
        packs: noise('forgotten packs', 96),
      },
    ],
  }),
  doubt: signBatch({
    key: owner,
    stream: 'facts',
    sequence: 44,
    previous: hexId('previous'),
    atMs,
    records: [
      {
        kind: 'doubt',
        machine: holder.peer,
        atMs,
        sinceMs: unixMs(atMs - 1e8),
        evidence: [
          { kind: 'dropped', dayCount: 2, lastMs: atMs },
          { kind: 'replayed', dayCount: 1, lastMs: unixMs(atMs - 1e8) },
        ],
      },
    ],
  }),
  saved: signBatch({
    key: owner,
    stream: 'telemetry',
    sequence: 46,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'saved', drive: descriptor.drive, savedMs: atMs }],
  }),
  act: signBatch({
    key: owner,
    stream: 'facts',
    sequence: 45,
    previous: hexId('previous'),
    atMs,
    records: [{ kind: 'act', act: 'plan-approved', about: '17', atMs }],
  }),
};

export const receipt = signReceipt(holder, { pack: descriptor.pack, index: 1, atMs });

const want = { author: owner.peer, stream: 'facts', sequence: 5 } as const;
const shard = { pack: descriptor.pack, index: 1 };
const range = { ...shard, offset: 16, length: 40 };
const held = [{ pack: descriptor.pack, indexes: [1] }];
const under = { epoch: 12, author: owner.peer, batch: hexId('plan') };
export const messages: readonly WireMessage[] = [
  { kind: 'heads', next: [want, { ...want, stream: 'telemetry' }], reply: 'wanted' },
  { kind: 'heads', next: [want], reply: 'none', authors: { from: owner.peer, until: holder.peer } },
  { kind: 'logPull', want: [want] },
  { kind: 'batches', batches: [noise('batch', 100)], more: true },
  { kind: 'logStored', stream: 'facts', next: 6 },
  { kind: 'auditAsk', ...shard, leaf: 0 },
  { kind: 'auditAnswer', ...shard, leaf: 0, proof: { bytes: noise('leaf', 200), path: [seedOf('sibling')] } },
  { kind: 'auditOffer', ...shard, seal: hexId('seal') },
  { kind: 'auditDraw', ...shard, part: hexId('their part').slice(0, 32) },
  { kind: 'auditOpen', ...shard, part: hexId('own part').slice(0, 32) },
  { kind: 'receipt', receipt },
  { kind: 'rangeAsk', ...range },
  { kind: 'rangeAnswer', ...range, bytes: noise('range', 40) },
  { kind: 'shardPull', pack: descriptor.pack, index: 2 },
  { kind: 'shardMissing', pack: descriptor.pack, index: 2 },
  { kind: 'standIn', descriptor, index: 2 },
  { kind: 'shardRefused', pack: descriptor.pack, index: 2 },
  { kind: 'shardsAsk', packs: [descriptor.pack] },
  { kind: 'shardsHeld', held: [{ descriptor, indexes: [0, 2] }] },
  { kind: 'inventory', group: 'g1', scope: 'all', held },
  { kind: 'inventory', group: 'g1', scope: 'update', under, held },
];

export const joinMessages: readonly JoinMessage[] = [
  { kind: 'ask', fleet: root.fleet, invite: inviteId(hexId('invite').slice(0, 32)), name: 'pc-02' },
  { kind: 'challenge', nonce: seedOf('nonce') },
  { kind: 'proof', signature: noise('signature', 64) },
  {
    kind: 'welcome',
    certificate: noise('certificate', 300),
    statements: [noise('policy', 200)],
    addresses: ['/ip4/192.0.2.7/tcp/4001'],
  },
  { kind: 'refused', code: 'invite-expired', reason: 'it ended yesterday', addresses: [] },
];

export const hello = { fleet: fleetId(hexId('fleet')), certificate: noise('certificate', 300) };
export const helloAnswers: readonly HelloAnswer[] = [
  { kind: 'welcome' },
  { kind: 'refused', code: 'revoked', reason: 'this machine was removed' },
];
export const hint = { author: owner.peer, stream: 'telemetry', next: 42 } as const;

const base = { mode: 0o644, uid: 1000, gid: 100, mtimeNs: 1_790_000_000_123_456_789n } as const;
export const tree: readonly TreeEntry[] = [
  { kind: 'folder', path: text('docs'), ...base, mode: 0o755 },
  {
    kind: 'file',
    path: text('docs/report.txt'),
    ...base,
    byteCount: 3_700,
    chunks: pack.entries.slice(0, 2).map((entry) => entry.chunk),
    isUnstable: false,
  },
  // A name in Latin-1, and a time before 1970.
  {
    kind: 'file',
    path: Uint8Array.of(0x64, 0xfc, 0x62),
    ...base,
    mtimeNs: -1n,
    byteCount: 0,
    chunks: [],
    isUnstable: true,
  },
  { kind: 'symlink', path: text('latest'), ...base, mode: 0o777, target: text('../docs/report.txt') },
  { kind: 'hardLink', path: text('same'), ...base, target: text('docs/report.txt') },
];

/** What version 2 added: the drive's own folder, extended attributes, holes. */
export const treeWithAttributes: readonly TreeEntry[] = [
  { kind: 'folder', path: text(''), ...base, mode: 0o750 },
  {
    kind: 'file',
    path: text('disk.img'),
    ...base,
    byteCount: 3_700,
    chunks: pack.entries.slice(0, 2).map((entry) => entry.chunk),
    isUnstable: false,
    isSparse: true,
    attributes: [
      { name: 'system.posix_acl_access', value: noise('acl', 28) },
      { name: 'user.empty', value: new Uint8Array(0) },
      { name: 'user.\u00fc', value: text('name in Latin-1') },
    ],
  },
  ...tree,
];

export const indexed: readonly IndexedPack[] = [{ descriptor, entries: pack.entries }];
export const snapshotRoot: SnapshotRoot = {
  drive,
  atMs,
  keyEpoch: 2,
  tree: locators.slice(0, 1),
  index: [locators.slice(1, 2), locators.slice(2)],
  packs: [descriptor],
  fileCount: 3,
  byteCount: 3_701,
};
export const rootPointer: RootPointer = { root: locators.slice(0, 1), packs: [descriptor] };
