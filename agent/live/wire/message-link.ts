// The one outgoing message stream to one peer: a bounded queue, frames in order, as fast as the peer takes them. A stream that
// breaks or stands still ends the peer: what was queued is lost, and the core hears of it as `disconnected`.

import type { Connection, Stream } from '@libp2p/interface';
import { streamWriteBytes } from '../../limits.ts';
import { messageProtocol } from './protocols.ts';
import { closeStream, frameOf, StreamReader, writeBytes } from './stream-io.ts';

export interface QueueLimits {
  readonly frameBytesMax: number;
  readonly queuedFramesPerPeerMax: number;
  readonly queuedBytesPerPeerMax: number;
  readonly transferSilenceMsMax: number;
}

export class MessageLink {
  readonly #connection: Connection;
  readonly #limits: QueueLimits;
  readonly #broken: (reason: string) => void;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isRunning = false;
  #isClosed = false;
  #stream: Stream | undefined;

  /** `broken` is called at most once. */
  constructor(connection: Connection, limits: QueueLimits, broken: (reason: string) => void) {
    this.#connection = connection;
    this.#limits = limits;
    this.#broken = broken;
  }

  /** False when the frame does not fit. */
  send(frame: Uint8Array): boolean {
    const { frameBytesMax, queuedFramesPerPeerMax, queuedBytesPerPeerMax } = this.#limits;
    if (this.#isClosed || frame.length > frameBytesMax) return false;
    if (this.#queue.length >= queuedFramesPerPeerMax) return false;
    if (this.#queuedBytes + frame.length > queuedBytesPerPeerMax) return false;
    this.#queue.push(frame);
    this.#queuedBytes += frame.length;
    if (!this.#isRunning) void this.#run();
    return true;
  }

  close(): void {
    this.#isClosed = true;
    this.#queue.length = 0;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    let isFine = true;
    // Again as long as frames came in while the last drain was coming back.
    while (isFine && this.#queue.length > 0) isFine = await this.#drain().catch(() => false);
    this.#isRunning = false;
    if (isFine || this.#isClosed) return;
    this.close();
    this.#broken('its message stream broke');
  }

  async #drain(): Promise<boolean> {
    const silenceMs = this.#limits.transferSilenceMsMax;
    this.#stream ??= await this.#connection.newStream(messageProtocol, {
      signal: AbortSignal.timeout(silenceMs),
    });
    while (this.#queue.length > 0) {
      const { bytes, frames } = this.#nextWrite();
      if (!(await writeBytes(this.#stream, bytes, silenceMs))) return false;
      // Counted until the stream took them: a slow peer fills the queue, not the memory behind it.
      for (const frame of this.#queue.splice(0, frames)) this.#queuedBytes -= frame.length;
    }
    return true;
  }

  /** As many whole frames as fit one good write; at least one. */
  #nextWrite(): { readonly bytes: Uint8Array; readonly frames: number } {
    const parts: Uint8Array[] = [];
    let bytes = 0;
    for (const frame of this.#queue) {
      if (parts.length > 0 && bytes + frame.length > streamWriteBytes) break;
      parts.push(frameOf(frame));
      bytes += frame.length;
    }
    return { bytes: parts.length === 1 ? parts[0]! : Buffer.concat(parts), frames: parts.length };
  }
}

/** A peer's frames are taken for this long, then everybody else has a turn: a thousand small frames may come at once. */
const turnMsMax = 20;

/** Reads a peer's message stream to its end; says why it ended. */
export async function readMessages(
  stream: Stream,
  frameBytesMax: number,
  take: (frame: Uint8Array) => void,
): Promise<string> {
  const reader = new StreamReader(stream, Infinity);
  let sinceMs = performance.now();
  for (;;) {
    const isEmpty = !reader.hasBytes;
    const frame = await reader.readFrame(frameBytesMax);
    if (isEmpty) sinceMs = performance.now();
    if (frame === undefined) {
      await closeStream(stream);
      return 'its message stream ended';
    }
    if (frame === 'too-long') return 'it sent a frame that is too long';
    take(frame);
    if (performance.now() - sinceMs < turnMsMax) continue;
    await new Promise((resolve) => setImmediate(resolve));
    sinceMs = performance.now();
  }
}
