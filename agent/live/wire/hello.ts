// The hello: before anything else, the side that dialled shows its certificate, then the other. The side that is dialled shows
// nothing to a stranger. Says who may come in; the judgement itself is the membership's.

import type { Stream } from '@libp2p/interface';
import { decodeHello, decodeHelloAnswer, encodeHelloAnswer, type HelloAnswer } from '../../codec/index.ts';
import type { FleetId, PeerId } from '../../units.ts';
import { closeStream, frameOf, resetStream, StreamReader, writeBytes } from './stream-io.ts';

const helloBytesMax = 16_384;
const answerBytesMax = 1024;

/** The agent's decisions on hellos. */
export interface HelloKeeper {
  /** The own hello as bytes (`encodeHello`). */
  ownHello(): Uint8Array;
  /** What to say to this peer, who shows this certificate (unchecked; empty: none) of this fleet. */
  check(peer: PeerId, certificate: Uint8Array, fleet: FleetId): HelloAnswer;
  /** What this peer said to our hello. */
  answered?(peer: PeerId, answer: HelloAnswer): void;
}

/** For whoever was put out: it is told so, and nothing else. */
export const turnedAway: HelloKeeper = {
  ownHello: () => new Uint8Array(0),
  check: () => ({ kind: 'refused', code: 'certificate-revoked', reason: 'this machine was put out' }),
};

export interface HelloExchange {
  readonly stream: Stream;
  readonly peer: PeerId;
  readonly keeper: HelloKeeper;
  /** Longest wait for each answer. */
  readonly silenceMsMax: number;
}

const cutOff = {
  kind: 'refused',
  code: 'hello-cut-off',
  reason: 'the other side ended the hello, or did not answer',
} as const satisfies HelloAnswer;

/** The dialling side. `welcome` only when each has welcomed the other. */
export const showHello = (exchange: HelloExchange): Promise<HelloAnswer> => ended(exchange, show);

/** The dialled side. */
export const answerHello = (exchange: HelloExchange): Promise<HelloAnswer> => ended(exchange, reply);

/** A stream that was cut off, or says more than a hello, is not left half open. */
async function ended(
  exchange: HelloExchange,
  talk: (exchange: HelloExchange) => Promise<HelloAnswer>,
): Promise<HelloAnswer> {
  const answer = await talk(exchange);
  if (answer === cutOff) resetStream(exchange.stream, cutOff.reason);
  return answer;
}

async function show(exchange: HelloExchange): Promise<HelloAnswer> {
  const { stream, peer, keeper, silenceMsMax } = exchange;
  const reader = new StreamReader(stream, silenceMsMax);
  const answer = await askForWelcome({ stream, reader, silenceMsMax, hello: keeper.ownHello() });
  if (answer !== cutOff) keeper.answered?.(peer, answer);
  if (answer.kind === 'refused') return answer;
  const hello = await reader.readFrame(helloBytesMax);
  if (!(hello instanceof Uint8Array)) return cutOff;
  const judgement = judge(keeper, peer, hello);
  const isSaid = await writeBytes(stream, frameOf(encodeHelloAnswer(judgement)), silenceMsMax);
  await closeStream(stream);
  return isSaid ? judgement : cutOff;
}

/** Sends a hello and reads what it is answered with. */
export async function askForWelcome(ask: {
  readonly stream: Stream;
  readonly reader: StreamReader;
  readonly silenceMsMax: number;
  readonly hello: Uint8Array;
}): Promise<HelloAnswer> {
  if (!(await writeBytes(ask.stream, frameOf(ask.hello), ask.silenceMsMax))) return cutOff;
  return readAnswer(ask.reader);
}

async function reply(exchange: HelloExchange): Promise<HelloAnswer> {
  const { stream, peer, keeper, silenceMsMax } = exchange;
  const reader = new StreamReader(stream, silenceMsMax);
  const hello = await reader.readFrame(helloBytesMax);
  if (!(hello instanceof Uint8Array)) return cutOff;
  const judgement = judge(keeper, peer, hello);
  const isSaid = await writeBytes(stream, frameOf(encodeHelloAnswer(judgement)), silenceMsMax);
  if (judgement.kind === 'refused' || !isSaid) {
    await closeStream(stream);
    return isSaid ? judgement : cutOff;
  }
  if (!(await writeBytes(stream, frameOf(keeper.ownHello()), silenceMsMax))) return cutOff;
  const answer = await readAnswer(reader);
  if (answer !== cutOff) keeper.answered?.(peer, answer);
  await closeStream(stream);
  return answer;
}

function judge(keeper: HelloKeeper, peer: PeerId, bytes: Uint8Array): HelloAnswer {
  const hello = decodeHello(bytes);
  if (hello.ok) return keeper.check(peer, hello.value.certificate, hello.value.fleet);
  return { kind: 'refused', code: 'hello-malformed', reason: hello.rejection.reason };
}

async function readAnswer(reader: StreamReader): Promise<HelloAnswer> {
  const bytes = await reader.readFrame(answerBytesMax);
  if (!(bytes instanceof Uint8Array)) return cutOff;
  const answer = decodeHelloAnswer(bytes);
  return answer.ok ? answer.value : cutOff;
}
