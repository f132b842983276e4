// Bytes over one libp2p stream as promises: reads exact counts or length-prefixed frames, writes with back-pressure. A stream that
// ends, is reset or stays silent for too long reads as undefined and writes as false: what a peer does is no exception.

import type { Stream } from '@libp2p/interface';
import { readAheadBytesMax } from '../limits.ts';

/** Length in front of a frame: u32, big endian. */
const prefixBytes = 4;

export class StreamReader {
  readonly #stream: Stream;
  readonly #silenceMsMax: number;
  readonly #pieces: Uint8Array[] = [];
  #bufferedBytes = 0;
  #hasEnded = false;
  #isPaused = false;
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
    stream.addEventListener('message', ({ data }) =>
      this.#take(data instanceof Uint8Array ? data : data.subarray()),
    );
    if (stream.readableEnded || stream.status === 'aborted' || stream.status === 'reset') this.#end();
  }

  /** Whether something came that nobody has read yet. */
  get hasBytes(): boolean {
    return this.#bufferedBytes > 0;
  }

  /** Exactly `count` bytes in a buffer of their own. */
  async read(count: number): Promise<Uint8Array | undefined> {
    while (this.#bufferedBytes < count) {
      if (this.#hasEnded || !(await this.#more(count))) return undefined;
    }
    const bytes = new Uint8Array(count);
    for (let at = 0; at < count;) {
      const piece = this.#pieces[0]!;
      const part = piece.subarray(0, count - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#bufferedBytes -= count;
    this.#unpause();
    return bytes;
  }

  /** One frame; `too-long` as soon as its prefix says so, before anything is set aside for it. */
  async readFrame(bytesMax: number): Promise<Uint8Array | 'too-long' | undefined> {
    const prefix = await this.read(prefixBytes);
    if (prefix === undefined) return undefined;
    const length = new DataView(prefix.buffer).getUint32(0);
    return length > bytesMax ? 'too-long' : this.read(length);
  }

  #take(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#bufferedBytes += piece.length;
    if (this.#bufferedBytes >= Math.max(readAheadBytesMax, this.#wantedBytes)) this.#pause();
    this.#wake?.();
  }

  #end(): void {
    this.#hasEnded = true;
    this.#wake?.();
  }

  /** Waits until something changes; false after too long a silence. */
  async #more(wantedBytes: number): Promise<boolean> {
    this.#wantedBytes = wantedBytes;
    this.#unpause();
    const isAwake = await waitFor((wake) => (this.#wake = wake), this.#silenceMsMax);
    this.#wake = undefined;
    this.#wantedBytes = 0;
    return isAwake;
  }

  #pause(): void {
    if (this.#isPaused || this.#stream.readStatus !== 'readable') return;
    this.#isPaused = true;
    this.#stream.pause();
  }

  #unpause(): void {
    if (!this.#isPaused || this.#bufferedBytes >= Math.max(readAheadBytesMax, this.#wantedBytes)) return;
    this.#isPaused = false;
    if (this.#stream.readStatus === 'paused') this.#stream.resume();
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

/** Writes all bytes and waits while the peer is slow. False when the stream is over or takes nothing for too long. */
export async function writeBytes(stream: Stream, bytes: Uint8Array, silenceMsMax: number): Promise<boolean> {
  try {
    if (stream.send(bytes)) return true;
  } catch {
    return false;
  }
  while (stream.writableNeedsDrain) {
    if (stream.writeStatus !== 'writable' || !(await drained(stream, silenceMsMax))) return false;
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
