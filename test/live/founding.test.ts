// Making a fleet where something cannot be written: it is said, and nothing of it stays in the way of the next try.

import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { createInvite } from '../../agent/codec/index.ts';
import { type DreyError, localTimeText, unixMs } from '../../datasets/index.ts';
import { becomeAdmin, createFleet, joinFleet } from '../../agent/live/founding.ts';
import { homeAt } from '../../agent/live/home.ts';
import { fleetId } from '../../agent/units.ts';
import { readIdentity } from '../../agent/live/identity.ts';
import { temporaryFolder } from '../helpers/agents.ts';
import { fillDisk, mountSmallDisk } from '../helpers/small-disk.ts';

const names = { fleetName: 'Example Works', machineName: 'pc-01', quotaBytes: 0 };

test('a disk with room for the kit alone gets no fleet and keeps no kit, and with room it gets one', (t) => {
  const home = temporaryFolder(t, 'founding');
  if (!mountSmallDisk(t, home, '4m')) return;
  // Room for the kit, the key of the admin and the settings, a page each.
  const free = fillDisk(home, 3 * 4096);
  t.throws(() => createFleet({ home, ...names }), { code: 'disk-full' });
  t.false(readdirSync(home).includes('recovery-kit.drey'));
  t.false(readdirSync(home).includes('admin.json'));
  free();
  t.notThrows(() => createFleet({ home, ...names }));
});

test('a kit that cannot be written makes no fleet', (t) => {
  const home = temporaryFolder(t, 'founding');
  const file = join(home, 'a-file');
  writeFileSync(file, '');
  t.throws(() => createFleet({ home, ...names, kitFile: join(file, 'kit.drey') }), {
    code: 'kit-unwritable',
  });
  rmSync(file);
  t.notThrows(() => createFleet({ home, ...names }));
});

test('a key of an admin that is damaged is replaced by the recovery kit, as its words advise', async (t) => {
  const home = temporaryFolder(t, 'founding');
  const { kitFile, passphrase } = createFleet({ home, ...names });
  const file = join(home, 'admin.json');
  truncateSync(file, 30);
  const error = t.throws<DreyError>(() => readIdentity(homeAt(home)), { code: 'home-file-damaged' });
  t.regex(error.advice, /drey fleet admin --kit/u);
  await becomeAdmin({ home, kitFile, passphrase: passphrase! });
  t.true(readIdentity(homeAt(home)).adminKey !== undefined);
});

test('an invite that is over says since when, and what the clock of who reads it says: one that is ahead ends all invites', async (t) => {
  const home = join(temporaryFolder(t, 'founding'), 'home');
  const fleet = fleetId('ab'.repeat(32));
  const notAfterMs = unixMs(Date.UTC(2026, 2, 1, 14, 30));
  const { text: invite } = createInvite({ fleet, usesMax: 1, notAfterMs, addresses: [] });
  const error = await t.throwsAsync<DreyError>(
    joinFleet({ home, invite, machineName: 'pc-02', quotaBytes: 0 }),
    { code: 'invite-expired' },
  );
  const [before, clock, ...none] = error.message.split('; the clock here says ');
  t.deepEqual([before, none], [`the invite expired at ${localTimeText(notAfterMs)}`, []]);
  t.regex(clock ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d$/u);
});
