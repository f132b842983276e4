// What the planner reads of telemetry: all of it once for a plan, and of places no more than the newest word.

import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { SignedBatch } from '../../agent/codec/index.ts';
import { Planner } from '../../agent/live/planner.ts';
import type { LiveLog } from '../../agent/live/log/index.ts';
import { peerId } from '../../agent/units.ts';
import { gibibyte, hourMs, type LocationRow, type TelemetryRow, unixMs } from '../../datasets/index.ts';
import { targetDefault, noLimits } from '../../optimizer/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const machines = ['a', 'b', 'c', 'd', 'e'].map(peerId);
const hourCount = 6;
const startMs = 1000 * hourMs;

const placeAt = (machine: (typeof machines)[number], atMs: number, subnet: string): LocationRow => ({
  kind: 'location',
  machine,
  atMs: unixMs(atMs),
  attributes: { subnet },
  roundTripMs: {},
  freeBytes: gibibyte,
  quotaBytes: gibibyte,
});

/** Each machine moves every hour. */
function plannerOf(t: ExecutionContext, { order }: { readonly order: 'oldest first' | 'newest first' }) {
  const counted = { readings: 0 };
  const batchesOf = (author: (typeof machines)[number]): readonly SignedBatch[] => {
    const hours = Array.from({ length: hourCount }, (_, hour): readonly TelemetryRow[] => {
      const fromMs = unixMs(startMs + hour * hourMs);
      const toMs = unixMs(fromMs + hourMs);
      const up = { kind: 'uptime', machine: author, fromMs, toMs, state: 'up' } as const;
      return [up, placeAt(author, fromMs + 1, `hall ${hour}`)];
    });
    // Within the hour that is not over.
    const all = [...hours, [placeAt(author, startMs + hourCount * hourMs + 1, 'outside')]];
    return (order === 'oldest first' ? all : all.toReversed()).map(
      (rows) =>
        ({ author, records: [{ kind: 'telemetry', origin: 'collected', rows }] }) as unknown as SignedBatch,
    );
  };
  const log = {
    readAll: async function* readAll() {
      counted.readings++;
      for (const machine of machines) yield* batchesOf(machine);
    },
  } as unknown as LiveLog;
  const now = () => unixMs(startMs + hourCount * hourMs + hourMs / 2);
  const registryFolder = join(temporaryFolder(t, 'planner'), 'models');
  return { planner: new Planner({ log, self: machines[0]!, registryFolder, now }), counted };
}

test('a history has the place of each machine at its end, in whatever order the words come', async (t) => {
  for (const order of ['oldest first', 'newest first'] as const) {
    const history = await plannerOf(t, { order }).planner.history(machines);
    t.is(history?.slotCount, hourCount);
    t.deepEqual(
      history?.machines.map(({ attributes }) => attributes.subnet),
      machines.map(() => `hall ${hourCount - 1}`),
    );
  }
});

test('a plan reads all telemetry once: the logs of a large fleet take minutes to open', async (t) => {
  const { planner, counted } = plannerOf(t, { order: 'oldest first' });
  const wish = { machines, target: targetDefault, limits: noLimits, bytesPerSlot: {}, onProgress: () => {} };
  const { plan } = await planner.make({ ...wish, previous: undefined });
  t.is(counted.readings, 1);
  await planner.copies({ machines, previous: plan, limits: noLimits });
  t.is(counted.readings, 2);
});

test('what is being computed ends with the agent: its thread would keep the process alive', async (t) => {
  const { planner } = plannerOf(t, { order: 'oldest first' });
  const wish = { machines, target: targetDefault, limits: noLimits, bytesPerSlot: {}, onProgress: () => {} };
  const making = planner.make({ ...wish, previous: undefined });
  await new Promise((resolve) => setImmediate(resolve));
  planner.stop();
  await t.throwsAsync(making, { message: /ended early|agent ends/u });
  await t.throwsAsync(planner.make({ ...wish, previous: undefined }), { message: /agent ends/u });
});
