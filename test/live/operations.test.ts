// Real agents that are watched: problems as alerts over HTTP, metrics over the dashboard's port, and the log of what admins did.

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type {
  ActsAnswer,
  AlertsAnswer,
  AlertTestAnswer,
  DashboardAnswer,
} from '../../agent/control/index.ts';
import type { FleetView } from '../../agent/index.ts';
import { askCommand, killAgent, runCommand, startAgentProcess } from '../../cli/demo/processes.ts';
import { waitUntil, takeTime } from '../helpers/waiting.ts';
import { failureOf, startFleet, statusOf } from '../helpers/agents.ts';
import { parseExposition } from '../helpers/exposition.ts';
import { startWebhookReceiver } from '../helpers/receivers.ts';

interface Told {
  readonly kind: string;
  readonly changes: readonly { readonly change: string; readonly kind: string; readonly about?: string }[];
}

test('a machine that goes is told once, its return once, metrics say it too, and every act of the admin is in the log', async (t) => {
  takeTime(t);
  const fleet = await startFleet(t, { holderSilence: '4s' });
  const [admin] = fleet.agents;
  for (const name of ['pc-02', 'pc-03', 'pc-04']) await fleet.add(name);
  const home = ['--home', admin!.home];
  await waitUntil(
    { what: 'a plan, and all there', agents: [admin!] },
    ([view]) => view!.plan !== undefined && view!.machines.every(({ state }) => state === 'up'),
  );

  const receiver = await startWebhookReceiver(t);
  const wish = ['--webhook', receiver.url, '--after', '0s'];
  const set = await askCommand<AlertsAnswer>(['alerts', 'set', ...home, ...wish]);
  t.truthy(set.webhookSecret);
  t.deepEqual(await askCommand<AlertTestAnswer['results']>(['alerts', 'test', ...home]), [
    { channel: 'webhook' },
  ]);
  const told = (): readonly Told[] => receiver.received.map(({ body }) => JSON.parse(body) as Told);
  t.is(told().filter(({ kind }) => kind === 'test').length, 1);
  const about = (peer: string, change: string): number =>
    told()
      .flatMap(({ changes }) => changes)
      .filter((one) => one.kind === 'machine-gone' && one.about === peer && one.change === change).length;

  const victim = fleet.agents.at(-1)!;
  // On a machine that does something else it may have been out of reach for four seconds before.
  await waitUntil(
    { what: 'nobody gone', agents: [admin!] },
    () => about(victim.peer, 'began') === about(victim.peer, 'ended'),
  );
  const goneBefore = about(victim.peer, 'began');
  await killAgent(victim);
  await waitUntil({ what: 'the alert', agents: [admin!] }, () => about(victim.peer, 'began') > goneBefore);
  const view = await askCommand<FleetView>(['status', ...home]);
  t.like(
    view.problems.find(({ kind }) => kind === 'machine-gone'),
    { about: victim.peer, level: 'warning' },
  );
  t.regex(
    await statusOf(admin!.home),
    /What pc-04 holds for others has fewer copies.* silent for \d+ s, longer than the 4 s that are allowed\..*\(machine-gone, since \d{4}-/u,
  );
  const { metricsUrl, metricsTokenFile } = await askCommand<DashboardAnswer>(['dashboard', ...home]);
  t.is(statSync(metricsTokenFile).mode & 0o077, 0);
  const authorization = `Bearer ${readFileSync(metricsTokenFile, 'utf8')}`;
  const scraped = parseExposition(await (await fetch(metricsUrl, { headers: { authorization } })).text());
  const valueOf = (name: string, label: string): number | undefined =>
    scraped.samples.find((one) => one.name === name && Object.values(one.labels).includes(label))?.value;
  t.is(valueOf('drey_machines', 'gone'), 1);
  t.is(valueOf('drey_problems', 'machine-gone'), 1);
  t.true((scraped.samples.find(({ name }) => name === 'process_cpu_seconds_total')?.value ?? 0) > 0);
  t.is((await fetch(metricsUrl)).status, 401);
  t.regex((await runCommand(['metrics', '--scrape-config', ...home])).output, /credentials_file: /u);
  parseExposition((await runCommand(['metrics', ...home])).output);

  fleet.agents.push(await startAgentProcess('pc-04', victim.home));
  await waitUntil(
    { what: 'the end of it', agents: [admin!] },
    () => about(victim.peer, 'ended') > goneBefore,
  );
  t.is(about(victim.peer, 'began'), goneBefore + 1, 'once');

  await askCommand(['fleet', 'policy', '--plan-mode', 'review', ...home]);
  await askCommand(['fleet', 'trust', 'pc-02', '--reason', 'a new disk', ...home]);
  const acts = await askCommand<ActsAnswer>(['fleet', 'log', '--check', ...home]);
  t.deepEqual(
    acts.acts.map(({ act }) => act),
    [
      'fleet-made',
      'policy-set',
      'invite-made',
      'machine-admitted',
      'machine-admitted',
      'machine-admitted',
      'alerts-set',
      'policy-set',
      'plan-approved',
      'trusted-again',
    ],
  );
  t.regex(acts.acts[7]!.detail, /planMode from "automatic" to "review"/u);
  t.is(acts.acts[9]!.detail, 'gave pc-02 its place back: a new disk');
  t.deepEqual(acts.check?.findings, []);
  const other = fleet.agents[1]!;
  const logOfOther = async (): Promise<readonly string[]> => {
    const { acts: there } = await askCommand<ActsAnswer>(['fleet', 'log', '--home', other.home]);
    return there.filter(({ machine }) => machine === admin!.peer).map(({ detail }) => detail);
  };
  let there = await logOfOther();
  // Its log is pulled within seconds; each question takes about one.
  for (let tries = 0; tries < 300 && there.length < acts.acts.length; tries++) there = await logOfOther();
  t.deepEqual(
    there,
    acts.acts.map(({ detail }) => detail),
    'every machine has the same log',
  );
  t.is(
    await failureOf(['alerts', 'set', '--smtp', 'smtp://me:secret@mail.example', ...home]),
    'alerts-malformed',
  );
  t.is(statSync(join(admin!.home, 'alerts.json')).mode & 0o077, 0);
});
