// The dashboard of one agent: pages, charts and live updates over HTTP on loopback. It shows `FleetView` and nothing else; it
// never decides, and it changes nothing.

import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import express, { type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import type { FleetView } from '../agent/index.ts';
import { DreyError } from '../datasets/index.ts';
import { LiveUpdates } from './live-updates.ts';
import { Sessions } from './sessions.ts';

export interface DashboardOptions {
  readonly view: () => FleetView;
  /** Calls the listener whenever the view may have changed; the result ends that. */
  readonly onChange: (listener: () => void) => () => void;
  /** 0, the default: any free one. */
  readonly port?: number;
}

export interface Dashboard {
  /** A fresh address with a token that works once. */
  url(): string;
  readonly address: string;
  close(): Promise<void>;
}

const cookieName = 'drey-session';
const host = '127.0.0.1';
const browserFolder = fileURLToPath(new URL('browser/', import.meta.url));

/** Scripts of the page: ours as TypeScript with the types taken out, the libraries as they come. */
function loadScripts(): ReadonlyMap<string, string> {
  const require = createRequire(import.meta.url);
  const own = ['page.ts', 'charts.ts', 'tables.ts', 'format.ts', 'sections.ts'];
  const scripts = own.map((file) => [file.replace('.ts', '.js'), browserScript(file)] as const);
  const vendored = [
    ['chart.js', require.resolve('chart.js/auto').replace(/auto[/\\]auto\.c?js$/u, 'dist/chart.umd.js')],
    [
      'matrix.js',
      require.resolve('chartjs-chart-matrix').replace(/dist[/\\].*$/u, 'dist/chartjs-chart-matrix.min.js'),
    ],
  ] as const;
  return new Map([
    ...scripts,
    ...vendored.map(([name, file]) => [name, readFileSync(file, 'utf8')] as const),
  ]);
}

const browserScript = (file: string): string =>
  stripTypeScriptTypes(readFileSync(`${browserFolder}${file}`, 'utf8')).replaceAll(
    /(from\s+')(\.\/[a-z-]+)\.ts'/gu,
    "$1$2.js'",
  );

const cookieOf = (request: Request): string | undefined =>
  /(?:^|;\s*)drey-session=([\w-]+)/u.exec(request.headers.cookie ?? '')?.[1];

const refusal = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Drey</title>
<main><h1>This address has been used</h1><p>Run <code>drey dashboard</code> on this machine for a fresh one.</p></main></html>`;

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
  /** Host headers that are meant: another one is a page of the web that found this port (DNS rebinding). */
  readonly hosts: () => readonly string[];
}

function createApplication({ options, sessions, updates, hosts }: Serving): express.Express {
  const application = express();
  application.disable('x-powered-by');
  application.use(helmet({ contentSecurityPolicy: policy, strictTransportSecurity: false }));
  application.use((request, response, next) => {
    response.setHeader('cache-control', 'no-store');
    if (hosts().includes(request.headers.host ?? '')) next();
    else response.status(403).type('text').send('This dashboard answers only to its own address.');
  });
  application.get('/', (request, response, next) => signIn(sessions, { request, response, next }));
  application.use((request, response, next) => {
    if (sessions.has(cookieOf(request))) next();
    else response.status(401).type('html').send(refusal);
  });
  servePages(application);
  application.get('/api/view', (_request, response) => void response.json(options.view()));
  application.get('/api/events', (request, response) => updates.add(request, response));
  return application;
}

function signIn(
  sessions: Sessions,
  {
    request,
    response,
    next,
  }: { readonly request: Request; readonly response: Response; readonly next: NextFunction },
): void {
  const { token } = request.query;
  if (typeof token !== 'string') {
    next();
    return;
  }
  const session = sessions.redeem(token, Date.now());
  if (session === undefined) {
    response.status(401).type('html').send(refusal);
    return;
  }
  response.cookie(cookieName, session, { httpOnly: true, sameSite: 'strict' });
  response.redirect(303, '/');
}

function servePages(application: express.Express): void {
  const scripts = loadScripts();
  const page = readFileSync(`${browserFolder}page.html`, 'utf8');
  const style = readFileSync(`${browserFolder}page.css`, 'utf8');
  application.get('/', (_request, response) => void response.type('html').send(page));
  application.get('/page.css', (_request, response) => void response.type('css').send(style));
  application.get('/scripts/:name', (request, response) => {
    const script = scripts.get(request.params.name);
    if (script === undefined) response.status(404).end();
    else response.type('js').send(script);
  });
}

function listen(application: express.Express, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = application.listen(port, host, (error?: Error) =>
      error ? reject(listenFailed(error, port)) : resolve(server),
    );
  });
}

const listenFailed = (cause: Error, port: number): DreyError =>
  new DreyError({
    code: 'dashboard-port-in-use',
    message: `the dashboard cannot use port ${port}`,
    advice: 'Choose another with --dashboard-port, or 0 for any free one.',
    cause,
  });

/** Starts the dashboard on loopback. Throws `dashboard-port-in-use`. */
export async function createDashboard(options: DashboardOptions): Promise<Dashboard> {
  const sessions = new Sessions();
  const updates = new LiveUpdates(options);
  let port = options.port ?? 0;
  const hosts = (): readonly string[] => [`${host}:${port}`, `localhost:${port}`];
  const server = await listen(createApplication({ options, sessions, updates, hosts }), port);
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
