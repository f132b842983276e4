// Planted bugs of those who are asked for shards, and of those who were shown other bytes.

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
];
