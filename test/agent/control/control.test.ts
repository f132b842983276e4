// The control interface over real HTTP on loopback, with handlers that stand for an agent's answers.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  askAgent,
  controlFile,
  serveControl,
  type CallHandlers,
  type CallProgress,
} from '../../../agent/control/index.ts';
import { loopbackConnectionsMax } from '../../../agent/index.ts';
import { DreyError } from '../../../datasets/index.ts';
import { idleConnections } from '../../helpers/idle-connections.ts';

const never = (): never => {
  throw new Error('this call is not part of the test');
};

/** Handlers for the calls under test; the rest must not be asked. */
const handlersWith = (some: Partial<CallHandlers>): CallHandlers => ({
  view: never,
  invite: never,
  revoke: never,
  rename: never,
  trust: never,
  policy: never,
  protect: never,
  phraseSeen: never,
  unprotect: never,
  acceptChange: never,
  snapshot: never,
  snapshots: never,
  restore: never,
  find: never,
  history: never,
  diff: never,
  verify: never,
  prove: never,
  retention: never,
  computePlan: never,
  approvePlan: never,
  planLimits: never,
  whatIf: never,
  acts: never,
  invites: never,
  people: never,
  admins: never,
  wipes: never,
  wipe: never,
  limits: never,
  alerts: never,
  testAlerts: never,
  train: never,
  importTelemetry: never,
  exportTelemetry: never,
  dashboard: never,
  stop: never,
  ...some,
});

const newHome = (): string => mkdtempSync(join(tmpdir(), 'drey-control-'));

test('a call brings its progress and its answer', async (t) => {
  const home = newHome();
  const server = await serveControl(
    home,
    handlersWith({
      train: (_request, report) => {
        report({ kind: 'counted', what: 'epochs', done: 1, of: 2 });
        return { version: 'v1', backend: 'wasm', seconds: 2, domains: [] };
      },
    }),
  );
  t.teardown(() => server.close());
  const heard: CallProgress[] = [];
  const answer = await askAgent({
    home,
    call: 'train',
    request: {},
    report: (progress) => heard.push(progress),
  });
  t.is(answer.version, 'v1');
  t.deepEqual(heard, [{ kind: 'counted', what: 'epochs', done: 1, of: 2 }]);
});

test('what the command throws while it takes in rows is thrown, and the agent is told that nobody listens', async (t) => {
  const home = newHome();
  const stopped = Promise.withResolvers<void>();
  const server = await serveControl(
    home,
    handlersWith({
      exportTelemetry: (_request, report, signal) => {
        report({ kind: 'counted', what: 'rows', done: 1, of: 2 });
        signal.addEventListener('abort', () => stopped.resolve());
        return stopped.promise.then(() => ({ rowCount: 2 }));
      },
    }),
  );
  t.teardown(() => server.close());
  const unwritable = new DreyError({ code: 'table-unwritable', message: 'm', advice: 'a' });
  const error = await t.throwsAsync(
    askAgent({
      home,
      call: 'exportTelemetry',
      request: {},
      report: () => {
        throw unwritable;
      },
    }),
  );
  t.is(error, unwritable);
  await t.notThrowsAsync(stopped.promise);
});

test("the agent's errors arrive with code and advice", async (t) => {
  const home = newHome();
  const server = await serveControl(
    home,
    handlersWith({
      computePlan: () => {
        throw new DreyError({ code: 'too-few-machines', message: '3 machines', advice: 'Start a fourth.' });
      },
    }),
  );
  t.teardown(() => server.close());
  const error = await t.throwsAsync(askAgent({ home, call: 'computePlan', request: {} }), {
    instanceOf: DreyError,
  });
  t.is(error.code, 'too-few-machines');
  t.is(error.advice, 'Start a fourth.');
});

test('a request that does not fit its call is refused before the agent sees it', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({}));
  t.teardown(() => server.close());
  const error = await t.throwsAsync(askAgent({ home, call: 'invite', request: { usesMax: 0, forMs: 1 } }), {
    instanceOf: DreyError,
  });
  t.is(error.code, 'control-request-malformed');
});

test('a place that only makes sense where the asker stands is refused', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({}));
  t.teardown(() => server.close());
  const asked = [
    askAgent({ home, call: 'protect', request: { path: 'here', ignore: [] } }),
    askAgent({ home, call: 'acceptChange', request: { path: './here' } }),
    askAgent({ home, call: 'restore', request: { to: '../here', paths: [], ignore: [] } }),
    askAgent({ home, call: 'importTelemetry', request: { file: 'rows.ndjson', asSelf: false } }),
  ];
  for (const one of asked) {
    const error = await t.throwsAsync(one, { instanceOf: DreyError });
    t.is(error.code, 'control-request-malformed');
    t.regex(error.message, /named from the root on/u);
  }
});

test('without a running agent the advice is to start one, without a fleet to join one', async (t) => {
  const home = newHome();
  const nowhere = await t.throwsAsync(askAgent({ home, call: 'view', request: {} }), {
    instanceOf: DreyError,
  });
  t.is(nowhere.code, 'no-fleet-here');
  t.regex(nowhere.advice, /drey join/u);
  writeFileSync(join(home, 'identity.json'), '{}');
  const error = await t.throwsAsync(askAgent({ home, call: 'view', request: {} }), {
    instanceOf: DreyError,
  });
  t.is(error.code, 'agent-not-running');
  t.regex(error.advice, /drey up/u);
});

test('an agent that read no request in time is asked again', async (t) => {
  const home = newHome();
  const statuses = [408, 408, 200];
  const server = createServer((_request, response) => {
    response.statusCode = statuses.shift()!;
    response.end(response.statusCode === 200 ? `${JSON.stringify({ answer: { stopping: true } })}\n` : '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  writeFileSync(join(home, controlFile), JSON.stringify({ port, token: 'a', pid: process.pid }));
  t.deepEqual(await askAgent({ home, call: 'stop', request: {} }), { stopping: true } as never);
  t.deepEqual(statuses, []);
  server.close();
});

test('a stopped agent leaves no control file behind', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({}));
  await server.close();
  t.throws(() => statSync(join(home, 'control.json')), { code: 'ENOENT' });
});

test('only the owner of the folder can read the token, and without it nothing answers', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({ stop: () => ({ stopping: true }) }));
  t.teardown(() => server.close());
  const file = join(home, 'control.json');
  if (process.platform !== 'win32') t.is(statSync(file).mode & 0o777, 0o600);
  const { port } = JSON.parse(readFileSync(file, 'utf8')) as { port: number };
  const response = await fetch(`http://127.0.0.1:${port}/call/stop`, {
    method: 'POST',
    headers: { authorization: 'Bearer 00', 'content-type': 'application/json' },
    body: '{}',
  });
  t.is(response.status, 401);
});

test('no call waits on a connection of an earlier one, which may just be closed for being idle', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({ phraseSeen: () => ({ seen: true }) }));
  t.teardown(() => server.close());
  const { port, token } = JSON.parse(readFileSync(join(home, 'control.json'), 'utf8')) as {
    readonly port: number;
    readonly token: string;
  };
  const response = await fetch(`http://127.0.0.1:${port}/call/phraseSeen`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  await response.text();
  t.is(response.headers.get('connection'), 'close');
  for (let call = 0; call < 3; call++)
    t.deepEqual(await askAgent({ home, call: 'phraseSeen', request: {} }), { seen: true });
});

test('an agent that dies in the middle of a call is told apart from a refusal', async (t) => {
  const home = newHome();
  const asked = Promise.withResolvers<void>();
  const server = await serveControl(
    home,
    handlersWith({
      snapshots: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    }),
  );
  const answer = askAgent({ home, call: 'snapshots', request: {} });
  await asked.promise;
  await server.close();
  const error = await t.throwsAsync(answer, { instanceOf: DreyError });
  t.is(error.code, 'agent-went-away');
});

test('garbage is refused in the form of every answer, without a word about the program', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({}));
  t.teardown(() => server.close());
  const { port, token } = JSON.parse(readFileSync(join(home, 'control.json'), 'utf8')) as {
    port: number;
    token: string;
  };
  const ask = async (path: string, body: string | undefined, more: Readonly<Record<string, string>> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...more },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    t.notRegex(text, /node_modules|<html|SyntaxError/u);
    t.is((JSON.parse(text) as { error: { code: string } }).error.code, 'control-request-malformed');
    return { status: response.status, text };
  };
  for (const body of ['{', '[]', 'null', '"text"', '{"x":1}', '\u0000'])
    t.is((await ask('/call/view', body)).status, 400, body);
  t.regex((await ask('/call/protect', '{"path":"","ignore":[]}')).text, /path: /u, 'the field is named');
  t.is((await ask('/call/view', JSON.stringify('x'.repeat(2_000_000)))).status, 413);
  t.is((await ask('/call/view', '{}', { 'content-encoding': 'gzip' })).status, 400);
  for (const path of ['/call/nothing', '/call/__proto__', '/call/constructor', '/'])
    t.is((await ask(path, '{}')).status, 404);
  t.is((await ask('/call/%ff', '{}')).status, 400);
  t.is((await ask('/call/view', undefined)).status, 404);
});

test('a program that opens connections and asks nothing uses up no more than a bounded number', async (t) => {
  const home = newHome();
  const server = await serveControl(home, handlersWith({}));
  t.teardown(() => server.close());
  const { port } = JSON.parse(readFileSync(join(home, controlFile), 'utf8')) as { readonly port: number };
  t.true(
    (await idleConnections(t, port, {
      count: loopbackConnectionsMax + 8,
      keptMax: loopbackConnectionsMax,
    })) <= loopbackConnectionsMax,
  );
});
