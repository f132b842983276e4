// Hashes of shards in one string: what goes in comes out, byte by byte.

import test from 'ava';
import fc from 'fast-check';
import {
  bytesOfShardHashes,
  shardHashAt,
  shardHashesFrom,
  shardHashesIn,
} from '../../../agent/codec/shard-hashes.ts';

test('each hash comes back in its place, from digits and from bytes', (t) => {
  const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 20 }), (bytes) => {
      const digits = bytes.map((one) => Buffer.from(one).toString('hex'));
      const hashes = shardHashesFrom(digits);
      t.deepEqual(
        digits.map((_, index) => shardHashAt(hashes, index)),
        digits,
      );
      t.is(shardHashAt(hashes, digits.length), undefined);
      t.is(shardHashAt(hashes, -1), undefined);
      t.is(shardHashesIn(Buffer.concat([Buffer.alloc(3), ...bytes]).subarray(3)), hashes);
      t.deepEqual(Buffer.from(bytesOfShardHashes(hashes)), Buffer.concat(bytes));
    }),
  );
});
