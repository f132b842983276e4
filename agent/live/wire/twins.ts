// Two computers with one machine's folder: a disk image that was cloned, a folder that was copied. Both have its key, so no certificate
// tells them apart; what does is the run, a number that each start of an agent draws. Who has a second connection is asked for its run on
// both: where the answers differ the newcomer is not let in, and both are told of each other.

import { randomBytes } from 'node:crypto';
import type { Connection, Stream } from '@libp2p/interface';
import { CODE_IP4, CODE_IP6 } from '@multiformats/multiaddr';
import { decodeRunMessage, encodeRunMessage, runBytes, type RunMessage } from '../../codec/index.ts';
import type { PeerId } from '../../units.ts';
import { twinNewsMsMax } from '../limits.ts';
import { runProtocol } from './protocols.ts';
import { closeStream, resetStream } from './stream-io.ts';
import { Talk, type TalkFormat } from './talk.ts';

const runFormat: TalkFormat<RunMessage> = {
  encode: encodeRunMessage,
  decode: decodeRunMessage,
  bytesMax: 256,
};

/** How long both sides may take: for a stream, an answer and the last word. */
export const twinPatienceMs = (silenceMsMax: number): number => 3 * silenceMsMax;

/** Of one machine that runs twice; the time is of `performance.now()`. */
interface Sighting {
  readonly addresses: readonly string[];
  readonly atMs: number;
}

export class Twins {
  readonly #run = new Uint8Array(randomBytes(runBytes));
  readonly #silenceMsMax: number;
  readonly #seen = new Map<PeerId, Sighting>();
  readonly #ofSelf = new Map<PeerId, Sighting>();

  constructor(silenceMsMax: number) {
    this.#silenceMsMax = silenceMsMax;
  }

  /** Other machines that ran on two computers within the last hour, each with the addresses of both. */
  get seen(): ReadonlyMap<PeerId, readonly string[]> {
    return recent(this.#seen);
  }

  /** Who has seen this machine on another computer within the last hour, and at which address. */
  get ofSelf(): ReadonlyMap<PeerId, readonly string[]> {
    return recent(this.#ofSelf);
  }

  /** Whether two connections with one key lead to two computers. False where either does not say, as older agents. */
  async areTwins(peer: PeerId, known: Connection, newcomer: Connection): Promise<boolean> {
    const [here, there] = await Promise.all([this.#ask(known), this.#ask(newcomer)]);
    const isTwin = here !== undefined && there !== undefined && !Buffer.from(here.run).equals(there.run);
    await Promise.all([
      here?.tell(isTwin ? twinAt(newcomer) : { kind: 'alone' }),
      there?.tell(isTwin ? twinAt(known) : { kind: 'alone' }),
    ]);
    if (isTwin)
      this.#seen.set(peer, { addresses: [...hostOf(known), ...hostOf(newcomer)], atMs: performance.now() });
    return isTwin;
  }

  /** Answers for its own run, and hears of another one. `isMember`: whether to believe who asks. */
  async answer(stream: Stream, asker: PeerId, isMember: () => Promise<boolean>): Promise<void> {
    const talk = new Talk(stream, runFormat, this.#silenceMsMax);
    if ((await talk.hear())?.kind === 'ask' && (await talk.say({ kind: 'run', run: this.#run }))) {
      const heard = await talk.hear();
      if (heard?.kind === 'twin' && (await isMember()))
        this.#ofSelf.set(asker, {
          addresses: heard.address === undefined ? [] : [heard.address],
          atMs: performance.now(),
        });
    }
    await closeStream(stream);
  }

  async #ask(connection: Connection): Promise<AskedRun | undefined> {
    const stream = await connection
      .newStream(runProtocol, { signal: AbortSignal.timeout(this.#silenceMsMax) })
      .catch(() => undefined);
    if (stream === undefined) return undefined;
    const talk = new Talk(stream, runFormat, this.#silenceMsMax);
    const answer = (await talk.say({ kind: 'ask' })) ? await talk.hear() : undefined;
    if (answer?.kind !== 'run') {
      resetStream(stream, 'no run was said');
      return undefined;
    }
    const tell = async (message: RunMessage): Promise<void> => {
      await talk.say(message);
      await closeStream(stream);
      // The connection may end with this: it waits until the other side has read of its twin, and closes too.
      if (message.kind === 'twin') await talk.hear();
    };
    return { run: answer.run, tell };
  }
}

interface AskedRun {
  readonly run: Uint8Array;
  /** Says what was found, and ends the talk. */
  tell(message: RunMessage): Promise<void>;
}

function twinAt(connection: Connection): RunMessage {
  const [address] = hostOf(connection);
  return { kind: 'twin', ...(address === undefined ? {} : { address }) };
}

/** The IP address on the other side; none where it was dialled by a name. */
const hostOf = ({ remoteAddr }: Connection): readonly string[] =>
  remoteAddr
    .getComponents()
    .flatMap(({ code, value }) =>
      (code === CODE_IP4 || code === CODE_IP6) && value !== undefined ? [value] : [],
    )
    .slice(0, 1);

function recent(sightings: ReadonlyMap<PeerId, Sighting>): ReadonlyMap<PeerId, readonly string[]> {
  const sinceMs = performance.now() - twinNewsMsMax;
  return new Map(
    [...sightings]
      .filter(([, { atMs }]) => atMs >= sinceMs)
      .map(([peer, { addresses }]) => [peer, addresses]),
  );
}
