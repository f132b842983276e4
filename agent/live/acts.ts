// The log of what admins did: read out of the signed logs of all machines, and kept whole there. Writes a record only for acts that leave none.

import { type UnixMs, unixMs } from '../../datasets/index.ts';
import { servingEntries } from '../../models/index.ts';
import type { ActRecord } from '../codec/index.ts';
import type { ActsAnswer, CallRequest, LimitsAnswer } from '../control/index.ts';
import { type Act, ActList } from '../core/index.ts';
import type { LiveAgent } from './agent.ts';

/** Acts since a moment, oldest first; with `check` also whether the logs that they stand in are whole. */
export async function listActs(
  agent: LiveAgent,
  { sinceMs, check }: CallRequest<'acts'>,
): Promise<ActsAnswer> {
  const { membership, replication } = agent.core;
  const list = new ActList(membership.fleet);
  for await (const batch of agent.readFacts()) list.add(batch, check ? 'check' : 'stored');
  const nameOf = (peer: string): string =>
    membership.machines
      .filter((machine) => machine === peer)
      .map((machine) => membership.certificateOf(machine)?.name)[0] ?? peer;
  /** A policy may be about many machines. */
  const named = ({ act, about, detail }: Act): string =>
    (act === 'policy-set' ? membership.machines : about === undefined ? [] : [about]).reduce<string>(
      (text, peer) => text.replaceAll(peer, nameOf(peer)),
      detail,
    );
  const acts = list.acts
    .filter(({ atMs }) => atMs >= (sinceMs ?? 0))
    .map((act) => ({ ...act, machineName: nameOf(act.machine), detail: named(act) }));
  if (!check) return { acts };
  const forked = membership.machines.filter((peer) => replication.isForked(peer));
  const { findings, ...counts } = list.check(replication.knownFacts, forked);
  return {
    acts,
    check: {
      ...counts,
      findings: findings.map((finding) => ({ ...finding, machineName: nameOf(finding.machine) })),
    },
  };
}

/** Writes down an act of this machine's person; on the disk when it resolves. */
export const noteAct = (agent: LiveAgent, act: ActRecord['act'], about: string): Promise<void> =>
  agent.ownWords.write([{ kind: 'act', act, about: about.slice(0, 128), atMs: agent.now() }]);

/** What a machine's person allows now, in a few words: hours and rates are for its own status. */
export const limitsText = ({ rules, onMetered, priority }: LimitsAnswer): string =>
  [
    rules.length === 0 ? 'no rules' : rules.length === 1 ? 'one rule' : `${rules.length} rules`,
    onMetered === 'pause' ? 'rests on metered lines' : 'goes on on metered lines',
    `${priority} priority`,
  ].join(', ');

/** Of one look; older ones follow with the next. */
const promotionsMax = 64;

/** Promotions and roll-backs of models since `notedMs`: commands do them in the folder of models, whether the agent runs or not. */
export function promotionsSince(registryFolder: string, notedMs: UnixMs): readonly ActRecord[] {
  return servingEntries(registryFolder)
    .filter(({ atMs }) => Math.round(atMs) > notedMs)
    .slice(0, promotionsMax)
    .map(({ atMs, action, version }) => ({
      kind: 'act',
      act: action === 'promoted' ? 'model-promoted' : 'model-rolled-back',
      about: (version ?? 'each training as its own gate says').slice(0, 128),
      atMs: unixMs(Math.round(atMs)),
    }));
}
