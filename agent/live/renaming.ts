// Another name for a machine: a new certificate of it by an admin, which its own agent takes as it takes one that was renewed.

import { unixMs } from '../../datasets/index.ts';
import type { MachineCertificate } from '../codec/index.ts';
import type { CallAnswers, CallRequest } from '../control/index.ts';
import { isValidAt } from '../core/index.ts';
import type { LiveAgent } from './agent.ts';
import { certificateFor } from './founding.ts';
import { machineNamed } from './machine-names.ts';
import { settledName } from './names.ts';
import { wrong } from './wrong.ts';

/** Of several certificates of a machine the one that ends last counts: this one ends after the one before, also where that was signed ahead of time. */
function renamed(
  known: MachineCertificate,
  name: string,
  now: ReturnType<LiveAgent['now']>,
): MachineCertificate {
  const next = certificateFor({ ...known, name }, now);
  return { ...next, notAfterMs: unixMs(Math.max(next.notAfterMs, known.notAfterMs + 1)) };
}

/**
 * Gives a machine, by its name, short or peer id, another name. Throws `not-an-admin`, `target-unknown`, `target-ambiguous`, `name-unusable`,
 * `name-taken`, `machine-out`, `not-renamed`.
 */
export async function renameMachine(
  agent: LiveAgent,
  wish: CallRequest<'rename'>,
): Promise<CallAnswers['rename']> {
  const { membership } = agent.core;
  const peer = machineNamed(agent, wish.machine);
  const name = settledName(wish.name, 'machine');
  const known = membership.certificateOf(peer);
  if (known === undefined || membership.isRevoked(peer) || !isValidAt(known, agent.now()))
    throw wrong(
      'machine-out',
      `${membership.nameOf(peer)} was put out, or its certificate has ended`,
      'Let it join again with a new invite and `--name`.',
    );
  const before = known.name;
  if (name === before) return { peer, before, name, changed: false };
  const other = membership.machines.find(
    (one) => one !== peer && !membership.isRevoked(one) && membership.nameOf(one) === name,
  );
  if (other !== undefined)
    throw wrong(
      'name-taken',
      `another machine is called "${name}": ${other}`,
      'Take a name that no machine has.',
    );
  await agent.declare(renamed(known, name, agent.now()));
  if (membership.nameOf(peer) !== name)
    throw wrong(
      'not-renamed',
      `the certificate of ${before} holds as long as this machine's admin key can sign for, so that no newer one counts`,
      'Do it on a machine whose admin key is newer.',
    );
  return { peer, before, name, changed: true };
}
