// Planted bugs of those who are asked for what is here, with a right to it or without, and of those who were shown other bytes.

import type { PlantedBug } from './planted-bug.ts';

export const fourthRound: readonly PlantedBug[] = [
  {
    name: 'copies are not served',
    about: 'whoever asks for a copy of a popular pack is told that it is not there',
    file: 'core/serving.ts',
    find: "return this.#copies.indexesOf(pack).has(index) ? 'copy' : undefined;",
    replace: "return this.#copies.indexesOf(pack).has(index + 100) ? 'copy' : undefined;",
  },
  {
    name: 'one shard is not told',
    about: 'whoever asks what is here is told of all shards of a pack but the first',
    file: 'core/serving.ts',
    find: 'const indexes = Placement.indexesHere(known);\n',
    replace: 'const indexes = Placement.indexesHere(known).slice(1);\n',
  },
  {
    name: 'no doubt is written',
    about: 'whoever is shown other bytes than it asked for keeps that to itself',
    file: 'core/trust.ts',
    find: 'if (weightOf(known) < 1) return [];',
    replace: 'if (weightOf(known) < 1000) return [];',
  },
  {
    name: 'a word outlives the proof',
    about: 'who could not show a shard is believed as before to have it',
    file: 'core/audit-questions.ts',
    find: '    this.#lacks(question);\n    const name',
    replace: '    const name',
  },
  {
    name: 'parts that were not sealed',
    about: 'whoever asks for a proof may choose its part of the draw when it has seen the other',
    file: 'core/audit-draws.ts',
    find: ' || offer.seal !== sealOfPart(part)) return undefined;',
    replace: ') return undefined;',
  },
  {
    name: 'anybody asks to stand in',
    about: 'a shard is kept for whoever asks for that, not for its owner alone',
    file: 'core/stand-ins.ts',
    find: 'if (owner !== from || index >= redundancy.n) return [];',
    replace: 'if (index >= redundancy.n) return [];',
  },
  {
    name: 'parts for everybody',
    about: 'parts of a shard are read out for whoever asks, not for its owner alone',
    file: 'core/serving.ts',
    find: 'descriptor?.owner !== to || !isInside || isBusy',
    replace: '!isInside || isBusy',
  },
  {
    name: 'the own disk is not read',
    about: 'no shard of the own disk is read but where others ask for it',
    file: 'core/scrub.ts',
    find: '    if (this.#resting.isOn) return [];\n    if (this.#reading',
    replace: '    if (this.#resting.isOn || now > 0) return [];\n    if (this.#reading',
  },
  {
    name: 'removed though few are there',
    about:
      'what belongs elsewhere is removed on words and a proof, however many of those who have the others went away since',
    file: 'core/surplus.ts',
    find: '    return there.length >= Math.min(',
    replace: '    return there.length >= 0 * Math.min(',
  },
  {
    name: 'the newest may go',
    about: "an owner's word may give up the newest snapshot of a drive as well",
    file: 'core/catalogue.ts',
    find: 'ids.has(head.snapshot) && head !== newest;',
    replace: 'ids.has(head.snapshot) && (head !== newest || head === newest);',
  },
];
