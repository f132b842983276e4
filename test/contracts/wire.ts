// What every Wire must do between two members: connect, keep the order of frames, stream verified shards, cut.

import type { ExecutionContext, TestFn } from 'ava';
import type { PackDescriptor } from '../../agent/codec/index.ts';
import { frameBytesMax } from '../../agent/limits.ts';
import type {
  SendOutcome,
  ShardArrival,
  ShardOutcome,
  ShardPlace,
  Wire,
  WireListener,
} from '../../agent/ports.ts';
import { answerOf, type World } from './world.ts';

export interface WireEnd {
  readonly wire: Wire;
  /** Puts shard 0 of a pack on this end's disk, held. */
  hold(): Promise<PackDescriptor>;
  /** Flips a bit of it. */
  harm(descriptor: PackDescriptor): void;
  /** Whether shard 0 lies intact in that place. */
  has(descriptor: PackDescriptor, place: ShardPlace): Promise<boolean>;
  readonly addresses: readonly string[];
}

export interface WirePair extends World {
  readonly left: WireEnd;
  readonly right: WireEnd;
}

/** Two members that have just started, each with its listener, and do not know each other's addresses yet. */
export type MakePair = (
  t: ExecutionContext,
  listeners: { readonly left: WireListener; readonly right: WireListener },
) => Promise<WirePair>;

/** Notes what it is told; takes shards into `place`. */
class Notes implements WireListener {
  readonly lines: string[] = [];
  place: ShardPlace | undefined = 'held';
  connected(): void {
    this.lines.push('connected');
  }
  disconnected(): void {
    this.lines.push('disconnected');
  }
  wantsLink(): boolean {
    return true;
  }
  frame(_from: string, bytes: Uint8Array): void {
    this.lines.push(`frame ${bytes.join(' ')}`);
  }
  hint(_from: string, bytes: Uint8Array): void {
    this.lines.push(`hint ${bytes.join(' ')}`);
  }
  shardArriving(): ShardPlace | undefined {
    return this.place;
  }
  shardArrived(_from: string, arrival: ShardArrival, outcome: ShardOutcome): void {
    this.lines.push(`arrived ${arrival.index} ${outcome}`);
  }
}

interface Linked extends WirePair {
  readonly leftNotes: Notes;
  readonly rightNotes: Notes;
}

async function linked(t: ExecutionContext, make: MakePair): Promise<Linked> {
  const [leftNotes, rightNotes] = [new Notes(), new Notes()];
  const pair = await make(t, { left: leftNotes, right: rightNotes });
  pair.left.wire.connect(pair.right.wire.self, pair.right.addresses);
  await pair.until(() => leftNotes.lines.length > 0 && rightNotes.lines.length > 0);
  return { ...pair, leftNotes, rightNotes };
}

const countOf = (lines: readonly string[], line: string): number =>
  lines.filter((one) => one === line).length;

const streamed = ({ left, right, until }: Linked, descriptor: PackDescriptor): Promise<SendOutcome> =>
  answerOf<SendOutcome>({ until }, (done) =>
    left.wire.sendShard(right.wire.self, { place: 'held', pack: descriptor.pack, index: 0 }, done),
  );

export function wireContract(test: TestFn, name: string, make: MakePair): void {
  test(`${name} wire: both ends hear once that they are connected`, async (t) => {
    const { leftNotes, rightNotes } = await linked(t, make);
    t.deepEqual([leftNotes.lines, rightNotes.lines], [['connected'], ['connected']]);
  });

  test(`${name} wire: frames arrive whole and in order`, async (t) => {
    const { left, right, rightNotes, until } = await linked(t, make);
    for (let count = 0; count < 50; count++) t.true(left.wire.send(right.wire.self, Uint8Array.of(count, 1)));
    await until(() => rightNotes.lines.length === 51);
    t.deepEqual(
      rightNotes.lines.slice(1),
      Array.from({ length: 50 }, (_, count) => `frame ${count} 1`),
    );
  });

  test(`${name} wire: refuses a frame that is too long`, async (t) => {
    const { left, right } = await linked(t, make);
    t.false(left.wire.send(right.wire.self, new Uint8Array(frameBytesMax + 1)));
  });

  test(`${name} wire: a wanted shard arrives verified and flushed, at both ends`, async (t) => {
    const pair = await linked(t, make);
    const descriptor = await pair.left.hold();
    t.is(await streamed(pair, descriptor), 'stored');
    t.true(pair.rightNotes.lines.includes('arrived 0 stored'));
    t.true(await pair.right.has(descriptor, 'held'));
  });

  test(`${name} wire: an unwanted shard is refused and leaves nothing`, async (t) => {
    const pair = await linked(t, make);
    const descriptor = await pair.left.hold();
    pair.rightNotes.place = undefined;
    t.is(await streamed(pair, descriptor), 'refused');
    t.false(await pair.right.has(descriptor, 'held'));
  });

  test(`${name} wire: a damaged shard is not passed on`, async (t) => {
    const pair = await linked(t, make);
    const descriptor = await pair.left.hold();
    pair.left.harm(descriptor);
    t.is(await streamed(pair, descriptor), 'damaged');
    t.false(await pair.right.has(descriptor, 'held'));
  });

  test(`${name} wire: a connection that is let go of ends at both ends, and can be opened again from either`, async (t) => {
    const { left, right, leftNotes, rightNotes, until } = await linked(t, make);
    const both = (line: string, count: number): Promise<void> =>
      until(() => [leftNotes, rightNotes].every(({ lines }) => countOf(lines, line) === count));
    left.wire.release(right.wire.self);
    await both('disconnected', 1);
    t.false(left.wire.send(right.wire.self, Uint8Array.of(1)));
    right.wire.connect(left.wire.self, left.addresses);
    await both('connected', 2);
    right.wire.release(left.wire.self);
    await both('disconnected', 2);
    left.wire.connect(right.wire.self, right.addresses);
    await both('connected', 3);
    t.true(left.wire.send(right.wire.self, Uint8Array.of(2)));
    await until(() => rightNotes.lines.includes('frame 2'));
  });

  test(`${name} wire: to let go of somebody who is not connected does nothing`, async (t) => {
    const { left, right, leftNotes, rightNotes, until } = await linked(t, make);
    left.wire.release(left.wire.self);
    t.true(left.wire.send(right.wire.self, Uint8Array.of(3)));
    await until(() => rightNotes.lines.includes('frame 3'));
    t.false(leftNotes.lines.includes('disconnected'));
  });

  test(`${name} wire: who was cut off is gone, and nothing reaches it`, async (t) => {
    const pair = await linked(t, make);
    const { left, right, leftNotes, rightNotes, until } = pair;
    left.wire.cut(right.wire.self);
    await until(() => leftNotes.lines.includes('disconnected') && rightNotes.lines.includes('disconnected'));
    t.false(left.wire.send(right.wire.self, Uint8Array.of(1)));
    const descriptor = await left.hold();
    t.is(await streamed(pair, descriptor), 'unreachable');
  });
}
