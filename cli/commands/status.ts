// `drey status`: what is safe, what is at risk, what is being done, in plain words.

import type { Command } from 'commander';
import { type DriveView, type FleetView, type Problem, problemText } from '../../agent/index.ts';
import { askAgent } from '../../agent/control/index.ts';
import { limitWords } from './limits.ts';
import { homeOf, show, withCommonOptions, type CommonOptions } from '../command.ts';
import { bytesText, spanText, tableText, timeText } from '../print.ts';

const marks = { warning: '! ', problem: '!!' } as const;
/** Of one kind; a whole site that is off is one trouble. */
const shownPerKindMax = 5;

function machineRows(view: FleetView): string {
  const rows = view.machines.map((machine) => [
    machine.name + (machine.peer === view.self ? ' (here)' : ''),
    machine.state,
    machine.lastHeardMs === undefined ? '-' : `${spanText(Math.max(0, view.atMs - machine.lastHeardMs))} ago`,
    machine.freeBytes === undefined ? '-' : bytesText(machine.freeBytes),
    String(machine.slotCount),
    machine.audits === undefined
      ? '-'
      : `${machine.audits.proven} of ${machine.audits.proven + machine.audits.failed}`,
    machine.trust === undefined ? 'yes' : `${machine.trust.standing} (${machine.trust.score})`,
    machine.domain ?? '-',
  ]);
  return tableText([['machine', 'state', 'heard', 'free', 'slots', 'proven', 'trusted', 'domain'], ...rows]);
}

/** When files of it last came back from other machines in a trial, and whether the last one did. */
function provenText({ proof }: DriveView, atMs: number): string {
  if (proof === undefined) return 'not yet proven restorable';
  const { last, proven } = proof;
  const when =
    proven === undefined
      ? 'never proven restorable'
      : `last proven restorable: ${spanText(Math.max(0, atMs - proven.atMs))} ago (${proven.fileCount} files, ${bytesText(proven.byteCount)} from ${proven.machineCount} machines)`;
  if (last.verdict === 'proven') return when;
  return `${when}; a trial ${spanText(Math.max(0, atMs - last.atMs))} ago failed: ${last.reasons.join('; ')}`;
}

function driveLines(view: FleetView): string[] {
  return view.drives
    .filter((drive) => drive.path !== undefined)
    .map((drive) => {
      const last = drive.snapshots.at(-1);
      const newest =
        last === undefined
          ? 'no snapshot yet'
          : `newest snapshot ${timeText(last.atMs)} UTC, ${last.fileCount} files, ${bytesText(last.byteCount)}`;
      const pending =
        drive.pending === undefined
          ? ''
          : `; on its way: ${drive.pending.shardsStored} of ${drive.pending.shardsWanted} shards stored`;
      const held = drive.held === undefined ? '' : `\n!!   ${drive.held}; no older snapshot is forgotten`;
      const proven = `\n     ${provenText(drive, view.atMs)}`;
      return `  ${drive.path}: ${newest}${pending}; ${drive.watcher ?? 'stopped'}${proven}${held}`;
    });
}

function atRiskLine(view: FleetView): string {
  const below = view.groupsNow.filter((group) => group.margin < 0).length;
  if (view.plan === undefined)
    return 'There is no plan yet: a fleet needs four machines before it can place copies.';
  if (below > 0) return `${below} of ${view.groupsNow.length} groups cannot be restored from at this moment.`;
  return `All ${view.groupsNow.length} groups can be restored from at this moment.`;
}

function limitsLines({ limits }: FleetView): readonly string[] {
  if (limits === undefined) return [];
  const { paused, untilMs, ...rates } = limits;
  const words = limitWords(rates).join(', ');
  const until = untilMs === undefined ? '' : ` Until ${timeText(untilMs)} UTC.`;
  if (paused !== undefined) return [`Paused: ${paused}.${until}`];
  return words === '' ? [] : [`${words[0]!.toUpperCase()}${words.slice(1)}.${until}`];
}

/** Each problem as one paragraph; of one kind only the first few. */
function problemLines(problems: readonly Problem[]): readonly string[] {
  if (problems.length === 0) return ['Nothing is wrong or at risk as far as this machine knows.'];
  const kinds = Map.groupBy(problems, ({ kind }) => kind);
  return [...kinds.values()].flatMap((alike) => {
    const lines = alike
      .slice(0, shownPerKindMax)
      .map(
        (problem) =>
          `${marks[problem.level]} ${problem.kind}, since ${timeText(problem.sinceMs)} UTC: ${problemText(problem)}`,
      );
    const more = alike.length - lines.length;
    return more > 0 ? [...lines, `   and ${more} more of this kind: \`drey status --json\``] : lines;
  });
}

/** What it read of its own disk by itself. */
/** Nothing where no copies are here: most fleets stand in one place. */
const copiesLines = ({ copies, copyBytes, servedCopyShards }: FleetView['work']): readonly string[] =>
  copyBytes === 0
    ? []
    : [
        `Copies of popular packs, for readers nearby: ${copies}, ${bytesText(copyBytes)}; others fetched ${servedCopyShards} shards of them.`,
      ];

function readText({ work: { readShards, rottenShards, allReadMs }, atMs }: FleetView): string {
  const all =
    allReadMs === undefined
      ? 'not all of them were read yet'
      : `all were read once ${spanText(Math.max(0, atMs - allReadMs))} ago`;
  return `Since it started it read ${readShards} of its shards by itself, ${rottenShards} of them were damaged and are fetched again; ${all}.`;
}

function statusText(view: FleetView): string {
  const { work } = view;
  const optimizer = view.machines.find((machine) => machine.peer === view.optimizer?.peer);
  return [
    `Fleet "${view.fleetName}", ${view.machines.filter((machine) => machine.state === 'up').length} of ${view.machines.length} machines up; plan ${view.plan?.epoch ?? 'none'} (${view.plan?.modelSource ?? '-'}); optimizer ${optimizer?.name ?? 'none'}`,
    atRiskLine(view),
    '',
    machineRows(view),
    '',
    `This machine holds ${work.heldShards} shards, ${bytesText(work.heldBytes)}; to send ${work.shardsToSend}, to rebuild ${work.shardsToRebuild}, to remove ${work.shardsToRemove}; own packs waiting ${work.outboxPacks}.`,
    ...copiesLines(work),
    readText(view),
    ...limitsLines(view),
    ...driveLines(view),
    '',
    ...problemLines(view.problems),
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
