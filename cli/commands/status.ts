// `drey status`: what is safe, what is at risk, what is being done, in plain words.

import type { Command } from 'commander';
import {
  driveOfProblem,
  type DriveView,
  type FleetView,
  problemText,
  sentence,
  shownName,
} from '../../agent/index.ts';
import { askAgent } from '../../agent/control/index.ts';
import { limitWords } from './limits.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, countText, oneLine, paragraphText, spanText, tableText, timeText } from '../print.ts';
import { pendingText } from '../waiting.ts';

const marks = { warning: '! ', problem: '!!' } as const;
/** Of one kind; a whole site that is off is one trouble. */
const shownPerKindMax = 5;

function heardText({ state, lastHeardMs }: FleetView['machines'][number], atMs: number): string {
  if (lastHeardMs === undefined) return 'not yet';
  return state === 'up' ? 'now' : `${spanText(Math.max(0, atMs - lastHeardMs))} ago`;
}

function machineRows(view: FleetView): string {
  const rows = view.machines.map((machine) => [
    shownName(machine) + (machine.peer === view.self ? ' (here)' : ''),
    machine.state,
    heardText(machine, view.atMs),
    machine.quotaBytes === undefined ? '-' : bytesText(machine.quotaBytes),
    machine.freeBytes === undefined ? '-' : bytesText(machine.freeBytes),
    String(machine.slotCount),
    machine.audits === undefined
      ? '-'
      : `${machine.audits.proven} of ${machine.audits.proven + machine.audits.failed}`,
    machine.trust === undefined ? 'yes' : `${machine.trust.standing} (${machine.trust.score})`,
    machine.domain ?? '-',
  ]);
  return tableText([
    ['machine', 'state', 'heard', 'gives', 'disk free', 'slots', 'proven', 'trusted', 'domain'],
    ...rows,
  ]);
}

/** When files of it last came back from other machines in a trial, and whether the last one did. */
function provenText({ proof }: DriveView, atMs: number): string {
  if (proof === undefined) return 'not yet proven restorable';
  const { last, proven } = proof;
  const when =
    proven === undefined
      ? 'never proven restorable'
      : `last proven restorable: ${spanText(Math.max(0, atMs - proven.atMs))} ago (${countText(proven.fileCount, 'file')}, ${bytesText(proven.byteCount)} from ${countText(proven.machineCount, 'machine')})`;
  if (last.verdict === 'proven') return when;
  return `${when}; a trial ${spanText(Math.max(0, atMs - last.atMs))} ago failed: ${last.reasons.join('; ')}`;
}

function newestText({ snapshots }: DriveView): string {
  const last = snapshots.at(-1);
  if (last === undefined) return 'no snapshot yet';
  return `newest snapshot ${timeText(last.atMs)}, ${countText(last.fileCount, 'file')}, ${bytesText(last.byteCount)}`;
}

const outOfReachText = ({ packCount, outOfReachCount }: NonNullable<DriveView['outOfReach']>): string =>
  outOfReachCount === packCount
    ? 'nothing of it can be restored now: too few of its holders are on'
    : `${outOfReachCount} of its ${countText(packCount, 'pack')} cannot be restored now: too few of their holders are on`;

function driveLines(view: FleetView): string[] {
  return view.drives.flatMap((drive) =>
    drive.path === undefined
      ? []
      : [
          `  ${oneLine(drive.path)}`,
          `     ${newestText(drive)}; ${drive.leftMs === undefined ? (drive.watcher ?? 'stopped') : `not protected since ${timeText(drive.leftMs)}`}`,
          ...(drive.pending === undefined ? [] : [`     on its way: ${pendingText(drive.pending)}`]),
          `     ${provenText(drive, view.atMs)}`,
          ...(drive.outOfReach === undefined ? [] : [`!!   ${outOfReachText(drive.outOfReach)}`]),
          ...(drive.held === undefined ? [] : [`!!   ${drive.held}; no older snapshot is forgotten`]),
        ],
  );
}

const lostGroupCount = ({ groupsNow }: FleetView): number =>
  groupsNow.filter((group) => group.margin < 0).length;

function atRiskLine(view: FleetView): string {
  const below = lostGroupCount(view);
  if (view.plan === undefined)
    return 'There is no plan yet: a fleet needs four machines before it can place copies.';
  if (below > 0) return `${below} of ${view.groupsNow.length} groups cannot be restored from at this moment.`;
  return `All ${view.groupsNow.length} groups can be restored from at this moment.`;
}

function limitsLines({ limits }: FleetView): readonly string[] {
  if (limits === undefined) return [];
  const { paused, untilMs, ...rates } = limits;
  const words = limitWords(rates).join(', ');
  const until = untilMs === undefined ? '' : ` Until ${timeText(untilMs)}.`;
  if (paused !== undefined) return [`Paused: ${paused}.${until}`];
  return words === '' ? [] : [`${sentence(words)}${until}`];
}

/** The kind, and of which folder, where there may be several. */
function titleOf(problem: FleetView['problems'][number], { drives }: FleetView): string {
  const drive = driveOfProblem(problem);
  if (drive === undefined) return problem.kind;
  const path = drives.find((one) => one.drive === problem.about)?.path;
  return `${problem.kind} of ${path === undefined ? `drive ${drive}` : oneLine(path)}`;
}

/** Each problem as one paragraph; of one kind only the first few. */
function problemLines(view: FleetView): readonly string[] {
  const { problems } = view;
  const nothing = lostGroupCount(view) === 0 ? 'Nothing' : 'Nothing else';
  if (problems.length === 0) return [`${nothing} is wrong or at risk as far as this machine knows.`];
  const kinds = Map.groupBy(problems, ({ kind }) => kind);
  return [...kinds.values()].flatMap((alike) => {
    const lines = alike
      .slice(0, shownPerKindMax)
      .map((problem) =>
        paragraphText(
          `${marks[problem.level]} `,
          `${problemText(problem)} (${titleOf(problem, view)}, since ${timeText(problem.sinceMs)})`,
        ),
      );
    const more = alike.length - lines.length;
    return more > 0 ? [...lines, `   and ${more} more of this kind: \`drey status --json\``] : lines;
  });
}

/** Nothing where no copies are here: most fleets stand in one place. */
const copiesLines = ({ copies, copyBytes, servedCopyShards }: FleetView['work']): readonly string[] =>
  copyBytes === 0
    ? []
    : [
        `Copies of popular packs, for readers nearby: ${copies}, ${bytesText(copyBytes)}; others fetched ${countText(servedCopyShards, 'shard')} of them.`,
      ];

/** What it read of its own disk by itself; nothing where it holds nothing. */
function readLines({
  work: { heldShards, readShards, rottenShards, allReadMs },
  atMs,
}: FleetView): readonly string[] {
  if (heldShards === 0) return [];
  const all =
    allReadMs === undefined
      ? 'not all of them yet'
      : `all of them once ${spanText(Math.max(0, atMs - allReadMs))} ago`;
  const rotten =
    rottenShards === 0 ? '' : ` ${rottenShards} of its shards were damaged or missing and are fetched again.`;
  return [`Since it started it read ${readShards} of its shards to check them, ${all}.${rotten}`];
}

function workText({ work }: FleetView): string {
  const still = [
    [work.shardsToSend, 'to send'],
    [work.shardsToRebuild, 'to rebuild'],
    [work.shardsToRemove, 'kept for others'],
  ]
    .filter(([count]) => count !== 0)
    .map(([count, what]) => `${count} ${what}`);
  const waiting =
    work.outboxPacks === 0 ? '' : ` ${countText(work.outboxPacks, 'pack')} of its own wait for holders.`;
  return `This machine holds ${countText(work.heldShards, 'shard')}, ${bytesText(work.heldBytes)}${still.length === 0 ? '' : `; ${still.join(', ')}`}.${waiting}`;
}

function headText({ fleetName, machines, plan, optimizer }: FleetView): string {
  const upCount = machines.filter(({ state }) => state === 'up').length;
  const count = machines.filter(({ state }) => state !== 'revoked').length;
  const by = machines.find(({ peer }) => peer === optimizer?.peer);
  const placed = plan === undefined ? 'no plan yet' : `plan ${plan.epoch} (${plan.modelSource})`;
  return `Fleet "${fleetName}", ${upCount} of ${countText(count, 'machine')} up; ${placed}${by === undefined ? '' : `; optimizer ${shownName(by)}`}`;
}

/** What `drey status` says for people. */
export function statusText(view: FleetView): string {
  const drives = driveLines(view);
  return [
    headText(view),
    atRiskLine(view),
    '',
    machineRows(view),
    '',
    workText(view),
    ...copiesLines(view.work),
    ...readLines(view),
    ...limitsLines(view),
    ...(drives.length === 0 ? [] : ['', 'Protected here:', ...drives]),
    '',
    ...problemLines(view),
  ].join('\n');
}

/** Adds `status`. */
export function addStatusCommand(program: Command): void {
  withCommonOptions(
    program.command('status').description('what is safe, what is at risk, what is being done'),
    'drey status --json',
  ).action(async (options: CommonOptions) => {
    const view = await askAgent({ home: homeOf(options), call: 'view', request: {} });
    show(options, view, () => statusText(view));
  });
}
