// Bugs of a sixth round, by somebody who knew nothing of the checks: what is forgotten over a start, a sleep, a failure or a second case, each in
// another file.

import type { PlantedBug } from './planted-bug.ts';

export const sixthRound: readonly PlantedBug[] = [
  {
    name: 'only the first is lost',
    about: 'of snapshots that share packs which were lost from the outbox the first alone is given up',
    file: 'core/backup.ts',
    find: 'new Set(first < 0 ? [] : ofDrive.slice(first));',
    replace: 'new Set(first < 0 ? [] : ofDrive.slice(first, first + 1));',
  },
  {
    name: 'silent since the start',
    about:
      'whoever was not met since the start was heard at the start: a machine that starts each day never tells of it',
    file: 'core/vigil.ts',
    find: 'const heard = this.#membership.hasMet(peer) ? (this.#membership.heardAt(peer) ?? 0) : 0;',
    replace: 'const heard = this.#membership.heardAt(peer) ?? 0;',
  },
  {
    name: 'failed before',
    about: 'a proof that came wrong is not told where the one before it failed too, for whatever reason',
    file: 'core/proving.ts',
    find: "if (verdict === 'proven' || before?.last.verdict === verdict) return [];",
    replace:
      "const hasFailed = before !== undefined && before.last.verdict !== 'proven';\n    if (verdict === 'proven' || hasFailed) return [];",
  },
  {
    name: 'one unread shard',
    about: 'a shard that could not be read is read for ever: nothing more on this disk is',
    file: 'core/scrub.ts',
    find: "    this.#reading = undefined;\n    // It is read again, when this one's time would have been over.\n    if (outcome === 'unread') return [];",
    replace:
      "    // It is read again, when this one's time would have been over.\n    if (outcome === 'unread') return [];\n    this.#reading = undefined;",
  },
  {
    name: 'hours for milliseconds',
    about:
      'who was away before the optimizer started is away since the start: hours are added as milliseconds',
    file: 'core/repair-watch.ts',
    find: 'Math.max(0, now - madeMs) + hoursBefore * hourMs : 0;',
    replace: 'Math.max(0, now - madeMs) + hoursBefore : 0;',
  },
  {
    name: 'the last of each kind',
    about: 'of records that wait for the own log to be sure the last of each kind is written',
    file: 'core/own-log.ts',
    find: "({ kind }) => kind === record.kind && kind === 'lease');",
    replace: '({ kind }) => kind === record.kind);',
  },
  {
    name: 'uses of a thief',
    about: 'an invite stays used by those whom a stolen key let in, when that key is not believed any more',
    file: 'core/roster.ts',
    find: '[this.certificates, this.#spans, this.#invites, this.#pardonedMs, this.#uses])',
    replace: '[this.certificates, this.#spans, this.#invites, this.#pardonedMs])',
  },
  {
    name: 'late by renewal',
    about:
      'a machine came by its invite when its last certificate begins: the first one is out once it is renewed',
    file: 'core/invite-uses.ts',
    find: 'if (notBeforeMs >= (used.get(peer) ?? Number.POSITIVE_INFINITY)) return;',
    replace: 'if (notBeforeMs <= (used.get(peer) ?? Number.NEGATIVE_INFINITY)) return;',
  },
  {
    name: 'holders that ran out',
    about: 'who holds shards is looked up when a certificate begins, and not when one ends',
    file: 'core/holders.ts',
    find: '[notBeforeMs - clockSkewMsMax, notAfterMs + clockSkewMsMax])',
    replace: '[notBeforeMs - clockSkewMsMax])',
  },
  {
    name: 'awake all night',
    about: 'a sleep is not noticed: deletions that were stopped meanwhile are carried out at once',
    file: 'core/awake.ts',
    find: 'now < this.#lastMs || now - this.#lastMs > this.#sleepMsMin;',
    replace: 'now < this.#lastMs;',
  },
  {
    name: 'hoped of all',
    about:
      'shards are hoped for from machines that have said that they do not have them: nothing is ever lost',
    file: 'core/survey.ts',
    find: '      !answered.has(peer) &&\n',
    replace: '',
  },
  {
    name: 'queued for ever',
    about:
      'what waited for a machine that went away counts as waiting when it is back: in the end it is refused',
    file: 'core/serving.ts',
    find: '        this.#queuedFor.delete(event.peer);\n',
    replace: '',
  },
  {
    name: 'only the newest key',
    about: 'records of earlier keys of a drive are forgotten: what was sealed by them opens nowhere else',
    file: 'core/catalogue.ts',
    find: '    if (record.keyEpoch > known.record.keyEpoch) known.formerRecords.push(known.record);\n',
    replace: '',
  },
  {
    name: 'pardoned and remembered',
    about: 'what an admin has pardoned counts again beside the next fault',
    file: 'core/trust.ts',
    find: '      if (lastMs <= pardonedMs) found?.evidence.delete(kind);',
    replace: '      if (lastMs <= pardonedMs && lastMs > now) found?.evidence.delete(kind);',
  },
];
