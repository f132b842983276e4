// Which machine a person means by a name. Names are no ids: a machine that was set up anew has its old one, and a guest may take anybody's.

import type { Membership } from '../core/index.ts';
import type { PeerId } from '../units.ts';
import type { LiveAgent } from './agent.ts';
import { wrong } from './wrong.ts';

/** The machine of a peer id or a name; of several with one name the only one that was not put out. Throws `target-ambiguous`. */
export function machineCalled(
  membership: Pick<Membership, 'machines' | 'certificateOf' | 'isRevoked'>,
  wanted: string,
): PeerId | undefined {
  const { machines } = membership;
  const peer = machines.find((one) => one === wanted);
  if (peer !== undefined) return peer;
  const named = machines.filter((one) => membership.certificateOf(one)?.name === wanted);
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
    'Take a name or peer id from `drey status`.',
  );
}
