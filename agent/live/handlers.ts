// The calls of agent/control, done by a running agent.

import {
  attributeNames,
  knownAtMs,
  machineId,
  type PlacedRow,
  readPlacedRows,
  type TelemetryRow,
} from '../../datasets/index.ts';
import { type HeadRecord, type PackDescriptor, personFromPhrase } from '../codec/index.ts';
import type {
  CallAnswers,
  CallRequest,
  CallHandlers,
  MembersAnswers,
  ReportProgress,
  RestoreAnswer,
  SnapshotAnswer,
  SnapshotLine,
} from '../control/index.ts';
import { forgottenGraceMs } from '../limits.ts';
import type { PeerId } from '../units.ts';
import type { TrainingView } from '../view.ts';
import { limitsText, listActs, noteAct } from './acts.ts';
import type { LiveAgent } from './agent.ts';
import { changedReason, compareTrees, defaultIgnoresOf, restoreSnapshot } from './data-path/index.ts';
import { changeWipes, listWipes } from './deletions.ts';
import { driveName } from './fleet-view.ts';
import { setRetention } from './keeping.ts';
import { diffSnapshots, findFiles, historyOf, proveDrives, verifyDrive } from './lookups.ts';
import { acceptChange, unprotect } from './folder-wishes.ts';
import { chooseHead, type DriveWish, insideDrive, openDriveSoon, openKnown } from './openable.ts';
import { machineNamed } from './machine-names.ts';
import { listAdmins, listInvites, listPeople, makeInvite, revoke } from './members.ts';
import { assertOutsideAgent, assertUsablePatterns } from './protected-folder.ts';
import { importTelemetry, newRows, strayRow } from './telemetry/index.ts';
import { modelRecordOf } from './planner.ts';
import { approvePlan, changeLimits, changePolicy } from './policy.ts';
import { answerWhatIf } from './what-if.ts';
import { renameMachine } from './renaming.ts';
import { wrong } from './wrong.ts';

type Handlers = Omit<CallHandlers, 'dashboard' | 'stop'>;

const reportTraining =
  (report: ReportProgress) =>
  (training: TrainingView): void =>
    report({ kind: 'training', ...training });

export function createHandlers(agent: LiveAgent): Handlers {
  return {
    view: () => agent.view(),
    ...membersHandlers(agent),
    policy: (change) => changePolicy(agent, change),
    protect: async ({ path, ignore, defaultIgnores: left, phrase }) => {
      assertUsablePatterns(ignore);
      return agent.drives.protect({
        path,
        // Nothing said: as before.
        ...(left === 'none' || ignore.length > 0
          ? { ignore: left === 'none' ? ignore : [...defaultIgnoresOf(path), ...ignore] }
          : {}),
        ...(phrase === undefined ? {} : { phrase }),
      });
    },
    phraseSeen: () => (agent.drives.phraseSeen(), { seen: true }),
    unprotect: ({ folder }) => unprotect(agent, folder),
    acceptChange: ({ path }) => acceptChange(agent, path),
    snapshot: (request) => takeSnapshot(agent, request),
    snapshots: ({ phrase }) => ({ drives: listDrives(agent, phrase) }),
    restore: (request, report, signal) => restore(agent, { ...request, signal }, report),
    find: (request, report, signal) => findFiles(agent, request, { report, signal }),
    history: (request, report, signal) => historyOf(agent, request, { report, signal }),
    diff: (request, report, signal) => diffSnapshots(agent, request, { report, signal }),
    verify: (request, report, signal) => verifyDrive(agent, request, { report, signal }),
    prove: (request, report, signal) => proveDrives(agent, request, { report, signal }),
    retention: (request, report, signal) => setRetention(agent, request, { report, signal }),
    computePlan: (_request, report, signal) => agent.planning.compute(reportTraining(report), signal),
    approvePlan: (request) => approvePlan(agent, request),
    acts: (request) => listActs(agent, request),
    planLimits: async (change) => ({
      ...(await changeLimits(agent, change)),
      untold: untoldAttributes(agent),
    }),
    whatIf: (request) => answerWhatIf(agent, request),
    alerts: async (change) => {
      const answer = agent.operations.alerts.change(change);
      const told = answer.receivers.map(({ channel }) => channel).join(' and ');
      if (Object.keys(change).length > 0) await noteAct(agent, 'alerts-set', told || 'nobody');
      return answer;
    },
    limits: async (change) => {
      const answer = agent.operations.pacing.change(change);
      if (Object.keys(change).length > 0) await noteAct(agent, 'limits-set', limitsText(answer));
      return answer;
    },
    testAlerts: () => agent.operations.alerts.test(),
    train: (_request, report, signal) => train(agent, report, signal),
    importTelemetry: ({ file, asSelf }) => importRows(agent, file, asSelf),
    exportTelemetry: (request, report) => exportRows(agent, request, report),
  };
}

const membersHandlers = (agent: LiveAgent): Pick<Handlers, keyof MembersAnswers | 'invite' | 'trust'> => ({
  invite: (wish) => makeInvite(agent, wish),
  invites: () => listInvites(agent),
  revoke: (wish) => revoke(agent, wish),
  rename: (wish) => renameMachine(agent, wish),
  people: () => listPeople(agent),
  admins: () => listAdmins(agent),
  wipes: () => listWipes(agent),
  wipe: (wish) => changeWipes(agent, wish),
  trust: ({ machine, reason }) => pardon(agent, machine, reason),
});

/** What nobody has told of its machine. */
function untoldAttributes({ core: { membership }, locations }: LiveAgent) {
  const told = membership.machines
    .filter((peer) => !membership.isRevoked(peer))
    .map((peer) => locations.get(peer)?.attributes);
  return attributeNames.filter((name) => told.every((attributes) => attributes?.[name] === undefined));
}

/** Says for everybody that a machine may hold shards again: what was held against it until now does not count. */
async function pardon(
  agent: LiveAgent,
  target: string,
  reason: string,
): Promise<{ readonly trusted: PeerId }> {
  const machine = machineNamed(agent, target);
  await agent.declare({ kind: 'pardon', machine, reason, atMs: agent.now() });
  return { trusted: machine };
}

async function takeSnapshot(
  agent: LiveAgent,
  { drive: wanted, first = false }: CallRequest<'snapshot'>,
): Promise<SnapshotAnswer> {
  const drives = [...agent.drives.running.values()].filter(
    ({ stored }) => stored.leftMs === undefined && (wanted === undefined || stored.drive.startsWith(wanted)),
  );
  const [drive] = drives;
  if (drive === undefined || drives.length > 1)
    throw wrong(
      'drive-unknown',
      drive === undefined ? 'no such drive is protected here' : 'several drives are protected here',
      'Name one drive: see `drey status`.',
    );
  const taken = await (first ? agent.drives.takeFirst(drive) : agent.drives.take(drive));
  await taken.acknowledged;
  const { snapshot, packs, drive: id } = taken.staged;
  const leftOut = taken.unreadable.filter(({ reason }) => reason !== changedReason);
  const kept = taken.unreadable.filter(({ reason }) => reason === changedReason);
  return {
    drive: id,
    outcome: taken.outcome === 'staged' ? 'acknowledged' : 'unchanged',
    snapshot,
    fileCount: taken.fileCount,
    byteCount: taken.byteCount,
    packCount: packs.length,
    sealedBytes: taken.sealedBytes,
    leftOutCount: leftOut.length,
    unreadable: [...leftOut, ...kept].slice(0, 1000).map(({ path, reason }) => `${path}: ${reason}`),
    special: taken.special.slice(0, 1000).map(({ path }) => path),
  };
}

const snapshotLine = ({ snapshot, atMs, fileCount, byteCount }: HeadRecord): SnapshotLine => ({
  snapshot,
  atMs,
  fileCount,
  byteCount,
});

function listDrives(agent: LiveAgent, phrase: string | undefined) {
  const person = phrase === undefined ? undefined : personFromPhrase(phrase);
  return [...agent.core.catalogue.drives].map(([drive, known]) => {
    const opened = openKnown(agent, drive, { known, person });
    const name =
      opened === undefined ? undefined : driveName(opened.keys.driveKey, opened.known.record.sealedName);
    return {
      drive,
      owner: known.owner,
      machine: agent.core.membership.nameOf(known.owner),
      ...(name === undefined ? {} : { name }),
      snapshots: known.heads.map(snapshotLine),
      forgotten: known.forgotten
        .map(({ head, sinceMs }) => ({ ...snapshotLine(head), untilMs: sinceMs + forgottenGraceMs }))
        .filter(({ untilMs }) => untilMs > agent.now()),
    };
  });
}

interface RestoreWish extends DriveWish {
  readonly to: string;
  readonly snapshot?: string;
  readonly atMs?: number;
  readonly paths: readonly string[];
  readonly compareTo?: string;
  readonly ignore: readonly string[];
  readonly signal: AbortSignal;
}

async function restore(agent: LiveAgent, wish: RestoreWish, report: ReportProgress): Promise<RestoreAnswer> {
  assertOutsideAgent(wish.to, agent.home.folder);
  const opened = await openDriveSoon(agent, wish);
  const { drive, known, keys } = opened;
  const [head, newest] = [chooseHead(known, wish), known.heads.at(-1)];
  const result = await restoreSnapshot({
    workers: agent.workers,
    head,
    ...(newest === undefined || newest === head ? {} : { newest }),
    ...keys,
    fetchPack: (descriptor) => fetchCounted(agent, descriptor),
    fetchRange: (descriptor, range) => agent.fetcher.fetchRange(descriptor, range),
    to: wish.to,
    paths: wish.paths.map((path) => insideDrive([opened], path).path),
    signal: wish.signal,
    onProgress: ({ phase, done, of }) => report({ kind: 'counted', what: phase, done, of }),
  });
  const differences =
    wish.compareTo === undefined
      ? undefined
      : await compareTrees({
          workers: agent.workers,
          left: wish.to,
          right: wish.compareTo,
          ignore: wish.ignore,
        });
  const { fileCount, symlinkCount, byteCount, packCount, missing, imperfect, remedies } = result;
  return {
    drive,
    machine: agent.core.membership.nameOf(known.owner),
    snapshot: head.snapshot,
    atMs: head.atMs,
    fileCount,
    symlinkCount,
    byteCount,
    packCount,
    missing,
    imperfect,
    remedies,
    ...(differences === undefined
      ? {}
      : { differences: differences.map(({ path, reason }) => `${path}: ${reason}`) }),
  };
}

/** A pack for a person's restore: which packs are wanted where is told by telemetry. */
async function fetchCounted(agent: LiveAgent, descriptor: PackDescriptor): Promise<Uint8Array> {
  const bytes = await agent.fetcher.fetch(descriptor);
  agent.telemetry?.countPack(descriptor);
  return bytes;
}

async function train(agent: LiveAgent, report: ReportProgress, signal: AbortSignal) {
  const machines = agent.core.membership.eligibleHolders(agent.now());
  const history = await agent.planner.history(machines);
  if (history === undefined)
    throw wrong(
      'no-history',
      'there is no hour of telemetry yet',
      'Wait, or import older monitoring with `drey telemetry import`.',
    );
  const show = (training: TrainingView): void => {
    agent.planning.show(training);
    reportTraining(report)(training);
  };
  try {
    const trained = await agent.planner.train(history, { onProgress: show, signal });
    await agent.ownWords.write([modelRecordOf(trained, agent.now())]);
    const domains = trained.domains.map(({ name, members }) => ({
      name,
      machines: members.map((row) => history.machines[row]!.machine),
    }));
    return { version: trained.version, backend: trained.backend, seconds: trained.seconds, domains };
  } finally {
    agent.planning.show(undefined);
  }
}

const asOwn = (row: TelemetryRow, self: PeerId): TelemetryRow => ({ ...row, machine: self });

async function importRows(
  agent: LiveAgent,
  file: string,
  asSelf: boolean,
): Promise<CallAnswers['importTelemetry']> {
  const placed: PlacedRow[] = [];
  for await (const one of readPlacedRows(file))
    placed.push(asSelf ? { ...one, row: asOwn(one.row, agent.peer) } : one);
  const rows = placed.map(({ row }) => row);
  const foreign = rows.find(({ machine }) => machine !== machineId(agent.peer));
  if (foreign !== undefined)
    throw wrong(
      'rows-of-another',
      'the file has rows of another machine: an agent signs only what is about itself',
      'Import it on that machine, or use --as-self.',
    );
  const stray = placed[strayRow(rows) ?? -1];
  if (stray !== undefined)
    throw wrong(
      'row-astray',
      `${file}, ${stray.unit} ${stray.number} is of ${new Date(knownAtMs(stray.row)).toISOString()}, more than ten years away from the other rows`,
      'Correct its time, or remove it from the file. Nothing was imported.',
    );
  const fresh = await newRows(rows, agent.planner.rows());
  await agent.appendTelemetry(importTelemetry(fresh));
  return { rowCount: fresh.length, knownCount: rows.length - fresh.length };
}

/** Throws `target-unknown`, `target-ambiguous`: a name that is mistyped would else have no rows. */
function machineOfRows(agent: LiveAgent, wanted: string | undefined): PeerId | undefined {
  if (wanted === undefined) return undefined;
  return wanted === 'self' ? agent.peer : machineNamed(agent, wanted);
}

async function exportRows(
  agent: LiveAgent,
  wanted: { readonly machine?: string; readonly kind?: TelemetryRow['kind'] },
  report: ReportProgress,
): Promise<{ readonly rowCount: number }> {
  const machine = machineOfRows(agent, wanted.machine);
  let rowCount = 0;
  for await (const row of agent.planner.rows()) {
    if (machine !== undefined && row.machine !== machine) continue;
    if (wanted.kind !== undefined && row.kind !== wanted.kind) continue;
    rowCount++;
    report({ kind: 'row', row });
  }
  return { rowCount };
}
