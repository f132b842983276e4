// The agent's log file on a disk that takes nothing, and one that has grown long.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openAgentLog } from '../../agent/live/agent-log.ts';
import { logFileBytesMax } from '../../agent/live/limits.ts';
import { temporaryFolder } from '../helpers/agents.ts';

test('a disk that takes no line is told to who writes, and ends nothing', async (t) => {
  if (!existsSync('/dev/full')) {
    t.log('skipped: this system has no /dev/full');
    t.pass();
    return;
  }
  const agentLog = openAgentLog('/dev/full');
  for (let line = 0; line < 50; line++) agentLog.logger.info({ line }, 'x'.repeat(1000));
  t.notThrows(() => agentLog.turnOver());
  // Without a listener for what the disk answers, this process would end here.
  await t.notThrowsAsync(agentLog.close());
});

test('a long log becomes the older one, and a new one begins', async (t) => {
  const file = join(temporaryFolder(t, 'log'), 'agent.log');
  writeFileSync(file, 'first\n');
  const agentLog = openAgentLog(file);
  agentLog.turnOver();
  t.false(existsSync(`${file}.1`), 'a short one goes on');
  writeFileSync(file, Buffer.alloc(logFileBytesMax, 'x'));
  agentLog.turnOver();
  agentLog.logger.info('second');
  await agentLog.close();
  t.is(readFileSync(`${file}.1`).length, logFileBytesMax);
  t.regex(readFileSync(file, 'utf8'), /"second"/u);
});
