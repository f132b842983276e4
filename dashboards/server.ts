// The dashboard of one agent: pages, charts and live updates over HTTP on loopback. It shows `FleetView` and nothing else; it
// never decides, and it changes nothing.

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { FleetView } from '../agent/index.ts';
import { createLoopbackServer } from '../agent/control/index.ts';
import { DreyError } from '../datasets/index.ts';
import { type BrowserFiles, loadBrowserFiles } from './browser-files.ts';
import { LiveUpdates } from './live-updates.ts';
import { metricsContentType, metricsText } from './metrics.ts';
import { isSameSecret, Sessions } from './sessions.ts';

export interface DashboardOptions {
  readonly view: () => FleetView;
  /** Calls the listener whenever the view may have changed; the result ends that. */
  readonly onChange: (listener: () => void) => () => void;
  /** 0, the default: any free one. */
  readonly port?: number;
  /** What Prometheus shows as its bearer token to read `/metrics`, and nothing else; without one only sessions may. */
  readonly metricsToken?: string;
}

export interface Dashboard {
  /** A fresh address with a token that works once. */
  url(): string;
  readonly address: string;
  close(): Promise<void>;
}

const host = '127.0.0.1';

/** Cookies know no ports: agents on one machine would put out each other's sessions under one name. */
const cookieName = (port: number): string => `drey-session-${port}`;

const cookieOf = (request: Request, port: number): string | undefined =>
  (request.headers.cookie ?? '')
    .split(/;\s*/u)
    .find((cookie) => cookie.startsWith(`${cookieName(port)}=`))
    ?.slice(cookieName(port).length + 1);

const refusal = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Drey</title>
<main><h1>Please sign in</h1><p>An address of this dashboard works once, for ten minutes.
Run <code>drey dashboard</code> on this machine for a fresh address.</p></main></html>`;

const policy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

interface Serving {
  readonly options: DashboardOptions;
  readonly sessions: Sessions;
  readonly updates: LiveUpdates;
  /** The port it really listens on, known once it does. */
  readonly port: () => number;
}

/** Host headers that are meant: another one is a page of the web that found this port (DNS rebinding). */
const isOwnHost = (header: string | undefined, port: number): boolean =>
  header === `${host}:${port}` || header === `localhost:${port}`;

function createApplication(serving: Serving): express.Express {
  const { options, sessions, updates, port } = serving;
  const application = express();
  application.disable('x-powered-by');
  application.use(helmet({ contentSecurityPolicy: policy, strictTransportSecurity: false }));
  application.use((request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    if (isOwnHost(request.headers.host, port())) next();
    else response.status(403).type('text').send('This dashboard answers only to its own address.');
  });
  application.get('/', (request, response, next) => {
    const { token } = request.query;
    if (token === undefined) next();
    // An old address, from the history of a browser that is signed in.
    else if (sessions.has(cookieOf(request, port()))) response.redirect(303, '/');
    else signIn(serving, typeof token === 'string' ? token : '', response);
  });
  application.get('/metrics', (request, response, next) => {
    if (mayReadMetrics(serving, request)) sendMetrics(options, response);
    else next();
  });
  application.use((request, response, next) => {
    if (sessions.has(cookieOf(request, port()))) next();
    else response.status(401).type('html').send(refusal);
  });
  servePages(application);
  application.get('/api/view', (_request, response) => void response.json(options.view()));
  application.get('/api/events', (_request, response) => updates.add(response));
  application.use((request, response) => {
    const isReading = request.method === 'GET' || request.method === 'HEAD';
    response
      .status(isReading ? 404 : 405)
      .type('text')
      .send(isReading ? noPage : readOnly);
  });
  application.use(answerBroken);
  return application;
}

const noPage = 'There is no such page. The dashboard is at /.';
const readOnly = 'This dashboard only shows: nothing can be changed here. See `drey --help`.';

/** A request that cannot be read is told so, and nothing about this program. */
// Express tells handlers of errors by their four parameters.
// oxlint-disable-next-line max-params
function answerBroken(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  if (response.headersSent) next(error);
  else {
    const { status } = error as { readonly status?: unknown };
    const isTheirs = typeof status === 'number' && status >= 400 && status < 500;
    response
      .status(isTheirs ? status : 500)
      .type('text')
      .send(isTheirs ? noPage : 'The dashboard failed.');
  }
}

function mayReadMetrics({ options, sessions, port }: Serving, request: Request): boolean {
  if (sessions.has(cookieOf(request, port()))) return true;
  const shown = /^Bearer (.+)$/u.exec(request.headers.authorization ?? '')?.[1];
  return (
    options.metricsToken !== undefined && shown !== undefined && isSameSecret(shown, options.metricsToken)
  );
}

function sendMetrics({ view }: DashboardOptions, response: Response): void {
  const { user, system } = process.cpuUsage();
  const running = {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startMs: Date.now() - 1000 * process.uptime(),
  };
  metricsText(view(), running).then(
    (text) => response.type(metricsContentType).send(text),
    () => response.status(500).end(),
  );
}

/** A good token becomes a session and a clean address, so that it stays in no history. */
function signIn({ sessions, port }: Serving, token: string, response: Response): void {
  const session = sessions.redeem(token, Date.now());
  if (session === undefined) {
    response.status(401).type('html').send(refusal);
    return;
  }
  response.cookie(cookieName(port()), session, { httpOnly: true, sameSite: 'strict' });
  response.redirect(303, '/');
}

function servePages(application: express.Express): void {
  let loaded: BrowserFiles | undefined;
  // With the first page: most agents never show one, and taking the types out costs a fifth of an agent's whole start.
  const files = (): BrowserFiles => (loaded ??= loadBrowserFiles());
  application.get('/', (_request, response) => void response.type('html').send(files().page));
  application.get('/page.css', (_request, response) => void response.type('css').send(files().style));
  application.get('/scripts/:name', (request, response) => {
    const script = files().scripts.get(request.params.name);
    if (script === undefined) response.status(404).end();
    else response.type('js').send(script);
  });
}

function listen(application: express.Express, port: number): Promise<Server> {
  const server = createLoopbackServer(application);
  const { promise, resolve, reject } = Promise.withResolvers<Server>();
  server.once('error', reject);
  try {
    server.listen(port, host, () => resolve(server));
  } catch (error) {
    // A number that is no port is thrown, not emitted.
    reject(error);
  }
  return promise.catch((error: unknown) => {
    throw listenFailed(error, port);
  });
}

const listenFailed = (cause: unknown, port: number): DreyError =>
  (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    ? new DreyError({
        code: 'dashboard-port-in-use',
        message: `port ${port} is in use, so the dashboard cannot start`,
        advice: 'Choose another with --dashboard-port, or 0 for any free one.',
        retry: 'retryable',
        cause,
      })
    : new DreyError({
        code: 'dashboard-port-refused',
        message: `the system does not let the dashboard use port ${port}`,
        advice: 'Choose one between 1024 and 65535 with --dashboard-port, or 0 for any free one.',
        cause,
      });

/** Starts the dashboard on loopback. Throws `dashboard-port-in-use`, `dashboard-port-refused`. */
export async function createDashboard(options: DashboardOptions): Promise<Dashboard> {
  const sessions = new Sessions();
  const updates = new LiveUpdates(options);
  let port = options.port ?? 0;
  const application = createApplication({ options, sessions, updates, port: () => port });
  const server = await listen(application, port).catch((error: unknown) => {
    updates.close();
    throw error;
  });
  ({ port } = server.address() as AddressInfo);
  const address = `http://${host}:${port}/`;
  return {
    address,
    url: () => `${address}?token=${sessions.createToken(Date.now())}`,
    close: () => {
      updates.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
