// Bugs that are planted into the core one at a time, as a change of its source text that only a hunt loads: no flag in the product knows
// of them. Each is a mistake that somebody could make.

import type { SourceChange } from '../../helpers/planted-source.ts';

export interface PlantedBug extends SourceChange {
  readonly name: string;
  readonly about: string;
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'one admin deletes',
    about: 'a deletion waits for its time, and not for as many admins as it needs',
    file: 'core/wipes.ts',
    find: '.toSorted((a, b) => a - b)[adminCount - 1];',
    replace: '.toSorted((a, b) => a - b)[0];',
  },
  {
    name: 'remove before verify',
    about: 'what belongs elsewhere is removed before its new holders have said that they have it',
    file: 'core/placement.ts',
    find: 'surplus.length === 0 || !this.isFilled(known, group)',
    replace: 'surplus.length === 0',
  },
  {
    name: 'receipt before flush',
    about: 'a receipt is signed when the shard is asked for, not when it is on the disk',
    file: 'core/repair.ts',
    find: '    if (from !== undefined) {\n      return [\n',
    replace:
      "    if (from !== undefined) {\n      return [\n        { kind: 'sendReceipt', to: from, shard: { pack: want.pack, index: slot } },\n",
  },
  {
    name: 'ignore revocation',
    about: 'a machine that was put out is spoken to as before',
    file: 'core/roster.ts',
    find: '    if (this.#revoked.has(revoked)) return [];\n    this.#revoked.add(revoked);',
    replace: '    if (this.#revoked.size >= 0) return [];\n    this.#revoked.add(revoked);',
  },
  {
    name: "trust a peer's length",
    about: 'the leaf that an audit asks for is read without a look at how many there are',
    file: 'core/audit.ts',
    find: '!isHere || leaf >= leafCount',
    replace: '!isHere || leafCount < 0',
  },
  {
    name: 'double count a holder',
    about: 'a machine that says twice that it has a head counts as two',
    file: 'core/backup.ts',
    find: 'if (next > sequence && !this.#membership.isRevoked(peer)) count++;',
    replace: 'if (next > sequence && !this.#membership.isRevoked(peer)) count += 2;',
  },
  {
    name: 'forget a head after a crash',
    about: 'snapshots that were on their way when the process died are not taken up again',
    file: 'core/backup.ts',
    find: '        this.#staged.push(...event.staged);\n',
    replace: '',
  },
  {
    name: 'accept an older plan',
    about: 'the plan that came last holds, whatever its epoch',
    file: 'core/election.ts',
    find: '    if (this.#plan !== undefined && !isNewer(plan, this.#plan)) return [];\n',
    replace: '    if (this.#plan === plan || isNewer(plan, plan)) return [];\n',
  },
  {
    name: 'reclaim too early',
    about: 'what an owner gave up is freed after a day, not after a week',
    file: 'core/reclaim.ts',
    find: 'now - sinceMs >= forgottenGraceMs',
    replace: 'now - sinceMs >= forgottenGraceMs / 7',
  },
  {
    name: 'unverified rebuild',
    about: 'a rebuilt shard counts, and is signed for, however the rebuilding ended',
    file: 'core/repair.ts',
    find: "if (outcome === 'stored' && known !== undefined)",
    replace: "if (outcome !== 'refused' && known !== undefined)",
  },
  {
    name: 'words under another plan',
    about: 'that somebody has its shard is believed also where it was said under another plan',
    file: 'core/placement.ts',
    find: '      if (isUnderOurs) this.#confirm(',
    replace: '      this.#confirm(',
  },
  {
    name: 'one receipt is enough',
    about: 'the outbox lets a pack go when one holder has signed',
    file: 'core/backup.ts',
    find: 'group?.members.every(isSafe)',
    replace: 'group?.members.some(isSafe)',
  },
  {
    name: 'no wait after an old image',
    about:
      'a machine writes into its log at once, whatever its disk has lost of it, and is confirmed by the number',
    file: 'core/own-log.ts',
    find: 'this.#isSure = isAlone || isQuiet;',
    replace: 'this.#isSure = isAlone || isQuiet || !isQuiet;',
  },
  {
    name: 'head before receipts',
    about: 'a head is published while packs of its snapshot still lie in the outbox',
    file: 'core/backup.ts',
    find: '    if (isWaiting) return [];\n',
    replace: '    if (isWaiting && next.packs.length === 0) return [];\n',
  },
  {
    name: 'own copy counts',
    about: "the own copy of a head counts as one of the others'",
    file: 'core/backup.ts',
    find: '    let count = 0;\n    for (const [peer, next] of this.#factsAt)',
    replace: '    let count = 1;\n    for (const [peer, next] of this.#factsAt)',
  },
  {
    name: 'own receipt for all slots',
    about: 'an owner that holds a shard of its own pack takes every slot for filled',
    file: 'core/backup.ts',
    find: '(member === self && known.held.has(index))',
    replace: 'known.held.size > 0',
  },
  {
    name: 'wrong slot',
    about: 'whoever says that it has any shard of a pack is believed to have that of its slot',
    file: 'core/placement.ts',
    find: '    if (indexes.includes(slot)) known.confirmed.add(slot);',
    replace: '    if (indexes.length > 0 && slot >= 0) known.confirmed.add(slot);',
  },
  {
    name: 'receipt for another slot',
    about: "a holder's receipt for one slot fills every slot of its group that it has later",
    file: 'core/backup.ts',
    find: 'known.signed.has(index, member) ||',
    replace: 'known.signed.hasPeer(member) ||',
  },
  {
    name: 'no grace for what was given up',
    about: 'what an owner gave up is freed as soon as it is heard of',
    file: 'core/reclaim.ts',
    find: 'now - sinceMs >= forgottenGraceMs',
    replace: 'now - sinceMs >= 0',
  },
  {
    name: 'anybody may give up',
    about: 'whoever gives up a pack that is known here counts as its owner',
    file: 'core/shelf.ts',
    find: 'const name = `${pack} ${by}`;',
    replace: 'const name = `${pack} ${this.#packs.get(pack)?.descriptor?.owner ?? by}`;',
  },
  {
    name: 'remove when sent',
    about:
      'a shard that was sent to whoever asked for it is removed before it is said to be on the disk there',
    file: 'core/serving.ts',
    find: "    return outcome === 'damaged' ? [missing(to, shard.pack, shard.index)] : [];",
    replace: `    if (outcome !== 'damaged' && shard.place === 'held') {
      this.#shelf.release(shard.pack, shard.index);
      return [{ kind: 'removeShard', shard }];
    }
    return outcome === 'damaged' ? [missing(to, shard.pack, shard.index)] : [];`,
  },
  {
    name: 'twin plans',
    about: 'of two plans with one epoch each machine keeps the one that came last',
    file: 'core/election.ts',
    find: 'a.author > b.author);',
    replace: 'a.author !== b.author);',
  },
  {
    name: 'quota ignored',
    about: 'the disk takes what it is given, whatever its quota',
    file: 'simulation/disk.ts',
    find: "platters.quotaBytes ? 'full' : 'stored'",
    replace: "platters.quotaBytes * 1000 ? 'full' : 'stored'",
  },
  {
    name: 'plan in any name',
    about: 'a plan is followed whoever wrote it into its log',
    file: 'core/election.ts',
    find: '    if (plan.author !== author) return [];\n',
    replace: '',
  },
  {
    name: 'any proof counts',
    about: 'what is shown in an audit is not compared with the tree of the pack',
    file: 'core/audit.ts',
    find: 'if (!leafMatches(descriptor, question, proof)) {',
    replace: 'if (proof.bytes.length === 0) {',
  },
  {
    name: 'rebuilt and forgotten',
    about: 'a shard that was rebuilt for a plan that is over stays on the disk, and is not counted as here',
    file: 'core/repair.ts',
    find: "    if (outcome === 'stored' && known !== undefined)\n",
    replace:
      "    if (outcome === 'stored' && want === undefined) return effects;\n    if (outcome === 'stored' && known !== undefined)\n",
  },
  {
    name: 'confirmed before flush',
    about: 'a batch of another log is confirmed as far as it came, not as far as it is on the disk',
    file: 'core/replication.ts',
    find: '#confirm({ author, stream, storedNext: next }: KnownLog)',
    replace: '#confirm({ author, stream, next }: KnownLog)',
  },
  {
    name: 'scrub without an end',
    about: 'what was read and found damaged is not told',
    file: 'core/repair.ts',
    find: "      case 'shardLost':\n        return this.#lost(event);\n",
    replace: "      case 'shardLost':\n        return [];\n",
  },
  {
    name: 'drives of whoever came first',
    about: 'a drive stays with whoever was heard of first, though its id was made by another',
    file: 'core/catalogue.ts',
    find: 'if (known === undefined || (isBound && !known.isBound && known.owner !== owner)) {',
    replace: 'if (known === undefined) {',
  },
  {
    name: 'a thief gives up',
    about: 'what a machine gave up counts also once it is put out',
    file: 'core/shelf.ts',
    find: 'return sinceMs !== longAgoMs && this.#isOut(owner) ? undefined : sinceMs;',
    replace: 'return sinceMs;',
  },
  {
    name: 'audits without a question',
    about: 'nobody is asked for a proof',
    file: 'core/audit.ts',
    find: '    return [...silent, ...this.#askNext(now)];',
    replace: '    return silent;',
  },
  {
    name: 'no trial restores',
    about: 'no trial restore is ever begun',
    file: 'core/proving.ts',
    find: '    return [order];',
    replace: '    return [];',
  },
  {
    name: 'plan of a layman',
    about: 'a plan is followed of any machine with a certificate',
    file: 'core/election.ts',
    find: "    if (!this.#membership.hasRole(author, 'optimizer')) {",
    replace: '    if (this.#membership.certificateOf(author) === undefined) {',
  },
  {
    name: 'hastened and not given up',
    about: 'where admins hasten what was given up, all of the drive goes',
    file: 'core/shelf.ts',
    find: 'if (sinceMs === undefined || sinceMs > untilMs || sinceMs === longAgoMs) continue;',
    replace: 'if (sinceMs === longAgoMs) continue;',
  },
  {
    name: 'receipts in any name',
    about: 'whether a receipt is signed by its holder is not looked at',
    file: 'codec/message-codec.ts',
    find: 'verifyPeerSignature(value.holder, signed, signature),',
    replace: 'value.holder.length > 0 && signed.length > 0 && signature.length > 0,',
  },
  {
    name: 'batches in any name',
    about: 'whether a batch is signed by its author is not looked at',
    file: 'codec/batch.ts',
    find: 'verifyPeerSignature(value.author, signed, signature),',
    replace: 'value.author.length > 0 && signed.length > 0 && signature.length > 0,',
  },
  {
    name: 'one admin in two logs',
    about: "one admin's word counts once for each log in which it stands",
    file: 'core/wipes.ts',
    find: 'heardMs.set(word.admin, unixMs(Math.min(word.heardMs, heardMs.get(word.admin) ?? word.heardMs)));',
    replace: 'heardMs.set(`${word.admin} ${word.at.author}`, word.heardMs);',
  },
  {
    name: 'newest snapshot first',
    about: 'a snapshot that was just made is published before those that wait',
    file: 'core/backup.ts',
    find: '        this.#staged.push(event.staged);\n        return this.#publishFinished();',
    replace: '        this.#staged.unshift(event.staged);\n        return this.#publishFinished();',
  },
  {
    name: 'the week begins anew',
    about: 'what was given up waits for a week from each start',
    file: 'core/reclaim.ts',
    find: 'const heardMs = this.#noted.of(batch) ?? now;',
    replace: 'const heardMs = now;',
  },
  {
    name: 'full is stored',
    about: 'a shard that the full disk did not take counts, and is signed for',
    file: 'core/repair.ts',
    find: "    if (event.outcome !== 'stored') return this.#failed(event, pull);",
    replace: "    if (event.outcome === 'damaged') return this.#failed(event, pull);",
  },
  {
    name: 'one doubt is enough',
    about: 'a machine is left out when one other has doubted it for a day',
    file: 'core/trust.ts',
    find: '.toSorted((a, b) => a - b)[quorum - 1];',
    replace: '.toSorted((a, b) => a - b)[0];',
  },
];
