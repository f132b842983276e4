// What a replay comes to: shares of what each policy counted, and outages that several origins share.

import test from 'ava';
import fc from 'fast-check';
import { type OriginResult, type PolicySummary, summarize } from '../../../optimizer/replay/index.ts';
import { outageEvents } from '../../../optimizer/replay/outages.ts';

type Change = Partial<Omit<OriginResult, 'account'>> & {
  readonly account?: Partial<OriginResult['account']>;
};

/** Ten slots of a hundred files each. */
function result({ account, ...change }: Change): OriginResult {
  const [unavailableBySlot, lostBySlot] = [
    change.unavailableBySlot ?? new Int32Array(10),
    change.lostBySlot ?? new Int32Array(10),
  ];
  return {
    policy: 'learned',
    origin: 0,
    fromSlot: 0,
    planSeconds: 0,
    sources: [],
    ...change,
    unavailableBySlot,
    lostBySlot,
    account: {
      unavailableFileSlots: [...unavailableBySlot, ...lostBySlot].reduce((sum, count) => sum + count, 0),
      unavailableFileSlotsBusiness: 0,
      fileSlots: 1000,
      livedFileSlots: 1000,
      lostFiles: 0,
      storedBytes: 1,
      movedBytes: 0,
      ...account,
    },
  };
}

/** The summary of what is compared with the bar. */
const against = (bar: readonly Change[], own: readonly Change[]): PolicySummary =>
  summarize([...bar.map((change) => result({ policy: 'bar', ...change })), ...own.map(result)], {
    bar: 'bar',
    slotMs: 3_600_000,
    seed: 1,
  })[1]!;

test('who loses files is not better for it: the time that they are missed counts, as one event each slot of loss', (t) => {
  const summary = against(
    [{ unavailableBySlot: Int32Array.of(0, 4, 4, 0, 0, 2, 0, 0, 0, 0) }],
    [{ lostBySlot: Int32Array.of(0, 0, 24, 0, 0, 0, 0, 0, 0, 0) }],
  );
  t.is(summary.timesFewer, (10 + 0.5) / (24 + 0.5));
  // Hours 1 and 2, hour 5, and the loss.
  t.is(summary.events, 3);
});

test('who counts fewer hours is not better for it: shares are compared', (t) => {
  const [four, three] = [
    [4, 0, 0, 0, 0, 4],
    [0, 0, 3, 0, 0, 0, 0, 3],
  ].map((counts) => Int32Array.from({ length: 10 }, (_, slot) => counts[slot] ?? 0));
  const summary = against(
    [{ unavailableBySlot: four! }],
    [{ unavailableBySlot: three!, account: { fileSlots: 500 } }],
  );
  t.is(summary.unavailableShare, 6 / 500);
  t.is(summary.countedShare, 0.5);
  t.deepEqual([summary.wins, summary.losses], [0, 1]);
  // As many as if both had counted 750: 8 of 1000 against 6 of 500.
  t.is(summary.timesFewer, (6 + 0.5) / (9 + 0.5));
  t.true(summary.interval![1] > summary.timesFewer!);
});

test('an origin in which one of the two counted nothing decides nothing', (t) => {
  const outage = Int32Array.of(5, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const summary = against(
    [{ unavailableBySlot: outage }, { unavailableBySlot: outage }],
    [{}, { account: { fileSlots: 0 } }],
  );
  t.deepEqual([summary.wins, summary.losses, summary.events], [1, 0, 1]);
  t.is(summary.timesFewer, (5 + 0.5) / 0.5);
  t.is(summary.unavailableShare, 0);
});

test('one outage is one event in however many origins it is, and has no interval', (t) => {
  // The trace's slots 6 to 8, in three origins; and slot 2, which only the first sees.
  const bar = [
    { fromSlot: 0, unavailableBySlot: Int32Array.of(0, 0, 1, 0, 0, 0, 3, 3, 3, 0) },
    { fromSlot: 4, unavailableBySlot: Int32Array.of(0, 0, 0, 5, 0, 0, 0, 0, 0, 0) },
    { fromSlot: 8, unavailableBySlot: Int32Array.of(2, 0, 0, 0, 0, 0, 0, 0, 0, 0) },
  ];
  const own = bar.map(({ fromSlot }) => ({ fromSlot }));
  const all = against(bar, own);
  t.is(all.events, 2);
  t.is(all.timesFewer, (17 + 0.5) / 0.5);
  t.not(all.interval, undefined);
  const one = against(bar.slice(1), own.slice(1));
  t.deepEqual([one.events, one.interval], [1, undefined]);
  const lost = { lostBySlot: Int32Array.of(0, 0, 0, 0, 0, 0, 0, 8, 0, 0) };
  const sameLoss = { lostBySlot: Int32Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0, 0) };
  t.is(
    against(
      [
        { fromSlot: 0, ...lost },
        { fromSlot: 4, ...sameLoss },
      ],
      [{ fromSlot: 0 }, { fromSlot: 4 }],
    ).events,
    1,
  );
});

test('events of overlapping origins are the runs of the slots in which any of them was out of reach', (t) => {
  const counts = fc.array(fc.constantFrom<number[]>(0, 0, 0, 1, 7), { minLength: 10, maxLength: 10 });
  const origin = fc.record({ fromSlot: fc.integer({ min: 0, max: 30 }), own: counts, bar: counts });
  fc.assert(
    fc.property(fc.array(origin, { minLength: 1, maxLength: 6 }), (origins) => {
      const pairs = origins.map(({ fromSlot, own, bar }) => ({
        own: result({ fromSlot, unavailableBySlot: Int32Array.from(own) }),
        bar: result({ fromSlot, unavailableBySlot: Int32Array.from(bar) }),
      }));
      const slots = Array.from({ length: 50 }, (_, slot) =>
        origins.some(
          ({ fromSlot, own, bar }) => (own[slot - fromSlot] ?? 0) + (bar[slot - fromSlot] ?? 0) > 0,
        ),
      );
      const events = outageEvents(pairs);
      t.is(events.length, slots.filter((isOut, slot) => isOut && slots[slot - 1] !== true).length);
      for (const side of ['own', 'bar'] as const)
        t.is(
          events.reduce((sum, event) => sum + event[side], 0),
          origins.flatMap((one) => one[side]).reduce((sum, count) => sum + count, 0),
        );
    }),
  );
});
