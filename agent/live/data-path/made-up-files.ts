// File systems that make up their files while they are read: proc, sys and their kind. Some of those files have no end, and none of them is
// anybody's work. Asks only which kind a folder is on.

import { statfsSync } from 'node:fs';

/** `f_type` of statfs(2), as linux/magic.h names them. */
const madeUpTypes: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x1cd1, // devpts
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x73636673, // securityfs
  0xcafe4a11, // bpf
  0x6165676c, // pstore
  0x62656570, // configfs
  0xde5e81e4, // efivarfs
  0x42494e4d, // binfmt_misc
  0xf97cff8c, // selinux
  0x19800202, // mqueue
  0x67596969, // rpc_pipefs
]);

/** Whether what lies in a folder is made up while it is read. On Linux only; elsewhere no such folder is known. */
export function isMadeUp(folder: Buffer | string): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return madeUpTypes.has(statfsSync(folder).type);
  } catch {
    // Whoever lists it says better why it cannot be looked at.
    return false;
  }
}
