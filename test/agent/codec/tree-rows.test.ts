// Writer and reader of tree entries against the CBOR library, byte for byte: they are only faster.

import { decode, encode } from 'cborg';
import test from 'ava';
import fc from 'fast-check';
import {
  bytesOfHex,
  concatBytes,
  decodeTree,
  encodeTreeEntry,
  type TreeEntry,
  whyUnwritable,
} from '../../../agent/codec/index.ts';
import { strict } from '../../../agent/codec/envelope.ts';
import { rowLimits, TreeRowReader } from '../../../agent/codec/tree-row-reader.ts';
import { chunkId } from '../../../agent/units.ts';

const second = 1_000_000_000n;
const kinds = ['folder', 'file', 'symlink', 'hardLink'] as const;

/** As FORMATS.md has it: a length, then a map of one-letter keys, in order or not. */
function plainly(entry: TreeEntry, options: Parameters<typeof encode>[1] = {}): Uint8Array {
  const nanos = ((entry.mtimeNs % second) + second) % second;
  const row = {
    k: kinds.indexOf(entry.kind),
    p: entry.path,
    m: entry.mode,
    u: entry.uid,
    g: entry.gid,
    s: Number((entry.mtimeNs - nanos) / second),
    n: Number(nanos),
    ...(entry.kind === 'file' ? { l: entry.byteCount, c: concatBytes(...entry.chunks.map(bytesOfHex)) } : {}),
    ...(entry.kind === 'file' && entry.isUnstable ? { x: 1 } : {}),
    ...(entry.kind === 'file' && entry.isSparse === true ? { h: 1 } : {}),
    ...(entry.attributes === undefined || entry.attributes.length === 0
      ? {}
      : {
          a: entry.attributes.map(({ name, value }) => [Uint8Array.from(Buffer.from(name, 'latin1')), value]),
        }),
    ...(entry.kind === 'symlink' || entry.kind === 'hardLink' ? { t: entry.target } : {}),
  };
  const body = encode(row, options);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.length);
  return concatBytes(length, body);
}

const count = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 70_000 }), fc.maxSafeNat());
const pathBytes = fc.oneof(
  fc.uint8Array({ maxLength: 30 }),
  fc.uint8Array({ minLength: 200, maxLength: 4096 }),
);
const attribute = fc.record({
  name: fc
    .uint8Array({ min: 1, minLength: 1, maxLength: 255 })
    .map((name) => Buffer.from(name).toString('latin1')),
  value: fc.uint8Array({ maxLength: 7000 }),
});
const base = {
  path: pathBytes,
  mode: fc.nat({ max: 0o7777 }),
  uid: count,
  gid: count,
  mtimeNs: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 19n }),
};
const chunk = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((id) => chunkId(Buffer.from(id).toString('hex')));
const marked = { attributes: fc.array(attribute, { minLength: 1, maxLength: 30 }) };
const entry: fc.Arbitrary<TreeEntry> = fc.oneof(
  fc.record({ kind: fc.constant('folder' as const), ...base }),
  fc.record({ kind: fc.constant('folder' as const), ...base, ...marked }),
  fc.record({
    kind: fc.constant('file' as const),
    ...base,
    byteCount: count,
    chunks: fc.oneof(fc.array(chunk, { maxLength: 3 }), fc.array(chunk, { minLength: 130, maxLength: 300 })),
    isUnstable: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('file' as const),
    ...base,
    ...marked,
    byteCount: count,
    chunks: fc.array(chunk, { maxLength: 3 }),
    isUnstable: fc.boolean(),
    isSparse: fc.constant(true as const),
  }),
  fc.record({ kind: fc.constantFrom('symlink' as const, 'hardLink' as const), ...base, target: pathBytes }),
);

test('an entry of a tree has the bytes that the CBOR library would give it', (t) => {
  fc.assert(
    fc.property(entry, (one) => {
      t.true(Buffer.from(encodeTreeEntry(one)).equals(plainly(one)));
    }),
    { numRuns: 300 },
  );
});

/** CBOR that we never write, and read all the same: the last keys first. */
const unordered = { mapSorter: () => -1 };

test('an entry is read whatever the order of its keys', (t) => {
  fc.assert(
    fc.property(entry, (one) => {
      const [ordered, other] = [plainly(one), plainly(one, unordered)];
      t.notDeepEqual(other, ordered);
      t.deepEqual(decodeTree(other), { ok: true, value: { entries: [one], usedBytes: other.length } });
      t.deepEqual(decodeTree(ordered), { ok: true, value: { entries: [one], usedBytes: ordered.length } });
    }),
    { numRuns: 100 },
  );
});

test('an entry that is out of bounds says why it cannot stand in a tree; one at the bound is read back', (t) => {
  const of = (pathLength: number, attributeCount: number): TreeEntry => ({
    kind: 'folder',
    path: new Uint8Array(pathLength).fill(0x61),
    mode: 0o755,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    attributes: Array.from({ length: attributeCount }, (_, at) => ({
      name: `user.${at}`,
      value: new Uint8Array(),
    })),
  });
  const { pathBytesMax, attributeCountMax } = rowLimits;
  const largest = of(pathBytesMax, attributeCountMax);
  t.is(whyUnwritable(largest), undefined);
  t.true(decodeTree(encodeTreeEntry(largest)).ok);
  for (const one of [of(pathBytesMax + 1, 1), of(1, attributeCountMax + 1)]) {
    t.is(typeof whyUnwritable(one), 'string');
    t.false(decodeTree(encodeTreeEntry(one)).ok);
  }
});

test('a time beyond what numbers count exactly becomes the nearest that they do', (t) => {
  for (const sign of [1n, -1n]) {
    const far: TreeEntry = {
      kind: 'folder',
      path: new Uint8Array(),
      mode: 0,
      uid: 0,
      gid: 0,
      mtimeNs: sign * 2n ** 60n * 1_000_000_000n,
    };
    const read = decodeTree(encodeTreeEntry(far));
    const nearest = sign * (2n ** 53n - 1n) * 1_000_000_000n;
    t.deepEqual(read.ok && read.value.entries.map(({ mtimeNs }) => mtimeNs), [nearest]);
  }
});

test('what is read of a damaged entry is what the CBOR library reads', (t) => {
  fc.assert(
    fc.property(entry, fc.nat(), fc.nat({ max: 255 }), (one, place, value) => {
      const bytes = plainly(one).slice(4);
      // Most of what can go wrong stands at the start, in heads and keys.
      bytes[place % Math.min(bytes.length, 400)] = value;
      const rows = new TreeRowReader(bytes);
      const row = rows.row(0, bytes.length);
      const path = rows.path(0, bytes.length);
      if (row === undefined) return;
      t.deepEqual<unknown, unknown>(row, decode(bytes, strict));
      t.is(path, Buffer.from(row.p).toString('latin1'));
    }),
    { numRuns: 2000 },
  );
});

test('of a tree only the entries of wanted paths are read', (t) => {
  const written = fc.record({ one: entry, isOrdered: fc.boolean(), isWanted: fc.boolean() });
  const pathOf = ({ path: bytes }: TreeEntry): string => Buffer.from(bytes).toString('latin1');
  fc.assert(
    fc.property(fc.array(written, { maxLength: 8 }), (list) => {
      const bytes = concatBytes(
        ...list.map(({ one, isOrdered }) => plainly(one, isOrdered ? {} : unordered)),
      );
      const wanted = new Set(list.flatMap(({ one, isWanted }) => (isWanted ? [pathOf(one)] : [])));
      const entries = list.map(({ one }) => one).filter((one) => wanted.has(pathOf(one)));
      t.deepEqual(
        decodeTree(bytes, (text) => wanted.has(text)),
        { ok: true, value: { entries, usedBytes: bytes.length } },
      );
    }),
    { numRuns: 100 },
  );
});

test('a damaged entry that nobody wants does not stand in the way of the others', (t) => {
  const [good, bad] = ['good', 'bad'].map((name) =>
    encodeTreeEntry({
      kind: 'folder',
      path: new Uint8Array(Buffer.from(name)),
      mode: 0o755,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
    }),
  ) as [Uint8Array, Uint8Array];
  // Its last key.
  bad[bad.length - 2] = 0x7a;
  const tree = concatBytes(bad, good);
  t.false(decodeTree(tree).ok);
  const read = decodeTree(tree, (path) => path === 'good');
  t.is(read.ok && read.value.entries.length, 1);
});

test('an entry of lists inside lists is damaged, however deep they go', (t) => {
  for (const depth of [3, 100_000]) {
    // {"a": [[[…0…]]], "p": 'x'}
    const item = Uint8Array.of(
      0xa2,
      0x61,
      0x61,
      ...new Uint8Array(depth).fill(0x81),
      0,
      0x61,
      0x70,
      0x41,
      0x78,
    );
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, item.length);
    t.false(decodeTree(concatBytes(length, item), () => true).ok);
  }
});
