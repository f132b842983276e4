// One statement of every kind that admins sign.

import type { RootWord, Statement } from '../../../agent/codec/index.ts';
import { driveId, inviteId, wipeId } from '../../../agent/units.ts';
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

const wipe = wipeId(hexId('wipe').slice(0, 32));

/** Kinds that there are since version 2. */
export const laterStatements: Readonly<Record<string, Statement>> = {
  'admin-revocation': {
    kind: 'adminRevocation',
    admin: hexId('admin'),
    log: holder.peer,
    before: 17,
    reason: 'stolen',
    atMs,
  },
  'person-revocation': { kind: 'personRevocation', person: hexId('person'), reason: 'has left', atMs },
  wipe: {
    kind: 'wipe',
    wipe,
    drive: driveId(hexId('drive').slice(0, 32)),
    scope: 'given up',
    reason: 'asked for by law',
    atMs,
  },
  'wipe-word': { kind: 'wipeWord', wipe, word: 'agree', reason: 'seen', atMs },
  'wipe-rule': { kind: 'wipeRule', adminCount: 3, waitMs: 604_800_000, atMs },
};

/** What those of version 2 say more exactly since version 3. */
export const exactStatements: Readonly<Record<string, Statement>> = {
  'admin-revocation': {
    kind: 'adminRevocation',
    admin: hexId('admin'),
    log: holder.peer,
    before: 17,
    hash: hexId('batch 16'),
    more: [
      { log: owner.peer, before: 3, hash: hexId('batch 2') },
      { log: holder.peer, before: 9 },
    ],
    reason: 'stolen',
    atMs,
  },
  'wipe-word': {
    kind: 'wipeWord',
    wipe,
    word: 'agree',
    about: { drive: driveId(hexId('drive').slice(0, 32)), scope: 'given up' },
    reason: 'seen',
    atMs,
  },
};

/** Kinds that there are since version 4. */
export const latestStatements: Readonly<Record<string, Statement>> = {
  'plan-approval': {
    kind: 'planApproval',
    log: holder.peer,
    sequence: 47,
    hash: hexId('batch 47'),
    epoch: 18,
    atMs,
  },
};

/** What a root says with an admin's certificate of version 3. */
export const rootWordWithLogs: RootWord = {
  ended: [
    { admin: hexId('admin'), log: holder.peer, before: 17, more: [{ log: owner.peer, before: 3 }] },
    { admin: hexId('another admin'), log: owner.peer, before: 1, more: [{ log: holder.peer, before: 2 }] },
  ],
  wipeRule: { adminCount: 2, waitMs: 86_400_000, atMs },
};

/** What a root says with an admin's certificate of version 2. */
export const rootWord: RootWord = {
  ended: [{ admin: hexId('admin'), log: holder.peer, before: 17 }],
  wipeRule: { adminCount: 2, waitMs: 86_400_000, atMs },
};
