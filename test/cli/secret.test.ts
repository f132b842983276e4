// Words as people write them down: what editors and sheets add to them is not theirs.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readPhrase, readSecret } from '../../cli/secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'drey-secret-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const words = 'shift sample change just idea will';
const written: Readonly<Record<string, string | Buffer>> = {
  'on one line': `${words}\n`,
  'with the ends of lines of Windows': `${words}\r\n`,
  'a word a line': `\n${words.replaceAll(' ', '\n')}\n`,
  'numbered, as on a sheet': words
    .split(' ')
    .map((word, index) => `${index + 1}. ${word}`)
    .join('\n'),
  'with the mark of an editor': `\uFEFF${words}\r\n`,
  'as PowerShell writes it': Buffer.from(`\uFEFF${words}\r\n`, 'utf16le'),
};

for (const [how, text] of Object.entries(written))
  test(`words are read ${how}`, (t) => {
    const file = join(folder, how);
    writeFileSync(file, text);
    t.is(readPhrase(file), words);
  });

test('a passphrase is the first line as it is, numbers too', (t) => {
  const file = join(folder, 'passphrase');
  writeFileSync(file, '1. two  three\r\nsomething else\n');
  t.is(readSecret(file), '1. two  three');
  t.is(readSecret(undefined), undefined);
  t.throws(() => readPhrase(join(folder, 'absent')), { code: 'secret-unreadable' });
});
