// Planted bugs are changes of the product's source text: each must still stand where it was found.

import { readFileSync } from 'node:fs';
import test from 'ava';
import { plantedBugs } from '../benchmarks/planted-bugs/bugs.ts';

test('the place of each planted bug stands once in its file', (t) => {
  for (const { name, file, find, replace } of plantedBugs) {
    const text = readFileSync(new URL(`../../agent/${file}`, import.meta.url), 'utf8');
    t.is(text.split(find).length, 2, name);
    t.not(find, replace, name);
  }
  t.is(new Set(plantedBugs.map(({ name }) => name)).size, plantedBugs.length);
});
