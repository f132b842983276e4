// Which bytes are kept for ever in test/golden/<format>/v<N>/, and how each is written and read. `encode` is absent
// where bytes hold fresh randomness or depend on the compressor: those are only read.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  chunkIdOf,
  createInvite,
  decodeDescriptor,
  decodeHello,
  decodeHelloAnswer,
  decodeRunMessage,
  decodeHint,
  decodeIndexSegment,
  decodeJoinMessage,
  decodeMessage,
  decodeRootPointer,
  decodeSnapshotRoot,
  decodeTree,
  encodeDescriptor,
  encodeHello,
  encodeRunMessage,
  type RunMessage,
  encodeHelloAnswer,
  encodeHint,
  encodeIndexSegment,
  encodeJoinMessage,
  encodeMessage,
  encodeRootPointer,
  encodeSnapshotRoot,
  encodeTreeEntry,
  fleetRootFromSeed,
  openBatch,
  openReceipt,
  openRecoveryKit,
  openSmall,
  openStatement,
  OpenPack,
  parseInvite,
  recipientFromSeed,
  sealRecoveryKit,
  sealSmall,
  type SignedBatch,
  signStatement,
  unwrapKey,
  wrapKey,
} from '../../../agent/codec/index.ts';
import { unixMs } from '../../../datasets/index.ts';
import { popularBatches } from './sample-popular.ts';
import { waitingBatches } from './sample-waiting.ts';
import * as samples from './samples.ts';

export interface GoldenExample {
  /** Below test/golden/: format, version, name. */
  readonly path: string;
  /** The bytes for `value`; each time the same when `isRepeatable`. */
  readonly encode: () => Uint8Array;
  readonly isRepeatable: boolean;
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly value: unknown;
}

export const goldenFolder = join(import.meta.dirname, '../../golden');
export const goldenBytes = (path: string): Uint8Array =>
  new Uint8Array(readFileSync(join(goldenFolder, path)));

const repeatable = (parts: Omit<GoldenExample, 'isRepeatable'>): GoldenExample => ({
  ...parts,
  isRepeatable: true,
});
const readOnly = (parts: Omit<GoldenExample, 'isRepeatable'>): GoldenExample => ({
  ...parts,
  isRepeatable: false,
});
const ok = (value: unknown): unknown => ({ ok: true, value });

/** Each is written in the lowest version that has words for it. */
const messageExamples = samples.messages.map((value) =>
  repeatable({
    path: `message/v${encodeMessage(value)[4]}/${value.kind}.bin`,
    encode: () => encodeMessage(value),
    decode: decodeMessage,
    value: ok(value),
  }),
);

const joinExamples = samples.joinMessages.map((value) =>
  repeatable({
    path: `join/v1/${value.kind}.bin`,
    encode: () => encodeJoinMessage(value),
    decode: decodeJoinMessage,
    value: ok(value),
  }),
);

const helloExamples = [
  repeatable({
    path: 'hello/v1/hello.bin',
    encode: () => encodeHello(samples.hello),
    decode: decodeHello,
    value: ok(samples.hello),
  }),
  ...samples.helloAnswers.map((value) =>
    repeatable({
      path: `hello/v1/answer-${value.kind}.bin`,
      encode: () => encodeHelloAnswer(value),
      decode: decodeHelloAnswer,
      value: ok(value),
    }),
  ),
];

const runMessages: readonly RunMessage[] = [
  { kind: 'ask' },
  { kind: 'run', run: samples.noise('run', 16) },
  { kind: 'alone' },
  { kind: 'twin', address: '192.0.2.7' },
];
const runExamples = runMessages.map((value) =>
  repeatable({
    path: `run/v1/${value.kind}.bin`,
    encode: () => encodeRunMessage(value),
    decode: decodeRunMessage,
    value: ok(value),
  }),
);

const recordsOf = (bytes: Uint8Array): unknown => {
  const opened = openBatch(bytes);
  return opened.ok ? opened.value.records : opened;
};
const hasPlan = ({ records }: SignedBatch): boolean => records.some(({ kind }) => kind === 'plan');
// Each batch is written in the lowest version that has words for it; plans of version 1 are still read.
const batchExamples = Object.entries({
  ...samples.batches,
  ...popularBatches,
  ...waitingBatches,
}).flatMap(([name, value]) => {
  const written = repeatable({
    path: `batch/v${value.bytes[4]}/${name}.bin`,
    encode: () => value.bytes,
    decode: openBatch,
    value: ok(value),
  });
  const older = readOnly({
    ...written,
    path: `batch/v1/${name}.bin`,
    decode: recordsOf,
    value: value.records,
  });
  // Plans have had limits since version 2 only.
  const isOld = hasPlan(value) && value.bytes[4] === 2 && name !== 'limited-plan';
  return isOld ? [written, older] : [written];
});

const kindOf = (bytes: Uint8Array): unknown => {
  const opened = openStatement(bytes, samples.root.fleet);
  return opened.ok ? opened.value.statement : opened;
};
// Ed25519 is deterministic, but the admin key is drawn afresh: statements are only read.
const statementExamples = [
  samples.statements,
  samples.laterStatements,
  samples.exactStatements,
  samples.latestStatements,
].flatMap((ofVersion, index) =>
  Object.entries(ofVersion).map(([name, value]) =>
    readOnly({
      path: `statement/v${index + 1}/${name}.bin`,
      encode: () => signStatement(samples.createAdmin(), value).bytes,
      decode: kindOf,
      value,
    }),
  ),
);
const wordOf = (bytes: Uint8Array): unknown => {
  const opened = openStatement(bytes, samples.root.fleet);
  return opened.ok ? opened.value.word : opened;
};
const adminWithWord = readOnly({
  path: 'admin-certificate/v2/with-a-word.bin',
  encode: () => signStatement(samples.createAdmin(samples.rootWord), samples.statements['revocation']!).bytes,
  decode: wordOf,
  value: samples.rootWord,
});
const adminWithLogs = readOnly({
  path: 'admin-certificate/v3/with-logs.bin',
  encode: () =>
    signStatement(samples.createAdmin(samples.rootWordWithLogs), samples.statements['revocation']!).bytes,
  decode: wordOf,
  value: samples.rootWordWithLogs,
});

const treeBytes = (tree = samples.tree): Uint8Array =>
  new Uint8Array(Buffer.concat(tree.map(encodeTreeEntry)));
const treeTwoBytes = (): Uint8Array => treeBytes(samples.treeWithAttributes);
const snapshotExamples = [
  repeatable({
    path: 'tree/v1/every-kind.bin',
    encode: () => treeBytes(),
    decode: decodeTree,
    value: ok({ entries: samples.tree, usedBytes: treeBytes().length }),
  }),
  repeatable({
    path: 'tree/v2/attributes-and-holes.bin',
    encode: treeTwoBytes,
    decode: decodeTree,
    value: ok({ entries: samples.treeWithAttributes, usedBytes: treeTwoBytes().length }),
  }),
  repeatable({
    path: 'index-segment/v1/one-pack.bin',
    encode: () => encodeIndexSegment(samples.indexed),
    decode: decodeIndexSegment,
    value: ok(samples.indexed),
  }),
  repeatable({
    path: 'snapshot-root/v1/root.bin',
    encode: () => encodeSnapshotRoot(samples.snapshotRoot),
    decode: decodeSnapshotRoot,
    value: ok(samples.snapshotRoot),
  }),
  repeatable({
    path: 'root-pointer/v1/pointer.bin',
    encode: () => encodeRootPointer(samples.rootPointer),
    decode: decodeRootPointer,
    value: ok(samples.rootPointer),
  }),
];

const compressible = new TextEncoder().encode('a file that repeats itself; '.repeat(200));
function readPack(bytes: Uint8Array): unknown {
  const opened = OpenPack.open(bytes, samples.driveKey);
  if (!opened.ok) return opened;
  return opened.value.entries.map((entry) => {
    const read = opened.value.read(entry);
    return read.ok ? { chunk: entry.chunk, bytes: new Uint8Array(read.value) } : read;
  });
}
const contents = (chunks: readonly Uint8Array[], version: 1 | 2): unknown =>
  chunks.map((bytes) => ({ chunk: chunkIdOf(samples.driveKey, bytes, version), bytes }));

const packExamples = [
  readOnly({
    path: 'pack/v1/raw.bin',
    encode: () => samples.writePack().bytes,
    decode: readPack,
    value: contents(samples.pieces, 1),
  }),
  readOnly({
    path: 'pack/v1/zstd.bin',
    encode: () => samples.writePack([compressible]).bytes,
    decode: readPack,
    value: contents([compressible], 1),
  }),
  repeatable({
    path: 'pack/v2/raw.bin',
    encode: () => samples.writePack().bytes,
    decode: readPack,
    value: contents(samples.pieces, 2),
  }),
  readOnly({
    path: 'pack/v2/zstd.bin',
    encode: () => samples.writePack([compressible]).bytes,
    decode: readPack,
    value: contents([compressible], 2),
  }),
  repeatable({
    path: 'pack-descriptor/v1/two-of-three.bin',
    encode: () => encodeDescriptor(samples.descriptor),
    decode: decodeDescriptor,
    value: ok(samples.descriptor),
  }),
  ...samples.described.shards.map((bytes, index) =>
    repeatable({
      path: `shard/v1/two-of-three-${index}.bin`,
      encode: () => bytes,
      decode: (read) => read,
      value: bytes,
    }),
  ),
];

const keyName = { drive: samples.drive, keyEpoch: 2 };
const recipient = recipientFromSeed(samples.seedOf('recipient'));
const secretExamples = [
  readOnly({
    path: 'wrapped-key/v1/wrapped.bin',
    encode: () => wrapKey(samples.driveKey, keyName, recipient.recipient),
    decode: (bytes) => unwrapKey(bytes, keyName, recipient),
    value: ok(samples.driveKey),
  }),
  readOnly({
    path: 'sealed-small/v1/name.bin',
    encode: () => sealSmall(samples.driveKey, 'name', new TextEncoder().encode('Büro')),
    decode: (bytes) => openSmall(samples.driveKey, 'name', bytes),
    value: ok(new TextEncoder().encode('Büro')),
  }),
  readOnly({
    path: 'recovery-kit/v1/kit.bin',
    encode: () => sealRecoveryKit(samples.root, 'a test passphrase'),
    decode: (bytes) => openRecoveryKit(bytes, 'a test passphrase').key.seed,
    value: fleetRootFromSeed(samples.seedOf('root')).key.seed,
  }),
];

const terms = {
  fleet: samples.root.fleet,
  usesMax: 20,
  notAfterMs: unixMs(samples.atMs + 1e9),
  addresses: ['/ip4/192.0.2.7/tcp/4001'],
};
function readInvite(bytes: Uint8Array): unknown {
  const { fleet, notAfterMs, addresses } = parseInvite(new TextDecoder().decode(bytes));
  return { fleet, notAfterMs, addresses };
}
const inviteExample = readOnly({
  path: 'invite/v1/invite.txt',
  encode: () => new TextEncoder().encode(createInvite(terms).text),
  decode: readInvite,
  value: { fleet: terms.fleet, notAfterMs: terms.notAfterMs, addresses: terms.addresses },
});

export const goldenExamples: readonly GoldenExample[] = [
  ...messageExamples,
  ...joinExamples,
  ...helloExamples,
  ...runExamples,
  repeatable({
    path: 'hint/v1/hint.bin',
    encode: () => encodeHint(samples.hint),
    decode: decodeHint,
    value: ok(samples.hint),
  }),
  repeatable({
    path: 'receipt/v1/receipt.bin',
    encode: () => samples.receipt,
    decode: openReceipt,
    value: ok({
      holder: samples.holder.peer,
      pack: samples.descriptor.pack,
      index: 1,
      atMs: samples.atMs,
      bytes: samples.receipt,
    }),
  }),
  ...batchExamples,
  ...statementExamples,
  adminWithWord,
  adminWithLogs,
  ...snapshotExamples,
  ...packExamples,
  ...secretExamples,
  inviteExample,
];
