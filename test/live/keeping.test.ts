// What the owner's keeper does with what an earlier run of the agent had begun to give up.

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { AgentRecord } from '../../agent/codec/index.ts';
import { driveId, type PackId, packId } from '../../agent/units.ts';
import type { LiveAgent } from '../../agent/live/agent.ts';
import type { RunningDrive } from '../../agent/live/running-drive.ts';
import { homeAt, writeJson } from '../../agent/live/home.ts';
import { Keeper } from '../../agent/live/keeping.ts';
import { temporaryFolder } from '../helpers/agents.ts';

const drive = driveId('ab'.repeat(16));
const packs = ['1', '2'].map((digit) => packId(digit.repeat(64)));

test('what was intended before a crash is dropped from the state first, then said to all, then forgotten', async (t) => {
  const home = homeAt(temporaryFolder(t, 'keeper'));
  mkdirSync(home.drives);
  const intention = join(home.drives, `${drive}.given-up.json`);
  writeJson(intention, { version: 1, packs });
  const steps: string[] = [];
  const writeWhenSure = (records: readonly AgentRecord[]): Promise<void> => {
    const [record] = records;
    steps.push(record?.kind === 'forget' ? `published ${record.packs.length / 32}` : 'wrong');
    return steps.length === 2 ? Promise.reject(new Error('killed')) : Promise.resolve();
  };
  const running = {
    stored: { drive },
    snapshotter: {
      drop: async (dropped: readonly PackId[]) => void steps.push(`dropped ${dropped.length}`),
    },
  } as unknown as RunningDrive;
  const agent = { ownWords: { writeWhenSure } } as unknown as LiveAgent;

  await t.throwsAsync(new Keeper(agent, { home, report: () => {} }).resume(running), { message: 'killed' });
  t.true(existsSync(intention));
  const keeper = new Keeper(agent, { home, report: () => {} });
  await keeper.resume(running);
  await keeper.resume(running);
  t.deepEqual(steps, ['dropped 2', 'published 2', 'dropped 2', 'published 2']);
  t.false(existsSync(intention));
});
