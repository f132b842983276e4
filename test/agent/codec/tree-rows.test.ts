// The encoder of tree entries against the CBOR library, byte for byte: it is only faster.

import { encode } from 'cborg';
import test from 'ava';
import fc from 'fast-check';
import { bytesOfHex, concatBytes, encodeTreeEntry, type TreeEntry } from '../../../agent/codec/index.ts';
import { chunkId } from '../../../agent/units.ts';

const second = 1_000_000_000n;
const kinds = ['folder', 'file', 'symlink', 'hardLink'] as const;

/** As FORMATS.md has it: a length, then a map of one-letter keys. */
function plainly(entry: TreeEntry): Uint8Array {
  const nanos = ((entry.mtimeNs % second) + second) % second;
  const body = encode({
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
  });
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.length);
  return concatBytes(length, body);
}

const count = fc.oneof(fc.nat({ max: 300 }), fc.nat({ max: 70_000 }), fc.maxSafeNat());
const path = fc.oneof(fc.uint8Array({ maxLength: 30 }), fc.uint8Array({ minLength: 200, maxLength: 4096 }));
const attribute = fc.record({
  name: fc
    .uint8Array({ min: 1, minLength: 1, maxLength: 255 })
    .map((name) => Buffer.from(name).toString('latin1')),
  value: fc.uint8Array({ maxLength: 7000 }),
});
const base = {
  path,
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
  fc.record({ kind: fc.constantFrom('symlink' as const, 'hardLink' as const), ...base, target: path }),
);

test('an entry of a tree has the bytes that the CBOR library would give it', (t) => {
  fc.assert(
    fc.property(entry, (one) => {
      t.deepEqual(encodeTreeEntry(one), plainly(one));
    }),
    { numRuns: 300 },
  );
});
