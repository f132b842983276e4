// Messages of one format over one stream, each in a frame: what a peer leaves out, or says wrongly, is heard as undefined.

import type { Stream } from '@libp2p/interface';
import type { Decoded } from '../../codec/index.ts';
import { frameOf, StreamReader, writeBytes } from './stream-io.ts';

/** How messages of a protocol are written and read. */
export interface TalkFormat<Message> {
  readonly encode: (message: Message) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Decoded<Message>;
  readonly bytesMax: number;
}

export class Talk<Message> {
  readonly #stream: Stream;
  readonly #format: TalkFormat<Message>;
  readonly #reader: StreamReader;
  readonly #silenceMsMax: number;

  constructor(stream: Stream, format: TalkFormat<Message>, silenceMsMax: number) {
    this.#stream = stream;
    this.#format = format;
    this.#reader = new StreamReader(stream, silenceMsMax);
    this.#silenceMsMax = silenceMsMax;
  }

  say(message: Message): Promise<boolean> {
    return writeBytes(this.#stream, frameOf(this.#format.encode(message)), this.#silenceMsMax);
  }

  async hear(): Promise<Message | undefined> {
    const bytes = await this.#reader.readFrame(this.#format.bytesMax);
    const message = bytes instanceof Uint8Array ? this.#format.decode(bytes) : undefined;
    return message?.ok === true ? message.value : undefined;
  }
}
