// How long bytes wait so that a rate is kept.

import test from 'ava';
import fc from 'fast-check';
import { TokenBucket } from '../../../agent/core/index.ts';
import { unixMs } from '../../../datasets/index.ts';

const start = Date.UTC(2026, 10, 23, 12);
const burst = 1000;
const at = (ms: number) => unixMs(start + ms);

test('a burst goes at once, what follows waits for its rate', (t) => {
  const bucket = new TokenBucket(burst);
  const rate = { now: at(0), bytesPerSecond: 100 };
  t.is(bucket.take(1000, rate), 0);
  t.is(bucket.take(50, rate), 500);
  t.is(bucket.take(100, rate), 1500);
});

test('after a rest there is one burst again, and not more', (t) => {
  const bucket = new TokenBucket(burst);
  bucket.take(1000, { now: at(0), bytesPerSecond: 100 });
  t.is(bucket.take(1000, { now: at(3_600_000), bytesPerSecond: 100 }), 0);
  t.is(bucket.take(1, { now: at(3_600_000), bytesPerSecond: 100 }), 10);
});

test('a clock that stands or goes back gives nothing away', (t) => {
  const bucket = new TokenBucket(burst);
  bucket.take(1000, { now: at(1000), bytesPerSecond: 100 });
  t.is(bucket.take(100, { now: at(0), bytesPerSecond: 100 }), 1000);
});

test('in any span at most its length at the rate, and one burst, are let through', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ restMs: fc.nat(5000), bytes: fc.integer({ min: 1, max: 900 }) }), {
        minLength: 1,
        maxLength: 60,
      }),
      fc.integer({ min: 10, max: 5000 }),
      (steps, bytesPerSecond) => {
        const bucket = new TokenBucket(burst);
        let now = 0;
        const passed = steps.map(({ restMs, bytes }) => {
          now += restMs;
          return { bytes, atMs: now + bucket.take(bytes, { now: at(now), bytesPerSecond }) };
        });
        return passed.every((from, first) => {
          let bytes = 0;
          return passed.slice(first).every((to) => {
            bytes += to.bytes;
            // The first of a span may have been paid for before it.
            return bytes - from.bytes <= burst + ((to.atMs - from.atMs) * bytesPerSecond) / 1000 + 1;
          });
        });
      },
    ),
  );
  t.pass();
});
