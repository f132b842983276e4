// Whom an agent asks again, and how often.

import test from 'ava';
import { unixMs } from '../../../datasets/index.ts';
import { Inquiries } from '../../../agent/core/inquiries.ts';
import { packId, type PeerId } from '../../../agent/units.ts';

const pack = packId('cd'.repeat(32));
const peers = ['a', 'b'] as PeerId[];

test('the same is asked ever more rarely, and anew when the pack was wanted again', (t) => {
  const inquiries = new Inquiries();
  const asked = (seconds: number): number => inquiries.ask(pack, peers, unixMs(seconds * 1000)).length;
  t.deepEqual([0, 10, 59, 60, 120, 179, 180].map(asked), [2, 0, 0, 2, 0, 0, 2]);
  inquiries.end(pack);
  t.is(asked(181), 2);
});
