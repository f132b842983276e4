// What an agent does with a folder, alone, as a process to be measured: `node drey-backup.ts snapshot|restore|read FOLDER STORE [TO]`. The
// product's own snapshotter and disk: packs flushed into the outbox, encrypted index and tree, journals; only nobody fetches them.
//
// Prints one line of JSON: what the work used, from the moment when the store is open. An agent runs before anybody wants something of it, so the
// start of the process is left out; threads of the data path are started for the work, and count.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createMachineKey, type HeadRecord, machineKeyFromSeed } from '../../../agent/codec/index.ts';
import { driveId } from '../../../agent/index.ts';
import {
  createSnapshotter,
  restoreSnapshot,
  verifySnapshots,
  WorkerPool,
} from '../../../agent/live/data-path/index.ts';
import { openLiveDisk } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { kibibyte, unixMs } from '../../../datasets/index.ts';
import type { Usage } from './usage.ts';

const [work, folder, store, to] = process.argv.slice(2) as [
  'snapshot' | 'restore' | 'read',
  string,
  string,
  string?,
];

/** One drive whose keys lie beside its packs: good enough for a benchmark. */
function seedOf(name: string): Uint8Array {
  const file = join(store, name);
  if (!existsSync(file)) writeFileSync(file, createMachineKey().seed);
  return new Uint8Array(readFileSync(file));
}

mkdirSync(store, { recursive: true });
const headFile = join(store, 'head.json');
const base = await openStore(join(store, 'database'));
const disk = await openLiveDisk({ folder: join(store, 'shards'), database: base.database });
const workers = new WorkerPool();
const drive = driveId('00112233445566778899aabbccddeeff');
const driveKey = seedOf('drive.key');

async function snapshot(): Promise<void> {
  const snapshotter = createSnapshotter({
    drive,
    driveKey,
    keyEpoch: 1,
    owner: machineKeyFromSeed(seedOf('machine.key')).peer,
    folder,
    ignore: [],
    stateFolder: join(store, 'state'),
    workers,
    stagePack: (descriptor, shards) => disk.stage(descriptor, shards),
    // One copy, as the others keep.
    redundancyFor: () => ({ k: 1, n: 1 }),
    now: () => unixMs(Date.now()),
  });
  const { staged, unreadable } = await snapshotter.snapshot();
  if (unreadable.length > 0) throw new Error(`${unreadable.length} files could not be read`);
  const { sealedRoot, ...head } = staged.head;
  writeFileSync(headFile, JSON.stringify({ ...head, sealedRoot: Buffer.from(sealedRoot).toString('hex') }));
}

const readHead = (): HeadRecord => {
  const head = JSON.parse(readFileSync(headFile, 'utf8')) as HeadRecord & { readonly sealedRoot: string };
  return { ...head, sealedRoot: new Uint8Array(Buffer.from(head.sealedRoot, 'hex')) };
};

/** Decrypts, decompresses and checks every chunk of every file, and writes nothing. */
async function read(): Promise<void> {
  const { checkedBytes, problemCount } = await verifySnapshots([readHead()], {
    workers,
    driveKey,
    fetchPack: (descriptor) => disk.assemble(descriptor),
    depth: 'data',
    newest: readHead(),
    countShards: (packs) => Promise.resolve(packs.map(() => 1)),
  });
  if (problemCount > 0 || checkedBytes === 0) throw new Error(`${problemCount} problems`);
}

async function restore(): Promise<void> {
  const { missing } = await restoreSnapshot({
    workers,
    head: readHead(),
    driveKey,
    fetchPack: (descriptor) => disk.assemble(descriptor),
    to: to ?? '',
  });
  if (missing.length > 0) throw new Error(`${missing.length} files are missing`);
}

const startMs = performance.now();
const startCpu = process.cpuUsage();
await { snapshot, restore, read }[work]();
const { user, system } = process.cpuUsage(startCpu);
const used: Usage = {
  wallSeconds: (performance.now() - startMs) / 1000,
  cpuSeconds: (user + system) / 1e6,
  peakBytes: process.resourceUsage().maxRSS * kibibyte,
};
process.stdout.write(`${JSON.stringify(used)}\n`);
await workers.close();
await base.close();
