// Small changes of a source text: each must be another text that still can be read as a module, and stand in one place.

import { stripTypeScriptTypes } from 'node:module';
import { readFileSync } from 'node:fs';
import { parse } from 'acorn';
import test from 'ava';
import { mutantsOf } from '../benchmarks/planted-bugs/mutants.ts';

test('conditions, operators, steps and results are changed one at a time', (t) => {
  const text = 'export function f(a: number): number[] {\n  if (a < 1 && a !== 0) g();\n  return [a];\n}\n';
  const changed = mutantsOf('core/f.ts', text).map(({ find, replace }) => text.replace(find, () => replace));
  const lines = changed.map((one) =>
    one
      .split('\n')
      .slice(1, 3)
      .map((line) => line.trim())
      .join(' '),
  );
  const expected = [
    'if (true) g(); return [a];',
    'if (false) g(); return [a];',
    'if (a < 1) g(); return [a];',
    'if (a !== 0) g(); return [a];',
    'if (a <= 1 && a !== 0) g(); return [a];',
    'if (a < 1 && a === 0) g(); return [a];',
    'if (a < 1 && a !== 0) ; return [a];',
    'if (a < 1 && a !== 0) g(); return [];',
  ];
  t.deepEqual(lines.toSorted(), expected.toSorted());
});

test('each change of a file of the core stands once, says where, and can be read', (t) => {
  const text = readFileSync(new URL('../../agent/core/surplus.ts', import.meta.url), 'utf8');
  const mutants = mutantsOf('core/surplus.ts', text);
  t.true(mutants.length > 50);
  for (const { name, find, replace } of mutants) {
    t.is(text.split(find).length, 2, name);
    const changed = text.replace(find, () => replace);
    t.not(changed, text, name);
    t.notThrows(() => parse(stripTypeScriptTypes(changed), { ecmaVersion: 'latest', sourceType: 'module' }));
    t.regex(name, /^core\/surplus\.ts:\d+$/u);
  }
});
