import { createHmac } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import {
  chunkIdOf,
  chunkIdsOf,
  decodeIndexSegment,
  decodeTree,
  encodeIndexSegment,
  encodeTreeEntry,
  concatBytes,
  hexOf,
  OpenPack,
  PackWriter,
  type PackEntry,
  readPackHeader,
  type TreeEntry,
} from '../../../agent/codec/index.ts';
import { blobBytesTarget } from '../../../agent/limits.ts';
import { chunkId } from '../../../agent/units.ts';
import { looksRandom } from '../../../agent/codec/bundle.ts';
import { byPlainBlake3 } from '../../../agent/codec/chunk-ids.ts';
import { deriveKey } from '../../../agent/codec/keys.ts';
import { createSplitMix } from './split-mix.ts';
import { descriptor, drive, driveKey, indexed, noise, pack, salt, seedOf, tree } from './samples.ts';

const keying = { driveKey, drive, keyEpoch: 2, salt };

function packOf(chunks: readonly Uint8Array[]): { bytes: Uint8Array; entries: readonly PackEntry[] } {
  const writer = new PackWriter(keying);
  for (const bytes of chunks) writer.add(chunkIdOf(driveKey, bytes), bytes);
  return writer.finish();
}

function opened(bytes: Uint8Array): OpenPack {
  const decoded = OpenPack.open(bytes, driveKey);
  if (!decoded.ok) throw new Error(decoded.rejection.reason);
  return decoded.value;
}

const chunk = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.nat({ max: 3000 }).map((length) => new Uint8Array(length).fill(65)),
);

test('chunks come out of a pack as they went in', (t) => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
      const { bytes, entries } = packOf(chunks);
      const reader = opened(bytes);
      t.deepEqual(reader.entries, entries);
      const read = entries.map((entry) => reader.read(entry));
      t.deepEqual(
        read.map((result) => result.ok && new Uint8Array(result.value)),
        chunks.map((plain) => new Uint8Array(plain)),
      );
    }),
    { numRuns: 60 },
  );
});

test('small chunks share a blob, random and large ones have others, and all can be read in any order', (t) => {
  const next = createSplitMix(3n);
  const chunks = [next(10), next(blobBytesTarget - 10), next(blobBytesTarget + 5), next(10), next(20)];
  const packed = packOf(chunks);
  const { bytes } = packed;
  const byId = new Map(packed.entries.map((entry) => [entry.chunk, entry]));
  const entries = chunks.map((plain) => byId.get(chunkIdOf(driveKey, plain))!);
  t.deepEqual(
    entries.map(({ blob }) => blob),
    [1, 2, 0, 1, 1],
  );
  const reader = opened(bytes);
  for (const index of [4, 0, 2, 1, 3]) {
    const read = reader.read(entries[index]!);
    t.true(read.ok && Buffer.from(read.value).equals(chunks[index]!));
  }
});

test('bytes that do not compress are kept as they are, others shrink', (t) => {
  const noisy = packOf([noise('n', 50_000)]).bytes.length;
  const plain = packOf([new Uint8Array(50_000).fill(32)]).bytes.length;
  t.true(noisy > 50_000 && noisy < 50_300, `${noisy}`);
  t.true(plain < 500, `${plain}`);
});

test('one altered bit anywhere in a pack is noticed', (t) => {
  const { bytes, entries } = packOf([noise('a', 300), noise('b', 40)]);
  const survivors: number[] = [];
  for (let at = 0; at < bytes.length; at++) {
    const bad = bytes.slice();
    bad[at]! ^= 1 << (at % 8);
    const decoded = OpenPack.open(bad, driveKey);
    if (decoded.ok && entries.every((entry) => decoded.value.read(entry).ok)) survivors.push(at);
  }
  t.deepEqual(survivors, []);
});

test('blobs cannot be exchanged inside a pack', (t) => {
  const half = createSplitMix(5n);
  const { bytes, entries } = packOf([half(blobBytesTarget), half(blobBytesTarget)]);
  const sealedBytes = blobBytesTarget + 21;
  const [first, second] = [
    bytes.slice(44, 44 + sealedBytes),
    bytes.slice(44 + sealedBytes, 44 + 2 * sealedBytes),
  ];
  const exchanged = bytes.slice();
  exchanged.set(second, 44);
  exchanged.set(first, 44 + sealedBytes);
  const read = opened(exchanged).read(entries[0]!);
  t.is(read.ok ? 'read' : read.rejection.code, 'damaged');
});

test('another drive key opens nothing, and the header needs none', (t) => {
  const other = OpenPack.open(pack.bytes, seedOf('another key'));
  t.is(other.ok ? 'opened' : other.rejection.code, 'wrong-key');
  t.deepEqual(readPackHeader(pack.bytes), { ok: true, value: { drive, keyEpoch: 2 } });
});

test('a pack of a later version is told from an altered one', (t) => {
  const later = Uint8Array.from(pack.bytes);
  later[4] = 3;
  const read = readPackHeader(later);
  t.like(read, { ok: false, rejection: { code: 'wrong-version', reason: 'version 3, known are 1 and 2' } });
  later[0] = 0;
  t.like(readPackHeader(later), { ok: false, rejection: { code: 'wrong-magic' } });
});

test('a locator that points outside its blob or pack is refused', (t) => {
  const reader = opened(pack.bytes);
  const code = (entry: Omit<PackEntry, 'chunk'>): string => {
    const read = reader.read(entry);
    return read.ok ? 'read' : read.rejection.code;
  };
  t.is(code({ blob: 0, offset: 0, length: 1e9 }), 'wrong-shape');
  t.is(code({ blob: 9, offset: 0, length: 1 }), 'wrong-shape');
});

test('a pack says nothing of its contents: the same text in two packs has no bytes in common', (t) => {
  const text = new TextEncoder().encode('The same words in two packs of one drive.');
  const one = packOf([text]).bytes;
  const writer = new PackWriter({ ...keying, salt: seedOf('other salt').subarray(0, 16) });
  writer.add(chunkIdOf(driveKey, text), text);
  const two = writer.finish().bytes;
  t.false(Buffer.from(one).includes('The same'));
  t.notDeepEqual(one.slice(44, 90), two.slice(44, 90));
});

const bytePath = fc.uint8Array({ minLength: 1, maxLength: 40 });
const base = {
  path: bytePath,
  mode: fc.nat({ max: 0o7777 }),
  uid: fc.nat(),
  gid: fc.nat(),
  mtimeNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
};
const entry: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc.record({ kind: fc.constant('folder'), ...base }),
  fc.record({
    kind: fc.constant('file'),
    ...base,
    byteCount: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    chunks: fc.array(
      fc.nat().map((id) => chunkId(hexOf(seedOf(`${id}`)))),
      {
        maxLength: 4,
      },
    ),
    isUnstable: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('symlink'), ...base, target: bytePath }),
  fc.record({ kind: fc.constant('hardLink'), ...base, target: bytePath }),
);

test('tree entries come back as they were: names of any bytes, times before 1970', (t) => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 6 }), (entries) => {
      const bytes = concatBytes(...entries.map(encodeTreeEntry));
      t.deepEqual(decodeTree(bytes), { ok: true, value: { entries, usedBytes: bytes.length } });
    }),
    { numRuns: 100 },
  );
});

test('a tree can be read in pieces that end anywhere', (t) => {
  const bytes = concatBytes(...tree.map(encodeTreeEntry));
  fc.assert(
    fc.property(fc.nat({ max: bytes.length }), (cut) => {
      const first = decodeTree(bytes.subarray(0, cut));
      const usedBytes = first.ok ? first.value.usedBytes : -1;
      const second = decodeTree(bytes.subarray(usedBytes));
      t.deepEqual(first.ok && second.ok && [...first.value.entries, ...second.value.entries], tree);
    }),
    { numRuns: 60 },
  );
});

test('an index segment of many packs comes back in order', (t) => {
  const packs = [indexed[0]!, { descriptor, entries: [] }, indexed[0]!];
  t.deepEqual(decodeIndexSegment(encodeIndexSegment(packs)), { ok: true, value: packs });
});

test('an index segment of more chunks than a call takes arguments comes back', (t) => {
  const one = indexed[0]!.entries[0]!;
  const packs = [
    { descriptor, entries: Array.from({ length: 200_000 }, (_, offset) => ({ ...one, offset })) },
  ];
  const decoded = decodeIndexSegment(encodeIndexSegment(packs));
  const [back] = decoded.ok ? decoded.value : [];
  t.is(back?.entries.length, 200_000);
  t.true(back?.entries.every(({ offset }, index) => offset === index));
});

test('chunks are named alike by native code, by JavaScript, and one by one, whatever their lengths', (t) => {
  const idOf = chunkIdsOf(driveKey);
  const inJavaScript = byPlainBlake3(deriveKey(driveKey, 'drey chunk id v2'));
  for (const length of [0, 1, 64, 1000, 1023, 1024, 1025, 70_000]) {
    const plain = new Uint8Array(length).map((_, at) => at * 31);
    t.is(idOf(plain), chunkIdOf(driveKey, plain));
    t.is(idOf(plain), inJavaScript(plain));
  }
});

test('packs of version 1 name their chunks by HMAC-SHA-256', (t) => {
  const idOf = chunkIdsOf(driveKey, 1);
  const key = deriveKey(driveKey, 'drey chunk id v1');
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000, 70_000]) {
    const plain = new Uint8Array(length).map((_, at) => at * 31);
    t.is(String(idOf(plain)), createHmac('sha256', key).update(plain).digest('hex'));
  }
});

test('random and compressed bytes are told from all others by a few samples', (t) => {
  const random = createSplitMix(11n);
  for (const length of [4096, 5000, 100_000, 2_000_000]) {
    t.true(looksRandom(random(length)), `${length} random bytes`);
    t.false(looksRandom(Buffer.from('all work and no play '.repeat(length / 20))), 'text');
    t.false(looksRandom(new Uint8Array(length)), 'zeros');
    t.false(looksRandom(Buffer.from(Buffer.from(random(length)).toString('base64'))), 'base64');
  }
  const half = Buffer.concat([random(50_000), Buffer.alloc(50_000, 'x')]);
  t.false(looksRandom(half), 'half of it can be compressed');
  t.false(looksRandom(random(100)), 'too short to tell');
  const { bytes } = packOf([random(200_000), Buffer.alloc(200_000, 'drey')]);
  t.true(bytes.length < 202_000, 'beside random bytes others are still compressed');
});
