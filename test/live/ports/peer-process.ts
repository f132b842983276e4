// A member as a process of its own, to be killed and stopped by a test: `node peer-process.ts SEED FLEET CERTIFICATE ADDRESS FOLDER`.

import { join } from 'node:path';
import { bytesOfHex, encodeHello, machineKeyFromSeed } from '../../../agent/codec/index.ts';
import { fleetId } from '../../../agent/index.ts';
import { openLiveDisk } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { createLiveWire } from '../../../agent/live/wire/index.ts';
import { Ears } from './small-fleet.ts';

const [seed, fleet, certificate, address, folder] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const { database } = await openStore(join(folder, 'database'));
const hello = encodeHello({ fleet: fleetId(fleet), certificate: bytesOfHex(certificate) });
const wire = await createLiveWire({
  machineKey: machineKeyFromSeed(bytesOfHex(seed)),
  fleet: fleetId(fleet),
  disk: await openLiveDisk({ folder: join(folder, 'shards'), database }),
  admission: {
    ownHello: () => hello,
    check: () => ({ kind: 'welcome' }),
    ask: () => ({ kind: 'refused', code: 'ask-an-admin', reason: 'no admin', addresses: [] }),
    prove: () => Promise.reject(new Error('nobody is asked to prove anything')),
  },
  listenAddresses: ['/ip4/127.0.0.1/tcp/0'],
  bootstrapAddresses: [address],
  mdns: 'off',
});
wire.start(new Ears());
