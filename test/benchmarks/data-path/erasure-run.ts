// `node erasure-run.ts drey|tables K+M`: parity shards of 64 packs of 16 MiB, by what the product uses or by its plain tables.
// Prints megabytes of packs a second.

import { encodingRow } from '../../../agent/codec/index.ts';
import { combinePlainly, combineShards } from '../../../agent/codec/galois-simd.ts';
import { packBytesTarget } from '../../../agent/limits.ts';

const [tool, code = ''] = process.argv.slice(2);
const [k = 0, parity = 0] = code.split('+').map(Number);
const packCount = 64;
const shardBytes = Math.ceil(packBytesTarget / k);
const pack = Uint8Array.from({ length: shardBytes * k }, (_, at) => Math.imul(at, 0x9e37_79b1) >>> 24);
const slices = Array.from({ length: k }, (_, at) => pack.subarray(at * shardBytes, (at + 1) * shardBytes));
const rows = Array.from({ length: parity }, (_, at) => encodingRow(k + at, { k, n: k + parity }));
const combine = tool === 'drey' ? combineShards : combinePlainly;

const startedMs = performance.now();
for (let done = 0; done < packCount; done++) combine({ slices, rows, shardBytes });
const seconds = (performance.now() - startedMs) / 1000;
process.stdout.write(`${Math.round((pack.length * packCount) / 1e6 / seconds)} MB/s\n`);
