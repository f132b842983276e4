// Where a machine says that it can be dialled, while its networks come and go.

import test from 'ava';
import { minutes, seconds, unixMs } from '../../datasets/index.ts';
import { ownAddressesSayMs } from '../../agent/live/limits.ts';
import { OwnAddresses } from '../../agent/live/own-addresses.ts';

const loopback = '/ip4/127.0.0.1/tcp/4001';
const desk = '/ip4/192.168.1.7/tcp/4001';
const tunnel = '/ip4/10.8.0.3/tcp/4001';

function machineWith(first: readonly string[]) {
  const machine = { listening: first, said: [] as readonly string[], sayings: 0 };
  const own = new OwnAddresses({
    addresses: () => machine.listening,
    core: { membership: { self: 'self', addressesOf: () => machine.said } },
    shell: {
      handle: (event: { readonly records: readonly { readonly addresses: readonly string[] }[] }) => {
        machine.said = event.records[0]!.addresses;
        machine.sayings++;
      },
    },
  } as never);
  let now = unixMs(1e12);
  own.sayFirst(now);
  const live = (forMs: number): void => {
    for (const endMs = now + forMs; now < endMs; now = unixMs(now + seconds(1))) own.tick(now);
  };
  return { machine, live };
}

test('a network that comes after the start is said within two minutes', (t) => {
  const { machine, live } = machineWith([loopback]);
  t.deepEqual(machine.said, [loopback], 'at a start whatever there is');
  live(minutes(1));
  machine.listening = [loopback, desk];
  live(minutes(2));
  t.deepEqual(machine.said, [loopback, desk]);
  live(minutes(60));
  machine.listening = [desk, loopback];
  live(minutes(60));
  t.is(machine.sayings, 2, 'the same ones are said once, in whatever order they come');
});

test('a network that is gone changes nothing until there is another one', (t) => {
  const { machine, live } = machineWith([loopback, desk]);
  machine.listening = [loopback];
  live(minutes(60));
  t.deepEqual(machine.said, [loopback, desk]);
  machine.listening = [loopback, tunnel];
  live(minutes(2));
  t.deepEqual(machine.said, [loopback, tunnel]);
});

test('a tunnel that comes and goes all day is said now and then only', (t) => {
  const { machine, live } = machineWith([loopback, desk]);
  const dayMs = 24 * minutes(60);
  for (let atMs = 0; atMs < dayMs; atMs += minutes(4)) {
    machine.listening = atMs % minutes(8) === 0 ? [loopback, desk, tunnel] : [loopback, desk];
    live(minutes(4));
  }
  t.true(machine.sayings > 2 && machine.sayings <= 1 + dayMs / ownAddressesSayMs, String(machine.sayings));
  live(minutes(11));
  t.deepEqual(machine.said, [loopback, desk], 'and in the end as it is');
});
