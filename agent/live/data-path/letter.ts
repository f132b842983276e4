// What one worker thread says to another by way of the main thread, which carries it as bytes and does not open it: thousands of small objects
// would be made there for nothing, and wait for its collector. Never kept, and never from elsewhere.

import { deserialize, serialize } from 'node:v8';

declare const content: unique symbol;
/** Plain data, as V8 writes it for threads of one process. */
export type Letter<Content> = Uint8Array & { readonly [content]: Content };

export const letterOf = <Content>(value: Content): Letter<Content> =>
  serialize(value) as unknown as Letter<Content>;

/** Bytes in it are views of the letter: whoever keeps a few of them keeps all of it. */
export const openLetter = <Content>(letter: Letter<Content>): Content => deserialize(letter) as Content;
