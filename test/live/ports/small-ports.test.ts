// Clock, randomness, and the lock on an agent's folder.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { createLiveClock } from '../../../agent/live/clock.ts';
import { createLiveRandom } from '../../../agent/live/random.ts';
import { openStore } from '../../../agent/live/store.ts';
import { startNode } from '../../../agent/live/wire/node.ts';
import { DreyError } from '../../../datasets/index.ts';
import { temporaryFolder } from './small-fleet.ts';

test('time follows the system, also far ahead, but never goes back with it', (t) => {
  let wallMs = 1_000_000;
  let steadyMs = 0;
  const clock = createLiveClock({ wallMs: () => wallMs, steadyMs: () => steadyMs });
  const after = (wallStepMs: number, steadyStepMs: number): number => {
    wallMs += wallStepMs;
    steadyMs += steadyStepMs;
    return clock.now();
  };
  t.is(after(500, 500), 1_000_500);
  t.is(after(36_000_000, 10), 37_000_500, 'eight hours of sleep');
  t.is(after(-10_000, 0), 37_000_500, 'set back');
  t.is(after(4000, 4000), 37_002_500, 'half speed until the system has caught up');
  t.is(after(16_000, 16_000), 37_010_500);
  t.is(after(1000, 1000), 37_011_500);
});

test('a timer fires once, unless it was cancelled', async (t) => {
  const clock = createLiveClock();
  const fired: string[] = [];
  clock.start(0, () => fired.push('cancelled')).cancel();
  clock.start(2 ** 40, () => fired.push('in 35 years')).cancel();
  await new Promise<void>((resolve) => clock.start(1, () => (fired.push('kept'), resolve())));
  t.deepEqual(fired, ['kept']);
});

test('randomness is in range and does not repeat', (t) => {
  const random = createLiveRandom();
  const fractions = Array.from({ length: 1000 }, () => random.fraction());
  t.true(fractions.every((fraction) => fraction >= 0 && fraction < 1));
  t.is(new Set(fractions).size, 1000);
  t.true(Math.abs(fractions.reduce((sum, fraction) => sum + fraction, 0) / 1000 - 0.5) < 0.1);
  t.is(random.bytes(33).length, 33);
  t.notDeepEqual(random.bytes(16), random.bytes(16));
});

test('a second agent on one folder is refused with the process id of the first', async (t) => {
  const location = join(temporaryFolder(t), 'database');
  const store = await openStore(location);
  const error = await t.throwsAsync(openStore(location), { instanceOf: DreyError });
  t.is(error.code, 'folder-in-use');
  t.regex(error.message, new RegExp(String(process.pid), 'u'));
  await store.close();
  t.false(existsSync(join(location, '..', 'agent.pid')));
  await (await openStore(location)).close();
});

test('an agent that was killed leaves no lock behind', async (t) => {
  const location = join(temporaryFolder(t), 'database');
  const module = new URL('../../../agent/live/store.ts', import.meta.url).href;
  const script = `const { openStore } = await import(${JSON.stringify(module)});
    await openStore(${JSON.stringify(location)}); console.log('open'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const error = await t.throwsAsync(openStore(location), { instanceOf: DreyError });
  t.regex(error.message, new RegExp(String(child.pid), 'u'));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await (await openStore(location)).close();
  t.pass();
});

test('a port that another program has is named, with advice', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const listenAddresses = [`/ip4/127.0.0.1/tcp/${port}`];
  const node = startNode({ seed: new Uint8Array(32).fill(7), listenAddresses });
  const error = await t.throwsAsync(node, { instanceOf: DreyError });
  t.is(error.code, 'port-in-use');
  const elsewhere = startNode({
    seed: new Uint8Array(32).fill(7),
    listenAddresses: ['/ip4/192.0.2.1/tcp/0'],
  });
  const unusable = await t.throwsAsync(elsewhere, { instanceOf: DreyError });
  t.is(unusable.code, 'address-unusable');
});
