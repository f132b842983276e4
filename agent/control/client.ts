// A command's side of the control interface: finds the running agent of a folder and asks it one call.

import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { DreyError } from '../../datasets/index.ts';
import type { CallAnswers, CallName, CallProgress, CallRequest, ReportProgress } from './calls.ts';
import { http } from './http.ts';
import { controlFile } from './server.ts';

const controlSchema = z.object({ port: z.int(), token: z.string(), pid: z.int() });
type Control = z.output<typeof controlSchema>;

interface Line {
  readonly progress?: CallProgress;
  readonly answer?: unknown;
  readonly error?: { readonly code: string; readonly message: string; readonly advice: string };
}

/** What makes a folder one of an agent that belongs to a fleet. */
export const identityFile = 'identity.json';

/** Somebody else's folder hides what is in it: that is no missing fleet. */
export const isHidden = (error: unknown): boolean =>
  ['EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException | undefined)?.code ?? '');

export const homeNotYours = (place: string, cause: unknown): DreyError =>
  new DreyError({
    code: 'home-not-yours',
    message: `${place} may not be read by this user: the agent's folder belongs to another one`,
    advice: 'Run the command as the user who runs the agent, or name another folder with --home.',
    cause,
  });

function notRunning(home: string, cause: unknown): DreyError {
  if (isHidden(cause)) return homeNotYours(home, cause);
  if (!existsSync(join(home, identityFile)))
    return new DreyError({
      code: 'no-fleet-here',
      message: `this machine is in no fleet yet: there is no agent's folder at ${home}`,
      advice:
        'Make a fleet with `drey fleet create`, join one with `drey join INVITE --up`, or name another folder with --home.',
      cause,
    });
  return new DreyError({
    code: 'agent-not-running',
    message: `no agent is running for the folder ${home}`,
    advice: 'Start it with `drey up`, or name another folder with --home.',
    retry: 'retryable',
    cause,
  });
}

function readControl(home: string): Control {
  try {
    return controlSchema.parse(JSON.parse(readFileSync(join(home, controlFile), 'utf8')));
  } catch (error) {
    throw notRunning(home, error);
  }
}

export interface Question<Name extends CallName> {
  readonly home: string;
  readonly call: Name;
  readonly request: CallRequest<Name>;
  readonly report?: ReportProgress;
}

/**
 * The agent let go of a connection from which it had read no request in time (RFC 9110 15.5.9): after it got no processor for ten seconds, or the
 * machine slept, also of one whose request lay there. Nothing was done.
 */
const requestTimeout = 408;
const triesMax = 6;

async function post(question: Question<CallName>, control: Control): Promise<IncomingMessage> {
  for (let tries = 1; ; tries++) {
    const response = await postOnce(question, control).catch((error: unknown) => {
      throw notRunning(question.home, error);
    });
    if (response.statusCode !== requestTimeout || tries === triesMax) return response;
    response.destroy();
  }
}

/** Over a connection of its own: one of an earlier call may just be closed for being idle. */
function postOnce({ call, request }: Question<CallName>, { port, token }: Control): Promise<IncomingMessage> {
  const body = JSON.stringify(request);
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  const where = { host: '127.0.0.1', port, path: `/call/${call}`, method: 'POST', agent: false, headers };
  return new Promise((resolve, reject) => {
    http.request(where, resolve).once('error', reject).end(body);
  });
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const text of response) {
    const lines = `${rest}${String(text)}`.split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  yield rest;
}

/** The last line; undefined where the connection ends before it. Throws what `report` throws. */
async function readAnswer(
  lines: AsyncIterator<string>,
  report: ReportProgress | undefined,
): Promise<Line | undefined> {
  for (;;) {
    const line = await nextLine(lines);
    if (line?.progress === undefined) return line;
    report?.(line.progress);
  }
}

/** Undefined at the end, and where the connection breaks or a line is cut. */
async function nextLine(lines: AsyncIterator<string>): Promise<Line | undefined> {
  try {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) return undefined;
      if (value !== '') return JSON.parse(value) as Line;
    }
  } catch {
    return undefined;
  }
}

/** Asks the running agent of `home`. Throws what the agent threw, what `report` throws, or `agent-not-running`, `agent-went-away`. */
export async function askAgent<Name extends CallName>(question: Question<Name>): Promise<CallAnswers[Name]> {
  const response = await post(question, readControl(question.home));
  if (response.statusCode === 401)
    throw notRunning(question.home, new Error('the port answers, but to another token'));
  const line = await readAnswer(linesOf(response), question.report).finally(() => response.destroy());
  if (line === undefined) {
    throw new DreyError({
      code: 'agent-went-away',
      message: `the agent ended before it answered "${question.call}"`,
      advice: 'Look into its log, start it again with `drey up`, and repeat the command.',
      retry: 'retryable',
    });
  }
  if (line.error !== undefined) throw new DreyError(line.error);
  return line.answer as CallAnswers[Name];
}
