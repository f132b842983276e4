// What an idle agent lets go of the files that are mapped into it.

import { readFileSync, statfsSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { getRandomValues } from 'node:crypto';
import test from 'ava';
import { ClassicLevel } from 'classic-level';
import { mappedFilesIn, releaseMappedFiles } from '../../agent/live/mapped-files.ts';
import { systemCalls } from '../../agent/live/data-path/system-calls.ts';
import { newFolder } from './data-path/odd-trees.ts';

const smaps = `55d0c0000000-55d0c1000000 r--p 00000000 fe:01 1234                       /opt/a program/node
Size:              16384 kB
Rss:                8192 kB
Private_Clean:      8188 kB
Private_Dirty:         4 kB
Anonymous:             4 kB
Swap:                  0 kB
VmFlags: rd mr mw me dw sd
7f0000000000-7f0000400000 rw-p 00000000 00:00 0
Rss:                4096 kB
Private_Dirty:      4096 kB
7f0000400000-7f0000500000 r--s 00001000 fe:01 77                         /home/mia/db/000012.ldb
Size:               1024 kB
Rss:                1000 kB
Private_Dirty:         0 kB
Anonymous:             0 kB
Swap:                  0 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
Rss:                   0 kB
`;

test('files are told from memory, with what is resident of them', (t) => {
  t.deepEqual(mappedFilesIn(smaps), [
    {
      address: 0x55_d0_c0_00_00_00n,
      byteCount: 16_777_216,
      file: '/opt/a program/node',
      residentBytes: 8_388_608,
      isChanged: true,
    },
    {
      address: 0x7f_00_00_40_00_00n,
      byteCount: 1_048_576,
      file: '/home/mia/db/000012.ldb',
      residentBytes: 1_024_000,
      isChanged: false,
    },
  ]);
});

const amounts = (
  anonymousKB: number,
  swapKB: number,
): string => `7f0000000000-7f0000400000 rw-p 00000000 fe:01 1234 /opt/node
Rss:                2048 kB
Private_Clean:      2048 kB
Private_Dirty:         0 kB
Anonymous:        ${anonymousKB} kB
Swap:             ${swapKB} kB
`;

test('pages that were changed and are in the swap, or came back from it, are changed although none is dirty', (t) => {
  const isChanged = (text: string): boolean | undefined => mappedFilesIn(text)[0]?.isChanged;
  t.false(isChanged(amounts(0, 0)));
  t.true(isChanged(amounts(0, 2048)));
  t.true(isChanged(amounts(2048, 0)));
});

const residentOf = (isAsked: (file: string) => boolean): number =>
  mappedFilesIn(readFileSync('/proc/self/smaps', 'utf8'))
    .filter(({ file }) => isAsked(file))
    .reduce((sum, { residentBytes }) => sum + residentBytes, 0);

const tmpfsType = 0x01_02_19_94;

function letsTablesGo(folder: string): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  return statfsSync(folder).type !== tmpfsType && (major > 5 || (major === 5 && minor >= 4));
}

const linuxTest = systemCalls === undefined ? test.skip : test;

linuxTest('the program and the tables of a database are let go, and read again as they were', async (t) => {
  const folder = join(newFolder(), 'db');
  const level = new ClassicLevel<string, Uint8Array>(folder, { valueEncoding: 'view', compression: false });
  const values = Array.from({ length: 400 }, () => getRandomValues(new Uint8Array(50_000)));
  await level.batch(values.map((value, index) => ({ type: 'put', key: `k${index}`, value })));
  await level.compactRange('', '~');
  await level.close();
  await level.open({ compression: false });
  t.teardown(() => level.close());
  const readAll = async (): Promise<void> => {
    for (const [index, value] of values.entries())
      t.is(Buffer.compare(value, (await level.get(`k${index}`)) ?? new Uint8Array()), 0);
  };
  await readAll();
  const isOurs = (file: string): boolean => file.startsWith(folder);
  const isProgram = (file: string): boolean => file === process.execPath;
  const before = { tables: residentOf(isOurs), program: residentOf(isProgram) };
  t.true(before.tables > 10_000_000, `${before.tables} bytes of tables`);
  releaseMappedFiles();
  if (letsTablesGo(folder))
    t.true(residentOf(isOurs) < before.tables / 4, `${residentOf(isOurs)} bytes of ${before.tables}`);
  else t.log('skipped for tables: in memory they can only be swapped, and before Linux 5.4 not let go');
  t.true(residentOf(isProgram) < before.program, `${residentOf(isProgram)} bytes of ${before.program}`);
  await readAll();
});
