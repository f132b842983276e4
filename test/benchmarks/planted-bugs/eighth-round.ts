// Bugs of an eighth round, by somebody who had read the core and none of the checks: in files that the rounds before hardly touched, what is
// remembered too long, waited for never or for ever, or counted by one too few.

import type { PlantedBug } from './planted-bug.ts';

export const eighthRound: readonly PlantedBug[] = [
  {
    name: 'newest by date',
    about:
      'snapshots are judged by their dates: one of a clock that was ahead comes before all that were taken after it',
    file: 'core/retention.ts',
    find: 'const newestFirst = snapshots.toReversed();',
    replace: 'const newestFirst = snapshots.toSorted((a, b) => b.atMs - a.atMs);',
  },
  {
    name: 'called and expected for ever',
    about: 'a machine that was called in vain may still answer, for ever',
    file: 'core/calls.ts',
    find: '    this.#expected.delete(peer);',
    replace: '    this.#waiting.delete(peer);',
  },
  {
    name: 'a wish that nobody was asked for',
    about:
      'the time for a part of a pack ends only where somebody was asked for it, and not where all that have it are being called',
    file: 'core/ranges.ts',
    find: 'if (!wish.end.hasCome(now)) continue;',
    replace: 'if (!wish.end.hasCome(now) || wish.pieces.every(({ asked }) => asked === undefined)) continue;',
  },
  {
    name: 'half is most',
    about: 'of an even number of others half are enough to tell a machine that its clock is wrong',
    file: 'core/clocks.ts',
    find: 'toSorted(descending)[Math.floor(heard.length / 2)]!',
    replace: 'toSorted(descending)[Math.floor((heard.length - 1) / 2)]!',
  },
  {
    name: 'groups of an earlier plan',
    about:
      'which own packs are in reach is told by the groups of the plan before, where as many plans are remembered now',
    file: 'core/own-reach.ts',
    find: 'if (known?.plans.length === plans.length && known.plans.every((plan, at) => plan === plans[at]))',
    replace: 'if (known?.plans.length === plans.length)',
  },
  {
    name: 'due since the last look',
    about:
      'that a plan is due is noted anew with each look, so whoever has the lease and plans nothing is never passed over',
    file: 'core/neglect.ts',
    find: 'this.#dueSinceMs = isDue ? (this.#dueSinceMs ?? now) : undefined;',
    replace: 'this.#dueSinceMs = isDue ? now : undefined;',
  },
  {
    name: 'renews all but itself',
    about: "an admin's agent renews the certificates of those that are connected to it, and so never its own",
    file: 'core/renewal.ts',
    find: ".filter((peer) => membership.isMember(peer, now) && membership.presenceOf(peer, now) === 'up')",
    replace: '.filter((peer) => membership.isMember(peer, now) && membership.up.has(peer))',
  },
  {
    name: 'one flag for both',
    about: "a machine that is on mains again ends its person's pause as well",
    file: 'core/resting.ts',
    find: "if (event.kind === 'powerChanged') this.#power = event.source;",
    replace: "if (event.kind === 'powerChanged') this.#isPaused = event.source === 'battery';",
  },
  {
    name: 'who is called is not asked',
    about:
      'asking is over when nobody is left to call or to answer, though some that were called have not come yet',
    file: 'core/asking.ts',
    find: 'this.#later.size + this.#called.size + this.#asked.size === 0',
    replace: 'this.#later.size + this.#asked.size === 0',
  },
  {
    name: 'patience that begins anew',
    about:
      'a machine of which no log tells is to be introduced twenty minutes from each look on, and so never',
    file: 'core/introductions.ts',
    find: 'const due = this.#dueMs.get(peer) ?? now + patienceMs * (1 + this.#fraction());',
    replace: 'const due = now + patienceMs * (1 + this.#fraction());',
  },
  {
    name: 'as many as may lie',
    about: 'the words of a third of a fleet leave a machine out, and so many may be liars',
    file: 'core/auditors.ts',
    find: 'Math.floor(this.#membership.machines.length / 3) + 1;',
    replace: 'Math.floor(this.#membership.machines.length / 3);',
  },
  {
    name: 'missed once',
    about:
      'that nobody answers is told of the first dial alone: who wrote since, and went away for good, is never missed again',
    file: 'core/dialing.ts',
    find: '        dial.isTold = false;\n',
    replace: '',
  },
  {
    name: 'nobody opened it',
    about:
      'a dial is ended before it is looked whether there was one: a connection that was opened for work is never let go of',
    file: 'core/neighbours.ts',
    find: '    if (isFound || !this.#membership.isSparse || this.#dialing.has(peer)) this.#opened.add(peer);\n    this.#dialing.met(peer, now);',
    replace:
      '    this.#dialing.met(peer, now);\n    if (isFound || !this.#membership.isSparse || this.#dialing.has(peer)) this.#opened.add(peer);',
  },
];
