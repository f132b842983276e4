// Bugs of a tenth round, in places that no round had touched: what a restore leaves behind, who is asked again, how long a word counts.

import type { PlantedBug } from './planted-bug.ts';

export const tenthRound: readonly PlantedBug[] = [
  {
    name: 'fetched and not removed',
    about: 'shards that were fetched for a pack stay in scratch when it was read',
    file: 'core/restore.ts',
    find: 'return [...clear(pack, fetch?.scratch.keys() ?? []), ...this.#work(now)];',
    replace: 'return this.#work(now);',
  },
  {
    name: 'a proof by the own disk',
    about: 'a trial restore takes shards from the disk of its own machine',
    file: 'core/restore.ts',
    find: "    if (from === 'others') return [];\n",
    replace: '',
  },
  {
    name: 'rotten in scratch for good',
    about: 'a fetched shard that could not be read counts as here all the same, until the pack is given up',
    file: 'core/restore.ts',
    find: '      fetch.scratch.delete(index);\n',
    replace: '',
  },
  {
    name: 'tried once and for all',
    about: 'who says that it has a shard is not asked for it again where it was asked in vain before',
    file: 'core/sources.ts',
    find: '    this.#tried.delete(nameOf(index, peer));\n',
    replace: '',
  },
  {
    name: 'went away with the question',
    about: 'who went away before it answered is not asked again when it is back in time',
    file: 'core/asking.ts',
    find: '    if (question !== undefined) this.#left.set(peer, question.packs);\n',
    replace: '',
  },
  {
    name: 'lost in the night',
    about: 'a machine that is nearly alone takes its packs for lost',
    file: 'core/survey.ts',
    find: '    if (thereCount < n) return n;\n',
    replace: '',
  },
  {
    name: 'a lease as long as it says',
    about: 'a lease holds for as long as its author likes',
    file: 'core/leases.ts',
    find: 'const lastsMs = Math.min(leaseMs, untilMs - fromMs);',
    replace: 'const lastsMs = untilMs - fromMs;',
  },
  {
    name: 'a lease dated back',
    about: 'who dates its lease back comes before the one that holds',
    file: 'core/leases.ts',
    find: "const leastMs = heard === 'before' ? fromMs : now - backdatedMsMax;",
    replace: 'const leastMs = fromMs;',
  },
  {
    name: 'a copy of what was given up',
    about: 'a popular copy stays when the pack was given up, until its time is over',
    file: 'core/copies.ts',
    find: 'if (untilMs > now && !this.#isGivenUp(descriptor)) continue;',
    replace: 'if (untilMs > now) continue;',
  },
  {
    name: 'a copy for ever',
    about: 'a popular copy stays for as long as the plan does, whatever its time',
    file: 'core/copies.ts',
    find: 'if (untilMs > now && !this.#isGivenUp(descriptor)) continue;',
    replace: 'if (untilMs > 0 && !this.#isGivenUp(descriptor)) continue;',
  },
  {
    name: 'moves that nobody is asked about',
    about: "a plan that moves most bytes waits for nobody's word",
    file: 'core/movement.ts',
    find: 'if (share <= shareMax || isLittle)',
    replace: 'if (share <= Math.max(1, shareMax) || isLittle)',
  },
  {
    name: 'still comparing',
    about: 'who was asked to compare logs and was cut off before it answered is waited for when it is back',
    file: 'core/comparing.ts',
    find: '    if (this.#last?.peer === peer) this.#last = undefined;\n',
    replace: '    if (peer.length === 0) this.#last = undefined;\n',
  },
  {
    name: 'late as soon as it is back',
    about: 'of a machine that was away for days it is said at once that its files have not been saved',
    file: 'core/vigil.ts',
    find: ' && spokeMs - backMs > backForMs;',
    replace: ' && backMs >= 0;',
  },
  {
    name: 'saved up for years',
    about: 'a rate that was not used adds up: after a rest any number of bytes goes at once',
    file: 'core/token-bucket.ts',
    find: 'this.#tokens = Math.min(this.#burstBytes, this.#tokens + (restMs * bytesPerSecond) / secondMs);',
    replace: 'this.#tokens += (restMs * bytesPerSecond) / secondMs;',
  },
];
