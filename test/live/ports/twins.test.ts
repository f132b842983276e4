// Two computers with one machine's key, on real wires: who came second is turned away, and all three know of it.

import test, { type ExecutionContext } from 'ava';
import { createMachineKey } from '../../../agent/codec/index.ts';
import { minutes } from '../../../datasets/index.ts';
import { smallFleet, startAgent, type TestAgent } from './small-fleet.ts';

/** Nobody is ended for being slow on a machine that does much else. */
const limits = { helloMsMax: minutes(5), pingSilenceMsMax: minutes(5) };

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
};

interface Trial {
  /** Connected to `first`. */
  readonly witness: TestAgent;
  readonly first: TestAgent;
  readonly copy: TestAgent;
}

async function startTwins(t: ExecutionContext): Promise<Trial> {
  const [fleet, key] = [smallFleet(), createMachineKey()];
  const witness = await startAgent(t, fleet, { limits });
  const first = await startAgent(t, fleet, { key, limits });
  const copy = await startAgent(t, fleet, { key, limits });
  dials(first, witness);
  await witness.ears.hears('connected');
  return { witness, first, copy };
}

const dials = (from: TestAgent, to: TestAgent): void => from.wire.connect(to.key.peer, to.wire.addresses());

test('of two computers with one key the first is spoken with, the second is turned away, and all three know', async (t) => {
  const { witness, first, copy } = await startTwins(t);
  dials(copy, witness);
  await copy.ears.hears('disconnected');
  await until(() => first.wire.twins.ofSelf.size > 0 && copy.wire.twins.ofSelf.size > 0);
  t.deepEqual([...witness.wire.twins.seen], [[first.key.peer, ['127.0.0.1', '127.0.0.1']]]);
  for (const one of [first, copy]) {
    t.deepEqual([...one.wire.twins.ofSelf], [[witness.key.peer, ['127.0.0.1']]]);
    t.is(one.wire.twins.seen.size, 0);
  }
  t.true(witness.reports.some((line) => line.includes('another computer')));
  t.is(witness.ears.count('connected'), 1);
  t.is(witness.ears.count('disconnected'), 0);

  t.true(first.wire.send(witness.key.peer, new Uint8Array([7])));
  await witness.ears.hears('frame');
  t.deepEqual(witness.ears.heard.at(-1)?.bytes, new Uint8Array([7]));
});

test('the second is let in when the first is gone', async (t) => {
  const { witness, first, copy } = await startTwins(t);
  await first.wire.close();
  await witness.ears.hears('disconnected');
  dials(copy, witness);
  await witness.ears.hears('connected', 2);
  t.is(witness.wire.twins.seen.size, 0);
  t.is(copy.wire.twins.ofSelf.size, 0);
});

test('two connections of one computer are no twins', async (t) => {
  const fleet = smallFleet();
  const [one, other] = [await startAgent(t, fleet, { limits }), await startAgent(t, fleet, { limits })];
  dials(one, other);
  dials(other, one);
  await Promise.all([one.ears.hears('connected'), other.ears.hears('connected')]);
  // Whether both dials came through is up to the two; what was asked is answered before a word after it.
  t.true(one.wire.send(other.key.peer, new Uint8Array([1])));
  t.true(other.wire.send(one.key.peer, new Uint8Array([2])));
  await Promise.all([one.ears.hears('frame'), other.ears.hears('frame')]);
  t.is(one.wire.twins.seen.size + other.wire.twins.seen.size, 0);
  t.is(one.ears.count('disconnected') + other.ears.count('disconnected'), 0);
});
