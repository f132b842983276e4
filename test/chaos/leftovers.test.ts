// Which things a chaos run takes away that it did not make itself.

import test from 'ava';
import { folderPrefix, leftoversOf, namespacePrefix } from './leftovers.ts';

test('what runs that are over left behind is taken away, and nothing else', (t) => {
  const [over, going] = [4711, 815];
  const found = {
    namespaces: [over, going]
      .flatMap((pid) => [`${namespacePrefix(pid)}-hub`, `${namespacePrefix(pid)}-3`])
      .concat('drey', 'office', 'drey4711x-1'),
    mounts: [
      `drey-chaos /tmp/${folderPrefix(over)}aB3/pc-11 tmpfs rw 0 0`,
      `drey-chaos /tmp/${folderPrefix(going)}aB3/pc-11 tmpfs rw 0 0`,
      'drey-chaos /home/anna/drey-chaos-4711-x tmpfs rw 0 0',
      `tmpfs /tmp/${folderPrefix(over)}aB3/pc-12 tmpfs rw 0 0`,
    ],
    folders: [`${folderPrefix(over)}aB3`, `${folderPrefix(going)}aB3`, 'drey-chaos-old', 'drey-fleet-4711-x'],
  };
  t.deepEqual(
    leftoversOf(found, (pid) => pid === going, '/tmp'),
    {
      namespaces: ['drey4711-hub', 'drey4711-3'],
      mounts: ['/tmp/drey-chaos-4711-aB3/pc-11'],
      folders: ['drey-chaos-4711-aB3'],
    },
  );
});
