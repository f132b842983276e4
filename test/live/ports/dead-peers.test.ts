// A peer that dies or hangs: another process, SIGKILL and SIGSTOP.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { createMachineKey, hexOf } from '../../../agent/codec/index.ts';
import type { SendOutcome } from '../../../agent/index.ts';
import {
  certificateOf,
  smallFleet,
  startAgent,
  type TestAgent,
  type TestAgentOptions,
  temporaryFolder,
  testPack,
} from './small-fleet.ts';

interface Meeting {
  readonly agent: TestAgent;
  readonly process: ChildProcess;
  readonly key: ReturnType<typeof createMachineKey>;
}

async function meetProcess(t: ExecutionContext, limits: TestAgentOptions['limits'] = {}): Promise<Meeting> {
  const fleet = smallFleet();
  const agent = await startAgent(t, fleet, { limits });
  const key = createMachineKey();
  const script = fileURLToPath(new URL('./peer-process.ts', import.meta.url));
  const certificate = hexOf(certificateOf(fleet, key.peer).bytes);
  const words = [
    hexOf(key.seed),
    fleet.root.fleet,
    certificate,
    agent.wire.addresses()[0]!,
    temporaryFolder(t),
  ];
  const child = spawn(process.execPath, [script, ...words], { stdio: ['ignore', 'inherit', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await agent.ears.hears('connected');
  return { agent, process: child, key };
}

test('a killed peer is noticed at once, and a shard on its way ends as unreachable', async (t) => {
  const { agent, process: child, key } = await meetProcess(t);
  const pack = testPack(8_000_000);
  await agent.disk.stage(pack.descriptor, pack.shards);
  const shard = { place: 'outbox', pack: pack.descriptor.pack, index: 0 } as const;
  // Stopped first, so that the transfer cannot be over before the kill.
  child.kill('SIGSTOP');
  const sent = new Promise<SendOutcome>((resolve) => agent.wire.sendShard(key.peer, shard, resolve));
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.is(await sent, 'unreachable');
  await agent.ears.hears('disconnected');
  t.is(agent.ears.count('disconnected'), 1);
});

test('a peer that hangs is given up after the longest silence of a ping', async (t) => {
  const { agent, process: child } = await meetProcess(t, { pingEveryMs: 200, pingSilenceMsMax: 1000 });
  child.kill('SIGSTOP');
  await agent.ears.hears('disconnected');
  t.is(agent.ears.count('disconnected'), 1);
});
