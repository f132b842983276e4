// Bugs of a fifth round, by somebody who knew nothing of the checks: slips of refactoring in places that the first four had left alone.

import type { PlantedBug } from './planted-bug.ts';

export const fifthRound: readonly PlantedBug[] = [
  {
    name: 'a full holder has no say',
    about:
      'that a planned holder cannot take a shard is not heard: only who was asked to stand in may refuse',
    file: 'core/stand-ins.ts',
    find: '      if (!this.#waiting.has(message.pack)) return [];',
    replace:
      '      // Who was not asked has nothing to refuse.\n      const asked = this.#waiting.get(message.pack)?.asked.get(message.index);\n      if (asked?.peer !== from) return [];',
  },
  {
    name: 'hastened for ever',
    about: 'after admins hastened what was given up, also what is given up later is freed at once',
    file: 'core/wipes.ts',
    find: "    const drives = new Set(due.filter(({ scope }) => scope === 'drive').map(({ drive }) => drive));\n    let isNews = shelf.wipe(drives);\n    catalogue.wipe(drives);\n    for (const { drive, scope, completeMs = now } of due)\n      if (scope === 'given up' && this.mayFree(now) && shelf.hasten(drive, completeMs)) isNews = true;",
    replace:
      "    const drivesOf = (wanted: Wipe['scope']): ReadonlySet<DriveId> =>\n      new Set(due.filter(({ scope }) => scope === wanted).map(({ drive }) => drive));\n    const drives = drivesOf('drive');\n    let isNews = shelf.wipe(drives);\n    catalogue.wipe(drives);\n    if (this.mayFree(now))\n      for (const drive of drivesOf('given up')) if (shelf.hasten(drive, now)) isNews = true;",
  },
  {
    name: 'grace without end',
    about: 'a doubt counts as heard when it was last written: new evidence begins the time of grace anew',
    file: 'core/trust.ts',
    find: '      const isMore = before !== undefined && before.evidence.length > 0;\n      const heardMs = isMore ? before.heardMs : this.#isReading ? record.atMs : now;',
    replace: '      const heardMs = this.#isReading ? record.atMs : now;',
  },
  {
    name: 'gone in a moment',
    about: 'silence counts from when a connection began',
    file: 'core/membership.ts',
    find: '    if (!this.#up.delete(peer)) return [];\n    this.#heardAt.set(peer, now);',
    replace: '    if (!this.#up.delete(peer)) return [];',
  },
  {
    name: 'not read again',
    about: 'words of a key that was put out, which the batch that came now makes count, are not read again',
    file: 'core/roster.ts',
    find: '    let isChanged = this.authority.noteBatch(batch);',
    replace: '    this.authority.noteBatch(batch);\n    let isChanged = false;',
  },
  {
    name: 'only away',
    about: 'without a forecast nobody is gone: no new plan replaces it',
    file: 'core/election.ts',
    find: '    const isKnown = (peer: string): boolean => this.#watch.givenUp?.has(peer as PeerId) === true;\n    const here = new Set<string>(machines);\n    const isOnlyAway =\n      machines.every((peer) => before.has(peer)) &&\n      [...before].every((peer) => here.has(peer) || isKnown(peer));',
    replace:
      '    const here = new Set<string>(machines);\n    const isLost = (peer: string): boolean =>\n      !here.has(peer) && this.#watch.givenUp?.has(peer as PeerId) === false;\n    const isOnlyAway = machines.every((peer) => before.has(peer)) && ![...before].some(isLost);',
  },
  {
    name: 'never an older plan',
    about: 'shards are placed by another plan than the one that is followed, where that is no later one',
    file: 'core/agent.ts',
    find: 'at === undefined || plan === this.shelf.plan) return;',
    replace: 'at === undefined || plan.epoch <= (this.shelf.plan?.epoch ?? 0)) return;',
  },
  {
    name: 'a flow without end',
    about: 'a shard that came flows in for ever',
    file: 'core/pulls.ts',
    find: '    if (flow === undefined || flow.count <= 1) this.#flows.delete(name);',
    replace: '    if (flow === undefined || flow.count < 1) this.#flows.delete(name);',
  },
  {
    name: 'only news',
    about: 'a word that is no news does not count under the new plan',
    file: 'core/placement.ts',
    find: '      if (noted === undefined) continue;\n      const { known, isNews } = noted;\n      if (isUnderOurs) this.#confirm(known, from, indexes);\n      const here = Placement.indexesHere(known);\n      const group = this.#shelf.groupOf(known);\n      if (group === undefined || here.length === 0) continue;\n      // Only news is answered: two who both wait for a third would else answer each other for ever.\n      const answer =\n        isNews && this.#isWaitingFor(from, group, known)\n          ? here\n          : this.#reminded(from, known, isUnderOurs ? indexes : []);',
    replace:
      '      // Reminders name thousands of packs again and again: what was said before changes nothing.\n      if (noted?.isNews !== true) continue;\n      const { known } = noted;\n      if (isUnderOurs) this.#confirm(known, from, indexes);\n      const here = Placement.indexesHere(known);\n      const group = this.#shelf.groupOf(known);\n      if (group === undefined || here.length === 0) continue;\n      // Only news is answered: two who both wait for a third would else answer each other for ever.\n      const answer = this.#isWaitingFor(from, group, known)\n        ? here\n        : this.#reminded(from, known, isUnderOurs ? indexes : []);',
  },
  {
    name: 'offered again and not answered',
    about: 'a batch that its author sends again is not confirmed',
    file: 'core/replication.ts',
    find: '    // Its author sends a batch again that it wants to hear of. Of old ones nobody knows whether they are of another history.\n    if (batch.sequence < log.next && from === batch.author && log.hashes?.of(batch.sequence) !== undefined)\n      return this.#confirm(log);\n    // The same batch by another way, mostly while it is being stored, is no other history.',
    replace:
      '    // The same batch again, by whatever way and mostly while it is being stored, is no other history. Of old ones nobody knows.',
  },
  {
    name: 'tried once',
    about: 'whoever failed once is not asked again, also when it says that it has the shard',
    file: 'core/sources.ts',
    find: '  /** It just said so: worth trying once more. */\n  said(index: number, peer: PeerId): void {\n    this.#tried.delete(nameOf(index, peer));',
    replace: '  /** It just said so. */\n  said(index: number, peer: PeerId): void {',
  },
  {
    name: 'held for good',
    about: 'what waited for the own log to be sure is never written',
    file: 'core/own-log.ts',
    find: '    if (this.#isSure && this.#waiting.length === 0) return fitting;',
    replace: '    if (this.#isSure) return fitting;',
  },
];
