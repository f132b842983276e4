// One statement of every kind that admins sign.

import type { Statement } from '../../../agent/codec/index.ts';
import { inviteId } from '../../../agent/units.ts';
import { unixMs } from '../../../datasets/index.ts';
import { atMs, hexId, holder, owner } from './sample-seeds.ts';

export const statements: Readonly<Record<string, Statement>> = {
  certificate: {
    kind: 'certificate',
    peer: holder.peer,
    name: 'pc-02',
    roles: ['holder', 'optimizer'],
    notBeforeMs: atMs,
    notAfterMs: unixMs(atMs + 1e9),
    invite: inviteId(hexId('invite').slice(0, 32)),
  },
  invite: {
    kind: 'invite',
    invite: inviteId(hexId('invite').slice(0, 32)),
    publicKey: hexId('public key'),
    usesMax: 20,
    notAfterMs: unixMs(atMs + 1e9),
  },
  revocation: { kind: 'revocation', revoked: holder.peer, reason: 'stolen', atMs },
  pardon: { kind: 'pardon', machine: holder.peer, reason: 'a new disk was put in', atMs },
  policy: {
    kind: 'policy',
    fleetName: 'Müller & Söhne',
    atMs,
    holderSilenceMs: 151_200_000,
    planMode: 'review',
  },
  'policy-with-target': {
    kind: 'policy',
    fleetName: 'Müller & Söhne',
    atMs,
    holderSilenceMs: 324_000_000,
    planMode: 'automatic',
    holdMoveShare: 0.3,
    target: { share: 0.9999, hours: 'business' },
  },
  'policy-with-limits': {
    kind: 'policy',
    fleetName: 'Müller & Söhne',
    atMs,
    holderSilenceMs: 324_000_000,
    planMode: 'automatic',
    limits: {
      vetoes: [owner.peer],
      apart: ['subnet', 'gateway'],
      pins: [{ group: 's1.3-2', machine: owner.peer }],
      movedBytesPerWeek: 2 ** 40,
    },
  },
  'policy-with-widths': {
    kind: 'policy',
    fleetName: 'Müller & Söhne',
    atMs,
    holderSilenceMs: 324_000_000,
    planMode: 'automatic',
    limits: {
      vetoes: [],
      apart: [],
      pins: [],
      takenBytesPerWeek: 2 ** 38,
      givenBytesPerWeek: 2 ** 37,
      scatterMin: 10,
      scatterMax: 40,
    },
  },
};
