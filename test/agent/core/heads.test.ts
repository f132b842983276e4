// Comparing more logs than one message takes.

import test from 'ava';
import {
  decodeMessage,
  encodeMessage,
  type LogWant,
  noBatchHash,
  type SignedBatch,
} from '../../../agent/codec/index.ts';
import type { Effects } from '../../../agent/core/effects.ts';
import { isAmong, pagesOf } from '../../../agent/core/heads.ts';
import { Replication } from '../../../agent/core/replication.ts';
import { frameBytesMax, headsPerPageMax, logLengthMax } from '../../../agent/limits.ts';
import { type PeerId, peerId } from '../../../agent/units.ts';
import { machines, membershipOf, startMs } from './fleet-of-four.ts';

const authorOf = (number: number): PeerId =>
  peerId(`12D3KooW${String(number).padStart(8, '0').padStart(44, '1').replaceAll('0', 'z')}`);
const authors = Array.from({ length: 1.3 * headsPerPageMax }, (_, number) => authorOf(number));

test('pages of heads name each log once, both of a machine together, and each is sent and read', (t) => {
  const heads = authors.flatMap((author): readonly LogWant[] => [
    { author, stream: 'telemetry', sequence: logLengthMax },
    { author, stream: 'facts', sequence: logLengthMax },
  ]);
  heads.splice(7, 1);
  const pages = pagesOf(heads, undefined);
  t.is(pages.length, 3);
  t.is(new Set(pages.flatMap(({ next }) => next)).size, heads.length);
  for (const page of pages) {
    const frame = encodeMessage({ kind: 'heads', ...page, reply: 'wanted' });
    t.true(frame.length <= frameBytesMax && decodeMessage(frame).ok);
    const named = new Set(page.next);
    t.true(heads.every((head) => isAmong(page.authors, head.author) === named.has(head)));
  }
});

const [self, teller] = machines;

/** An agent with some logs, which greets everybody. */
function agentWith(own: typeof self, logs: readonly PeerId[]) {
  const membership = membershipOf(own);
  const replication = new Replication(membership, () => 0);
  for (const author of logs) {
    const parts = { author, stream: 'facts', sequence: 0, previous: noBatchHash, atMs: startMs } as const;
    const batch: SignedBatch = { ...parts, records: [], bytes: new Uint8Array(), hash: 'ab'.repeat(32) };
    replication.handle({ kind: 'batchStored', batch, now: startMs });
  }
  return replication;
}

/** Both talk until nothing more is said; who sends which logs. */
function compared(asking: Replication, answering: Replication) {
  const sent = { asking: [] as PeerId[], answering: [] as PeerId[] };
  let messageCount = 0;
  const carryOut = (who: 'asking' | 'answering', effects: Effects): void => {
    const [other, from] =
      who === 'asking' ? ([answering, self.peer] as const) : ([asking, teller.peer] as const);
    for (const effect of effects) {
      if (effect.kind === 'sendBatches') sent[who].push(...effect.want.map(({ author }) => author));
      if (effect.kind !== 'send') continue;
      messageCount++;
      const decoded = decodeMessage(encodeMessage(effect.message));
      if (!decoded.ok) throw new Error(decoded.rejection.reason);
      const event = { kind: 'message', from, message: decoded.value, now: startMs } as const;
      carryOut(who === 'asking' ? 'answering' : 'asking', other.handle(event));
    }
  };
  carryOut('asking', asking.handle({ kind: 'connected', peer: teller.peer, now: startMs }));
  return { sent, messageCount };
}

test('two agents with more logs than one page has find out what each of them lacks, and nothing else', (t) => {
  const ordered = authors.toSorted();
  const isOneOf = (which: readonly number[]) => (author: PeerId) =>
    which.some((at) => ordered.at(at) === author);
  const [here, there] = [isOneOf([3, 4, -3]), isOneOf([0, headsPerPageMax, -1])];
  const asking = agentWith(
    self,
    authors.filter((author) => !there(author)),
  );
  const answering = agentWith(
    teller,
    authors.filter((author) => !here(author)),
  );
  const { sent, messageCount } = compared(asking, answering);
  t.deepEqual(sent.answering.toSorted(), ordered.filter(there));
  t.deepEqual(sent.asking.toSorted(), ordered.filter(here));
  t.is(messageCount, 4, 'each of the two pages was answered by one about the same machines');
});
