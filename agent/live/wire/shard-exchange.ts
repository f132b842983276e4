// One shard over one stream: header → go or no → bytes → outcome. The sender holds the last piece back until it knows that all
// it read is intact, so a damaged shard never arrives whole. The receiver answers only after its disk has flushed.

import type { Connection, Stream } from '@libp2p/interface';
import { decodeDescriptor, descriptorBytesMax, encodeDescriptor } from '../../codec/index.ts';
import { packBytesMax, streamWriteBytes } from '../../limits.ts';
import type { ShardArrival, ShardLocation, ShardOutcome, ShardPlace } from '../../ports.ts';
import type { ShardSink, ShardSource, StoredPlace } from '../disk/index.ts';
import type { WirePace } from './pace.ts';
import { shardProtocol } from './protocols.ts';
import { closeStream, frameOf, resetStream, StreamReader, writeBytes } from './stream-io.ts';

/** What a transfer asks of the disk; `LiveDisk` has it. */
export interface ShardStore {
  openSource(shard: ShardLocation): Promise<ShardSource | undefined>;
  openSink(wanted: StoredPlace): Promise<ShardSink | ShardOutcome>;
}

/** The byte that answers a header, and later the bytes. `unreachable` is never said: who can say it is reachable. */
const answerBytes = { go: 1, stored: 2, refused: 3, damaged: 4, full: 5 } as const;
type Answer = keyof typeof answerBytes;

const answerOf = (byte: number | undefined): Answer | undefined =>
  (Object.keys(answerBytes) as Answer[]).find((name) => answerBytes[name] === byte);

/** Index as u16 in front of the descriptor. */
const indexBytes = 2;

function encodeHeader({ descriptor, index }: ShardArrival): Uint8Array {
  const bytes = encodeDescriptor(descriptor);
  const header = new Uint8Array(indexBytes + bytes.length);
  new DataView(header.buffer).setUint16(0, index);
  header.set(bytes, indexBytes);
  return header;
}

function decodeHeader(header: Uint8Array): ShardArrival | undefined {
  if (header.length <= indexBytes) return undefined;
  const index = new DataView(header.buffer, header.byteOffset).getUint16(0);
  const descriptor = decodeDescriptor(header.subarray(indexBytes));
  if (!descriptor.ok || index >= descriptor.value.redundancy.n) return undefined;
  return descriptor.value.packBytes > packBytesMax ? undefined : { descriptor: descriptor.value, index };
}

export interface ShardSending {
  readonly connection: Connection;
  readonly disk: ShardStore;
  readonly shard: ShardLocation;
  readonly silenceMsMax: number;
  readonly pace: WirePace;
}

/** Sends one shard from the disk. `damaged` also when the own copy is damaged or gone. */
export async function sendOneShard(sending: ShardSending): Promise<ShardOutcome> {
  const source = await sending.disk.openSource(sending.shard);
  if (source === undefined) return 'damaged';
  try {
    const signal = AbortSignal.timeout(sending.silenceMsMax);
    const stream = await sending.connection.newStream(shardProtocol, { signal });
    const outcome = await sendOver(stream, source, sending);
    // Every byte was received; after any other end libp2p may hold some of them still.
    if (outcome === 'stored') source.recycle();
    return outcome;
  } catch {
    return 'unreachable';
  } finally {
    await source.close();
  }
}

async function sendOver(
  stream: Stream,
  source: ShardSource,
  { silenceMsMax, pace }: ShardSending,
): Promise<ShardOutcome> {
  const reader = new StreamReader(stream, silenceMsMax);
  if (!(await writeBytes(stream, frameOf(encodeHeader(source.shard)), silenceMsMax))) return 'unreachable';
  const answer = await readAnswer(reader);
  if (answer !== 'go') {
    resetStream(stream, 'refused');
    return answer ?? 'unreachable';
  }
  const sent = await sendPieces({ stream, reader, source, silenceMsMax, pace });
  if (sent !== 'sent') resetStream(stream, sent);
  if (sent === 'damaged' || sent === 'unreachable') return sent;
  const outcome = await readAnswer(reader);
  if (sent === 'sent') await closeStream(stream);
  return outcome === undefined || outcome === 'go' ? 'unreachable' : outcome;
}

/** `answered`: the receiver has said its outcome before the end, so more bytes are useless. */
async function sendPieces(transfer: {
  readonly stream: Stream;
  readonly reader: StreamReader;
  readonly source: ShardSource;
  readonly silenceMsMax: number;
  readonly pace: WirePace;
}): Promise<'sent' | 'answered' | 'damaged' | 'unreachable'> {
  const { stream, reader, source, silenceMsMax, pace } = transfer;
  let held: Uint8Array | undefined;
  for (let piece = await source.next(); piece !== undefined; piece = await source.next()) {
    await pace.beforeSending(piece.length);
    if (reader.hasBytes) return 'answered';
    if (held !== undefined && !(await writeBytes(stream, held, silenceMsMax))) return 'unreachable';
    held = piece;
  }
  if (held === undefined || !source.isIntact()) return 'damaged';
  return (await writeBytes(stream, held, silenceMsMax)) ? 'sent' : 'unreachable';
}

async function readAnswer(reader: StreamReader): Promise<Answer | undefined> {
  const byte = await reader.read(1);
  return byte === undefined ? undefined : answerOf(byte[0]);
}

export interface ShardReceiving {
  readonly stream: Stream;
  readonly disk: ShardStore;
  /** For the header, as a whole. */
  readonly headerMsMax: number;
  readonly silenceMsMax: number;
  readonly pace: WirePace;
  /** Runs what takes in the bytes when its turn has come; undefined, without running it, where it does not come. */
  inTurn(work: () => Promise<ShardOutcome>): Promise<ShardOutcome | undefined>;
  /** Where to put it; undefined refuses. */
  place(arrival: ShardArrival): ShardPlace | undefined;
  /** Called exactly once for each arrival that got a place. */
  arrived(arrival: StoredPlace, outcome: ShardOutcome): void;
}

/** Receives one shard, from the header to the answer. What nobody wants, or does not say what it is, ends before it has a turn. */
export async function receiveOneShard(receiving: ShardReceiving): Promise<void> {
  const { stream, silenceMsMax } = receiving;
  const reader = new StreamReader(stream, silenceMsMax);
  const arrival = await readHeader(reader, receiving);
  const place = arrival === undefined ? undefined : receiving.place(arrival);
  if (arrival === undefined || place === undefined) {
    await say(stream, 'refused', silenceMsMax);
    return;
  }
  const wanted = { ...arrival, place };
  const work = (): Promise<ShardOutcome> => store(receiving, reader, wanted);
  const outcome = (await receiving.inTurn(work).catch((): ShardOutcome => 'refused')) ?? 'unreachable';
  receiving.arrived(wanted, outcome);
  if (outcome === 'unreachable') resetStream(stream, 'the shard was cut off, or too many came at once');
  else await say(stream, outcome, silenceMsMax);
}

async function readHeader(
  reader: StreamReader,
  { stream, headerMsMax }: ShardReceiving,
): Promise<ShardArrival | undefined> {
  const timer = setTimeout(() => resetStream(stream, 'no shard was announced'), headerMsMax);
  const header = await reader.readFrame(descriptorBytesMax + indexBytes);
  clearTimeout(timer);
  return header instanceof Uint8Array ? decodeHeader(header) : undefined;
}

async function store(
  receiving: ShardReceiving,
  reader: StreamReader,
  wanted: StoredPlace,
): Promise<ShardOutcome> {
  const { stream, disk, silenceMsMax, pace } = receiving;
  const sink = await disk.openSink(wanted);
  if (typeof sink === 'string') return sink;
  try {
    if (!(await writeBytes(stream, Uint8Array.of(answerBytes.go), silenceMsMax))) return 'unreachable';
    for (let left = wanted.descriptor.shardBytes; left > 0;) {
      const count = Math.min(left, streamWriteBytes);
      await pace.beforeReceiving(wanted, count);
      const pieces = await reader.readPieces(count);
      if (pieces === undefined) return 'unreachable';
      if (!(await sink.write(...pieces))) break;
      left -= count;
    }
    return await sink.finish();
  } finally {
    await sink.abandon();
  }
}

async function say(
  stream: Stream,
  outcome: Exclude<ShardOutcome, 'unreachable'>,
  silenceMsMax: number,
): Promise<void> {
  await writeBytes(stream, Uint8Array.of(answerBytes[outcome]), silenceMsMax);
  await closeStream(stream);
}
