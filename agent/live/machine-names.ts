// Which machine a person means by a name, and what is said of several. Names are no ids: a machine that was set up anew has its old one, and a guest may take anybody's.

import { listText } from '../../datasets/index.ts';
import type { Membership } from '../core/index.ts';
import { type PeerId, shortIdOf } from '../units.ts';
import type { MachineView } from '../view.ts';
import type { LiveAgent } from './agent.ts';
import { wrong } from './wrong.ts';

type Members = Pick<Membership, 'machines' | 'certificateOf' | 'isRevoked'>;

/** The same machines; those that share a name, be they in the fleet or put out, with what tells them apart. */
export function toldApart(machines: readonly MachineView[]): readonly MachineView[] {
  const alike = Map.groupBy(machines, ({ name }) => name);
  return machines.map((machine) =>
    alike.get(machine.name)?.length === 1 ? machine : { ...machine, shortId: shortIdOf(machine.peer) },
  );
}

const namedMax = 3;

/** What machines are called in a sentence: a few by name. */
export const namesText = (membership: Pick<Membership, 'nameOf'>, peers: readonly PeerId[]): string =>
  listText(
    peers.map((peer) => membership.nameOf(peer)),
    namedMax,
  );

/** What a machine is called in a command: its peer id where its name is not one word, or not its alone. */
export function targetOf(
  { membership }: { readonly membership: Pick<Membership, 'machines' | 'nameOf'> },
  peer: PeerId,
): string {
  const name = membership.nameOf(peer);
  const isItsAlone = membership.machines.every(
    (other) => other === peer || membership.nameOf(other) !== name,
  );
  return isItsAlone && /^\w[\w.-]*$/u.test(name) ? name : peer;
}

/** The machine of a peer id, a name, or the short id behind one; of several the only one that was not put out. Throws `target-ambiguous`. */
export function machineCalled(membership: Members, wanted: string): PeerId | undefined {
  const { machines } = membership;
  const peer = machines.find((one) => one === wanted);
  if (peer !== undefined) return peer;
  const named = machines.filter(
    (one) => membership.certificateOf(one)?.name === wanted || shortIdOf(one) === wanted,
  );
  const inside = named.filter((one) => !membership.isRevoked(one));
  if (inside.length <= 1) return inside[0] ?? named[0];
  throw wrong(
    'target-ambiguous',
    `${inside.length} machines are called "${wanted}": ${inside.join(', ')}`,
    'Name the one that you mean by its peer id.',
  );
}

/** The same where there must be one. Throws `target-unknown`, `target-ambiguous`. */
export function machineNamed({ core: { membership } }: LiveAgent, wanted: string): PeerId {
  const found = machineCalled(membership, wanted);
  if (found !== undefined) return found;
  throw wrong(
    'target-unknown',
    `no machine is called "${wanted}"`,
    'Take a name from `drey status`, or the id behind one that several machines have.',
  );
}
