// Who a TLS connection proves the other side to be, and that a slow reader is sent no more than it takes.

import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import type { Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { createMachineKey, machineKeyFromSeed, signingKeyFromSeed } from '../../../agent/codec/index.ts';
import { machineCertificate, peerOfCertificate } from '../../../agent/live/wire/machine-certificate.ts';
import { type Node, startNode } from '../../../agent/live/wire/node.ts';
import { StreamReader, writeBytes } from '../../../agent/live/wire/stream-io.ts';
import { kibibyte, mebibyte, minutes, seconds } from '../../../datasets/index.ts';

async function nodeOf(t: ExecutionContext, seed = createMachineKey().seed): Promise<Node> {
  const node = await startNode({ seed, listenAddresses: ['/ip4/127.0.0.1/tcp/0'] });
  t.teardown(() => node.stop());
  return node;
}

const addressOf = (node: Node): string => node.getMultiaddrs()[0]!.toString();
const portOf = (node: Node): number => Number(/tcp\/(\d+)/u.exec(addressOf(node))?.[1]);

test('a certificate holds its machine’s peer id, and is the same each time', (t) => {
  const key = machineKeyFromSeed(new Uint8Array(32).fill(7));
  const { cert } = machineCertificate(key);
  t.is(peerOfCertificate(new X509Certificate(cert)), key.peer);
  t.is(machineCertificate(key).cert, cert);
});

test('a certificate that another key signed, or of another kind of key, is nobody’s', (t) => {
  const [victim, thief] = [createMachineKey(), createMachineKey()];
  const { cert } = machineCertificate({ seed: thief.seed, publicKey: victim.publicKey });
  t.is(peerOfCertificate(new X509Certificate(cert)), undefined);
  t.not(signingKeyFromSeed(thief.seed).publicKey.join(), victim.publicKey.join());
});

test('each side knows the other by its key', async (t) => {
  const [first, second] = [await nodeOf(t), await nodeOf(t)];
  const connection = await first.dial(multiaddr(addressOf(second)));
  t.is(connection.remotePeer.toString(), second.peerId.toString());
  t.is(connection.encryption, '/drey/tls/1');
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(
    second.getConnections().map(({ remotePeer }) => remotePeer.toString()),
    [first.peerId.toString()],
  );
});

test('a machine that answers under another’s address is refused', async (t) => {
  const [first, second, third] = [await nodeOf(t), await nodeOf(t), await nodeOf(t)];
  const borrowed = addressOf(second).replace(second.peerId.toString(), third.peerId.toString());
  await t.throwsAsync(first.dial(multiaddr(borrowed)), { message: /another machine answered/u });
  t.deepEqual(first.getConnections(), []);
});

test('a machine that shows a certificate of a key that it does not have is refused', async (t) => {
  const [victim, thief, node] = [createMachineKey(), createMachineKey(), await nodeOf(t)];
  // The handshake is signed with the thief's key, the certificate names the victim's: OpenSSL itself refuses the pair.
  t.throws(() =>
    connect({
      ...machineCertificate(thief),
      cert: machineCertificate(victim).cert,
      port: portOf(node),
      host: '127.0.0.1',
    }),
  );
  t.deepEqual(node.getConnections(), []);
});

test('plain bytes instead of a handshake end the connection and nothing else', async (t) => {
  const [node, other] = [await nodeOf(t), await nodeOf(t)];
  const socket = connectTcp(portOf(node), '127.0.0.1');
  const names = ['/multistream/1.0.0\n', '/drey/tls/1\n'].map((name) => Buffer.from(name));
  for (const name of names) socket.write(Buffer.concat([Buffer.of(name.length), name]));
  socket.once('data', () => socket.write(Buffer.alloc(1000, 'no handshake')));
  await new Promise((resolve) => socket.once('close', resolve));
  const connection = await other.dial(multiaddr(addressOf(node)));
  t.is(connection.status, 'open');
});

test('a dial to a machine that falls silent in the handshake is given up, and ends nothing else', async (t) => {
  // It agrees on the protocol, which is an echo, and then says nothing more, as a frozen agent does.
  const silent = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => bytes.length < 100 && socket.write(bytes));
  });
  await new Promise<void>((resolve) => {
    silent.listen(0, '127.0.0.1', resolve);
  });
  t.teardown(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const [node, other] = [await nodeOf(t), await nodeOf(t)];
  const giveUp = new AbortController();
  const dial = node.dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), { signal: giveUp.signal });
  const [socket] = (await once(silent, 'connection')) as [Socket];
  // The hello of TLS is the first long piece.
  for (let length = 0; length < 100;) [{ length }] = (await once(socket, 'data')) as [Buffer];
  giveUp.abort();
  await t.throwsAsync(dial);
  t.truthy(await node.dial(multiaddr(addressOf(other))), 'it can still dial others');
});

test('a reader that is slower than its sender gets every byte, and the sender waits', async (t) => {
  const [sender, receiver] = [await nodeOf(t), await nodeOf(t)];
  const byteCount = 24 * mebibyte;
  const received = new Promise<number>((resolve) => {
    void receiver.handle('/drey/test/1', async (stream: Stream) => {
      const reader = new StreamReader(stream, minutes(1));
      let count = 0;
      while (count < byteCount) {
        const pieces = await reader.readPieces(256 * kibibyte);
        if (pieces === undefined) break;
        for (const { length } of pieces) count += length;
        // A disk that takes its time: several turns of the loop a piece.
        for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
      }
      resolve(count);
    });
  });
  const connection = await sender.dial(multiaddr(addressOf(receiver)));
  const stream = await connection.newStream('/drey/test/1');
  const piece = new Uint8Array(256 * kibibyte);
  for (let sent = 0; sent < byteCount; sent += piece.length)
    t.true(await writeBytes(stream, piece, seconds(30)), `after ${sent} bytes`);
  t.is(await received, byteCount);
});
