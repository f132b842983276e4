// Bugs that were invented when the checks of the first ones stood, by reading the core: places at which no check had been aimed.

import type { SourceChange } from '../../helpers/planted-source.ts';

export interface PlantedBug extends SourceChange {
  readonly name: string;
  readonly about: string;
}

export const secondRound: readonly PlantedBug[] = [
  {
    name: 'a person stays',
    about: 'a person who was put out is no reason for a new key',
    file: 'core/rekeying.ts',
    find: '    ...[...persons].filter((person) => membership.isPersonOut(person)),\n',
    replace: '',
  },
  {
    name: 'same key for machines of one person',
    about: "a machine that is put out is no reason for a new key of its person's other drives",
    file: 'core/rekeying.ts',
    find: '    ...[...machines].filter((machine) => membership.isRevoked(machine)),\n',
    replace: '',
  },
  {
    name: 'two keys of one number',
    about: 'a machine whose disk was put back makes a key under a number that it has used before',
    file: 'core/rekeying.ts',
    find: "  if (known.record.keyEpoch > lock.keyEpoch) return { kind: 'adopt' };\n",
    replace: '',
  },
  {
    name: 'one below the quorum',
    about: 'the pack leaves the outbox when one slot has not signed yet',
    file: 'core/backup.ts',
    find: 'keepers.every((keeper) => keeper !== undefined)',
    replace: 'keepers.filter((keeper) => keeper === undefined).length <= 1',
  },
  {
    name: 'one copy of a head too few',
    about: 'a head counts as known when as many others have it as may be lost, and not one more',
    file: 'core/backup.ts',
    find: 'return 1 + Math.max(1, ...spare);',
    replace: 'return Math.max(1, ...spare);',
  },
  {
    name: 'receipt for another pack',
    about: 'a receipt for one pack counts for all packs in the outbox',
    file: 'core/backup.ts',
    find: '    known.signed.add(index, holder);\n',
    replace:
      '    for (const one of this.#shelf.packs.values()) if (one.isInOutbox) one.signed.add(index, holder);\n',
  },
  {
    name: 'the week of the owner',
    about: "what was given up is freed a week after its owner's clock said so",
    file: 'core/reclaim.ts',
    find: 'const heardMs = this.#noted.of(batch) ?? now;',
    replace: 'const heardMs = batch.atMs;',
  },
  {
    name: 'out and not cut',
    about: 'a machine that was put out keeps the connections that it has',
    file: 'core/membership.ts',
    find: "          { kind: 'cut', peer: one.peer },\n",
    replace: '',
  },
  {
    name: 'late copy of a given-up pack',
    about: 'when a pack is freed, that it was given up is forgotten with it',
    file: 'core/shelf.ts',
    find: '    this.#packs.delete(pack);\n  }\n\n  /** Notes a word',
    replace:
      '    this.#packs.delete(pack);\n    for (const name of this.#givenUp.keys()) if (name.startsWith(pack)) this.#givenUp.delete(name);\n  }\n\n  /** Notes a word',
  },
  {
    name: 'the last shard is not read',
    about: 'each pass over the disk ends one shard too early',
    file: 'core/scrub.ts',
    find: 'return rest.toSorted((a, b) => (isAfter(a, b) ? -1 : 1));',
    replace: 'return rest.toSorted((a, b) => (isAfter(a, b) ? -1 : 1)).slice(1);',
  },
  {
    name: 'one part too few',
    about: 'a rebuild begins when one shard fewer is there than it takes',
    file: 'core/repair.ts',
    find: 'if (here.size >= needed && known.descriptor !== undefined)',
    replace: 'if (here.size >= needed - 1 && known.descriptor !== undefined)',
  },
  {
    name: 'scratch stays',
    about: 'what was fetched for a rebuild is never removed again',
    file: 'core/repair.ts',
    find: '    want.parts.clear();\n    return effects;',
    replace: '    want.parts.clear();\n    return effects.slice(effects.length);',
  },
  {
    name: 'a proof for ever',
    about: 'whoever does not answer an audit is waited for without an end',
    file: 'core/audit-questions.ts',
    find: 'if (now - question.askedMs < auditAnswerMsMax) continue;',
    replace: 'if (now - question.askedMs < 1000 * auditAnswerMsMax) continue;',
  },
  {
    name: 'reads of those who left',
    about: 'a proof that is read for a machine that went away is not counted any more',
    file: 'core/audit-answers.ts',
    find: '    this.#queue.delete(peer);\n',
    replace: '    this.#queue.delete(peer);\n    this.#proving.delete(peer);\n',
  },
  {
    name: 'the gone stay',
    about: 'machines that are silent for too long stay in plans',
    file: 'core/membership.ts',
    find: 'givenUp === undefined ? !this.isGone(peer, now) : !givenUp.has(peer),',
    replace: 'givenUp === undefined ? this.isMember(peer, now) : !givenUp.has(peer),',
  },
  {
    name: 'one guest too many',
    about: 'of an invite one machine more may come than it says',
    file: 'core/invite-uses.ts',
    find: 'const most = Math.max(usesMax, this.#usesMax.get(invite) ?? 0);',
    replace: 'const most = Math.max(usesMax + 1, this.#usesMax.get(invite) ?? 0);',
  },
  {
    name: 'confirmed telemetry',
    about: 'who confirms a log of telemetry counts as one who has the facts',
    file: 'core/backup.ts',
    find: "event.message.kind === 'logStored' && event.message.stream === 'facts'",
    replace: "event.message.kind === 'logStored'",
  },
  {
    name: 'late shards are forgotten',
    about: 'a shard that comes when its pull is over stays on the disk, and is not counted as here',
    file: 'core/repair.ts',
    find: '    if (pull === undefined) return this.#arrivedLate(event);',
    replace: '    if (pull === undefined) return [];',
  },
  {
    name: 'two members of one name',
    about: 'a plan is followed in which one machine has two slots of a group',
    file: 'core/plan-index.ts',
    find: 'this.problems = planProblems(plan);',
    replace: 'this.problems = planProblems(plan).filter(() => plan.epoch < 0);',
  },
];
