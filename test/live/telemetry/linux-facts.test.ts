import { mkdtempSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { firmwareNames, systemNames } from '../../../agent/live/telemetry/linux-facts.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'drey-facts-'));

function systemOf(...lines: string[]): string[] {
  const file = join(folder(), 'os-release');
  writeFileSync(file, lines.join('\n'));
  return systemNames(file);
}

test('a distribution is named with its release, and with its kernel where it has no build', (t) => {
  t.deepEqual(
    systemOf(
      '# comment',
      'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
      'NAME="Debian GNU/Linux"',
      'VERSION="12 (bookworm)"',
      'VERSION_ID="12"',
    ),
    ['Debian GNU/Linux', '12', release()],
  );
  t.deepEqual(
    systemOf('NAME="Ubuntu"', "PRETTY_NAME='Ubuntu 22.04.3 LTS'", 'VERSION="22.04.3 LTS (Jammy Jellyfish)"'),
    ['Ubuntu', '22.04.3 LTS', release()],
  );
  t.deepEqual(systemOf('NAME=Arch', 'PRETTY_NAME=Rolling', 'BUILD_ID=rolling-7'), ['Arch', '', 'rolling-7']);
  t.deepEqual(systemOf('NAME=NixOS', 'PRETTY_NAME="x"', 'VERSION="(a)"', 'VERSION_ID=24.11'), [
    'NixOS',
    '24.11',
    release(),
  ]);
});

test('a system that tells nothing is a Linux with its kernel', (t) => {
  t.deepEqual(systemNames('/nowhere/os-release'), ['Linux', '', release()]);
});

test('the firmware names maker and model, and what nobody filled in is no name', (t) => {
  const dmi = folder();
  t.deepEqual(firmwareNames(dmi), []);
  writeFileSync(join(dmi, 'sys_vendor'), 'LENOVO\n');
  writeFileSync(join(dmi, 'product_name'), '20XW004AGE\n');
  t.deepEqual(firmwareNames(dmi), ['LENOVO', '20XW004AGE']);
  writeFileSync(join(dmi, 'sys_vendor'), 'To Be Filled By O.E.M.\n');
  t.deepEqual(firmwareNames(dmi), ['20XW004AGE']);
});
