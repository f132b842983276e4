// Bugs of a seventh round, by somebody who had read the core and none of the checks: what holds in the first of two places, after one event, by one
// clock or for one kind, each in another file.

import type { PlantedBug } from './planted-bug.ts';

export const seventhRound: readonly PlantedBug[] = [
  {
    name: 'signed and put out',
    about: 'who signed for a shard and was put out since counts as its keeper: the outbox lets the pack go',
    file: 'core/keepers.ts',
    find: "return known.signed.has(slot, member) && this.#membership.hasRole(member, 'holder');",
    replace: 'return known.signed.has(slot, member) && this.#membership.certificateOf(member) !== undefined;',
  },
  {
    name: 'put out by a thief',
    about: 'whom a stolen key has put out stays out when the recovery kit ends that key',
    file: 'core/authority.ts',
    find: '      .filter(({ by, at }) => this.#holdsForRoot(by, at))\n',
    replace: '',
  },
  {
    name: 'persons stay out',
    about:
      'when all statements are read again, persons that a key put out which is not believed any more stay out',
    file: 'core/roster.ts',
    find: 'for (const known of [this.#revoked, this.#personsOut]) known.clear();',
    replace: 'this.#revoked.clear();',
  },
  {
    name: 'outbid by nothing',
    about: 'a plan that is to overrule one that did not come here gets the same epoch, and not a later one',
    file: 'core/followed-plans.ts',
    find: '(this.#unseen?.epoch ?? 0) + 1',
    replace: 'this.#unseen?.epoch ?? 0',
  },
  {
    name: 'let in by an ended key',
    about: 'a machine whose certificate is of a key that was put out is refused, though it came before that',
    file: 'core/membership.ts',
    find: "return statement.kind === 'certificate' && this.isMember(statement.peer, now);",
    replace: 'return false;',
  },
  {
    name: 'hastened after the holiday',
    about:
      'a machine that was off while a deletion waited frees what was given up at once, and waits for the word that stopped it with whole drives alone',
    file: 'core/wipes.ts',
    find: "if (scope === 'given up' && this.mayFree(now) && shelf.hasten(drive, completeMs)) isNews = true;",
    replace: "if (scope === 'given up' && shelf.hasten(drive, completeMs)) isNews = true;",
  },
  {
    name: 'copies of what was deleted',
    about: 'a popular copy of a drive that admins had deleted stays, and is fetched again',
    file: 'core/copies.ts',
    find: 'return shelf.isGivenUpBy(pack, owner) || shelf.wiped.has(drive);',
    replace: 'return shelf.isGivenUpBy(pack, owner);',
  },
  {
    name: 'draws are counted for ever',
    about: 'who has drawn often enough for a pack is not heard about it any more, however long ago that was',
    file: 'core/audit-draws.ts',
    find: '    for (const [other, offer] of offers) if (isOld(offer, own.now)) offers.delete(other);\n',
    replace:
      '    for (const [other, offer] of offers) if (other !== pack && isOld(offer, own.now)) offers.delete(other);\n',
  },
  {
    name: 'rests without an end',
    about: 'a full disk is asked for room after twice the time of the last try, without a limit',
    file: 'core/growing-rest.ts',
    find: 'this.#nextMs = Math.min(this.#msMax, 2 * this.#nextMs);',
    replace: 'this.#nextMs = 2 * this.#nextMs;',
  },
  {
    name: 'saved while it was hidden',
    about: 'what is saved while a drive counts as deleted is lost where an admin stops that',
    file: 'core/catalogue.ts',
    find: 'return this.#hidden.get(drive) ?? known;',
    replace: 'return known;',
  },
  {
    name: 'one note for each author',
    about: 'all that an owner ever gives up counts from when the first of it was heard',
    file: 'core/noted-times.ts',
    find: 'const nameOf = ({ author, sequence }: BatchName): string => `${author}/${sequence}`;',
    replace: 'const nameOf = ({ author }: BatchName): string => author;',
  },
  {
    name: 'silent in its own time',
    about: 'a machine that wrote with a clock that was ahead is not missed until that time has come',
    file: 'core/vigil.ts',
    find: '    const saidMs = unixMs(Math.min(atMs, now));\n',
    replace: '    const saidMs = atMs;\n',
  },
];
