// Which port an agent takes that may take any.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { DreyError } from '../../datasets/index.ts';
import { listenAsBefore } from '../../agent/live/kept-port.ts';
import type { LiveWire } from '../../agent/live/wire/index.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const taken = new DreyError({ code: 'port-in-use', message: 'taken', advice: 'none' });

function trialOf(t: ExecutionContext) {
  const portFile = join(temporaryFolder(t, 'port'), 'port.json');
  const asked: string[] = [];
  let free = 40_000;
  const listen = async (address: string, isTaken: (address: string) => boolean = () => false) => {
    const create = (addresses: readonly string[]): Promise<LiveWire> => {
      asked.push(addresses.join());
      if (isTaken(addresses.join())) return Promise.reject(taken);
      const got = addresses.map((one) => one.replace(/\/tcp\/0$/u, () => `/tcp/${free++}`));
      return Promise.resolve({ addresses: () => got } as unknown as LiveWire);
    };
    return (await listenAsBefore({ portFile }, [address], create)).addresses()[0];
  };
  return { listen, asked, portFile };
}

test('the port of the last run is taken again, and another one where it is not free', async (t) => {
  const { listen, asked } = trialOf(t);
  const any = '/ip4/127.0.0.1/tcp/0';
  t.is(await listen(any), '/ip4/127.0.0.1/tcp/40000');
  t.is(await listen(any), '/ip4/127.0.0.1/tcp/40000');
  t.is(await listen(any, (address) => address.endsWith('/40000')), '/ip4/127.0.0.1/tcp/40001');
  t.is(await listen(any), '/ip4/127.0.0.1/tcp/40001', 'the new one is kept from then on');
  t.is(asked.length, 5);
});

test('a port that a person named is neither changed nor kept', async (t) => {
  const { listen, portFile } = trialOf(t);
  const named = '/ip4/0.0.0.0/tcp/4001';
  t.is(await listen(named), named);
  t.is(await listen('/ip4/127.0.0.1/tcp/0'), '/ip4/127.0.0.1/tcp/40000');
  t.is(await t.throwsAsync(listen(named, () => true)), taken);
  writeFileSync(portFile, 'broken');
  t.is(await listen('/ip4/127.0.0.1/tcp/0'), '/ip4/127.0.0.1/tcp/40001', 'a broken file stops nothing');
});
