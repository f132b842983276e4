import test from 'ava';
import fc from 'fast-check';
import { startGearKernel } from '../../../agent/codec/gear-kernel.ts';
import { GearSearch } from '../../../agent/codec/gear-search.ts';
import { createSplitMix } from './split-mix.ts';

const bytes = createSplitMix(11n)(200_000);
const [quick, plain] = [new GearSearch(startGearKernel()), new GearSearch(undefined)];

/** The highest bits, as chunkers ask for them; so few that cuts are a few bytes to some hundred thousand bytes apart. */
const masks = fc.integer({ min: 1, max: 22 }).map((bits) => -(2 ** (32 - bits)) | 0);

test('four stretches side by side find what one after the other finds, wherever it lies', (t) => {
  fc.assert(
    fc.property(
      masks,
      fc.nat({ max: 90_000 }),
      fc.nat({ max: 110_000 }),
      fc.integer(),
      (mask, from, length, start) => {
        const range = { from, to: from + length, mask };
        const expected = plain.find(bytes, range, start);
        t.is(quick.find(bytes, range, start), expected);
        if (expected < 0) t.is(quick.hash, plain.hash);
      },
    ),
    { numRuns: 400 },
  );
});

test('every place of a block can be the first that is found', (t) => {
  const range = { from: 0, to: bytes.length, mask: -(2 ** 21) | 0 };
  const [found, expected]: [number[], number[]] = [[], []];
  for (const [search, cuts] of [
    [quick, found],
    [plain, expected],
  ] as const)
    for (let at = 0; at >= 0; at = search.find(bytes, { ...range, from: at }, 0)) cuts.push(at);
  t.true(expected.length > 50);
  t.deepEqual(found, expected);
});
