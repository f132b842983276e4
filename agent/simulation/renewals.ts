// Certificates that end soon, and an admin's agent that renews them, as the live one does: once an hour, by the core's word. Whoever was up beside it
// is certified for as long as a new certificate is.

import { days, hours, type UnixMs, unixMs } from '../../datasets/index.ts';
import { type MachineCertificate, signStatement } from '../codec/index.ts';
import { certificatesToRenew } from '../core/index.ts';
import { certificateMs, certificateRenewMs, renewalsEveryMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { Fleet } from './fleet.ts';
import type { Machine } from './machine.ts';
import type { Faults } from './options.ts';
import type { Scheduler } from './scheduling.ts';
import { Standing } from './standing.ts';

/** Shorter than the admin's own key: what is signed with that ends with it. */
const renewedForMs = certificateMs / 2;
/** Awake for so long, and an admin's agent has looked some times. */
const awakeMsMin = hours(6);

/** When the certificates of the first machines end. */
export const firstEndMs = ({ shortCertificateDays }: Faults, startMs: UnixMs): UnixMs =>
  unixMs(startMs + (shortCertificateDays === 0 ? certificateMs : days(shortCertificateDays)));

/** By the first machine that is left, which is the admin's own. */
export function scheduleRenewals({ fleet }: Scheduler): void {
  if (fleet.options.faults.shortCertificateDays === 0) return;
  const look = (): void => {
    const admin = adminOf(fleet);
    if (admin !== undefined) renew(fleet, admin);
    fleet.queue.schedule(fleet.queue.nowMs + renewalsEveryMs, look);
  };
  look();
}

const adminOf = ({ machines }: Fleet): Machine | undefined =>
  machines.find(({ isDestroyed, isRevoked, hasLied }) => !isDestroyed && !isRevoked && !hasLied);

function renew(fleet: Fleet, { shell, peer, isUp }: Machine): void {
  if (!isUp || shell?.mayPublish !== true) return;
  const { membership } = shell.core;
  const now = shell.clock.now();
  const own = membership.certificateOf(peer);
  if (own === undefined) return;
  if (!own.roles.includes('admin')) {
    // That it is an admin ends as soon as all else does.
    const notAfterMs = unixMs(own.notAfterMs + 1);
    const bytes = signed(fleet, { ...own, roles: [...own.roles, 'admin'], notAfterMs });
    shell.publish([{ kind: 'statement', bytes }], () => fleet.noteFault('admin who renews certificates'));
    return;
  }
  const records = certificatesToRenew(membership, now)
    .filter((one) => isOfFirst(fleet, one))
    .map((one) => {
      const bytes = signed(fleet, { ...one, notAfterMs: unixMs(now + renewedForMs) });
      return { kind: 'statement', bytes } as const;
    });
  if (records.length > 0) shell.publish(records, () => fleet.noteFault('certificates renewed'));
}

const signed = ({ admins, startMs }: Fleet, certificate: MachineCertificate): Uint8Array =>
  signStatement(admins[0], { ...certificate, notBeforeMs: startMs }).bytes;

/** Who came later is certified for long, or by whoever had a right to it. */
const isOfFirst = (fleet: Fleet, { peer }: MachineCertificate): boolean =>
  (fleet.machineOf(peer)?.index ?? Number.POSITIVE_INFINITY) < fleet.options.agentCount;

/** Machines beside an admin's agent whose certificates are about to end. */
const ending = new Standing<PeerId>();

/** Of whoever has been beside an admin's agent no certificate is about to end; nor that agent's own. */
export function lookAtRenewals(fleet: Fleet): void {
  const { checks, guards, machines, options, queue } = fleet;
  const admin = adminOf(fleet);
  const { shell } = admin ?? {};
  if (options.faults.shortCertificateDays === 0 || admin === undefined || shell === undefined) return;
  const isLong = (machine: Machine): boolean => machine.awakeMs(queue.nowMs) >= awakeMsMin;
  const { membership } = shell.core;
  if (!isLong(admin) || !membership.hasRole(admin.peer, 'admin') || !shell.mayPublish) return;
  const stands = ending.look(shell, queue.nowMs);
  const isBeside = (peer: PeerId): boolean =>
    peer === admin.peer || (!membership.isSparse && membership.up.has(peer));
  for (const machine of machines.slice(0, options.agentCount)) {
    if (!isLong(machine) || !isBeside(machine.peer) || machine.isRevoked) continue;
    checks.counts.admins++;
    const notAfterMs = membership.certificateOf(machine.peer)?.notAfterMs ?? 0;
    if (notAfterMs - shell.clock.now() >= certificateRenewMs / 2) continue;
    if (stands(machine.peer) >= awakeMsMin)
      guards.violate('admins', machine, 'is beside an admin for hours, and its certificate is about to end');
  }
}
