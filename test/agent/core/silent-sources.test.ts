// Who sends nothing of what it is asked for is asked less and less often, and holds nobody else up.

import test from 'ava';
import { AgentCore, type Effects } from '../../../agent/core/index.ts';
import { describePack, type WireMessage } from '../../../agent/codec/index.ts';
import { SilentSources } from '../../../agent/core/silent-sources.ts';
import { refusedSourceMs, silentSourceMsMax, silentSourceMsMin } from '../../../agent/limits.ts';
import { driveId, packId } from '../../../agent/units.ts';
import { hourMs, minuteMs, secondMs, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificatesOf, fleet, machines, planOf, startMs } from './fleet-of-four.ts';

const [self, liar, other, owner] = machines;

test('each time that nothing came the rest is twice as long, and half as long for each shard that did', (t) => {
  const silent = new SilentSources();
  let now = startMs;
  const restMs = (): number => {
    silent.note(liar.peer, now);
    const fromMs = now;
    while (silent.isResting(liar.peer, now)) now = unixMs(now + minuteMs);
    return now - fromMs;
  };
  t.deepEqual(
    [restMs(), restMs(), restMs()],
    [1, 2, 4].map((times) => times * silentSourceMsMin),
  );
  silent.noteSent(liar.peer);
  silent.noteSent(liar.peer);
  t.is(restMs(), 2 * silentSourceMsMin);
  for (let times = 0; times < 10; times++) restMs();
  t.is(restMs(), silentSourceMsMax);
  silent.note(liar.peer, now);
  silent.noteSent(liar.peer);
  t.true(silent.isResting(liar.peer, now), 'a rest goes on');
});

test('who says that it sends nothing now is asked again soon, however often it has said so', (t) => {
  const silent = new SilentSources();
  for (let times = 0; times < 10; times++) silent.noteRefused(liar.peer, startMs);
  t.true(silent.isResting(liar.peer, unixMs(startMs + refusedSourceMs - 1)));
  t.false(silent.isResting(liar.peer, unixMs(startMs + refusedSourceMs)));
});

test('a machine that invents packs and sends none keeps no real one waiting for long', (t) => {
  const core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.1 });
  core.handle({ kind: 'started', stored: [], staged: [], heard: [], now: startMs });
  const statements = certificatesOf(machines);
  core.handle({ kind: 'batchStored', batch: batchOf(owner, statements), now: startMs });
  const plan = { kind: 'plan', plan: planOf(other, 1) } as const;
  core.handle({ kind: 'batchStored', batch: batchOf(other, [plan]), now: startMs });
  core.handle({ kind: 'tick', now: startMs });
  for (const { peer } of [liar, other, owner]) core.handle({ kind: 'connected', peer, now: startMs });
  const { descriptor: real } = describePack(new Uint8Array(1000).fill(1), {
    owner: owner.peer,
    drive: driveId('0'.repeat(32)),
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  });
  let now = startMs;
  let [realMs, inventedCount, serial] = [undefined as number | undefined, 0, 0];
  const note = (effects: Effects): void => {
    for (const effect of effects) {
      if (effect.kind !== 'send' || effect.message.kind !== 'shardPull') continue;
      if (effect.message.pack === real.pack) realMs ??= now - startMs;
      else inventedCount++;
    }
  };
  type Held = Extract<WireMessage, { kind: 'inventory' }>['held'];
  const say = (from: typeof liar, held: Held): void => {
    const under = core.shelf.planName!;
    const message = { kind: 'inventory', group: 'g', scope: 'update', under, held } as const;
    note(core.handle({ kind: 'message', from: from.peer, message, now }));
  };
  const invented = (count: number): Held =>
    Array.from({ length: count }, () => ({
      pack: packId((++serial).toString(16).padStart(64, '0')),
      indexes: [0],
    }));
  say(liar, invented(2000));
  for (const endMs = startMs + 12 * hourMs; now < endMs; now = unixMs(now + 5 * secondMs)) {
    if ((now - startMs) % hourMs === 0) {
      say(liar, invented(500));
      say(owner, [{ pack: real.pack, indexes: [0, 1, 2] }]);
    }
    note(core.handle({ kind: 'tick', now }));
  }
  t.true(realMs !== undefined && realMs < 5 * minuteMs, `asked for after ${realMs} ms`);
  t.true(inventedCount < 200, `${inventedCount} asked for in vain`);
});

test('when the clock is set back nobody rests for hours more', (t) => {
  const silent = new SilentSources();
  silent.note(liar.peer, unixMs(startMs + 5 * hourMs));
  t.true(silent.isResting(liar.peer, unixMs(startMs + 5 * hourMs + secondMs)));
  t.false(silent.isResting(liar.peer, startMs));
});
