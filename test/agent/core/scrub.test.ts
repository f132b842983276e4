// When a shard on the own disk is read, in which order, and what happens when it rotted.

import { strict as assert } from 'node:assert';
import test from 'ava';
import fc from 'fast-check';
import { describePack } from '../../../agent/codec/index.ts';
import type { CoreEffect, Effects, ScrubPosition } from '../../../agent/core/index.ts';
import type { EventOf } from '../../../agent/core/events.ts';
import { Scrub } from '../../../agent/core/scrub.ts';
import { Shelf } from '../../../agent/core/shelf.ts';
import { scrubBytesPerSecondMax, scrubPassMsDefault } from '../../../agent/limits.ts';
import { driveId, type PackId } from '../../../agent/units.ts';
import { hours, minutes, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { machines, startMs } from './fleet-of-four.ts';

const [owner] = machines;

const descriptorOf = (seed: number, byteCount = 100) =>
  describePack(
    Uint8Array.from({ length: byteCount }, (_, at) => (at * 7 + seed * 31 + (seed >> 8)) & 255),
    {
      owner: owner.peer,
      drive: driveId('0'.repeat(32)),
      placementClass: 'small',
      redundancy: { k: 1, n: 3 },
    },
  ).descriptor;

interface Read {
  readonly pack: PackId;
  readonly atMs: UnixMs;
}

/** Ticks from `fromMs` on; every read is answered at once. */
function live(scrub: Scrub, { fromMs, toMs, everyMs }: { fromMs: number; toMs: number; everyMs: number }) {
  const reads: Read[] = [];
  let noted: ScrubPosition | undefined;
  const take = (effects: Effects, now: UnixMs): void => {
    for (const effect of effects) {
      if (effect.kind === 'noteScrub') noted = effect.position;
      if (effect.kind !== 'verifyShard') continue;
      reads.push({ pack: effect.shard.pack, atMs: now });
      take(scrub.handle({ kind: 'shardVerified', shard: effect.shard, outcome: 'intact', now }), now);
    }
  };
  for (let atMs = fromMs; atMs <= toMs; atMs += everyMs)
    take(scrub.handle({ kind: 'tick', now: unixMs(atMs) }), unixMs(atMs));
  return { reads, noted };
}

const started = (scrub: ScrubPosition | undefined, now: UnixMs): EventOf<'started'> => ({
  kind: 'started',
  stored: [],
  staged: [],
  heard: [],
  scrub,
  now,
});

const shelfOf = (count: number): Shelf => {
  const shelf = new Shelf();
  for (let at = 0; at < count; at++) shelf.hold(descriptorOf(at % 250, 100 + Math.floor(at / 250)), at % 3);
  return shelf;
};

test('every shard is read once in a pass, spread over it, and again in the next', (t) => {
  const shelf = shelfOf(60);
  const toMs = startMs + 2 * scrubPassMsDefault - hours(2);
  const { reads } = live(new Scrub(shelf), { fromMs: startMs, toMs, everyMs: hours(1) });
  t.is(reads.length, 120);
  for (const pack of shelf.packs.keys()) t.is(reads.filter((read) => read.pack === pack).length, 2);
  const firstHalf = reads.filter(({ atMs }) => atMs < startMs + scrubPassMsDefault / 2).length;
  t.true(firstHalf > 15 && firstHalf < 45, `${firstHalf} of 60 in the first half`);
});

test('of more shards than are kept in order each is read once in a pass too', (t) => {
  const shelf = shelfOf(2300);
  const scrub = new Scrub(shelf);
  const step = { everyMs: minutes(10) };
  const halfMs = startMs + scrubPassMsDefault / 2;
  const first = live(scrub, { ...step, fromMs: startMs, toMs: halfMs }).reads;
  const late = descriptorOf(1, 300);
  shelf.hold(late, 1);
  const toMs = startMs + scrubPassMsDefault - step.everyMs;
  const reads = [...first, ...live(scrub, { ...step, fromMs: halfMs + step.everyMs, toMs }).reads];
  // One that comes when its neighbours are in order already waits for the next pass.
  const packs = reads.map(({ pack }) => pack).filter((pack) => pack !== late.pack);
  const all = [...shelf.packs.keys()].filter((pack) => pack !== late.pack).toSorted();
  t.deepEqual(packs, all.slice(0, packs.length));
  t.true(packs.length >= all.length - 3, `${packs.length} of ${all.length}, ten minutes before the end`);
});

test('whatever times a machine is off, every shard is read once in each pass that it can end', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.record({ on: fc.integer({ min: 1, max: 40 }), off: fc.integer({ min: 0, max: 80 }) }), {
        minLength: 4,
        maxLength: 12,
      }),
      (count, spans) => {
        const shelf = shelfOf(count);
        const passMs = hours(100);
        const reads: Read[] = [];
        let [atMs, position]: [number, ScrubPosition | undefined] = [startMs, undefined];
        for (const { on, off } of spans) {
          const scrub = new Scrub(shelf, passMs);
          scrub.handle(started(position, unixMs(atMs)));
          const span = { fromMs: atMs, toMs: atMs + hours(on), everyMs: minutes(30) };
          const { reads: more, noted } = live(scrub, span);
          reads.push(...more);
          position = noted ?? position;
          atMs += hours(on + off);
        }
        const times = [...shelf.packs.keys()].map(
          (pack) => reads.filter((read) => read.pack === pack).length,
        );
        const passes = Math.floor((atMs - startMs) / passMs);
        // At least one is whole when the machine was on at any time after the first; none is read twice more than another.
        return Math.max(...times) - Math.min(...times) <= 1 && Math.max(...times) <= passes + 1;
      },
    ),
  );
  t.pass();
});

test('a pass goes on where it was after a restart', (t) => {
  const shelf = shelfOf(50);
  const halfMs = startMs + scrubPassMsDefault / 2;
  const first = live(new Scrub(shelf), { fromMs: startMs, toMs: halfMs, everyMs: hours(1) });
  t.not(first.noted, undefined);
  const scrub = new Scrub(shelf);
  scrub.handle(started(first.noted, unixMs(halfMs)));
  const toMs = startMs + scrubPassMsDefault - hours(2);
  const second = live(scrub, { fromMs: halfMs, toMs, everyMs: hours(1) });
  const all = [...first.reads, ...second.reads].map(({ pack }) => pack);
  t.is(new Set(all).size, 50);
  t.is(all.length, 50);
});

test('on battery and in a pause nothing is read, and afterwards it goes on', (t) => {
  const scrub = new Scrub(shelfOf(5));
  scrub.handle(started({ passFromMs: startMs, after: undefined, wholeMs: undefined }, startMs));
  scrub.handle({ kind: 'powerChanged', source: 'battery', now: startMs });
  const toMs = startMs + scrubPassMsDefault;
  t.is(live(scrub, { fromMs: startMs, toMs, everyMs: hours(6) }).reads.length, 0);
  scrub.handle({ kind: 'powerChanged', source: 'mains', now: unixMs(toMs) });
  scrub.handle({ kind: 'pullsPaused', isPaused: true, now: unixMs(toMs) });
  t.is(live(scrub, { fromMs: toMs, toMs: toMs + hours(1), everyMs: minutes(10) }).reads.length, 0);
  scrub.handle({ kind: 'pullsPaused', isPaused: false, now: unixMs(toMs) });
  t.is(live(scrub, { fromMs: toMs, toMs: toMs + hours(1), everyMs: minutes(10) }).reads.length, 5 + 1);
});

test('what is long overdue is read no faster than the disk can spare', (t) => {
  const shelf = new Shelf();
  const bytes = 400_000;
  for (let seed = 0; seed < 8; seed++) shelf.hold(descriptorOf(seed, bytes), 0);
  const scrub = new Scrub(shelf);
  const lateMs = startMs + 3 * scrubPassMsDefault;
  scrub.handle(started({ passFromMs: startMs, after: undefined, wholeMs: undefined }, unixMs(lateMs)));
  const { reads } = live(scrub, { fromMs: lateMs, toMs: lateMs + 200, everyMs: 1 });
  const waitMs = (1000 * bytes) / scrubBytesPerSecondMax;
  t.true(reads.length >= 4);
  for (const [at, read] of reads.slice(1).entries())
    t.true(read.atMs - reads[at]!.atMs >= Math.floor(waitMs));
});

test('one that is not intact counts as read, and the reading goes on', (t) => {
  const scrub = new Scrub(shelfOf(1));
  const read = scrub
    .handle({ kind: 'tick', now: startMs })
    .find((effect): effect is Extract<CoreEffect, { kind: 'verifyShard' }> => effect.kind === 'verifyShard');
  const now = unixMs(startMs + 10);
  scrub.handle({ kind: 'shardVerified', shard: read!.shard, outcome: 'damaged', now });
  t.is(scrub.counts.readShards, 1);
});

test('a shard that could not be read just now is read again', (t) => {
  const scrub = new Scrub(shelfOf(1));
  const readAt = (now: UnixMs): CoreEffect | undefined => scrub.handle({ kind: 'tick', now })[0];
  const first = readAt(startMs);
  assert(first?.kind === 'verifyShard');
  const { shard } = first;
  t.deepEqual(scrub.handle({ kind: 'shardVerified', shard, outcome: 'unread', now: startMs }), []);
  const again = readAt(unixMs(startMs + minutes(1)));
  t.deepEqual(again, first);
  t.like(scrub.counts, { readShards: 0, wholeMs: undefined });
});
