// `drey doctor`: what works on this machine, what does not, and what to do. Looks and tries; changes nothing.

import { accessSync, constants } from 'node:fs';
import { DreyError } from '../../datasets/index.ts';
import { openBackend } from '../../models/index.ts';
import { chunkHashing, createMachineKey, encodeHello } from '../codec/index.ts';
import { askAgent } from '../control/index.ts';
import { driveOfProblem, type Problem, problemText } from '../problem.ts';
import type { Finding } from '../view.ts';
import { canWatchFolders, keepsAttributes } from './data-path/index.ts';
import { homeAt, type Home } from './home.ts';
import { type Identity, nowMs, readIdentity } from './identity.ts';
import { isValidAt } from '../core/index.ts';

const ok = (subject: string, text: string): Finding => ({ level: 'ok', subject, text });

function failed(subject: string, error: unknown): Finding {
  if (error instanceof DreyError)
    return { level: 'problem', subject, text: `${error.message} [${error.code}]`, advice: error.advice };
  return { level: 'problem', subject, text: error instanceof Error ? error.message : String(error) };
}

const noFleet: Finding = {
  level: 'warning',
  subject: 'fleet',
  text: 'this machine is in no fleet',
  advice: 'Join one with `drey join INVITE`.',
};

function examineIdentity(home: Home): { readonly line: Finding; readonly identity?: Identity } {
  try {
    const identity = readIdentity(home);
    const { certificate } = identity;
    if (!isValidAt(certificate, nowMs()))
      return {
        identity,
        line: {
          level: 'problem',
          subject: 'certificate',
          text: 'it is not valid now',
          advice: 'Check the clock. If it is right: `drey join` with a new invite and another --home.',
        },
      };
    return {
      identity,
      line: ok(
        'certificate',
        `"${certificate.name}", valid until ${new Date(certificate.notAfterMs).toISOString().slice(0, 10)}`,
      ),
    };
  } catch (error) {
    if (error instanceof DreyError && error.code === 'not-a-member') return { line: noFleet };
    return { line: failed('certificate', error) };
  }
}

/** In no fleet there is none that should run. */
export const notRunning = (isMember: boolean): Finding => ({
  level: isMember ? 'problem' : 'warning',
  subject: 'agent',
  text: 'it is not running',
  advice: isMember ? 'Start it with `drey up`: until then nothing is saved.' : 'It starts with `drey join`.',
});

/** Which drive, where there may be several. */
export function withDrive(problem: Problem): string {
  const drive = driveOfProblem(problem);
  return drive === undefined ? problemText(problem) : `Drive ${drive}: ${problemText(problem)}`;
}

async function examineAgent(home: Home, isMember: boolean): Promise<readonly Finding[]> {
  try {
    const view = await askAgent({ home: home.folder, call: 'view', request: {} });
    const machines = view.machines.filter(({ state }) => state !== 'revoked');
    const up = machines.filter(({ state }) => state === 'up').length;
    return [
      ok('agent', `it is running and sees ${up} of ${machines.length} machines`),
      ...view.problems.map((problem) => ({
        level: problem.level,
        subject: problem.kind,
        text: withDrive(problem),
      })),
    ];
  } catch (error) {
    if (error instanceof DreyError && error.code === 'agent-not-running') return [notRunning(isMember)];
    return [failed('agent', error)];
  }
}

const examineHashing = (): Finding =>
  chunkHashing === 'native'
    ? ok('hashing', 'BLAKE3 in native code')
    : {
        level: 'warning',
        subject: 'hashing',
        text: 'BLAKE3 in JavaScript: backups are right, and several times slower',
        advice: 'Install again with optional packages: @napi-rs/blake-hash has a binary for most systems.',
      };

async function examineBackend(): Promise<Finding> {
  try {
    const { report } = await openBackend();
    const passed = report.passedOver.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
    return ok(
      'models',
      `TensorFlow.js runs on "${report.name}", its self-check is ${report.deviation.toExponential(1)} off${passed === '' ? '' : ` (passed over ${passed})`}`,
    );
  } catch (error) {
    return failed('models', error);
  }
}

function examineWatcher(): Finding {
  if (canWatchFolders) return ok('watcher', 'changes in folders are heard of at once');
  return {
    level: 'warning',
    subject: 'watcher',
    text: 'this system tells of no changes: they are found by scans every ten minutes',
    advice: 'Install again with optional packages: koffi has a binary for most systems.',
  };
}

function examineAttributes(): Finding {
  if (keepsAttributes) return ok('attributes', 'extended attributes, access lists and exact times are kept');
  return {
    level: 'warning',
    subject: 'attributes',
    text: 'extended attributes and access lists are not kept on this system, and times are exact to a microsecond',
  };
}

/** Nothing where it takes writes: an agent that runs tells of its disk itself. */
export function examineFolder({ folder }: Home): readonly Finding[] {
  try {
    accessSync(folder, constants.W_OK);
    return [];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'EROFS' ? 'its disk is read-only' : `${code}`;
    return [
      {
        level: 'problem',
        subject: 'folder',
        text: `the agent's own folder cannot be written: ${why}`,
        advice: 'Until it can, the agent saves nothing and keeps nothing for others.',
      },
    ];
  }
}

async function dialOut(address: string, identity: Identity | undefined): Promise<Finding> {
  try {
    const hello =
      identity === undefined
        ? undefined
        : encodeHello({ fleet: identity.fleet, certificate: identity.certificateBytes });
    const { probe } = await import('./wire/index.ts');
    const { peer, answer } = await probe(identity?.machineKey ?? createMachineKey(), address, hello);
    if (answer.kind === 'welcome') return ok('dial', `${peer} welcomed this machine`);
    return {
      level: 'problem',
      subject: 'dial',
      text: `${peer} refused this machine: ${answer.reason} [${answer.code}]`,
      advice: 'Join its fleet with an invite first.',
    };
  } catch (error) {
    return { ...failed('dial', error), advice: 'Check the address, and that the agent there is up.' };
  }
}

/** One line a finding; with `dial`, tries an agent there. */
export async function examine(options: {
  readonly home: string;
  readonly dial?: string;
}): Promise<readonly Finding[]> {
  const home = homeAt(options.home);
  const { line, identity } = examineIdentity(home);
  if (options.dial !== undefined) return [line, await dialOut(options.dial, identity)];
  return [
    ok('node', process.version),
    line,
    ...(identity === undefined ? [] : examineFolder(home)),
    ...(await examineAgent(home, identity !== undefined)),
    await examineBackend(),
    examineHashing(),
    examineWatcher(),
    examineAttributes(),
  ];
}
