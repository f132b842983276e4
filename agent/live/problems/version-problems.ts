// That this machine runs an older version of Drey than others, where words of theirs are refused for it.

import type { UnixMs } from '../../../datasets/index.ts';
import type { AgentCore } from '../../core/index.ts';
import { namesText } from '../machine-names.ts';
import type { NewerWords } from '../newer-words.ts';
import type { FoundProblem } from './find-problems.ts';

export interface VersionParts {
  readonly core: { readonly membership: Pick<AgentCore['membership'], 'nameOf' | 'isRevoked'> };
  readonly shell: { readonly newerWords: Pick<NewerWords, 'speakers'> };
  readonly now: UnixMs;
}

export function findVersionProblems({ core, shell, now }: VersionParts): readonly FoundProblem[] {
  const { membership } = core;
  const speakers = shell.newerWords.speakers(now).filter((peer) => !membership.isRevoked(peer));
  if (speakers.length === 0) return [];
  const speak = speakers.length === 1 ? 'speaks' : 'speak';
  return [
    {
      kind: 'older-version',
      level: 'problem',
      risk: 'Other machines cannot count on this one: what they save may wait for another that understands them.',
      why: `${namesText(membership, speakers)} ${speak} in words of a newer version of Drey, and some of them are refused here.`,
      action: 'What they say in words that this version has is heard and done.',
      advice: 'Bring Drey up to date on this machine; nothing that it holds is lost by that.',
    },
  ];
}
