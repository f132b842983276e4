import test from 'ava';
import fc from 'fast-check';
import { type WatchedFolder, WatchedFolders } from '../../../agent/live/data-path/watched-folders.ts';

const step = fc.record({
  what: fc.constantFrom('set', 'set', 'delete', 'clear'),
  watch: fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 1000 }), fc.nat({ max: 2 ** 31 - 1 })),
  above: fc.nat({ max: 2 ** 31 - 1 }),
  name: fc.string({ maxLength: 3 }),
});

test('watched folders are what a map of the same steps has', (t) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const [folders, plain] = [new WatchedFolders(), new Map<number, WatchedFolder>()];
      for (const { what, watch, above, name } of steps)
        for (const known of [folders, plain]) {
          if (what === 'set') known.set(watch, { above, name });
          else if (what === 'delete') known.delete(watch);
          else known.clear();
        }
      t.is(folders.size, plain.size);
      t.deepEqual(
        [...folders.keys()].toSorted((a, b) => a - b),
        [...plain.keys()].toSorted((a, b) => a - b),
      );
      for (const { watch } of steps) t.deepEqual(folders.get(watch), plain.get(watch));
    }),
  );
});
