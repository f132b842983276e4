// Problems with the trial restores of this machine's drives: the last one failed, or it is too long ago. Without names.

import { dayMs, hourMs, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { AgentCore } from '../../core/index.ts';
import { proofAgeMsMax, proofFailedMsMax } from '../../limits.ts';
import type { DriveId } from '../../units.ts';
import type { FoundProblem } from './find-problems.ts';

export const findProofProblems = (core: AgentCore, now: UnixMs): readonly FoundProblem[] =>
  [...core.catalogue.drives].flatMap(([drive, { owner, heads }]) => {
    const first = heads[0];
    if (owner !== core.membership.self || first === undefined) return [];
    return [...failureOf(core, drive, now), ...ageOf(core, { drive, firstMs: first.atMs }, now)];
  });

/** What came wrong is told at once; what did not come, when it goes on: its holders may have been asleep. */
function failureOf({ proving }: AgentCore, drive: DriveId, now: UnixMs): readonly FoundProblem[] {
  const proof = proving.proofOf(drive);
  if (proof === undefined || proof.last.verdict === 'proven') return [];
  const { last, proven } = proof;
  const isWrong = last.verdict === 'wrong';
  if (!isWrong && now - (proven?.atMs ?? last.atMs) < proofFailedMsMax) return [];
  const came = `${last.fileCount} of the files that were tried came back well`;
  return [
    {
      kind: 'proof-failed',
      about: drive,
      level: isWrong ? 'problem' : 'warning',
      risk: 'Files of a drive may not be restorable.',
      why: `A trial restore from other machines failed: ${came}; ${last.reasons.join('; ')}.`,
      action: 'It is tried again every hour.',
      advice: isWrong
        ? '`drey verify --prove` tries it now and names the files; `drey verify --read-data` looks at all of them.'
        : 'Start machines that are off; `drey verify` says what is out of reach.',
      sinceMs: proven === undefined ? last.atMs : proven.atMs,
    },
  ];
}

function ageOf(
  { proving }: AgentCore,
  { drive, firstMs }: { readonly drive: DriveId; readonly firstMs: UnixMs },
  now: UnixMs,
): readonly FoundProblem[] {
  const provenMs = proving.proofOf(drive)?.proven?.atMs;
  const ageMs = now - (provenMs ?? firstMs);
  if (ageMs < proofAgeMsMax) return [];
  return [
    {
      kind: 'proof-old',
      about: drive,
      level: 'warning',
      risk: 'Nobody knows whether the files of a drive can be restored.',
      why:
        provenMs === undefined
          ? `No trial restore from other machines was whole since its first snapshot, ${daysText(ageMs)} ago.`
          : `The last trial restore that was whole is ${daysText(ageMs)} ago.`,
      action: 'It is tried once a day, while other machines are there and this one is not on battery.',
      advice: 'Leave the machine on mains and in the network for an hour, or run `drey verify --prove`.',
      sinceMs: unixMs((provenMs ?? firstMs) + proofAgeMsMax),
    },
  ];
}

const daysText = (ms: number): string =>
  ms < 2 * dayMs ? `${Math.round(ms / hourMs)} hours` : `${Math.round(ms / dayMs)} days`;
