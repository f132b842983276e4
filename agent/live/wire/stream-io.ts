// Bytes over one libp2p stream as promises: reads exact counts or length-prefixed frames, writes with back-pressure. A stream that
// ends, is reset, stays silent for too long or moves byte by byte reads as undefined and writes as false: what a peer does is no exception.

import type { Stream } from '@libp2p/interface';
import { streamWriteBytes } from '../../limits.ts';
import { readAheadBytesMax, silencesPerWrite } from '../limits.ts';

/** Length in front of a frame: u32, big endian. */
const prefixBytes = 4;
/** Pieces that are shorter are put together: an object for each byte of a peer that sends them one by one takes a hundred times the memory. */
const pieceBytesMin = 1024;
const joinedBytes = 4096;

export class StreamReader {
  readonly #stream: Stream;
  readonly #silenceMsMax: number;
  readonly #pieces: Uint8Array[] = [];
  /** Where short pieces are put together; the last piece of all ends at `#joinedEnd` when it lies here. */
  #joined: Uint8Array | undefined;
  #joinedEnd = 0;
  #bufferedBytes = 0;
  #hasEnded = false;
  #isPaused = false;
  #isResuming = false;
  #wantedBytes = 0;
  #wake: (() => void) | undefined;

  /** Silence of Infinity waits for ever, or until the connection dies. */
  constructor(stream: Stream, silenceMsMax: number) {
    this.#stream = stream;
    this.#silenceMsMax = silenceMsMax;
    stream.addEventListener('end', () => this.#end());
    stream.addEventListener('close', (event) => {
      if (event.error !== undefined || stream.readBufferLength === 0) this.#end();
    });
    stream.addEventListener('message', ({ data }) => {
      if (data instanceof Uint8Array) this.#take([data]);
      else this.#take([...data]);
    });
    if (stream.readableEnded || stream.status === 'aborted' || stream.status === 'reset') this.#end();
  }

  /** Whether something came that nobody has read yet. */
  get hasBytes(): boolean {
    return this.#bufferedBytes > 0;
  }

  /** Exactly `count` bytes in a buffer of their own. */
  async read(count: number): Promise<Uint8Array | undefined> {
    const pieces = await this.readPieces(count);
    if (pieces === undefined) return undefined;
    const bytes = new Uint8Array(count);
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return bytes;
  }

  /** Exactly `count` bytes as they came, in pieces of any length: nothing is copied. */
  async readPieces(count: number): Promise<readonly Uint8Array[] | undefined> {
    const untilMs = endOf(count, this.#silenceMsMax);
    while (this.#bufferedBytes < count) {
      const waitMs = Math.min(this.#silenceMsMax, untilMs - performance.now());
      if (this.#hasEnded || waitMs <= 0 || !(await this.#more(count, waitMs))) return undefined;
    }
    const taken: Uint8Array[] = [];
    let [left, whole] = [count, 0];
    for (; left > 0; whole++) {
      const piece = this.#pieces[whole]!;
      const part = piece.length <= left ? piece : piece.subarray(0, left);
      taken.push(part);
      left -= part.length;
      if (part.length === piece.length) continue;
      this.#pieces[whole] = piece.subarray(part.length);
      break;
    }
    this.#pieces.splice(0, whole);
    this.#bufferedBytes -= count;
    this.#unpause();
    return taken;
  }

  /** One frame; `too-long` as soon as its prefix says so, before anything is set aside for it. */
  async readFrame(bytesMax: number): Promise<Uint8Array | 'too-long' | undefined> {
    const prefix = await this.read(prefixBytes);
    if (prefix === undefined) return undefined;
    const length = new DataView(prefix.buffer).getUint32(0);
    return length > bytesMax ? 'too-long' : this.read(length);
  }

  #take(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#bufferedBytes += piece.length;
      if (!this.#join(piece)) this.#pieces.push(piece);
    }
    this.#pauseIfFull();
    this.#wake?.();
  }

  /** Adds a short piece to the one before it; false where that is not short, or there is none. */
  #join(piece: Uint8Array): boolean {
    const last = this.#pieces.at(-1);
    if (last === undefined || piece.length >= pieceBytesMin) return false;
    if (last.buffer !== this.#joined?.buffer || this.#joinedEnd + piece.length > joinedBytes) {
      if (last.length >= pieceBytesMin) return false;
      this.#joined = new Uint8Array(joinedBytes);
      this.#joined.set(last);
      this.#joinedEnd = last.length;
    }
    const start = this.#joinedEnd - last.length;
    this.#joined.set(piece, this.#joinedEnd);
    this.#joinedEnd += piece.length;
    this.#pieces[this.#pieces.length - 1] = this.#joined.subarray(start, this.#joinedEnd);
    return true;
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  /** Waits until something changes; false after too long a silence. */
  async #more(wantedBytes: number, waitMs: number): Promise<boolean> {
    this.#wantedBytes = wantedBytes;
    this.#unpause();
    const isAwake = await waitFor((wake) => (this.#wake = wake), waitMs);
    this.#wake = undefined;
    this.#wantedBytes = 0;
    return isAwake;
  }

  #pauseIfFull(): void {
    if (this.#isResuming || this.#bufferedBytes < Math.max(readAheadBytesMax, this.#wantedBytes)) return;
    if (this.#isPaused || this.#stream.readStatus !== 'readable') return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  #unpause(): void {
    if (!this.#isPaused || this.#bufferedBytes >= Math.max(readAheadBytesMax, this.#wantedBytes)) return;
    this.#isPaused = false;
    if (this.#stream.readStatus !== 'paused') return;
    // Resuming hands out what waited, and only then opens the window: a pause in between would be forgotten by yamux 8.0, and
    // the peer would send until libp2p's buffer bursts and the stream is reset.
    this.#isResuming = true;
    this.#stream.resume();
    this.#isResuming = false;
    this.#pauseIfFull();
  }
}

/** True when `arm`'s callback was called within `msMax`. */
function waitFor(arm: (wake: () => void) => void, msMax: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = msMax === Infinity ? undefined : setTimeout(() => resolve(false), msMax);
    arm(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

/** When so many bytes must have moved: whoever moves one now and then would else never be silent, and holds what others wait for. */
const endOf = (byteCount: number, silenceMsMax: number): number =>
  performance.now() + silencesPerWrite * silenceMsMax * Math.ceil(byteCount / streamWriteBytes);

/** Writes all bytes and waits while the peer is slow. False when the stream is over or takes nothing, or next to nothing, for too long. */
export async function writeBytes(stream: Stream, bytes: Uint8Array, silenceMsMax: number): Promise<boolean> {
  const untilMs = endOf(bytes.length, silenceMsMax);
  try {
    if (stream.send(bytes)) return true;
  } catch {
    return false;
  }
  while (stream.writableNeedsDrain) {
    const waitMs = Math.min(silenceMsMax, untilMs - performance.now());
    if (stream.writeStatus !== 'writable' || waitMs <= 0 || !(await drained(stream, waitMs))) return false;
  }
  return stream.writeStatus === 'writable';
}

/** Waits for the event itself: libp2p's own promise for it stays resolved after the first time. */
async function drained(stream: Stream, silenceMsMax: number): Promise<boolean> {
  const events = ['drain', 'close'] as const;
  let listener: (() => void) | undefined;
  const isAwake = await waitFor((wake) => {
    listener = wake;
    for (const event of events) stream.addEventListener(event, wake);
  }, silenceMsMax);
  for (const event of events) if (listener !== undefined) stream.removeEventListener(event, listener);
  return isAwake;
}

/** A frame with its length in front. */
export function frameOf(bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(prefixBytes + bytes.length);
  new DataView(frame.buffer).setUint32(0, bytes.length);
  frame.set(bytes, prefixBytes);
  return frame;
}

/** Closes the writing side, or the whole stream when that fails. */
export async function closeStream(stream: Stream): Promise<void> {
  try {
    await stream.close();
  } catch (error) {
    resetStream(stream, error instanceof Error ? error.message : 'the stream did not close');
  }
}

export function resetStream(stream: Stream, reason: string): void {
  stream.abort(new Error(reason));
}
