// A liar that keeps nothing and has another holder answer for it: asked for a leaf, it audits somebody else who has the same shard, and passes on
// what that one shows, whichever leaf it is. It plays by the messages that all can send.

import { type Random, seconds } from '../../datasets/index.ts';
import { type CoreEffect, type CoreEvent, type Effects, newPart, sealOfPart } from '../core/index.ts';
import { auditAnswerMsMax } from '../limits.ts';
import type { ProofOutcome } from '../ports.ts';
import type { PackId, PeerId } from '../units.ts';
import type { Shell } from './shell.ts';

type Proof = Extract<CoreEffect, { kind: 'proveShard' }>;
type Message = Pick<Extract<CoreEvent, { kind: 'message' }>, 'from' | 'message'>;

interface Errand {
  readonly asked: Proof;
  readonly helper: PeerId;
  readonly index: number;
  readonly part: string;
  isDone: boolean;
}

export class Forwarder {
  readonly #random: Random;
  readonly #errands = new Map<PackId, Errand>();

  constructor({ random }: { readonly random: Random }) {
    this.#random = random;
  }

  /** Instead of reading. Of a coded pack another holder has other bytes, which help nobody. */
  ask(asked: Proof, shell: Shell): Effects {
    const { core } = shell;
    const { pack } = asked.shard;
    const others = [...(core.shelf.get(pack)?.others ?? [])].filter(
      ([, peer]) => peer !== asked.to && core.membership.up.has(peer),
    );
    const [index, helper] = others[this.#random.below(Math.max(1, others.length))] ?? [];
    if (index === undefined || helper === undefined) {
      shell.life.after(seconds(1), () => this.#tell(shell, asked, 'unread'));
      return [];
    }
    const part = newPart(() => this.#random.fraction());
    const errand = { asked, helper, index, part, isDone: false };
    this.#errands.set(pack, errand);
    shell.life.after(auditAnswerMsMax, () => {
      if (!errand.isDone) this.#tell(shell, asked, 'unread');
      errand.isDone = true;
    });
    shell.sendAside(helper, { kind: 'auditOffer', pack, index, seal: sealOfPart(part) });
    return [];
  }

  /** Whether it is the answer to something that it has asked. */
  hears({ from, message }: Message, shell: Shell): boolean {
    if (message.kind !== 'auditDraw' && message.kind !== 'auditAnswer') return false;
    const errand = this.#errands.get(message.pack);
    if (errand?.helper !== from || errand.index !== message.index || errand.isDone) return false;
    const { asked, index, part } = errand;
    const { pack } = message;
    if (message.kind === 'auditDraw') {
      shell.sendAside(from, { kind: 'auditOpen', pack, index, part });
      return true;
    }
    errand.isDone = true;
    this.#tell(shell, asked, message.proof ?? 'missing');
    return true;
  }

  /** Its own core waits for the end of what it has ordered, and reads for few at once. */
  #tell(shell: Shell, { to, shard, leaf }: Proof, outcome: ProofOutcome): void {
    shell.tell({ kind: 'shardProved', to, pack: shard.pack, index: shard.index, leaf, outcome });
  }
}
