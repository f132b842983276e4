// Who is asked to prove what, which answers count, and what a failure costs.

import assert from 'node:assert/strict';
import test from 'ava';
import { leafCountOf, type LeafProof, proveLeaf, type WireMessage } from '../../../agent/codec/index.ts';
import { Audit } from '../../../agent/core/audit.ts';

import { drawnLeaf, sealOfPart } from '../../../agent/core/audit-draws.ts';

import type { Effects } from '../../../agent/core/index.ts';
import { Shelf } from '../../../agent/core/shelf.ts';

import {
  auditAnswerMsMax,
  auditDrawsMax,
  auditEveryMsMax,
  auditRoundMsMin,
  proofsMax,
  receiptAuditMs,
} from '../../../agent/limits.ts';
import { packId, type PeerId } from '../../../agent/units.ts';
import type { Plan } from '../../../optimizer/index.ts';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import {
  connectedMembershipOf,
  machines,
  planBatch,
  planOf,
  questionsOf,
  replicasOf,
  startMs,
} from './fleet-of-four.ts';

const [self, second, third, outsider] = machines;
const bytes = Uint8Array.from({ length: 40_000 }, (_, at) => (at * 13) & 255);
const descriptor = replicasOf(outsider.peer, bytes);
const { pack } = descriptor;

/** What a holder is asked to show, once both have drawn the leaf. */
interface Question {
  readonly index: number;
  readonly leaf: number;
}
type Offer = Extract<WireMessage, { kind: 'auditOffer' }>;
const sentIn = (effects: Effects): readonly { readonly to: PeerId; readonly message: WireMessage }[] =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
const offerIn = (effects: Effects): { readonly to: PeerId; readonly message: Offer } | undefined =>
  sentIn(effects).flatMap(({ to, message }) => (message.kind === 'auditOffer' ? [{ to, message }] : []))[0];
const [onePart, otherPart] = ['1'.repeat(32), '2'.repeat(32)];
const answersIn = (effects: Effects): readonly (LeafProof | undefined)[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'auditAnswer' ? [effect.message.proof] : [],
  );

/** Holds shard 0 of a pack whose other shards the second and third machine say to hold. */
function auditOf(held = descriptor) {
  const membership = connectedMembershipOf(self);
  const shelf = new Shelf();
  const questions = questionsOf(membership, shelf);
  const audit = new Audit({ membership, shelf, questions, fraction: () => 0.5 });
  const known = shelf.hold(held, 0);
  known.others.add(1, second.peer);
  known.others.add(2, third.peer);
  shelf.usePlan(planOf(self, 5), planBatch);
  let now: UnixMs = startMs;
  /** Ticks until the next question, at most as long as a round may take. */
  const nextQuestion = () => {
    const lateMs = now + 2 * auditRoundMsMin;
    while (now < lateMs) {
      now = unixMs(now + auditEveryMsMax);
      const offer = offerIn(audit.handle({ kind: 'tick', now }));
      if (offer !== undefined) return draw(offer);
    }
    return undefined;
  };
  /** The holder draws its part, and the asker shows its own. */
  const draw = ({ to, message }: NonNullable<ReturnType<typeof offerIn>>) => {
    const { index } = message;
    const drawn = { kind: 'auditDraw', pack: message.pack, index, part: onePart } as const;
    const [opened] = sentIn(audit.handle({ kind: 'message', from: to, message: drawn, now }));
    assert(opened?.message.kind === 'auditOpen');
    assert.equal(sealOfPart(opened.message.part), message.seal);
    const parts = { askerPart: opened.message.part, holderPart: onePart };
    const about = { asker: self.peer, holder: to, pack: message.pack, index };
    const leaf = drawnLeaf({ ...about, ...parts, leafCount: leafCountOf(bytes.length) });
    return { to, message: { index, leaf } };
  };
  const answerWith = (from: string, { index, leaf }: Question, proof?: LeafProof): Effects => {
    const peer = machines.find((key) => key.peer === from)!.peer;
    const message: WireMessage = {
      kind: 'auditAnswer',
      pack,
      index,
      leaf,
      ...(proof === undefined ? {} : { proof }),
    };
    return audit.handle({ kind: 'message', from: peer, message, now });
  };
  const later = (ms: number): Effects => {
    now = unixMs(now + ms);
    return audit.handle({ kind: 'tick', now });
  };
  return { audit, shelf, known, membership, nextQuestion, draw, answerWith, later };
}

test('each other holder is asked in its turn, and a true leaf counts as a proof', (t) => {
  const { audit, known, nextQuestion, answerWith } = auditOf();
  const asked = [nextQuestion()!];
  t.deepEqual(answerWith(asked[0]!.to, asked[0]!.message, proveLeaf(bytes, asked[0]!.message.leaf)), []);
  asked.push(nextQuestion()!);
  answerWith(asked[1]!.to, asked[1]!.message, proveLeaf(bytes, asked[1]!.message.leaf));
  t.deepEqual(asked.map(({ to }) => to).toSorted(), [second.peer, third.peer].toSorted());
  for (const { peer } of [second, third]) {
    t.is(audit.countOf(peer).proven, 1);
    t.is(audit.countOf(peer).failed, 0);
  }
  t.true(known.others.has(1, second.peer));
});

test('an owner with a slot of its own pack is asked once it has said more than that the pack lies in its outbox', (t) => {
  const { known, membership, nextQuestion } = auditOf(replicasOf(second.peer, bytes));
  membership.handle({ kind: 'disconnected', peer: third.peer, now: startMs });
  t.is(nextQuestion(), undefined);
  known.confirmed.add(1);
  t.is(nextQuestion()?.to, second.peer);
});

test('wrong bytes, no bytes and no answer end the belief in that shard, and people hear why', (t) => {
  const wrong = (leaf: number): LeafProof => {
    const proof = proveLeaf(bytes, leaf);
    return { ...proof, bytes: proof.bytes.map((byte) => byte ^ 1) };
  };
  const failures: readonly ((
    fleet: ReturnType<typeof auditOf>,
    asked: NonNullable<ReturnType<ReturnType<typeof auditOf>['nextQuestion']>>,
  ) => Effects)[] = [
    ({ answerWith }, { to, message }) => answerWith(to, message, wrong(message.leaf)),
    ({ answerWith }, { to, message }) => answerWith(to, message),
    ({ later }) => later(auditAnswerMsMax),
  ];
  for (const fail of failures) {
    const fleet = auditOf();
    const asked = fleet.nextQuestion()!;
    const effects = fail(fleet, asked);
    t.true(effects.some((effect) => effect.kind === 'report' && effect.level === 'warning'));
    const peer = [second, third].find((key) => key.peer === asked.to)!.peer;
    t.is(fleet.audit.countOf(peer).failed, 1);
    t.false(fleet.known.others.has(asked.message.index, peer));
  }
});

test('an answer that nobody asked for, or of somebody else, counts nothing', (t) => {
  const { audit, nextQuestion, answerWith } = auditOf();
  const question: Question = { index: 1, leaf: 0 };
  answerWith(second.peer, question);
  const asked = nextQuestion()!;
  answerWith(outsider.peer, asked.message);
  const leaf = (asked.message.leaf + 1) % leafCountOf(bytes.length);
  answerWith(asked.to, { ...asked.message, leaf }, proveLeaf(bytes, leaf));
  for (const { peer } of machines)
    t.deepEqual([audit.countOf(peer).proven, audit.countOf(peer).failed], [0, 0]);
});

test('who was off when a round came to it is asked when it is there, once', (t) => {
  const { audit, membership, later } = auditOf();
  for (const { peer } of [second, third]) membership.handle({ kind: 'disconnected', peer, now: startMs });
  for (let times = 0; times < 3; times++) later(auditEveryMsMax);
  const now = unixMs(startMs + minutes(5));
  const offers = [second, third, second, third].flatMap(({ peer }) => {
    membership.handle({ kind: 'connected', peer, now });
    const offer = offerIn(audit.handle({ kind: 'connected', peer, now }));
    audit.handle({ kind: 'disconnected', peer, now });
    return offer === undefined ? [] : [offer.to];
  });
  t.is(offers.length, 1, 'one of the two is due in this round');
});

test('who goes away while it is asked has not failed', (t) => {
  const { audit, membership, nextQuestion, later } = auditOf();
  const asked = nextQuestion()!;
  const { peer } = [second, third].find((key) => key.peer === asked.to)!;
  membership.handle({ kind: 'disconnected', peer, now: startMs });
  audit.handle({ kind: 'disconnected', peer, now: startMs });
  later(auditAnswerMsMax + minutes(1));
  t.is(audit.countOf(peer).failed, 0);
});

/** `from` asks for a leaf of shard `index`; undefined where nothing was drawn. */
function askOf(
  { audit }: Pick<ReturnType<typeof auditOf>, 'audit'>,
  from: PeerId,
  about = { pack, index: 0 },
) {
  const handle = (message: WireMessage): Effects =>
    audit.handle({ kind: 'message', from, message, now: startMs });
  const offered = handle({ kind: 'auditOffer', ...about, seal: sealOfPart(otherPart) });
  const [drawn] = sentIn(offered);
  if (drawn?.message.kind !== 'auditDraw') return { effects: offered, leaf: undefined };
  const effects = handle({ kind: 'auditOpen', ...about, part: otherPart });
  const parts = { askerPart: otherPart, holderPart: drawn.message.part };
  const leafCount = leafCountOf(bytes.length);
  return { effects, leaf: drawnLeaf({ asker: from, holder: self.peer, ...about, ...parts, leafCount }) };
}

test('a question is answered by reading the shard, one at a time for each peer and a few in all', (t) => {
  const fleet = auditOf();
  const { audit } = fleet;
  const first = askOf(fleet, second.peer);
  const leaf = first.leaf!;
  t.deepEqual(first.effects, [
    { kind: 'proveShard', to: second.peer, shard: { place: 'held', pack, index: 0 }, leaf },
  ]);
  t.deepEqual(askOf(fleet, second.peer).effects, []);
  const proof = proveLeaf(bytes, leaf);
  const proved = { kind: 'shardProved', pack, index: 0, leaf, to: second.peer, now: startMs } as const;
  const proving = audit.handle({ ...proved, outcome: proof });
  t.deepEqual(answersIn(proving), [proof]);
  // The second question of the same machine waited for its turn.
  t.true(proving.some(({ kind }) => kind === 'proveShard'));
  t.deepEqual(answersIn(audit.handle({ ...proved, outcome: 'damaged' })), [undefined]);
  t.deepEqual(answersIn(askOf(fleet, third.peer, { pack, index: 1 }).effects), [undefined]);
  t.deepEqual(answersIn(askOf(fleet, third.peer, { pack: packId('f'.repeat(64)), index: 0 }).effects), [
    undefined,
  ]);
});

test('who connects again and again has no more read for it than others', (t) => {
  const fleet = auditOf();
  const reads: string[] = [];
  for (let count = 0; count < 3 * proofsMax; count++) {
    const { effects } = askOf(fleet, second.peer);
    reads.push(...effects.flatMap(({ kind }) => (kind === 'proveShard' ? [kind] : [])));
    fleet.audit.handle({ kind: 'disconnected', peer: second.peer, now: startMs });
  }
  t.is(reads.length, 1);
  const proved = { kind: 'shardProved', pack, index: 0, leaf: 1, to: second.peer, now: startMs } as const;
  t.false(fleet.audit.handle({ ...proved, outcome: 'missing' }).some(({ kind }) => kind === 'proveShard'));
});

test('nobody is shown a leaf who chose it: by another part than was sealed, by the old question, by drawing until it fits', (t) => {
  const { audit } = auditOf();
  const handle = (message: WireMessage): Effects =>
    audit.handle({ kind: 'message', from: second.peer, message, now: startMs });
  const offer = { kind: 'auditOffer', pack, index: 0, seal: sealOfPart(onePart) } as const;
  t.deepEqual(handle({ kind: 'auditAsk', pack, index: 0, leaf: 1 }), []);
  t.is(sentIn(handle(offer))[0]?.message.kind, 'auditDraw');
  t.deepEqual(handle({ kind: 'auditOpen', pack, index: 0, part: otherPart }), []);
  for (let count = 1; count < auditDrawsMax; count++)
    t.is(sentIn(handle(offer))[0]?.message.kind, 'auditDraw');
  t.deepEqual(handle(offer), []);
  t.is(handle({ kind: 'auditOpen', pack, index: 0, part: onePart })[0]?.kind, 'proveShard');
  t.deepEqual(handle({ kind: 'auditOpen', pack, index: 0, part: onePart }), []);
});

test('the leaf is bound to who asks and who is asked, and all leaves are drawn', (t) => {
  const parts = { pack, index: 0, askerPart: onePart, leafCount: 256 };
  const leafOf = (asker: PeerId, holder: PeerId, number: number): number =>
    drawnLeaf({ ...parts, asker, holder, holderPart: number.toString(16).padStart(32, '0') });
  const numbers = Array.from({ length: 4000 }, (_, number) => number);
  const own = numbers.map((number) => leafOf(self.peer, second.peer, number));
  t.is(new Set(own).size, 256);
  const same = numbers.filter((number) => own[number] === leafOf(second.peer, third.peer, number));
  t.true(same.length < 60, `${same.length} of 4000 leaves are those that another pair would have drawn`);
});

test('each fault is known by its name: shown again, other bytes, gone, late, silent, signed for and never had', (t) => {
  const doubted = (effects: Effects): readonly string[] =>
    effects.flatMap((effect) =>
      effect.kind === 'appendRecords'
        ? effect.records.flatMap((record) =>
            record.kind === 'doubt' ? record.evidence.map(({ kind }) => kind) : [],
          )
        : [],
    );
  const shownAgain = auditOf();
  const asked = shownAgain.nextQuestion()!;
  const other = proveLeaf(bytes, leafCountOf(bytes.length) - 1);
  t.deepEqual(doubted(shownAgain.answerWith(asked.to, asked.message, other)), ['replayed']);

  const late = auditOf();
  const names: string[] = [];
  for (let day = 0; day < 6; day++) {
    const question = late.nextQuestion();
    if (question === undefined) break;
    late.later(auditAnswerMsMax);
    late.later(minutes(30));
    const proof = proveLeaf(bytes, question.message.leaf);
    names.push(...doubted(late.answerWith(question.to, question.message, proof)));
    for (const index of [1, 2]) late.known.others.add(index, index === 1 ? second.peer : third.peer);
  }
  t.true(names.includes('late'));
  t.false(names.includes('silent'));
});

/** The second machine has signed for shard 1 of an own pack, as often as wanted. */
function receiptedAudit({ receiptCount }: { readonly receiptCount: number }) {
  const parts = auditOf();
  const { audit, known, membership } = parts;
  known.others.clear();
  const own = replicasOf(self.peer, bytes);
  parts.shelf.describe(own);
  membership.handle({ kind: 'connected', peer: second.peer, now: startMs });
  for (let count = 0; count < receiptCount; count++)
    audit.handle({
      kind: 'receiptOpened',
      receipt: { holder: second.peer, pack: own.pack, index: 1, atMs: startMs, bytes: new Uint8Array() },
      now: startMs,
    });
  return { ...parts, own };
}

test('who signs for a shard of an own pack is asked to show it, though it never said again that it has it', (t) => {
  const { own, later } = receiptedAudit({ receiptCount: 1 });
  const question = offerIn(later(2 * receiptAuditMs));
  t.is(question?.to, second.peer);
  t.is(question?.message.pack, own.pack);
});

test('one answer is enough for a question that was asked again', (t) => {
  const { audit, own, draw, later } = receiptedAudit({ receiptCount: 2 });
  const first = draw(offerIn(later(2 * receiptAuditMs))!);
  const again = draw(offerIn(later(auditAnswerMsMax))!);
  t.deepEqual(again, first, 'the same parts, so the same leaf');
  const message = { kind: 'auditAnswer', pack: own.pack, index: 1, leaf: again.message.leaf } as const;
  const proof = proveLeaf(bytes, again.message.leaf);
  audit.handle({ kind: 'message', from: second.peer, message: { ...message, proof }, now: startMs });
  t.is(audit.countOf(second.peer).proven, 1);
});

test('a stand-in is asked to show its shard as long as the planned holder is away, and not when that was back in between', (t) => {
  const askedAfter = (back: 'back' | 'away'): string | undefined => {
    const { audit, own, membership, later } = receiptedAudit({ receiptCount: 0 });
    membership.handle({ kind: 'disconnected', peer: second.peer, now: startMs });
    const now = unixMs(startMs + minutes(1));
    const receipt = { holder: outsider.peer, pack: own.pack, index: 1, atMs: now, bytes: new Uint8Array() };
    audit.handle({ kind: 'receiptOpened', receipt, now });
    if (back === 'back') {
      membership.handle({ kind: 'connected', peer: second.peer, now: unixMs(now + minutes(2)) });
      membership.handle({ kind: 'disconnected', peer: second.peer, now: unixMs(now + minutes(3)) });
    }
    return offerIn(later(2 * receiptAuditMs + minutes(2)))?.to;
  };
  t.is(askedAfter('away'), outsider.peer);
  t.is(askedAfter('back'), undefined);
});

test('holders ask a stand-in too; that it has handed over is no fault, other bytes are', (t) => {
  const { audit, known, membership, nextQuestion, answerWith } = auditOf();
  membership.handle({ kind: 'disconnected', peer: second.peer, now: startMs });
  membership.handle({ kind: 'disconnected', peer: third.peer, now: startMs });
  known.others.clear();
  t.is(nextQuestion(), undefined);
  known.others.add(1, outsider.peer);
  const question = nextQuestion()!;
  t.is(question.to, outsider.peer);
  t.deepEqual(answerWith(outsider.peer, question.message), []);
  t.is(audit.countOf(outsider.peer).failed, 0);
  t.false(known.others.has(1, outsider.peer), 'its word counts no more');
  known.others.add(1, outsider.peer);
  const again = nextQuestion()!;
  answerWith(outsider.peer, again.message, { bytes: new Uint8Array(10), path: [] });
  t.is(audit.countOf(outsider.peer).failed, 1);
});

test('who signed for a shard that a plan took from it for a while is not asked at once when a later plan gives it back', (t) => {
  const { shelf, later } = receiptedAudit({ receiptCount: 1 });
  const plan = shelf.plan!;
  const withMembers = (epoch: number, order: readonly number[]): Plan => ({
    ...plan,
    epoch,
    classes: plan.classes.map((one) => ({
      ...one,
      groups: one.groups.map((group) => ({ ...group, members: order.map((at) => group.members[at]!) })),
    })),
  });
  const dueMs = 2 * receiptAuditMs;
  later(0);
  shelf.usePlan(withMembers(plan.epoch + 1, [0, 1, 2]), planBatch);
  t.is(offerIn(later(dueMs)), undefined, 'a plan that changes nothing for it came just then');
  t.is(offerIn(later(receiptAuditMs))?.to, second.peer);

  const swapped = receiptedAudit({ receiptCount: 1 });
  swapped.later(0);
  swapped.shelf.usePlan(withMembers(plan.epoch + 1, [0, 2, 1]), planBatch);
  swapped.later(minutes(1));
  swapped.shelf.usePlan(withMembers(plan.epoch + 2, [0, 1, 2]), planBatch);
  t.is(offerIn(swapped.later(2 * dueMs)), undefined, 'it has signed for nothing since');
});
