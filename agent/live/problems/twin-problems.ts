// Machines that run on two computers at once, with one key: of others as this agent has seen them, of itself as others say.

import { listText } from '../../../datasets/index.ts';
import type { AgentCore } from '../../core/index.ts';
import { namesText } from '../machine-names.ts';
import type { LiveWire } from '../wire/index.ts';
import type { FoundProblem } from './find-problems.ts';

export interface TwinParts {
  readonly core: { readonly membership: Pick<AgentCore['membership'], 'self' | 'nameOf' | 'isRevoked'> };
  readonly twins: LiveWire['twins'] | undefined;
}

const addressesMax = 3;
const advice =
  'Stop the agent on the copy, and join that computer with a new invite and another --home. Before a disk is cloned, leave the home of the agent out.';

export function findTwinProblems({ core: { membership }, twins }: TwinParts): readonly FoundProblem[] {
  if (twins === undefined) return [];
  const found: FoundProblem[] = [];
  if (twins.ofSelf.size > 0) {
    const witnesses = namesText(membership, [...twins.ofSelf.keys()]);
    found.push({
      kind: 'runs-twice',
      about: membership.self,
      level: 'problem',
      risk: 'What is saved here may never count as safe, and what others keep on this machine they may not find.',
      why: `Another computer${atText([...twins.ofSelf.values()].flat())} runs with the folder of this machine too, as ${witnesses} can see.`,
      action: 'Each machine speaks only with the one of the two that it met first.',
      advice,
    });
  }
  for (const [peer, addresses] of twins.seen) {
    if (membership.isRevoked(peer)) continue;
    const name = membership.nameOf(peer);
    found.push({
      kind: 'runs-twice',
      about: peer,
      level: 'problem',
      risk: `What ${name} saves may never count as safe, and what is kept on it may not be found.`,
      why: `Two computers${atText(addresses)} run as ${name}: its folder was copied, or its disk cloned.`,
      action: 'This machine speaks only with the one of the two that it met first.',
      advice,
    });
  }
  return found;
}

function atText(addresses: readonly string[]): string {
  const known = [...new Set(addresses)];
  return known.length === 0 ? '' : ` at ${listText(known, addressesMax)}`;
}
