// A swarm keeps to its time, and whoever stops it keeps what it has counted.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { drawOptions, faultNames, simulate } from '../../agent/simulation/index.ts';
import { SwarmTally } from '../../cli/swarm-tally.ts';
import { takeTime } from '../helpers/waiting.ts';

const program = fileURLToPath(new URL('../../cli/simulate.ts', import.meta.url));

function startSwarm(
  t: ExecutionContext,
  swarmMinutes: number,
  ...others: readonly string[]
): { readonly child: ChildProcessByStdio<null, Readable, null>; readonly json: string } {
  const folder = mkdtempSync(join(tmpdir(), 'drey-swarm-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const json = join(folder, 'swarm.json');
  const args = ['--swarm', `${swarmMinutes}`, '--jobs', '1', '--seed', 'stopped', '--json', json, ...others];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  return { child, json };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`a swarm that is stopped by ${signal} says its sums and writes them`, async (t) => {
    takeTime(t);
    const { child, json } = startSwarm(t, 60);
    child.stdout.once('data', () => child.kill(signal));
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const said = await text(child.stdout);
    t.is(await ended, 0);
    t.regex(said, new RegExp(`stopped by ${signal}`, 'u'));
    t.regex(said, /\d+ runs, \d+ simulated days/u);
    const written = JSON.parse(readFileSync(json, 'utf8')) as Record<string, unknown>;
    t.true(Number(written['tookSeconds']) < 60);
    t.deepEqual(written['failures'], []);
  });
}

test('a swarm ends the runs that are going when its time is over', async (t) => {
  takeTime(t);
  const { child, json } = startSwarm(t, 0.01);
  const said = await text(child.stdout);
  t.regex(said, /\d+ runs, \d+ simulated days/u);
  const written = JSON.parse(readFileSync(json, 'utf8')) as Record<string, unknown>;
  t.true(Number(written['tookSeconds']) < 30);
});

test('a swarm that counts the processor ends by that, whatever the clock says', async (t) => {
  takeTime(t);
  const { child, json } = startSwarm(t, 0.03, '--cpu');
  const said = await text(child.stdout);
  t.regex(said, /of the processor's time/u);
  const written = JSON.parse(readFileSync(json, 'utf8')) as Record<string, unknown>;
  t.true(Number(written['processorSeconds']) >= 1.8);
});

test('every failure is kept, with the smallest run that breaks the promise', (t) => {
  const options = { ...drawOptions('tally', faultNames), agentCount: 4, days: 1 };
  const report = simulate(options);
  const tally = new SwarmTally();
  tally.count({ kind: 'ran', seed: 'well', options, report, tookMs: 1 });
  t.true(tally.isWell);
  const broken = { ...report, violations: [{ check: 'known', text: 'nobody knows it' }] as const };
  tally.count({ kind: 'ran', seed: 'broken', options, report: broken, tookMs: 3 });
  tally.count({ kind: 'ran', seed: 'broken too', options, report: broken, tookMs: 2 });
  t.false(tally.isWell);
  t.deepEqual(
    tally.failures.map(({ seed }) => seed),
    ['broken', 'broken too'],
  );
  t.is(tally.sums.runs, 3);
  t.is(tally.sums.longestSeed, 'broken');
  t.regex(
    tally.lineOf({ clockMs: 3000, processorMs: 1000 }, ['next for 1.0 s']),
    /^3\.0 s \(1\.0 s of the processor\): 3 runs, 3 simulated days, \d+ events, \d+ faults, 2 failed; now next/u,
  );
});
