import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import * as limits from '../../../agent/limits.ts';
import { goldenFolder } from './golden-examples.ts';

const folder = join(import.meta.dirname, '../../../agent/codec');
const page = readFileSync(join(folder, 'FORMATS.md'), 'utf8');
const sources = readdirSync(folder)
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(folder, name), 'utf8'));

/** Magics as text (`'DRMS'`) and as bytes (`0x44, 0x52, …`). */
function magicsOf(source: string): string[] {
  const words = [...source.matchAll(/'(DR[A-Z]{2})'/gu)].map((match) => match[1] ?? '');
  const bytes = [...source.matchAll(/0x44, 0x52, 0x([0-9a-f]{2}), 0x([0-9a-f]{2})/gu)];
  return [...words, ...bytes.map((match) => `DR${Buffer.from(`${match[1]}${match[2]}`, 'hex').toString()}`)];
}

const unique = (words: readonly string[]): string[] => [...new Set(words)].toSorted();

test('FORMATS.md names every magic of the code, and no other', (t) => {
  t.deepEqual(unique(page.match(/\bDR[A-Z]{2}\b/gu) ?? []), unique(sources.flatMap(magicsOf)));
});

test('no two formats share a magic', (t) => {
  const magics = sources.flatMap(magicsOf);
  t.is(magics.length, unique(magics).length);
});

test('every golden format has its section', (t) => {
  const headings = new Set(
    [...page.matchAll(/^##+ (.+)$/gmu)].map((match) =>
      (match[1] ?? '').toLowerCase().replaceAll(' ', '-').replace(/s$/u, ''),
    ),
  );
  const missing = readdirSync(goldenFolder)
    .map((name) => (name === 'sealed-small' ? 'sealed-value' : name))
    .filter((name) => !headings.has(name));
  t.deepEqual(missing, []);
});

test('links inside FORMATS.md lead to a section', (t) => {
  const sections = new Set(
    [...page.matchAll(/^##+ (.+)$/gmu)].map((match) =>
      (match[1] ?? '')
        .toLowerCase()
        .replaceAll(/[^a-z0-9 -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
  const links = [...page.matchAll(/\]\(#([a-z-]+)\)/gu)].map((match) => match[1] ?? '');
  t.deepEqual(
    links.filter((link) => !sections.has(link)),
    [],
  );
});

test('limits that FORMATS.md names exist', (t) => {
  const named = [...page.matchAll(/`([a-zA-Z]{5,}(?:Max|Min|Target|Average))`/gu)].map(
    (match) => match[1] ?? '',
  );
  t.true(named.length > 5);
  t.deepEqual(
    unique(named).filter((name) => !(name in limits)),
    [],
  );
});
