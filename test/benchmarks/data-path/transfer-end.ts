// One end of a transfer, as a process of its own: `node transfer-end.ts WAY send|receive BYTES`. Speaks lines of JSON with its parent: the receiver says
// where it listens, the sender is told; at the end each says what it used. Three ways: shards of a live wire (disk to flushed
// disk), a plain libp2p stream of the same node, and node:tls.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, connect, type TLSSocket } from 'node:tls';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { createMachineKey, describePack, encodeHello, type MachineKey } from '../../../agent/codec/index.ts';
import { driveId, fleetId, type PeerId, type ShardOutcome } from '../../../agent/index.ts';
import { streamWriteBytes } from '../../../agent/limits.ts';
import { openLiveDisk, type LiveDisk, ShardSink } from '../../../agent/live/disk/index.ts';
import { openStore } from '../../../agent/live/store.ts';
import { createLiveWire, type LiveWire } from '../../../agent/live/wire/index.ts';
import { machineCertificate } from '../../../agent/live/wire/machine-certificate.ts';
import { startNode } from '../../../agent/live/wire/node.ts';
import type { ShardArrival, WireListener } from '../../../agent/ports.ts';
import { mebibyte } from '../../../datasets/index.ts';

const [way, role, byteText] = process.argv.slice(2) as [Way, 'send' | 'receive', string];
type Way = 'shards' | 'stream' | 'tls';
const byteCount = Number(byteText);
const shardBytes = 16 * mebibyte;
const shardCount = Math.ceil(byteCount / shardBytes);

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const heard = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const hear = async (): Promise<Record<string, string>> =>
  JSON.parse((await heard.next()).value ?? '{}') as Record<string, string>;
const loopback = '/ip4/127.0.0.1/tcp/0';
const key = createMachineKey();

/** CPU of this process alone, from the moment that the transfer begins. */
function startCounting(): () => { readonly wallSeconds: number; readonly cpuSeconds: number } {
  const [startMs, start] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(start);
    return { wallSeconds: (performance.now() - startMs) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}

class Counted implements WireListener {
  arrivedCount = 0;
  readonly #on: (event: 'connected' | 'arrived', count: number) => void;
  constructor(on: (event: 'connected' | 'arrived', count: number) => void) {
    this.#on = on;
  }
  connected(): void {
    this.#on('connected', 0);
  }
  disconnected(): void {}
  wantsLink(): boolean {
    return true;
  }
  frame(): void {}
  hint(): void {}
  shardArriving(): 'held' {
    return 'held';
  }
  shardArrived(_peer: PeerId, _arrival: ShardArrival, outcome: ShardOutcome): void {
    if (outcome !== 'stored') throw new Error(outcome);
    this.#on('arrived', ++this.arrivedCount);
  }
}

async function wireOf(folder: string): Promise<{ readonly wire: LiveWire; readonly disk: LiveDisk }> {
  const { database } = await openStore(join(folder, 'database'));
  const disk = await openLiveDisk({ folder: join(folder, 'shards'), database });
  const hello = encodeHello({ fleet: fleetId('0'.repeat(64)), certificate: new Uint8Array(1) });
  const wire = await createLiveWire({
    machineKey: key,
    fleet: fleetId('0'.repeat(64)),
    disk,
    admission: {
      ownHello: () => hello,
      check: () => ({ kind: 'welcome' }),
      ask: () => ({ kind: 'refused', code: 'no', reason: 'no', addresses: [] }),
      prove: () => Promise.reject(new Error('nobody asks')),
    },
    listenAddresses: [loopback],
    mdns: 'off',
    report: (line) => process.stderr.write(`${line}\n`),
  });
  return { wire, disk };
}

function noise(bytes: Uint8Array, seed: number): void {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let state = seed;
  for (let at = 0; at < words.length; at++)
    words[at] = state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
}

async function sendShards(folder: string): Promise<void> {
  const { wire, disk } = await wireOf(folder);
  const packs = [];
  for (let at = 0; at < shardCount; at++) {
    const pack = new Uint8Array(shardBytes);
    noise(pack, at + 1);
    const parts = { owner: key.peer, drive: driveId('0'.repeat(32)), placementClass: 'bulk' as const };
    const { descriptor } = describePack(pack, { ...parts, redundancy: { k: 1, n: 1 } });
    const sink = await disk.openSink({ descriptor, index: 0, place: 'held' });
    if (!(sink instanceof ShardSink)) throw new Error(sink);
    await sink.write(pack);
    await sink.finish();
    packs.push(descriptor);
  }
  const { peer, address } = await hear();
  await new Promise<void>((resolve) => {
    wire.start(new Counted((event) => event === 'connected' && resolve()));
    wire.connect(peer as PeerId, [address!]);
  });
  const count = startCounting();
  await Promise.all(
    packs.map(
      (descriptor) =>
        new Promise<void>((resolve, reject) =>
          wire.sendShard(peer as PeerId, { pack: descriptor.pack, index: 0, place: 'held' }, (outcome) =>
            outcome === 'stored' ? resolve() : reject(new Error(outcome)),
          ),
        ),
    ),
  );
  say(count());
}

async function receiveShards(folder: string): Promise<void> {
  const { wire } = await wireOf(folder);
  await new Promise<void>((resolve) => {
    let count = startCounting();
    wire.start(
      new Counted((event, arrived) => {
        if (event === 'connected') count = startCounting();
        if (arrived < shardCount) return;
        say(count());
        resolve();
      }),
    );
    say({ peer: wire.self, address: wire.addresses()[0] });
  });
}

const protocol = '/drey/benchmark/1';
const piece = new Uint8Array(streamWriteBytes);

async function sendStream(): Promise<void> {
  const node = await startNode({ seed: key.seed, listenAddresses: [] });
  const { address } = await hear();
  const connection = await node.dial(multiaddr(address));
  const stream = await connection.newStream(protocol);
  const count = startCounting();
  for (let sent = 0; sent < byteCount; sent += piece.length) {
    if (!stream.send(piece))
      await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }));
  }
  await new Promise((resolve) => stream.addEventListener('message', resolve, { once: true }));
  say(count());
}

async function receiveStream(): Promise<void> {
  const node = await startNode({ seed: key.seed, listenAddresses: [loopback] });
  await new Promise<void>((resolve) => {
    const take = (stream: Stream): void => {
      const count = startCounting();
      let taken = 0;
      stream.addEventListener('message', ({ data }) => {
        taken += data.byteLength;
        if (taken < byteCount) return;
        say(count());
        stream.send(Uint8Array.of(1));
        resolve();
      });
    };
    void node.handle(protocol, take);
    say({ address: node.getMultiaddrs()[0]!.toString() });
  });
}

async function sendTls(): Promise<void> {
  const { port } = await hear();
  const socket = connect({ ...tlsOptions(key), host: '127.0.0.1', port: Number(port) });
  await new Promise((resolve) => socket.once('secureConnect', resolve));
  const count = startCounting();
  for (let sent = 0; sent < byteCount; sent += piece.length) {
    if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
  }
  await new Promise((resolve) => socket.once('data', resolve));
  say(count());
}

async function receiveTls(): Promise<void> {
  await new Promise<void>((resolve) => {
    const server = createServer(tlsOptions(key), (socket: TLSSocket) => {
      const count = startCounting();
      let taken = 0;
      socket.on('data', (bytes) => {
        taken += bytes.length;
        if (taken < byteCount) return;
        say(count());
        socket.write('x');
        resolve();
      });
    });
    server.listen(0, '127.0.0.1', () => say({ port: String((server.address() as { port: number }).port) }));
  });
}

const tlsOptions = (machineKey: MachineKey): object => ({
  ...machineCertificate(machineKey),
  minVersion: 'TLSv1.3',
  requestCert: true,
  rejectUnauthorized: false,
});

const folder = mkdtempSync(join(tmpdir(), 'drey-transfer-'));
const ends = {
  shards: { send: () => sendShards(folder), receive: () => receiveShards(folder) },
  stream: { send: sendStream, receive: receiveStream },
  tls: { send: sendTls, receive: receiveTls },
} as const;
await ends[way][role]();
// The other end reads its last bytes; the parent ends both.
await hear();
rmSync(folder, { recursive: true, force: true });
process.exit(0);
