// What is removed, on whose word and on whose proof: copy, verify, then remove (also as a law over random talk).

import test from 'ava';
import fc from 'fast-check';
import { minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { leafCountOf, type LeafProof, proveLeaf, type WireMessage } from '../../../agent/codec/index.ts';
import { Audit } from '../../../agent/core/audit.ts';

import { drawnLeaf } from '../../../agent/core/audit-draws.ts';

import type { Effects } from '../../../agent/core/index.ts';
import { Placement } from '../../../agent/core/placement.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { Surplus } from '../../../agent/core/surplus.ts';

import { auditAnswerMsMax } from '../../../agent/limits.ts';
import { type PeerId } from '../../../agent/units.ts';
import {
  connectedMembershipOf,
  machines,
  planBatch,
  planOf,
  questionsOf,
  replicasOf,
  startMs,
} from './fleet-of-four.ts';

const [first, second, third, outsider] = machines;
const bytes = Uint8Array.from({ length: 40_000 }, (_, at) => (at * 13) & 255);
const packOf = (owner: PeerId) => replicasOf(owner, bytes);
const plan = planOf(first, 5);
const holderPart = '1'.repeat(32);

const isRemoval = (effects: Effects): boolean => effects.some(({ kind }) => kind === 'removeShard');

/** The outsider holds shard 0 of a pack whose group is the three others, under plan 5: the first is its new holder. */
function surplusOf(held = packOf(outsider.peer)) {
  const membership = connectedMembershipOf(outsider);
  const shelf = new Shelf();
  const questions = questionsOf(membership, shelf);
  const surplus = new Surplus({ membership, shelf, questions });
  const audit = new Audit({ membership, shelf, questions, fraction: () => 0.5 });
  const placement = new Placement({ membership, shelf, surplus });
  shelf.hold(held, 0);
  shelf.usePlan(plan, planBatch);
  let now: UnixMs = startMs;
  const tell = (from: PeerId, message: WireMessage): Effects =>
    [placement, audit, surplus].flatMap((machine) => machine.handle({ kind: 'message', from, message, now }));
  /** Whoever is asked after some time has passed, of which shard. */
  const askedAfter = (ms = 1000): { readonly peer: PeerId; readonly index: number } | undefined => {
    now = unixMs(now + ms);
    // Not the round's own question.
    const effects = [...questions.expire(now), ...surplus.handle({ kind: 'tick', now })];
    const [asked] = effects.flatMap((effect) =>
      effect.kind === 'send' && effect.message.kind === 'auditOffer'
        ? [{ peer: effect.to, index: effect.message.index }]
        : [],
    );
    return asked;
  };
  /** Whether it is known by now that all have their shards, so that the new holder is asked to show its own. */
  const hear = (
    from: PeerId,
    under: { readonly epoch: number; readonly batch?: string },
    indexes: readonly number[],
  ): boolean => {
    const effects = tell(from, {
      kind: 'inventory',
      group: 'g',
      scope: 'update',
      under: { author: plan.author, batch: planBatch, ...under },
      held: [{ pack: held.pack, indexes }],
    });
    if (isRemoval(effects)) throw new Error('nothing was shown');
    return askedAfter() !== undefined;
  };
  /** The machine draws and answers as `shownOf` makes it. */
  const answer = (
    peer: PeerId,
    shownOf: (leaf: number) => LeafProof | undefined = (leaf) => proveLeaf(bytes, leaf),
  ): boolean => {
    const about = { pack: held.pack, index: 0 } as const;
    const [opened] = tell(peer, { kind: 'auditDraw', ...about, part: holderPart });
    if (opened?.kind !== 'send' || opened.message.kind !== 'auditOpen') return false;
    const parts = { askerPart: opened.message.part, holderPart, leafCount: leafCountOf(bytes.length) };
    const leaf = drawnLeaf({ asker: outsider.peer, holder: peer, ...about, ...parts });
    const proof = shownOf(leaf);
    return isRemoval(
      tell(peer, { kind: 'auditAnswer', ...about, leaf, ...(proof === undefined ? {} : { proof }) }),
    );
  };
  const meet = (kind: 'connected' | 'disconnected', peer: PeerId): void => {
    membership.handle({ kind, peer, now });
    if (kind === 'connected') placement.handle({ kind, peer, now });
    audit.handle({ kind, peer, now });
  };
  /** All three say that they have theirs; whether the new holder is asked then. */
  const hearAll = (): boolean =>
    [first, second, third].map(({ peer }, index) => hear(peer, { epoch: 5 }, [index])).at(-1)!;
  return {
    hear,
    hearAll,
    answer,
    askedAfter,
    meet,
    shelf,
    surplus,
    countOf: questions.countOf.bind(questions),
  };
}

test('a shard that belongs elsewhere goes when every slot has said that it has its own, and its new holder has shown it', (t) => {
  const { hear, answer, shelf } = surplusOf();
  t.false(hear(first.peer, { epoch: 5 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.true(hear(third.peer, { epoch: 5 }, [2]));
  t.is(shelf.heldShards, 1, 'words alone remove nothing');
  t.true(answer(first.peer));
  t.is(shelf.heldShards, 0);
});

test('a word under another plan of the same author and epoch, from another history of its log, frees nothing', (t) => {
  const { hear, askedAfter } = surplusOf();
  const other = { epoch: 5, batch: 'cd'.repeat(32) };
  for (const [index, { peer }] of [first, second, third].entries()) hear(peer, other, [index]);
  t.is(askedAfter(), undefined);
  t.false(hear(first.peer, { epoch: 5 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.true(hear(third.peer, { epoch: 5 }, [2]));
});

test('who says that it has the shard and shows other bytes, none, or does not answer gets nothing removed', (t) => {
  const { hearAll, hear, answer, askedAfter, shelf, countOf } = surplusOf();
  t.true(hearAll());
  t.false(answer(first.peer, () => undefined));
  t.is(countOf(first.peer).failed, 0, 'it may have handed it on');
  t.is(askedAfter(), undefined, 'its word counts no more');
  t.true(hear(first.peer, { epoch: 5 }, [0]));
  t.false(answer(first.peer, (leaf) => ({ ...proveLeaf(bytes, leaf), bytes: new Uint8Array(16_384) })));
  t.is(countOf(first.peer).failed, 1);
  t.true(hear(first.peer, { epoch: 5 }, [0]));
  t.is(askedAfter(auditAnswerMsMax), undefined);
  t.is(countOf(first.peer).failed, 2);
  t.is(shelf.heldShards, 1);
  t.true(hear(first.peer, { epoch: 5 }, [0]));
  t.true(answer(first.peer));
});

test('what was shown counts until the machine is met anew or another plan holds', (t) => {
  const { hearAll, hear, answer, meet, shelf } = surplusOf();
  hearAll();
  // The third went away when the first had shown its shard: one of the three may be lost, and it is asked for no more.
  meet('disconnected', third.peer);
  meet('disconnected', second.peer);
  t.false(answer(first.peer));
  meet('connected', first.peer);
  meet('connected', second.peer);
  meet('connected', third.peer);
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.false(hear(third.peer, { epoch: 5 }, [2]));
  t.true(hear(first.peer, { epoch: 5 }, [0]), 'it shows it again');
  shelf.usePlan({ ...plan, epoch: 6 }, planBatch);
  t.false(answer(first.peer));
  t.is(shelf.heldShards, 1);
});

test('the words of machines that went away since are not enough: of those that are there one could be lost as well', (t) => {
  const { hear, meet } = surplusOf();
  t.false(hear(first.peer, { epoch: 5 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  meet('disconnected', first.peer);
  meet('disconnected', second.peer);
  t.false(hear(third.peer, { epoch: 5 }, [2]), 'both may have burnt');
  meet('connected', first.peer);
  t.false(hear(third.peer, { epoch: 5 }, [2]), 'it is back, and has not said what it has');
  t.true(hear(first.peer, { epoch: 5 }, [0]));
});

test('a word under an older or a newer plan removes nothing', (t) => {
  const { hear } = surplusOf();
  t.false(hear(first.peer, { epoch: 4 }, [0]));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.false(hear(third.peer, { epoch: 5 }, [2]));
  t.false(hear(first.peer, { epoch: 6 }, [0]));
  t.true(hear(first.peer, { epoch: 5 }, [0]));
});

test('a whole pack in its owner’s outbox is no reason to remove a shard: it goes when others have signed', (t) => {
  const { hear } = surplusOf(packOf(first.peer));
  t.false(hear(second.peer, { epoch: 5 }, [1]));
  t.false(hear(third.peer, { epoch: 5 }, [2]));
  t.false(hear(first.peer, { epoch: 5 }, [0, 1, 2]));
  t.true(hear(first.peer, { epoch: 5 }, [0]));
});

test('a new plan makes every old word void', (t) => {
  const { hear, shelf } = surplusOf();
  hear(first.peer, { epoch: 5 }, [0]);
  hear(second.peer, { epoch: 5 }, [1]);
  shelf.usePlan({ ...plan, epoch: 6 }, planBatch);
  t.false(hear(third.peer, { epoch: 6 }, [2]));
  t.is(shelf.heldShards, 1);
});

test('whatever is said in whatever order, nobody is asked before all three slots are confirmed', (t) => {
  const members = [first, second, third];
  const word = fc.record({
    from: fc.integer({ min: 0, max: 2 }),
    epoch: fc.integer({ min: 4, max: 6 }),
    indexes: fc.uniqueArray(fc.integer({ min: 0, max: 2 })),
  });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), (words) => {
      const { hear } = surplusOf();
      const confirmed = new Set<number>();
      for (const { from, epoch, indexes } of words) {
        if (epoch === 5 && indexes.includes(from)) confirmed.add(from);
        const isAsked = hear(members[from]!.peer, { epoch }, indexes);
        if (isAsked) return confirmed.size === 3;
        if (confirmed.size === 3) return false;
      }
      return true;
    }),
    { seed: 7, numRuns: 60 },
  );
  t.pass();
});

test('a machine that is not there is asked when it is back, and what is gone meanwhile is asked for by nobody', (t) => {
  const { hearAll, hear, askedAfter, meet, shelf, surplus } = surplusOf();
  hearAll();
  meet('disconnected', first.peer);
  t.is(askedAfter(minutes(10)), undefined);
  meet('connected', first.peer);
  t.true(hear(first.peer, { epoch: 5 }, [0]));
  t.is(surplus.count(), 1);
  meet('disconnected', first.peer);
  shelf.release(packOf(outsider.peer).pack, 0);
  meet('connected', first.peer);
  t.false(hear(first.peer, { epoch: 5 }, [0]));
});
