// Encrypts a TCP connection with TLS 1.3 in node:tls, on the raw socket under libp2p's connection: less than half of the CPU that Noise costs in
// JavaScript (docs/benchmarks/data-path.md). Both sides show a certificate that is signed with their own machine key, so who the other
// is follows from the handshake itself. Who may speak is decided above, by the hello.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContextOptions, TLSSocket } from 'node:tls';
import type {
  ConnectionEncrypter,
  MessageStream,
  SecureConnectionOptions,
  SecuredConnection,
} from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { AbstractMessageStream, type MessageStreamInit, type SendResult } from '@libp2p/utils';
import type { Uint8ArrayList } from 'uint8arraylist';
import type { MachineKey } from '../../codec/index.ts';
import { socketBufferBytesMax, tlsHandshakeMsMax } from '../limits.ts';
import { machineCertificate, peerOfCertificate } from './machine-certificate.ts';
import { tlsProtocol } from './protocols.ts';

/** The encrypter of a machine, as libp2p wants it. */
export function tls(key: Pick<MachineKey, 'seed' | 'publicKey'>): () => ConnectionEncrypter {
  const settings: SecureContextOptions = {
    ...machineCertificate(key),
    minVersion: 'TLSv1.3',
    ciphers: 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384',
  };
  const secureContext = createSecureContext(settings);
  const common = {
    secureContext,
    requestCert: true,
    rejectUnauthorized: false,
    highWaterMark: socketBufferBytesMax,
  };
  return () => ({
    protocol: tlsProtocol,
    secureOutbound: (connection, options) =>
      secure(connection, options, (socket) => ({
        secured: connect({ ...common, socket, minVersion: 'TLSv1.3' }),
        event: 'secureConnect',
      })),
    secureInbound: (connection, options) =>
      secure(connection, options, (socket) => ({
        secured: new TLSSocket(socket, { ...common, isServer: true }),
        event: 'secure',
      })),
  });
}

type Wrap = (socket: Socket) => { readonly secured: TLSSocket; readonly event: 'secure' | 'secureConnect' };

async function secure(
  connection: MessageStream,
  options: SecureConnectionOptions = {},
  wrap: Wrap,
): Promise<SecuredConnection> {
  const socket = takeSocket(connection);
  const { secured, event } = wrap(socket);
  // A dial that is given up destroys the raw socket, and the error comes out here when nobody waits for the handshake any more: who
  // dialled has heard of it, and without a listener it would end the process.
  secured.on('error', () => secured.destroy());
  try {
    const late = AbortSignal.timeout(tlsHandshakeMsMax);
    const signal = options.signal === undefined ? late : AbortSignal.any([late, options.signal]);
    await once(secured, event, { signal });
    const remotePeer = peerIdFromString(peerBehind(secured));
    if (options.remotePeer !== undefined && !options.remotePeer.equals(remotePeer))
      throw new Error('another machine answered than was dialled');
    const { log, direction } = connection;
    return { connection: new TlsStream({ socket: secured, log, direction }), remotePeer };
  } catch (error) {
    secured.destroy();
    throw error;
  }
}

/**
 * The socket below libp2p's TCP connection, which hears no bytes of it from here on; its close, errors and reset stay libp2p's. Its
 * silence is no longer that of the connection: TLS reads below it.
 */
function takeSocket(connection: MessageStream): Socket {
  const { socket } = connection as MessageStream & { readonly socket?: Socket };
  if (socket === undefined) throw new Error('TLS needs a TCP connection');
  if (connection.readBufferLength > 0) throw new Error('bytes came before the handshake');
  socket.removeAllListeners('data');
  socket.setTimeout(0);
  return socket;
}

function peerBehind(secured: TLSSocket): string {
  const certificate = secured.getPeerX509Certificate();
  const peer = certificate === undefined ? undefined : peerOfCertificate(certificate);
  if (peer === undefined) throw new Error('the other side showed no certificate of a machine');
  return peer;
}

/** What was decrypted, as a stream of libp2p. */
class TlsStream extends AbstractMessageStream {
  readonly #socket: TLSSocket;

  constructor({ socket, ...init }: MessageStreamInit & { readonly socket: TLSSocket }) {
    super(init);
    this.#socket = socket;
    socket.on('data', (bytes) => this.onData(bytes));
    socket.on('drain', () => this.safeDispatchEvent('drain'));
    socket.on('error', (error) => this.abort(error));
    socket.once('end', () => this.onRemoteCloseWrite());
    socket.once('close', () => this.onTransportClosed());
    if (socket.destroyed) this.onTransportClosed();
  }

  sendData(bytes: Uint8ArrayList): SendResult {
    const { byteLength: sentBytes } = bytes;
    // A frame's head and body as one record.
    this.#socket.cork();
    for (const part of bytes) this.#socket.write(part);
    this.#socket.uncork();
    return { sentBytes, canSendMore: !this.#socket.writableNeedDrain };
  }

  sendReset(): void {
    this.#socket.destroy();
  }

  sendPause(): void {
    this.#socket.pause();
  }

  sendResume(): void {
    this.#socket.resume();
  }

  async close(): Promise<void> {
    if (this.status !== 'open') return;
    this.status = 'closing';
    this.writeStatus = 'closing';
    if (!this.#socket.destroyed) {
      this.#socket.destroySoon();
      await once(this.#socket, 'close').catch(() => []);
    }
    this.onTransportClosed();
  }
}
