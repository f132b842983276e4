// Parts of own packs: from whom they are asked, and when the pack is fetched whole instead.

import test from 'ava';
import fc from 'fast-check';
import { describePack, type PackDescriptor, type WireMessage } from '../../../agent/codec/index.ts';
import { Election } from '../../../agent/core/election.ts';
import type { CoreEffect } from '../../../agent/core/index.ts';
import { Nearness } from '../../../agent/core/nearness.ts';
import { Ranges } from '../../../agent/core/ranges.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { rangeAnswerMsMax, rangeBytesMax, rangeSilenceMs } from '../../../agent/limits.ts';
import { driveId, type PeerId } from '../../../agent/units.ts';
import { unixMs } from '../../../datasets/index.ts';
import { machines, membershipOf, startMs } from './fleet-of-four.ts';

const [self, a, b, c] = machines.map(({ peer }) => peer) as [PeerId, PeerId, PeerId, PeerId];
const pack = Uint8Array.from({ length: 1_500_000 }, (_, at) => (at * 31) % 253);
const describe = (k: number, n: number, owner = self) =>
  describePack(pack, {
    owner,
    drive: driveId('00'.repeat(16)),
    placementClass: 'bulk',
    redundancy: { k, n },
  });
const sliced = describe(2, 3);
const copied = describe(1, 3);

/** Who has which shard, by its own word. */
type Held = readonly (readonly [PeerId, number])[];
const allSlices: Held = [
  [a, 0],
  [b, 1],
  [c, 2],
];

function rangesAmong(up: readonly PeerId[], held = allSlices, { descriptor } = sliced) {
  const membership = membershipOf(machines[0]);
  for (const peer of up) membership.handle({ kind: 'connected', peer, now: startMs });
  const shelf = new Shelf();
  const known = shelf.describe(descriptor);
  for (const [peer, index] of held) known.others.add(index, peer);
  const ranges = new Ranges({
    membership,
    shelf,
    election: new Election(membership),
    nearness: new Nearness(self),
  });
  const want = (offset: number, length: number, wanted: PackDescriptor = descriptor) =>
    ranges.handle({ kind: 'rangeWanted', wish: 1, descriptor: wanted, offset, length, now: startMs });
  return { ranges, shelf, want };
}

type Asked = Extract<WireMessage, { kind: 'rangeAsk' }> & { readonly to: PeerId };
const asksIn = (effects: readonly CoreEffect[]): readonly Asked[] =>
  effects.flatMap((effect) =>
    effect.kind === 'send' && effect.message.kind === 'rangeAsk'
      ? [{ ...effect.message, to: effect.to }]
      : [],
  );
/** What was answered to whoever wanted it: the bytes, or that the pack must be fetched whole. */
const endOf = (effects: readonly CoreEffect[]): Uint8Array | 'whole' | undefined => {
  const ready = effects.find((effect) => effect.kind === 'rangeReady');
  return ready === undefined ? undefined : (ready.bytes ?? 'whole');
};

function answer(ranges: Ranges, { to, kind: _kind, ...range }: Asked, shards = sliced.shards) {
  const bytes = shards[range.index]!.slice(range.offset, range.offset + range.length);
  return ranges.handle({
    kind: 'message',
    from: to,
    message: { kind: 'rangeAnswer', ...range, bytes },
    now: startMs,
  });
}
function refuse(ranges: Ranges, { to, kind: _kind, ...range }: Asked) {
  return ranges.handle({
    kind: 'message',
    from: to,
    message: { kind: 'rangeAnswer', ...range },
    now: startMs,
  });
}

test('any part of a pack is put together from slices, whatever the order of the answers', (t) => {
  fc.assert(
    fc.property(fc.nat({ max: pack.length - 1 }), fc.nat(), fc.boolean(), (offset, more, isReversed) => {
      const length = 1 + (more % (pack.length - offset));
      const { ranges, want } = rangesAmong([a, b, c]);
      const asks = asksIn(want(offset, length));
      t.true(asks.every(({ length: each }) => each <= rangeBytesMax));
      t.true(
        asks.every(({ index, to }) => to === (index === 0 ? a : b)),
        'parity has none of the bytes',
      );
      const ends = (isReversed ? asks.toReversed() : asks).map((ask) => endOf(answer(ranges, ask)));
      // Thousands of times faster than `deepEqual`, which looks at each byte by itself.
      t.true(Buffer.from(pack.subarray(offset, offset + length)).equals(ends.at(-1) as Uint8Array));
      t.true(ends.slice(0, -1).every((end) => end === undefined));
    }),
    { numRuns: 50 },
  );
});

test('a stretch that the holder of its slice cannot show has the pack fetched whole', (t) => {
  const { ranges, want } = rangesAmong([a, b, c]);
  const [ask] = asksIn(want(10, 100));
  t.is(endOf(refuse(ranges, ask!)), 'whole');
  t.is(endOf(rangesAmong([b, c]).want(10, 100)), 'whole', 'it is off');
  t.is(endOf(rangesAmong([], []).want(10, 100)), 'whole');
});

test('of whole copies another is asked where one refuses or goes away', (t) => {
  const held: Held = [
    [a, 0],
    [b, 1],
    [c, 2],
  ];
  const { ranges, want } = rangesAmong([a, b, c], held, copied);
  const [first] = asksIn(want(700_000, 50));
  const [second] = asksIn(refuse(ranges, first!));
  const [third] = asksIn(ranges.handle({ kind: 'disconnected', peer: second!.to, now: startMs }));
  t.is(new Set([first!.to, second!.to, third!.to]).size, 3);
  t.deepEqual(endOf(answer(ranges, third!, copied.shards)), pack.slice(700_000, 700_050));
});

test('an answer of another machine, of another length or that nobody asked for is not taken', (t) => {
  const { ranges, want } = rangesAmong([a, b, c]);
  const [ask] = asksIn(want(10, 100));
  t.is(endOf(answer(ranges, { ...ask!, to: c })), undefined);
  t.is(endOf(answer(ranges, { ...ask!, length: 99 })), undefined);
  const { to, kind: _kind, ...range } = ask!;
  const message = { kind: 'rangeAnswer', ...range, bytes: new Uint8Array(99) } as const;
  t.is(
    endOf(ranges.handle({ kind: 'message', from: to, message, now: startMs })),
    'whole',
    'it lied of its length',
  );
  t.is(endOf(answer(ranges, ask!)), undefined, 'it is over');
});

test('who stays silent holds nothing up for long, and is not asked again for a while', (t) => {
  const { ranges, want } = rangesAmong([a, b, c]);
  t.is(asksIn(want(10, 100)).length, 1);
  t.true(ranges.isWaitingFor(a));
  const later = (ms: number) => ranges.handle({ kind: 'tick', now: unixMs(startMs + ms) });
  t.is(endOf(later(rangeAnswerMsMax - 1)), undefined);
  t.is(endOf(later(rangeAnswerMsMax)), 'whole');
  t.false(ranges.isWaitingFor(a));
  t.is(endOf(want(10, 100)), 'whole');
  t.is(asksIn(want(sliced.descriptor.shardBytes, 100)).length, 1, 'others are');
  later(rangeAnswerMsMax + rangeSilenceMs);
  t.is(asksIn(want(10, 100)).length, 1);
});

test("parts of others' packs, of packs that lie here, and beyond the end are not asked for", (t) => {
  const theirs = describe(2, 3, a);
  t.is(endOf(rangesAmong([a, b, c], allSlices, theirs).want(0, 10)), 'whole');
  const { shelf, want } = rangesAmong([a, b, c]);
  t.is(endOf(want(pack.length - 5, 10)), 'whole');
  shelf.get(sliced.descriptor.pack)!.isInOutbox = true;
  t.is(endOf(want(0, 10)), 'whole');
});
