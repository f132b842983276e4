// Metrics over plain HTTP, read as Prometheus reads them: who gets them, how they are named, what they must not tell.

import test, { type ExecutionContext } from 'ava';
import type { FleetView } from '../../agent/index.ts';
import { problemKinds } from '../../agent/problem.ts';
import { createDashboard, type Dashboard, metricsText } from '../../dashboards/index.ts';
import { parseExposition } from '../helpers/exposition.ts';
import { fleetView, lonelyView, viewMs } from '../helpers/fleet-view.ts';

const metricsToken = 'a-token-of-this-test';

async function serve(t: ExecutionContext, view: FleetView = fleetView()): Promise<Dashboard> {
  const dashboard = await createDashboard({ view: () => view, onChange: () => () => {}, metricsToken });
  t.teardown(() => dashboard.close());
  return dashboard;
}

const scrape = ({ address }: Dashboard, authorization = `Bearer ${metricsToken}`): Promise<Response> =>
  fetch(`${address}metrics`, { headers: { authorization } });

test('Prometheus gets the metrics by its token, in a form that it reads', async (t) => {
  const answer = await scrape(await serve(t));
  t.is(answer.status, 200);
  t.is(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const { samples, types, helps } = parseExposition(await answer.text());
  t.true(samples.length > 60);
  t.deepEqual([...types.keys()].toSorted(), [...helps.keys()].toSorted());
});

test('without the token, with a wrong one and under another host nobody gets metrics', async (t) => {
  const dashboard = await serve(t);
  for (const wrong of ['', 'Bearer ', 'Bearer wrong', `Basic ${metricsToken}`, metricsToken])
    t.is((await scrape(dashboard, wrong)).status, 401, wrong);
});

test('the token opens the metrics and nothing else', async (t) => {
  const { address } = await serve(t);
  const headers = { authorization: `Bearer ${metricsToken}` };
  for (const path of ['', 'api/view', 'api/events'])
    t.is((await fetch(`${address}${path}`, { headers })).status, 401, path);
});

test('who is signed in sees the metrics too', async (t) => {
  const dashboard = await serve(t);
  const signedIn = await fetch(dashboard.url(), { redirect: 'manual' });
  const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? '';
  t.is((await fetch(`${dashboard.address}metrics`, { headers: { cookie } })).status, 200);
});

test('without a token of its own an agent gives metrics to sessions only', async (t) => {
  const dashboard = await createDashboard({ view: () => fleetView(), onChange: () => () => {} });
  t.teardown(() => dashboard.close());
  t.is((await scrape(dashboard, 'Bearer undefined')).status, 401);
});

test('names follow the conventions: a prefix, base units, _total on counters and on nothing else', async (t) => {
  const { types } = parseExposition(await (await scrape(await serve(t))).text());
  for (const [name, type] of types) {
    t.regex(name, /^(?:drey|process)_[a-z_]+$/u);
    t.is(name.endsWith('_total'), type === 'counter', name);
    t.notRegex(name, /_(?:ms|mb|gb|kib|mib|gib|minutes|hours|days|percent)(?:_|$)/u);
  }
});

test('no name of a machine, a fleet or a person and no path is told', async (t) => {
  const view = fleetView();
  const text = await metricsText(view);
  const secrets = [
    view.fleetName,
    ...view.machines.flatMap(({ name, peer }) => [name, peer]),
    ...view.drives.flatMap(({ path }) => path ?? []),
  ];
  t.deepEqual(
    secrets.filter((secret) => text.includes(secret)),
    [],
  );
});

test('the metrics say what the view says', async (t) => {
  const view = fleetView();
  const { samples } = parseExposition(await metricsText(view));
  const valueOf = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined =>
    samples.find(
      (one) =>
        one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    )?.value;
  t.is(valueOf('drey_machines', { state: 'up' }), 7);
  t.is(valueOf('drey_machines', { state: 'gone' }), 1);
  t.is(valueOf('drey_problems', { kind: 'machine-gone', level: 'warning' }), 1);
  t.is(valueOf('drey_problems', { kind: 'mass-change', level: 'problem' }), 0);
  t.is(
    valueOf('drey_problem_since_timestamp_seconds', { kind: 'machine-gone' }),
    view.problems[0]!.sinceMs / 1000,
  );
  t.is(valueOf('drey_sent_bytes_total'), view.work.sentBytes);
  t.is(
    valueOf('drey_drive_newest_snapshot_timestamp_seconds', { drive: '0f0f0f0f' }),
    (viewMs - 3_600_000) / 1000,
  );
  t.is(valueOf('drey_drive_protected', { drive: '0f0f0f0f' }), 1);
  t.is(samples.filter(({ name }) => name === 'drey_problems').length, 2 * problemKinds.length);
  const groups = samples.filter(({ name }) => name === 'drey_groups');
  t.is(
    groups.reduce((sum, { value }) => sum + value, 0),
    view.groupsNow.length,
  );
});

test('an agent alone has metrics too', async (t) => {
  const { samples } = parseExposition(await metricsText(lonelyView()));
  t.is(samples.find(({ name }) => name === 'drey_plan_epoch')?.value, 0);
});

test('where there is no problem and no drive, no time of 1970 stands for one', async (t) => {
  const { samples, helps } = parseExposition(await metricsText(lonelyView()));
  const ofNothing = /^drey_(?:problem_since|drive_)/u;
  t.deepEqual(
    samples.filter(({ name }) => ofNothing.test(name)),
    [],
  );
  t.true([...helps.keys()].some((name) => ofNothing.test(name)));
});
