import test from 'ava';
import { encode } from 'cborg';
import fc from 'fast-check';
import {
  concatBytes,
  createMachineKey,
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
  type Decoded,
  encodeHint,
  encodeMessage,
  noBatchHash,
  signBatch,
  openBatch,
  openReceipt,
  openSmall,
  openStatement,
  openRecoveryKit,
  OpenPack,
  parseInvite,
  readPackHeader,
  recipientFromSeed,
  unwrapKey,
} from '../../../agent/codec/index.ts';
import { DreyError, unixMs } from '../../../datasets/index.ts';
import { frameBytesMax, logLengthMax } from '../../../agent/limits.ts';
import { goldenBytes, goldenExamples } from './golden-examples.ts';
import { drive, driveKey, root, seedOf } from './samples.ts';

type Decode = (bytes: Uint8Array) => Decoded<unknown>;

function openEveryBlob(bytes: Uint8Array): Decoded<unknown> {
  const opened = OpenPack.open(bytes, driveKey);
  if (!opened.ok) return opened;
  const failed = opened.value.entries.map((entry) => opened.value.read(entry)).find((read) => !read.ok);
  return failed ?? opened;
}

const recipient = recipientFromSeed(seedOf('recipient'));

/** Every decoder of bytes that come from elsewhere, with the golden format that it reads. */
const decoders: Readonly<Record<string, readonly Decode[]>> = {
  message: [decodeMessage],
  join: [decodeJoinMessage],
  hello: [decodeHello, decodeHelloAnswer],
  run: [decodeRunMessage],
  hint: [decodeHint],
  receipt: [openReceipt],
  batch: [openBatch],
  statement: [(bytes) => openStatement(bytes, root.fleet)],
  tree: [decodeTree],
  'index-segment': [decodeIndexSegment],
  'snapshot-root': [decodeSnapshotRoot],
  'root-pointer': [decodeRootPointer],
  pack: [openEveryBlob, readPackHeader],
  'pack-descriptor': [decodeDescriptor],
  'wrapped-key': [(bytes) => unwrapKey(bytes, { drive, keyEpoch: 2 }, recipient)],
  'sealed-small': [(bytes) => openSmall(driveKey, 'name', bytes)],
};

/** Formats under a signature or a seal: not one bit of them may change. */
const guarded = new Set(['receipt', 'batch', 'statement', 'pack', 'wrapped-key', 'sealed-small']);

const goldenOf = (format: string): readonly Uint8Array[] =>
  goldenExamples.filter(({ path }) => path.startsWith(`${format}/`)).map(({ path }) => goldenBytes(path));

const isAnswer = (decoded: Decoded<unknown>): boolean =>
  decoded.ok || (/^[a-z-]+$/u.test(decoded.rejection.code) && decoded.rejection.reason.length < 300);

/** What a broken disk or a liar makes of good bytes. */
const damage = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), place: fc.nat(), bit: fc.nat({ max: 7 }) }),
  fc.record({ kind: fc.constant('cut' as const), place: fc.nat() }),
  fc.record({
    kind: fc.constant('length' as const),
    place: fc.nat(),
    value: fc.constantFrom(0, 1, 0x7f, 0xff),
  }),
  fc.record({ kind: fc.constant('grow' as const), tail: fc.uint8Array({ minLength: 1, maxLength: 64 }) }),
);

function damaged(
  good: Uint8Array,
  change: typeof damage extends fc.Arbitrary<infer T> ? T : never,
): Uint8Array {
  if (change.kind === 'grow') return concatBytes(good, change.tail);
  const at = change.place % good.length;
  if (change.kind === 'cut') return good.slice(0, at);
  const bad = good.slice();
  if (change.kind === 'flip') bad[at]! ^= 1 << change.bit;
  else bad.fill(change.value, at, at + 4);
  return bad;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.from(a).equals(b);

for (const [format, list] of Object.entries(decoders)) {
  test(`damaged ${format} bytes are answered, never thrown at us`, (t) => {
    const good = goldenOf(format);
    fc.assert(
      fc.property(fc.constantFrom(...good), damage, (bytes, change) =>
        list.every((decode) => isAnswer(decode(damaged(bytes, change)))),
      ),
      { numRuns: 300 },
    );
    t.pass();
  });

  test(`bytes that only start like ${format} are answered`, (t) => {
    const heads = goldenOf(format).map((bytes) => bytes.slice(0, 5));
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 400 }), (head, tail) =>
        list.every((decode) => isAnswer(decode(concatBytes(head, tail))) && isAnswer(decode(tail))),
      ),
      { numRuns: 200 },
    );
    t.pass();
  });
}

for (const format of guarded) {
  test(`no changed ${format} is accepted`, (t) => {
    const [decode] = decoders[format]!;
    fc.assert(
      fc.property(fc.constantFrom(...goldenOf(format)), damage, (good, change) => {
        const bad = damaged(good, change);
        return same(bad, good) || !decode!(bad).ok;
      }),
      { numRuns: 300 },
    );
    t.pass();
  });
}

/** What people type or open by hand is answered by an error that names the mistake. */
const isNamed = (open: () => unknown, codes: readonly string[]): boolean => {
  try {
    open();
    return false;
  } catch (error) {
    return error instanceof DreyError && codes.includes(error.code);
  }
};

test('damaged invites are named as such', (t) => {
  const [good] = goldenOf('invite');
  fc.assert(
    fc.property(damage, (change) => {
      const [bad, whole] = [damaged(good!, change), Buffer.from(good!).toString().trim()];
      const text = Buffer.from(bad).toString();
      // Base64 has spare bits, and readers skip what is no letter of it.
      const bytesOf = (line: string): string => Buffer.from(line.slice(5), 'base64url').toString('hex');
      const given = text.trim();
      // What stands below an invite is not of it.
      const isSame = [given, given.split('\n')[0]!].some((line) => bytesOf(line) === bytesOf(whole));
      return (given.startsWith('drey1') && isSame) || isNamed(() => parseInvite(text), ['invite-malformed']);
    }),
    { numRuns: 300 },
  );
  t.pass();
});

test('damaged recovery kits are named as such', (t) => {
  const [good] = goldenOf('recovery-kit');
  const codes = ['recovery-kit-damaged', 'passphrase-wrong'];
  fc.assert(
    fc.property(damage, (change) => {
      const bad = damaged(good!, change);
      return same(bad, good!) || isNamed(() => openRecoveryKit(bad, 'a test passphrase'), codes);
    }),
    // Each that is whole but for its seal costs 64 MiB and a quarter of a second.
    { numRuns: 20 },
  );
  t.pass();
});

const inHead = (magic: string, body: Uint8Array, version = 1): Uint8Array =>
  concatBytes(new TextEncoder().encode(magic), Uint8Array.of(version), body);
const codeOf = (decoded: Decoded<unknown>): string => (decoded.ok ? 'accepted' : decoded.rejection.code);

test('a frame over the limit is refused by its length alone', (t) => {
  const frame = new Uint8Array(frameBytesMax + 1);
  frame.set(goldenBytes('message/v1/heads.bin'));
  t.is(codeOf(decodeMessage(frame)), 'too-long');
});

test('nesting as deep as a frame is long is refused', (t) => {
  const deep = new Uint8Array(frameBytesMax - 5).fill(0x81);
  t.is(codeOf(decodeMessage(inHead('DRMS', deep))), 'not-cbor');
});

test('an array that says it has four thousand million items is refused', (t) => {
  t.is(codeOf(decodeMessage(inHead('DRMS', Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff)))), 'not-cbor');
});

test('a newer version is told from damage', (t) => {
  const newer = goldenBytes('hint/v1/hint.bin');
  newer[4] = 2;
  t.is(codeOf(decodeHint(newer)), 'newer-version');
  newer[4] = 0;
  t.is(codeOf(decodeHint(newer)), 'wrong-version');
  t.is(codeOf(decodeMessage(inHead('DRMS', Uint8Array.of(0xa0), 250))), 'newer-version');
  t.is(codeOf(decodeMessage(inHead('DRMS', Uint8Array.of(0xa0), 0))), 'wrong-version');
});

test('unknown fields are refused, and a reason does not repeat what the peer sent', (t) => {
  const secret = 'the peer may write anything here, at any length; '.repeat(40);
  const extra = encode({ kind: 'logPull', want: [], [secret]: 1 });
  const decoded = decodeMessage(inHead('DRMS', extra));
  t.is(codeOf(decoded), 'wrong-shape');
  t.false(JSON.stringify(decoded).includes('the peer may'));
});

test('a field named __proto__ changes nothing and is refused', (t) => {
  const forged = encode(
    new Map<string, unknown>([
      ['__proto__', { kind: 'logPull' }],
      ['want', []],
    ]),
  );
  t.is(codeOf(decodeMessage(inHead('DRMS', forged))), 'wrong-shape');
});

test('replicas of different hashes are refused: one name must not mean two contents', (t) => {
  const descriptor = goldenBytes('pack-descriptor/v1/two-of-three.bin');
  descriptor[54] = 1;
  t.is(codeOf(decodeDescriptor(descriptor)), 'wrong-shape');
});

test('no log is so long that its next number could not be written', (t) => {
  const key = createMachineKey();
  const log = { author: key.peer, stream: 'telemetry' } as const;
  const atMs = unixMs(1);
  const records = [{ kind: 'lease', fromMs: atMs, untilMs: atMs }] as const;
  const codesOf = (length: number): readonly string[] => [
    codeOf(
      openBatch(signBatch({ key, ...log, sequence: length - 1, previous: noBatchHash, atMs, records }).bytes),
    ),
    codeOf(decodeHint(encodeHint({ ...log, next: length }))),
    codeOf(decodeMessage(encodeMessage({ kind: 'logStored', stream: 'telemetry', next: length }))),
    codeOf(
      decodeMessage(encodeMessage({ kind: 'heads', next: [{ ...log, sequence: length }], reply: 'none' })),
    ),
    codeOf(decodeMessage(encodeMessage({ kind: 'logPull', want: [{ ...log, sequence: length }] }))),
  ];
  t.deepEqual(new Set(codesOf(logLengthMax)), new Set(['accepted']));
  for (const length of [logLengthMax + 1, Number.MAX_SAFE_INTEGER])
    t.deepEqual(new Set(codesOf(length)), new Set(['wrong-shape']), String(length));
});
