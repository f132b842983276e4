// The dashboard over plain HTTP: who gets in, what is sent, and what it refuses.

import { EventEmitter } from 'node:events';
import { request } from 'node:http';
import { mock } from 'node:test';
import test, { type ExecutionContext } from 'ava';
import type { Response as Answer } from 'express';
import { type FleetView, loopbackConnectionsMax } from '../../agent/index.ts';
import { createDashboard, type Dashboard } from '../../dashboards/index.ts';
import { beatMs, LiveUpdates } from '../../dashboards/live-updates.ts';
import { Sessions } from '../../dashboards/sessions.ts';
import { DreyError, minutes, unixMs } from '../../datasets/index.ts';
import { fleetView } from '../helpers/fleet-view.ts';
import { idleConnections } from '../helpers/idle-connections.ts';

interface Served {
  readonly dashboard: Dashboard;
  readonly change: (view: FleetView) => void;
  readonly listenerCount: () => number;
}

async function serve(t: ExecutionContext, first: FleetView = fleetView()): Promise<Served> {
  let shown = first;
  const listeners = new Set<() => void>();
  const dashboard = await createDashboard({
    view: () => shown,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  t.teardown(() => dashboard.close());
  return {
    dashboard,
    change: (view) => {
      shown = view;
      for (const listener of listeners) listener();
    },
    listenerCount: () => listeners.size,
  };
}

const open = (url: string, cookie = ''): Promise<Response> =>
  fetch(url, { redirect: 'manual', headers: { cookie } });

/** Redeems a fresh address; the session as a cookie header. */
async function signIn(dashboard: Dashboard): Promise<string> {
  const answer = await open(dashboard.url());
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

/** `fetch` does not let one choose the Host header. */
const statusFor = (address: string, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    request(address, { headers: { host } }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });

test('a fresh address signs in once, and leads to an address without the token', async (t) => {
  const { dashboard } = await serve(t);
  const url = dashboard.url();
  const first = await open(url);
  t.is(first.status, 303);
  t.is(first.headers.get('location'), '/');
  const cookie = first.headers.get('set-cookie') ?? '';
  t.regex(cookie, /; HttpOnly; SameSite=Strict$/u);
  t.is((await open(url)).status, 401);
  t.is((await open(dashboard.address, cookie.split(';')[0])).status, 200);
});

test('every address is another one', async (t) => {
  const { dashboard } = await serve(t);
  t.not(dashboard.url(), dashboard.url());
});

test('a token ends after ten minutes', (t) => {
  const sessions = new Sessions();
  t.truthy(sessions.redeem(sessions.createToken(0), minutes(10)));
  t.is(sessions.redeem(sessions.createToken(0), minutes(10) + 1), undefined);
});

test('without a session every page is refused and says how to get in', async (t) => {
  const { dashboard } = await serve(t);
  for (const path of ['', 'api/view', 'api/events', 'page.css', 'scripts/page.js', '?token=wrong']) {
    const answer = await open(`${dashboard.address}${path}`, 'drey-session-1=abc');
    t.is(answer.status, 401, path);
    t.regex(await answer.text(), /drey dashboard/u);
  }
});

test('a request under another host name is refused, signed in or not', async (t) => {
  const { dashboard } = await serve(t);
  const { port } = new URL(dashboard.address);
  t.is(await statusFor(dashboard.address, `evil.example:${port}`), 403);
  t.is(await statusFor(dashboard.address, '127.0.0.1:1'), 403);
  t.is(await statusFor(dashboard.address, `localhost:${port}`), 401);
});

test('sessions of two agents on one machine do not put each other out', async (t) => {
  const [one, two] = await Promise.all([serve(t), serve(t)]);
  const cookies = `${await signIn(one.dashboard)}; ${await signIn(two.dashboard)}`;
  t.is((await open(one.dashboard.address, cookies)).status, 200);
  t.is((await open(two.dashboard.address, cookies)).status, 200);
});

test('the policy allows nothing but what the dashboard itself serves', async (t) => {
  const { dashboard } = await serve(t);
  const answer = await open(dashboard.address, await signIn(dashboard));
  const policy = answer.headers.get('content-security-policy') ?? '';
  t.regex(policy, /default-src 'none'/u);
  t.notRegex(policy, /unsafe|https?:|\*/u);
  t.is(answer.headers.get('strict-transport-security'), null);
  t.is(answer.headers.get('cache-control'), 'no-store');
});

test('every script that the page asks for is there, without types and without other hosts', async (t) => {
  const { dashboard } = await serve(t);
  const cookie = await signIn(dashboard);
  const page = await (await open(dashboard.address, cookie)).text();
  const wanted = [...page.matchAll(/src="\/scripts\/([^"]+)"/gu)].map((match) => match[1] ?? '');
  const seen = new Set<string>();
  while (wanted.length > 0) {
    const name = wanted.pop() ?? '';
    if (seen.has(name)) continue;
    seen.add(name);
    const answer = await open(`${dashboard.address}scripts/${name}`, cookie);
    t.is(answer.status, 200, name);
    const imported = (await answer.text()).matchAll(/^(?:import|\}).* from\s+'\.\/([^']+)'/gmu);
    wanted.push(...[...imported].map((match) => match[1] ?? ''));
  }
  t.true(seen.size > 10);
  t.is((await open(`${dashboard.address}scripts/server.js`, cookie)).status, 404);
  t.is((await open(`${dashboard.address}scripts/..%2Fserver.ts`, cookie)).status, 404);
});

test('the view comes as it is', async (t) => {
  const view = fleetView();
  const { dashboard } = await serve(t, view);
  const answer = await open(`${dashboard.address}api/view`, await signIn(dashboard));
  t.deepEqual(await answer.json(), JSON.parse(JSON.stringify(view)));
});

test('an open page gets the view at once, and the newest one after many changes', async (t) => {
  const { dashboard, change } = await serve(t);
  const answer = await open(`${dashboard.address}api/events`, await signIn(dashboard));
  t.is(answer.headers.get('content-type'), 'text/event-stream');
  const names: string[] = [];
  let text = '';
  for await (const part of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) names.push((JSON.parse(event.split('\ndata: ')[1]!) as FleetView).fleetName);
    if (names.length === 1)
      for (const fleetName of ['one', 'two', 'three']) change({ ...fleetView(), fleetName });
    if (names.length === 2) break;
  }
  t.deepEqual(names, ['Institute of Examples', 'three']);
});

test('an open page gets the view every 15 s where nothing changes: ages go on, and it sees that the agent lives', (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  let atMs = 0;
  const updates = new LiveUpdates({
    view: () => ({ ...fleetView(), atMs: unixMs(++atMs) }),
    onChange: () => () => {},
  });
  t.teardown(() => updates.close());
  const written: string[] = [];
  updates.add(
    Object.assign(new EventEmitter(), {
      writeHead: () => {},
      write: (text: string) => written.push(text),
      end: () => {},
      writableNeedDrain: false,
    }) as unknown as Answer,
  );
  mock.timers.tick(2 * beatMs);
  t.is(beatMs, 15_000);
  t.deepEqual(
    written.map((text) => (JSON.parse(text.split('\ndata: ')[1]!) as FleetView).atMs),
    [1, 2, 3].map((ms) => unixMs(ms)),
  );
});

test('more than 32 open pages are refused', async (t) => {
  const { dashboard } = await serve(t);
  const cookie = await signIn(dashboard);
  const address = `${dashboard.address}api/events`;
  const answers = await Promise.all(Array.from({ length: 32 }, () => open(address, cookie)));
  t.true(answers.every(({ status }) => status === 200));
  t.is((await open(address, cookie)).status, 503);
});

test('a port in use, or no port at all, is an error with advice', async (t) => {
  const { dashboard } = await serve(t);
  const view = fleetView();
  const start = (port: number): Promise<Dashboard> =>
    createDashboard({ view: () => view, onChange: () => () => {}, port });
  const inUse = await t.throwsAsync(start(Number(new URL(dashboard.address).port)), {
    instanceOf: DreyError,
    code: 'dashboard-port-in-use',
  });
  t.regex(inUse.advice, /--dashboard-port/u);
  await t.throwsAsync(start(70_000), { code: 'dashboard-port-refused' });
  await t.throwsAsync(start(Number.NaN), { code: 'dashboard-port-refused' });
});

test('a closed dashboard listens to the agent no more', async (t) => {
  const { dashboard, listenerCount } = await serve(t);
  t.is(listenerCount(), 1);
  await dashboard.close();
  t.is(listenerCount(), 0);
});

test('an old address leads whoever is signed in to the page', async (t) => {
  const { dashboard } = await serve(t);
  const url = dashboard.url();
  const cookie = (await open(url)).headers.get('set-cookie')?.split(';')[0] ?? '';
  const again = await open(url, cookie);
  t.is(again.status, 303);
  t.is(again.headers.get('location'), '/');
  t.is((await open(`${dashboard.address}?token[]=a&token[]=b`)).status, 401);
});

test('what is no page, no reading or no address at all is refused without a word about the program', async (t) => {
  const { dashboard } = await serve(t);
  const cookie = await signIn(dashboard);
  const asked = async (path: string, method = 'GET') => {
    const answer = await fetch(`${dashboard.address}${path}`, { method, headers: { cookie } });
    const text = await answer.text();
    t.notRegex(text, /node_modules|Error|<html|at \w+ \(/u, path);
    return answer.status;
  };
  t.is(await asked('nothing'), 404);
  t.is(await asked('scripts/%2e%2e%2fserver.ts'), 404);
  t.is(await asked('scripts/..%2f..%2f..%2fetc%2fpasswd'), 404);
  t.is(await asked('scripts/%ff'), 400);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) t.is(await asked('api/view', method), 405, method);
});

test('a program that opens connections and asks nothing uses up no more than a bounded number', async (t) => {
  const { dashboard } = await serve(t);
  const port = Number(new URL(dashboard.address).port);
  t.true(
    (await idleConnections(t, port, {
      count: loopbackConnectionsMax + 8,
      keptMax: loopbackConnectionsMax,
    })) <= loopbackConnectionsMax,
  );
});
