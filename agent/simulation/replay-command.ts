// The command that runs a simulation again, and what it reads back. A planner or a planted bug cannot be written down; a trace is
// named beside it.

import { DreyError } from '../../datasets/index.ts';
import { checkNames, noFaults, type SimulationOptions } from './options.ts';

/** Options as one JSON text: everything but functions and the history. */
export const optionsText = ({
  planner: _planner,
  rewrite: _rewrite,
  history: _history,
  ...plain
}: SimulationOptions): string => JSON.stringify(plain);

/** A line for a shell. `more` is what the command needs besides, as in `--trace FILE`. */
export const replayCommand = (options: SimulationOptions, more = ''): string =>
  `npm run simulate -- ${more === '' ? '' : `${more} `}--options '${optionsText(options)}'`;

const wrong = (message: string): DreyError =>
  new DreyError({
    code: 'simulation-options',
    message,
    advice: 'Copy the whole command that a failed run printed, with its quotes.',
  });

const knownNames: ReadonlySet<string> = new Set([
  'seed',
  'agentCount',
  'days',
  'faults',
  'snapshotsPerMachineDay',
  'keepLast',
  'tickMs',
  'scrubPassMs',
  'holderSilenceMs',
  'meshMax',
  'ringCount',
  'quotaBytes',
  'restoreCount',
  'checks',
]);

/** Reads what `optionsText` wrote. Throws `simulation-options`. */
export function parseOptionsText(text: string): SimulationOptions {
  const value = parsed(text);
  for (const [name, part] of Object.entries(value)) {
    if (!knownNames.has(name)) throw wrong(`there is no option "${name}" of a simulation`);
    if (name === 'faults') checkFaults(part);
    else if (name === 'checks') checkChecks(part);
    else if (name !== 'seed' && (typeof part !== 'number' || part < 0))
      throw wrong(`the option "${name}" cannot be ${JSON.stringify(part)}`);
  }
  const { seed, agentCount, days } = value;
  if (
    (typeof seed !== 'string' && typeof seed !== 'number') ||
    agentCount === undefined ||
    days === undefined
  )
    throw wrong('seed, agentCount and days are missing from the options');
  // Checked above, name by name.
  return value as unknown as SimulationOptions;
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DreyError({
      code: 'simulation-options',
      message: 'the options are no JSON',
      advice: 'Copy the whole command that a failed run printed, with its quotes.',
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw wrong('the options are no JSON object');
  return value as Readonly<Record<string, unknown>>;
}

function checkFaults(value: unknown): void {
  for (const [name, part] of Object.entries(value ?? {})) {
    const known = noFaults[name as keyof typeof noFaults];
    if (known === undefined || typeof known !== typeof part)
      throw wrong(`the fault "${name}" cannot be that`);
  }
}

function checkChecks(value: unknown): void {
  const isKnown = Array.isArray(value) && value.every((name) => checkNames.includes(name as never));
  if (!isKnown) throw wrong('the checks are not what the checks are called');
}
