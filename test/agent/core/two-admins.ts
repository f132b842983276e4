// A fleet of two admins, a machine that holds shards of a third one's drive, and what admins say of deletions.

import {
  type AdminKey,
  createAdminKey,
  describePack,
  fleetRootFromSeed,
  type MachineKey,
  type PackDescriptor,
  type RootWord,
  signStatement,
  type Statement,
  type Wipe,
  type WipeWord,
} from '../../../agent/codec/index.ts';
import { AgentCore, type CoreEvent, type Effects, type HeardForget } from '../../../agent/core/index.ts';
import { driveId, wipeId } from '../../../agent/units.ts';
import { days, hours, type UnixMs, unixMs } from '../../../datasets/index.ts';
import { createStatementOpener } from '../../../agent/simulation/statements.ts';
import { batchOf, machines, startMs } from './fleet-of-four.ts';

export const root = fleetRootFromSeed(new Uint8Array(32).fill(11));
const life = { notBeforeMs: startMs, forMs: days(60) };
export const [holder, first, second, owner] = machines;
export const drive = driveId('ab'.repeat(16));
export const other = driveId('cd'.repeat(16));
export const wipe = wipeId('ef'.repeat(16));
const open = createStatementOpener();

export const keyOf = (word?: RootWord): AdminKey => createAdminKey(root, life, word);
export const said = (by: AdminKey, statement: Statement) => ({
  kind: 'statement' as const,
  bytes: signStatement(by, statement).bytes,
});
export const asking = (scope: Wipe['scope'] = 'drive'): Statement => ({
  kind: 'wipe',
  wipe,
  drive,
  scope,
  reason: 'asked for by law',
  atMs: startMs,
});
export const word = (which: 'agree' | 'stop', about?: WipeWord['about']): Statement => ({
  kind: 'wipeWord',
  wipe,
  word: which,
  ...(about === undefined ? {} : { about }),
  reason: 'seen',
  atMs: startMs,
});
export const certificate = (key: MachineKey): Statement => ({
  kind: 'certificate',
  peer: key.peer,
  name: 'pc',
  roles: ['admin', 'holder'],
  notBeforeMs: startMs,
  notAfterMs: unixMs(startMs + days(50)),
});

export const packOf = (byte: number, of = drive): PackDescriptor =>
  describePack(new Uint8Array(100).fill(byte), {
    owner: owner.peer,
    drive: of,
    placementClass: 'small',
    redundancy: { k: 1, n: 3 },
  }).descriptor;

/** A holder with shards of some packs, at the start or after a restart. */
export function holderOf(packs: readonly PackDescriptor[], heard: readonly HeardForget[] = []): AgentCore {
  const core = new AgentCore({
    self: holder.peer,
    fleet: root.fleet,
    fraction: () => 0.5,
    openStatement: open,
  });
  const stored = packs.map((descriptor) => ({ place: 'held' as const, descriptor, index: 1 }));
  core.handle({ kind: 'started', stored, staged: [], heard, now: startMs });
  return core;
}

export const after = (ms: number): UnixMs => unixMs(startMs + ms);
const tell = (core: AgentCore, event: CoreEvent) =>
  core.handle(event).filter(({ kind }) => kind === 'removeShard' || kind === 'noteForget');
export const tickOnce = (core: AgentCore, ms: number) => tell(core, { kind: 'tick', now: after(ms) });
const tickedMs = new WeakMap<AgentCore, number>();

/** A machine that has been awake until then for long enough to free something. */
export function tick(core: AgentCore, ms: number): Effects {
  const times = [2, 1, 0].map((hoursBefore) => ms - hours(hoursBefore));
  const left = times.filter((at) => at >= (tickedMs.get(core) ?? Number.NEGATIVE_INFINITY));
  tickedMs.set(core, ms);
  return left.flatMap((at) => tickOnce(core, at));
}

export const hear = (core: AgentCore, batch: ReturnType<typeof batchOf>, ms: number) =>
  tell(core, { kind: 'batchStored', batch, now: after(ms) });

export const adminOne = keyOf();
export const adminTwo = keyOf();
export const founding = [
  batchOf(first, [said(adminOne, certificate(first))], 0),
  batchOf(second, [said(adminTwo, certificate(second))], 0),
];
export const ask = batchOf(first, [said(adminOne, asking())], 1);
export const agreement = batchOf(second, [said(adminTwo, word('agree'))], 1);

export function founded(packs: readonly PackDescriptor[], heard: readonly HeardForget[] = []): AgentCore {
  const core = holderOf(packs, heard);
  for (const batch of founding) hear(core, batch, 0);
  return core;
}
