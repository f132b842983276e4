// The control interface of a running agent: HTTP on loopback, a bearer token that only the owner of the agent's
// folder can read, one POST a call, one JSON object a line as the answer. Refuses anything that is not asked by name.

import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { join } from 'node:path';
import type { Express, NextFunction, Request, Response } from 'express';
import { DreyError, seconds } from '../../datasets/index.ts';
import { createLoopbackServer } from './loopback-server.ts';
import {
  callSchemas,
  type CallHandlers,
  type CallName,
  type CallRequest,
  type ReportProgress,
} from './calls.ts';

/** Where commands look for the running agent of a folder. */
export const controlFile = 'control.json';

const beatMs = seconds(20);

export interface ControlServer {
  close(): Promise<void>;
}

const isCallName = (name: string): name is CallName => Object.hasOwn(callSchemas, name);

/** Compares without telling by its time how much was right. */
function tokenMatches(given: string | undefined, token: string): boolean {
  const expected = Buffer.from(`Bearer ${token}`);
  const actual = Buffer.from(given ?? '');
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}

/** What goes to the command as an error: a DreyError as it is, anything else as `internal`. */
function errorLine(error: unknown): object {
  if (error instanceof DreyError) return { code: error.code, message: error.message, advice: error.advice };
  const message = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message, advice: "Look into the agent's log, and report what you find there." };
}

/** Not a request of this agent's commands: said in the form of every answer, and without a word about this program. */
const refuse = (response: Response, status: number, message: string): void =>
  void response.status(status).json({
    error: {
      code: 'control-request-malformed',
      message,
      advice: 'Look at what was asked for; else use a command of the same version as the agent.',
    },
  });

async function answer(
  handlers: CallHandlers,
  name: CallName,
  exchange: { request: Request; response: Response },
): Promise<void> {
  const { request, response } = exchange;
  const line = (value: object): void => void response.write(`${JSON.stringify(value)}\n`);
  const parsed = callSchemas[name].safeParse(request.body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    refuse(response, 400, `the request "${name}" is malformed: ${where}${issue?.message ?? 'unknown'}`);
    return;
  }
  const gone = new AbortController();
  response.status(200).type('application/x-ndjson').flushHeaders();
  // Clients give up on a silent connection; an acknowledgement may take a night.
  const beat = setInterval(() => response.write('\n'), beatMs);
  response.on('close', () => {
    clearInterval(beat);
    gone.abort();
  });
  const report: ReportProgress = (progress) => line({ progress });
  // Request and handler belong to the same name; the table cannot say so to the compiler.
  const handler = handlers[name] as (
    body: CallRequest<CallName>,
    report: ReportProgress,
    signal: AbortSignal,
  ) => unknown;
  try {
    line({ answer: await handler(parsed.data, report, gone.signal) });
  } catch (error) {
    line({ error: errorLine(error) });
  }
  response.end();
}

async function createApplication(handlers: CallHandlers, token: string): Promise<Express> {
  // Only here: those who call start sooner without it.
  const { default: express } = await import('express');
  const application = express();
  application.disable('x-powered-by');
  application.use((request, response, next) => {
    if (tokenMatches(request.headers.authorization, token)) next();
    else response.status(401).end();
  });
  application.use(express.json({ limit: '1mb' }));
  application.post('/call/:name', async (request, response) => {
    const { name } = request.params;
    if (isCallName(name)) await answer(handlers, name, { request, response });
    else refuse(response, 404, 'this agent does not know what it was asked');
  });
  application.use((_request, response) => refuse(response, 404, 'calls are POST /call/NAME'));
  // Express tells handlers of errors by their four parameters.
  // oxlint-disable-next-line max-params
  application.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else refuse(response, statusOf(error), 'the request cannot be read');
  });
  return application;
}

/** What express says of a body that is too large, no JSON, or of another encoding. */
function statusOf(error: unknown): number {
  const { status } = error as { readonly status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 400;
}

function listen(application: Express): Promise<Server> {
  const server = createLoopbackServer(application);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}

/** Serves `handlers` for the agent in `home`; the port and the token stand in `home/control.json` (mode 0600). */
export async function serveControl(home: string, handlers: CallHandlers): Promise<ControlServer> {
  const token = randomBytes(32).toString('hex');
  const server = await listen(await createApplication(handlers, token));
  // Whoever asks again over a connection at the moment at which it is closed for being idle is told that nobody is there.
  server.maxRequestsPerSocket = 1;
  const { port } = server.address() as AddressInfo;
  const file = join(home, controlFile);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  rmSync(file, { force: true });
  writeFileSync(file, JSON.stringify({ port, token, pid: process.pid }), { mode: 0o600 });
  return {
    close: () => {
      rmSync(file, { force: true });
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
