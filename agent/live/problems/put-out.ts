// Whether this machine is out of its fleet. Whoever is put out is cut off at once and may never hear the statement: what the others
// answer to its hello is all that it learns.

import type { AgentCore } from '../../core/index.ts';
import type { PeerId } from '../../units.ts';
import { namesText } from '../machine-names.ts';
import type { FoundProblem } from './find-problems.ts';

export interface Standing {
  readonly core: {
    readonly membership: Pick<
      AgentCore['membership'],
      'self' | 'up' | 'isRevoked' | 'certificateOf' | 'nameOf'
    >;
  };
  /** Machines that say that this one was put out. */
  readonly turnedAwayBy: ReadonlySet<PeerId>;
}

/** Undefined as long as some machine of the fleet speaks with this one, or none has said that it was put out. */
export function putOutProblem({ core: { membership }, turnedAwayBy }: Standing): FoundProblem | undefined {
  const { self } = membership;
  const isKnown = membership.isRevoked(self);
  const by = [...turnedAwayBy].filter(
    (peer) => membership.certificateOf(peer) !== undefined && !membership.isRevoked(peer),
  );
  if (!isKnown && (by.length === 0 || membership.up.size > 0)) return undefined;
  return {
    kind: 'put-out',
    level: 'problem',
    risk: 'Nothing more of this machine is backed up, and nothing can be restored on it.',
    why: isKnown
      ? 'An admin has put this machine out of the fleet.'
      : `This machine seems to have been put out of the fleet: ${namesText(membership, by)} turned it away for that.`,
    action: 'What it saved before stays with the other machines, for whoever has the 24 words.',
    advice:
      'Ask an admin. If it was a mistake, or the machine is here again: `drey join` with a new invite and another --home, then protect its folders again.',
  };
}
