// What Linux tells of its hardware and of itself in files. systeminformation asks other programs for the same, some of which the whole
// process waits for: `hostname -f` for as long as a name server is silent.

import { readFileSync } from 'node:fs';
import { release as kernelRelease } from 'node:os';
import { parseEnv } from 'node:util';

/** What firmware says where its maker filled nothing in. */
const isFiller =
  /^(?:default string|to be filled by o\.e\.m\.?|not (?:specified|available|applicable)|system (?:manufacturer|product name)|o\.e\.m\.?)$/iu;

/** Manufacturer and model, as the firmware tells (sysfs-class-dmi in the kernel's ABI documentation). Empty where it does not. */
export function firmwareNames(folder = '/sys/class/dmi/id'): string[] {
  return ['sys_vendor', 'product_name']
    .map((name) => (toldIn(`${folder}/${name}`) ?? '').trim())
    .filter((name) => name !== '' && !isFiller.test(name));
}

/** Distribution, release and build, of a file like os-release(5); the build of one that names none is its kernel's. */
export function systemNames(file = '/etc/os-release'): string[] {
  const { NAME, PRETTY_NAME, VERSION, VERSION_ID, BUILD_ID } = parseEnv(toldIn(file) ?? '');
  const distribution = NAME ?? 'Linux';
  const version =
    PRETTY_NAME?.startsWith(`${distribution} `) === true ? PRETTY_NAME.slice(distribution.length) : VERSION;
  const release = version?.replace(/\(.*/su, '').trim();
  return [
    distribution,
    release === undefined || release === '' ? (VERSION_ID ?? '') : release,
    BUILD_ID ?? kernelRelease(),
  ];
}

/** What a file of the system says; undefined where there is none, or it is for other eyes. */
export function toldIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
