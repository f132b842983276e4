import test from 'ava';
import { mountsBelow } from '../../../agent/live/data-path/folder-ground.ts';
import { bytePath } from '../../../agent/live/data-path/path-bytes.ts';

const mountinfo = `22 28 0:21 / /proc rw,relatime shared:13 - proc proc rw
28 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
90 28 8:1 / /home/mia\\040s/usb rw,relatime shared:40 - vfat /dev/sda1 rw
91 28 8:2 /sub /home/mia\\040s/cache/x rw shared:41 - ext4 /dev/sdb rw
92 28 8:3 / /home/mia\\040stick rw shared:42 - ext4 /dev/sdc rw
`;

test('mounts below a folder are told with what they show, and those in what is left out are not', (t) => {
  const isLeftOut = (path: string): boolean => path.startsWith('cache/');
  t.is(mountsBelow(mountinfo, bytePath('/home/mia s'), isLeftOut), '90 28 8:1 / /home/mia\\040s/usb');
  t.is(mountsBelow(mountinfo, bytePath('/'), isLeftOut).split('\n').length, 4);
  t.is(mountsBelow(mountinfo, bytePath('/srv'), isLeftOut), '');
});
