// The join: ask, challenge, proof, welcome or refusal. One side here is an agent that is asked, the other a machine that has
// nothing but an invite. What is admitted is the membership's decision.

import type { Stream } from '@libp2p/interface';
import { DreyError } from '../../../datasets/index.ts';
import {
  decodeJoinMessage,
  encodeJoinMessage,
  type Invite,
  type JoinMessage,
  type MachineKey,
  proveInvite,
} from '../../codec/index.ts';
import type { PeerId } from '../../units.ts';
import { joinMsMax, joinPatienceMs } from '../limits.ts';
import { dialAddress } from './dial.ts';
import { type Node, startNode } from './node.ts';
import { joinProtocol } from './protocols.ts';
import { closeStream } from './stream-io.ts';
import { Talk, type TalkFormat } from './talk.ts';

/** Addresses that a joining machine tries, those of refusals counted too. */
const addressesTriedMax = 64;
/** A machine that is busy starting, or a slow line, takes longer than one try: so many such addresses are asked again, so often where they fail at once. */
const silentAddressesMax = 3;
const silentRoundsMax = 6;

type Ask = Extract<JoinMessage, { kind: 'ask' }>;
type Challenge = Extract<JoinMessage, { kind: 'challenge' }>;
type Refused = Extract<JoinMessage, { kind: 'refused' }>;
export type JoinWelcome = Extract<JoinMessage, { kind: 'welcome' }>;

/** The agent's decisions on joins. */
export interface JoinKeeper {
  /** A nonce to sign, or a refusal, with addresses of admins where another should be asked. */
  ask(peer: PeerId, ask: Ask): Challenge | Refused;
  prove(
    peer: PeerId,
    proof: { readonly ask: Ask; readonly nonce: Uint8Array; readonly signature: Uint8Array },
  ): Promise<JoinWelcome | Refused>;
}

const malformed: Refused = {
  kind: 'refused',
  code: 'join-malformed',
  reason: 'that is not how machines ask to join',
  addresses: [],
};

const joinFormat: TalkFormat<JoinMessage> = {
  encode: encodeJoinMessage,
  decode: decodeJoinMessage,
  bytesMax: 262_144,
};
const joinTalk = (stream: Stream): Talk<JoinMessage> => new Talk(stream, joinFormat, joinMsMax);

/** The side that is asked. */
export async function answerJoin(stream: Stream, peer: PeerId, keeper: JoinKeeper): Promise<void> {
  const talk = joinTalk(stream);
  const ask = await talk.hear();
  const answer = ask?.kind === 'ask' ? keeper.ask(peer, ask) : malformed;
  await talk.say(answer);
  if (ask?.kind === 'ask' && answer.kind === 'challenge') {
    const proof = await talk.hear();
    const isProof = proof?.kind === 'proof';
    const { nonce } = answer;
    await talk.say(
      isProof ? await keeper.prove(peer, { ask, nonce, signature: proof.signature }) : malformed,
    );
  }
  await closeStream(stream);
}

export interface JoinAsk {
  readonly machineKey: MachineKey;
  readonly invite: Invite;
  /** For people, 1 to 64 characters. */
  readonly name: string;
}

/**
 * Asks the agents that the invite names, and those that they name, until one admits this machine. Throws `fleet-unreachable`,
 * `join-refused` and, as the agents say, `invite-unknown`, `invite-revoked`, `invite-expired`,
 * `invite-spent`. What the welcome carries is unchecked.
 */
export async function requestJoin(ask: JoinAsk): Promise<JoinWelcome> {
  const node = await startNode({ seed: ask.machineKey.seed, listenAddresses: [] });
  try {
    return await askAround(node, ask);
  } finally {
    await node.stop();
  }
}

async function askAround(node: Node, ask: JoinAsk): Promise<JoinWelcome> {
  let found = await askEach(node, ask, ask.invite.addresses);
  const { askedCount } = found;
  const patience = AbortSignal.timeout(joinPatienceMs);
  for (let round = 0; round < silentRoundsMax && found.welcome === undefined; round++) {
    const { silent, refusal } = found;
    const isOver = silent.length === 0 || patience.aborted;
    if (isOver || (refusal !== undefined && !isWeak(refusal))) break;
    const again = await askEach(node, ask, silent.slice(0, silentAddressesMax));
    found = { ...again, refusal: again.refusal ?? refusal };
  }
  if (found.welcome !== undefined) return found.welcome;
  throw found.refusal === undefined ? unreachable(askedCount) : nameRefusal(found.refusal);
}

interface Findings {
  readonly welcome?: JoinWelcome;
  readonly refusal: Refused | undefined;
  /** Addresses at which nobody answered, or was not done in time. */
  readonly silent: readonly string[];
  readonly askedCount: number;
}

/** Who knows nothing says less than who refuses. */
const isWeak = ({ code }: Refused): boolean => code === 'ask-an-admin' || code === 'invite-unknown';

/** One after another, and those that they name, until one admits this machine or refuses it for good. */
async function askEach(node: Node, ask: JoinAsk, first: readonly string[]): Promise<Findings> {
  const addresses = new Set(first);
  const silent: string[] = [];
  let refusal: Refused | undefined;
  for (const address of addresses) {
    const answer = await askOne(node, address, ask);
    if (answer === undefined) silent.push(address);
    else if (answer.kind === 'welcome')
      return { welcome: answer, refusal, silent, askedCount: addresses.size };
    else if (answer.kind === 'refused') {
      const room = Math.max(0, addressesTriedMax - addresses.size);
      for (const other of answer.addresses.slice(0, room)) addresses.add(other);
      if (refusal === undefined || !isWeak(answer)) refusal = answer;
      if (!isWeak(answer)) break;
    }
  }
  return { refusal, silent, askedCount: addresses.size };
}

async function askOne(node: Node, address: string, ask: JoinAsk): Promise<JoinMessage | undefined> {
  const connection = await dialAddress(node, address);
  if (connection === undefined) return undefined;
  try {
    const stream = await connection.newStream(joinProtocol, { signal: AbortSignal.timeout(joinMsMax) });
    return await prove(joinTalk(stream), ask);
  } catch {
    return undefined;
  } finally {
    connection.abort(new Error('the join is over'));
  }
}

async function prove(
  talk: Talk<JoinMessage>,
  { machineKey, invite, name }: JoinAsk,
): Promise<JoinMessage | undefined> {
  await talk.say({ kind: 'ask', fleet: invite.fleet, invite: invite.invite, name });
  const challenge = await talk.hear();
  if (challenge?.kind !== 'challenge') return challenge;
  const proof = { fleet: invite.fleet, peer: machineKey.peer, nonce: challenge.nonce, name };
  await talk.say({ kind: 'proof', signature: proveInvite(invite.key, proof) });
  return talk.hear();
}

const unreachable = (count: number): DreyError =>
  new DreyError({
    code: 'fleet-unreachable',
    message: `None of the ${count} address(es) of the fleet answered`,
    advice:
      'Check that this machine has a network and that an admin agent is running (`drey up`), or ask for a new invite.',
    retry: 'retryable',
  });

/** What an agent may refuse a join with, as an error of its own each. */
function nameRefusal({ code, reason }: { readonly code: string; readonly reason: string }): DreyError {
  const askAgain = 'Ask an admin for a new invite (`drey fleet invite`).';
  switch (code) {
    case 'invite-expired':
      return new DreyError({ code: 'invite-expired', message: reason, advice: askAgain });
    case 'invite-spent':
      return new DreyError({ code: 'invite-spent', message: reason, advice: askAgain });
    case 'invite-revoked':
      return new DreyError({ code: 'invite-revoked', message: reason, advice: askAgain });
    case 'invite-unknown':
      return new DreyError({
        code: 'invite-unknown',
        message: reason,
        advice: 'Start the admin agent that made it, wait a minute, then try again; or ask for a new one.',
        retry: 'retryable',
      });
    default:
      return new DreyError({
        code: 'join-refused',
        message: `No agent admitted this machine: ${reason} (${code})`,
        advice: 'Start an admin agent (`drey up` where the fleet was created), then try again.',
        retry: 'retryable',
      });
  }
}
