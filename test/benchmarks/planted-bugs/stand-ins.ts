// Planted bugs of machines that stand in for holders that are away.

import type { PlantedBug } from './planted-bug.ts';

export const standInBugs: readonly PlantedBug[] = [
  {
    name: 'nobody stands in',
    about: 'who is away is waited for for days before another machine keeps its shard',
    file: 'core/stand-ins.ts',
    find: 'membership.awayMs(member, now) >= standInAfterMs;',
    replace: 'membership.awayMs(member, now) >= 10_000 * standInAfterMs;',
  },
  {
    name: 'stand-in signs at once',
    about: 'whoever is asked to stand in signs for the shard before it has come',
    file: 'core/stand-ins.ts',
    find: 'untilMs: now + standInTaskMs });\n    return this.#fetch(now);',
    replace:
      "untilMs: now + standInTaskMs });\n    return [{ kind: 'sendReceipt', to: from, shard: { pack, index } }, ...this.#fetch(now)];",
  },
  {
    name: 'members stand in',
    about: 'a machine that has one shard of a pack by the plan counts for another one too',
    file: 'core/keepers.ts',
    find: ' && !members.includes(peer) && !keepers.includes(peer)',
    replace: ' && members.length > 0',
  },
];
