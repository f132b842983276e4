// Problems of other owners that this agent tells for them: who has gone silent, whose files are not saved though it is there. A machine
// that is broken does not complain itself. Drives have no names here: their owners' do.

import { countText, dayMs, type UnixMs, unixMs } from '../../../datasets/index.ts';
import type { AgentCore } from '../../core/index.ts';
import { savedAgeMsMax } from '../../limits.ts';
import type { PeerId } from '../../units.ts';
import { targetOf } from '../machine-names.ts';
import type { FoundProblem } from './find-problems.ts';

export const findOwnerProblems = (core: AgentCore, now: UnixMs): readonly FoundProblem[] => [
  ...silentOwners(core, now),
  ...oldDrives(core, now),
];

const nameOf = ({ membership }: AgentCore, peer: PeerId): string =>
  peer === membership.self ? 'this machine' : membership.nameOf(peer);

const daysText = (ms: number): string => countText(Math.floor(ms / dayMs), 'day');
const dayText = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

const silentOwners = (core: AgentCore, now: UnixMs): readonly FoundProblem[] =>
  core.vigil.silences(now).map(({ peer, sinceMs, allowedMs, driveCount }): FoundProblem => ({
    kind: 'owner-silent',
    about: peer,
    level: 'warning',
    risk: `Nothing new of ${nameOf(core, peer)} is saved (${driveCount === 1 ? 'one drive' : `${driveCount} drives`}).`,
    why: `It has been silent since ${dayText(sinceMs)}, ${daysText(now - sinceMs)}; it is usually back within ${daysText(allowedMs)}.`,
    action: 'What it saved before stays with its holders.',
    advice: `Ask its person, start it again, or put it out with \`drey fleet revoke ${targetOf(core, peer)}\`.`,
    sinceMs: unixMs(sinceMs + allowedMs),
  }));

const oldDrives = (core: AgentCore, now: UnixMs): readonly FoundProblem[] =>
  core.vigil.oldDrives(now).map(({ drive, owner, savedMs }): FoundProblem => ({
    kind: 'snapshot-old',
    about: drive,
    level: 'problem',
    risk: `What changed in a drive of ${nameOf(core, owner)} is not safe.`,
    why: `Its agent is there, and all changes were last saved on ${dayText(savedMs)}, ${daysText(now - savedMs)} ago.`,
    action: 'What was saved before stays with its holders.',
    advice: `Run \`drey status\` and \`drey doctor\` on ${nameOf(core, owner)}: its folder may be gone, its disk full, or its agent broken.`,
    sinceMs: unixMs(savedMs + savedAgeMsMax),
  }));
