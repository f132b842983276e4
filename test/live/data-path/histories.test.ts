import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { compareTrees } from '../../../agent/live/data-path/index.ts';
import { newFolder, noise } from './odd-trees.ts';
import { startTrial, workers } from './trial.ts';

type Edit =
  | { readonly kind: 'write'; readonly path: string; readonly byteCount: number; readonly seed: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'move'; readonly path: string; readonly to: string }
  | { readonly kind: 'remove'; readonly path: string }
  | { readonly kind: 'mark'; readonly path: string; readonly mode: number; readonly seconds: number };

const path = fc
  .array(fc.constantFrom('a', 'b', 'é', 'x.y'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const edit: fc.Arbitrary<Edit> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      path,
      byteCount: fc.oneof(fc.nat({ max: 5000 }), fc.constant(1_500_000)),
      seed: fc.nat({ max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('link' as const), path, target: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('move' as const), path, to: path }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), path }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('mark' as const),
      path,
      mode: fc.constantFrom(0o600, 0o755, 0o444),
      seconds: fc.integer({ min: 0, max: 2_000_000_000 }),
    }),
  },
);

/** Does what an edit says where the folder allows it: a file where a folder stands changes nothing. */
function apply(folder: string, one: Edit): void {
  const place = join(folder, one.path);
  try {
    if (one.kind === 'write' || one.kind === 'link') mkdirSync(dirname(place), { recursive: true });
    if (one.kind === 'write') writeFileSync(place, noise(one.byteCount, one.seed));
    if (one.kind === 'link') symlinkSync(one.target, place);
    if (one.kind === 'move') renameSync(place, join(folder, one.to));
    if (one.kind === 'remove') rmSync(place, { recursive: true });
    if (one.kind === 'mark') {
      chmodSync(place, one.mode | 0o300);
      utimesSync(place, one.seconds, one.seconds + 0.25);
    }
  } catch (error) {
    if (typeof (error as { code?: unknown }).code !== 'string') throw error;
  }
}

test('whatever is done to a folder, each snapshot restores to exactly what it was then', async (t) => {
  const history = fc.array(fc.array(edit, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(history, async (rounds) => {
      const trial = startTrial(newFolder());
      for (const edits of rounds) {
        for (const one of edits) apply(trial.folder, one);
        const { staged, unreadable } = await trial.snapshotter.snapshot();
        const { to, missing } = await trial.restore(staged);
        const differences = await compareTrees({ workers, left: trial.folder, right: to });
        t.deepEqual([unreadable, missing, differences], [[], [], []]);
      }
    }),
    { numRuns: 15 },
  );
});
