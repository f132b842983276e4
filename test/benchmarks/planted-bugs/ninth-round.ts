// Bugs of a ninth round, by somebody who had read the core and none of the checks: what stays behind in a place that another one takes, what is
// remembered though something else holds, and what has no end or no bound.

import type { PlantedBug } from './planted-bug.ts';

export const ninthRound: readonly PlantedBug[] = [
  {
    name: 'the row keeps its descriptor',
    about:
      'a pack is forgotten and what was known of its owner, its length and its hashes is not: the next pack in its row has those',
    file: 'core/pack-table.ts',
    find: '    this.#undescribe(row);\n',
    replace: '',
  },
  {
    name: 'shown under an older plan',
    about:
      "that a shard was shown counts also where another plan gives it to another machine: what belongs elsewhere goes on that one's word alone",
    file: 'core/shelf.ts',
    find: '      shown.fill(0);\n',
    replace: '',
  },
  {
    name: 'given up for good',
    about: 'a machine that was away for so long that nobody waits for it stays given up when it is back',
    file: 'core/repair-watch.ts',
    find: 'hoursAway[row]! > 0 && (rows.has(row) || before?.has(peer) === true)',
    replace: 'rows.has(row) || before?.has(peer) === true',
  },
  {
    name: "weighed for another's plan",
    about:
      'an optimizer remembers for which machines it planned last, also where a plan of another one holds since',
    file: 'core/election.ts',
    find: 'if (this.plan !== before && this.plan?.author !== this.#membership.self) this.#considered = undefined;',
    replace: 'if (this.plan === undefined) this.#considered = undefined;',
  },
  {
    name: 'visits of an earlier plan',
    about:
      'in a large fleet those are visited whom the packs here concerned under an earlier plan, until other packs come',
    file: 'core/visits.ts',
    find: '    this.#next.comeAtOnce();\n    this.#isStale = true;\n',
    replace: '    this.#next.comeAtOnce();\n',
  },
  {
    name: 'let go of in the middle',
    about:
      'in a large fleet a connection ends on which nothing was said for a while, though a shard flows over it',
    file: 'core/neighbours.ts',
    find: 'if (isIdle && !this.#isBusyWith(peer))',
    replace: 'if (isIdle)',
  },
  {
    name: 'ever more rarely',
    about:
      'there is no longest wait between two dials: after a cut of some hours two sides are apart for days',
    file: 'core/dialing.ts',
    find: 'dial.waitMs = Math.min(retryMsMax, Math.max(laterWaitMs, dial.waitMs * dialWaitGrowth));',
    replace: 'dial.waitMs = Math.max(laterWaitMs, dial.waitMs * dialWaitGrowth);',
  },
  {
    name: 'what the absent said',
    about:
      'which plan a machine follows counts after it went away, when an admin is told of whom follows a later one',
    file: 'core/spoken-plans.ts',
    find: '  forget(peer: PeerId): void {\n    this.#epochs.delete(peer);\n',
    replace: '  forget(peer: PeerId): void {\n    if (peer.length === 0) this.#epochs.delete(peer);\n',
  },
  {
    name: 'asked at every look',
    about:
      'what others have of a pack that is wanted is asked of all of them again each time it is looked at',
    file: 'core/inquiries.ts',
    find: 'if (!open.next.hasCome(now)) return [];',
    replace: 'if (!open.next.hasCome(now) && peers.length === 0) return [];',
  },
  {
    name: 'reminded twice as late each time',
    about: 'there is no longest wait between two reminders of a pack that waits for its receipts',
    file: 'core/reminders.ts',
    find: 'Math.min(reminderMsMax, 2 * known.waitMs)',
    replace: '2 * known.waitMs',
  },
  {
    name: 'heads as they were',
    about:
      'how far a log goes is told as it was when it was told first: all that came since is sent here again at each comparison',
    file: 'core/replication.ts',
    find: '    log.told = undefined;\n',
    replace: '',
  },
  {
    name: 'only the newest hash',
    about:
      'a hash that follows begins the list anew: of all older batches nobody sees that there are two histories',
    file: 'core/recent-hashes.ts',
    find: 'if (at < 0 || at > this.#hashes.length) {',
    replace: 'if (at < 0 || at >= this.#hashes.length) {',
  },
  {
    name: 'given up by a thief and not sought',
    about:
      'what a machine gave up before it was put out counts again, and those who freed it meanwhile fetch it only under the next plan',
    file: 'core/agent.ts',
    find: 'if (outIds === looked.outIds && wiped === looked.wiped) return;',
    replace: 'if (wiped === looked.wiped) return;',
  },
];
