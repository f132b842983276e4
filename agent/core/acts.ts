// What the logs tell of acts of admins, and whether the logs are whole. Statements and plans tell of themselves; `act` records of what leaves
// nothing else. Reads batches in the order of each log; a line that cannot be believed is a finding, never an act.

import { hourMs, type UnixMs, unixMs } from '../../datasets/index.ts';
import {
  type ActRecord,
  type AgentRecord,
  type FleetPolicy,
  type MachineCertificate,
  noBatchHash,
  openBatch,
  openStatement,
  type SignedBatch,
  type Statement,
} from '../codec/index.ts';
import { clockSkewMsMax } from '../limits.ts';
import { policyText } from './policy-words.ts';
import type { FleetId, PeerId } from '../units.ts';

/** `admitted`: by an invite, which an admin's agent answered by itself. */
export type ActKind =
  | 'fleet-made'
  | 'admin-made'
  | 'machine-admitted'
  | 'certificate-renewed'
  | 'machine-renamed'
  | 'invite-made'
  | 'revoked'
  | 'trusted-again'
  | 'policy-set'
  | 'admin-revoked'
  | 'person-revoked'
  | 'wipe-asked'
  | 'wipe-agreed'
  | 'wipe-stopped'
  | 'wipe-rule-set'
  | ActRecord['act'];

export interface Act {
  readonly act: ActKind;
  /** By the clock of the machine on which it was done. */
  readonly atMs: UnixMs;
  /** The machine in whose log it stands. */
  readonly machine: PeerId;
  /** SHA-256 of the public key of the admin who signed it, 64 hex digits; absent where the machine's own signature is all. */
  readonly admin?: string;
  /** Whom or what it is about: a peer id, an invite's id, a version, a plan. */
  readonly about?: string;
  /** For people. */
  readonly detail: string;
  /** Where it stands: batch and record of that machine's log of facts, and SHA-256 of the batch. */
  readonly at: { readonly sequence: number; readonly record: number; readonly hash: string };
}

/** What is wrong with a log. */
export interface LogFinding {
  readonly machine: PeerId;
  readonly problem: string;
}

export interface LogCheck {
  readonly logCount: number;
  readonly batchCount: number;
  readonly actCount: number;
  readonly findings: readonly LogFinding[];
}

/** How many batches a log has, as far as this agent has heard. */
export interface KnownLength {
  /** By batches with the signature of its machine. */
  readonly signed: number;
  /** By what any member said; at least `signed`. */
  readonly spokenOf: number;
}

interface LogState {
  next: number;
  hash: string;
}

/** A statement where it was written first. */
interface Said extends Pick<Act, 'machine' | 'at'> {
  readonly admin: string;
  readonly statement: Statement;
  readonly writtenMs: UnixMs;
}

export class ActList {
  readonly #fleet: FleetId;
  readonly #acts: Act[] = [];
  readonly #said = new Map<string, Said>();
  readonly #logs = new Map<PeerId, LogState>();
  readonly #findings: LogFinding[] = [];
  #batchCount = 0;

  constructor(fleet: FleetId) {
    this.#fleet = fleet;
  }

  /** Takes the next batch of a log of facts, opened anew by its bytes where `check` asks for that. */
  add(batch: SignedBatch, trust: 'stored' | 'check'): void {
    if (batch.stream !== 'facts') return;
    this.#batchCount++;
    this.#follow(batch);
    if (trust === 'check' && !openBatch(batch.bytes).ok)
      this.#find(batch.author, `batch ${batch.sequence} is not signed by the machine whose log it is in`);
    for (const [record, one] of batch.records.entries()) this.#read(batch, { record, one });
  }

  /** Oldest first. Policies say what they changed against the one before them, certificates whether they renew one. */
  get acts(): readonly Act[] {
    const ordered = [...this.#said.values()].toSorted((a, b) => saidMs(a) - saidMs(b) || inLog(a, b));
    const wording = new Wording();
    const stated = ordered.map((said): Act => {
      const { machine, admin, at, statement } = said;
      return { machine, admin, at, atMs: shownMs(said), ...wording.of(statement) };
    });
    return [...this.#acts, ...stated].toSorted((a, b) => a.atMs - b.atMs || inLog(a, b));
  }

  /** `known`: fewer batches here means that some are missing, or that somebody said something wrong. */
  check(known: ReadonlyMap<PeerId, KnownLength>, forked: readonly PeerId[]): LogCheck {
    const missing = [...known].flatMap(([machine, length]): readonly LogFinding[] => {
      const problem = whatIsMissing(this.#logs.get(machine)?.next ?? 0, length);
      return problem === undefined ? [] : [{ machine, problem }];
    });
    const forks = forked.map((machine) => ({
      machine,
      problem: 'there are two histories of this log: its disk was put back to an older image',
    }));
    return {
      logCount: this.#logs.size,
      batchCount: this.#batchCount,
      actCount: this.#acts.length + this.#said.size,
      findings: [...this.#findings, ...missing, ...forks],
    };
  }

  #find(machine: PeerId, problem: string): void {
    this.#findings.push({ machine, problem });
  }

  /** Numbers without a gap, each batch naming the hash of the one before. */
  #follow({ author, sequence, previous, hash }: SignedBatch): void {
    const log = this.#logs.get(author) ?? { next: 0, hash: noBatchHash };
    if (sequence !== log.next)
      this.#find(author, `batches ${log.next} to ${sequence - 1} are missing from the log here`);
    else if (previous !== log.hash)
      this.#find(author, `batch ${sequence} does not follow the one before it: something was changed`);
    this.#logs.set(author, { next: sequence + 1, hash });
  }

  #read(batch: SignedBatch, { record, one }: { readonly record: number; readonly one: AgentRecord }): void {
    const { author: machine, sequence, hash, atMs } = batch;
    const at = { sequence, record, hash };
    if (one.kind === 'act')
      this.#acts.push({
        act: one.act,
        atMs: one.atMs,
        machine,
        about: one.about,
        detail: actTexts[one.act](one.about),
        at,
      });
    if (one.kind !== 'statement') return;
    const opened = openStatement(one.bytes, this.#fleet);
    if (!opened.ok) {
      this.#find(machine, `a statement in batch ${sequence} does not hold: ${opened.rejection.reason}`);
      return;
    }
    const { statement, admin } = opened.value;
    // Whoever becomes an admin, and every restart of one, may say again what was said, and whoever hears of it late may hand it on.
    const name = JSON.stringify(statement);
    const known = this.#said.get(name);
    if (known !== undefined && known.writtenMs <= atMs) return;
    this.#said.set(name, { statement, machine, admin, at, writtenMs: atMs });
  }
}

const inLog = (a: Pick<Act, 'at'>, b: Pick<Act, 'at'>): number =>
  a.at.sequence - b.at.sequence || a.at.record - b.at.record;

/** Puts statements into words, in the order in which they were said. */
class Wording {
  readonly #certified = new Map<PeerId, Pick<MachineCertificate, 'name' | 'roles'>>();
  #policy: FleetPolicy | undefined;

  of(statement: Statement): Pick<Act, 'act' | 'about' | 'detail'> {
    if (statement.kind === 'certificate') return this.#certificate(statement);
    if (statement.kind !== 'policy') return wordsOf(statement);
    const detail = policyText(statement, this.#policy);
    this.#policy = statement;
    return { act: 'policy-set', detail };
  }

  /** The same machine with the same roles again is a renewal, or has another name. */
  #certificate(statement: MachineCertificate): Pick<Act, 'act' | 'about' | 'detail'> {
    const { peer, name, roles } = statement;
    const known = this.#certified.get(peer);
    this.#certified.set(peer, statement);
    if (known?.roles.join() !== roles.join()) return certificateWords(statement);
    if (known.name !== name)
      return { act: 'machine-renamed', about: peer, detail: `renamed ${known.name} to ${name}` };
    return { act: 'certificate-renewed', about: peer, detail: `renewed the certificate of ${name}` };
  }
}

/** Undefined where nothing is. */
function whatIsMissing(next: number, { signed, spokenOf }: KnownLength): string | undefined {
  if (next < signed) return `${signed - next} newer batches are known to exist and are not here`;
  if (next >= spokenOf) return undefined;
  return 'another machine spoke of newer batches, which are not here: they are on their way, or it is wrong';
}

/** Certificates begin before they are signed, by the error that clocks may have; a machine's first ones are written when it first runs. */
function saidMs({ statement, writtenMs }: Said): UnixMs {
  if (statement.kind === 'invite') return writtenMs;
  if (statement.kind === 'certificate')
    return unixMs(Math.min(writtenMs, statement.notBeforeMs + clockSkewMsMax));
  return statement.atMs;
}

/** Where somebody dated a policy ahead the next ones are dated later still. */
const shownMs = (said: Said): UnixMs =>
  said.statement.kind === 'policy' ? unixMs(Math.min(saidMs(said), said.writtenMs)) : saidMs(said);

const actTexts: Readonly<Record<ActRecord['act'], (about: string) => string>> = {
  'plan-approved': (about) => `approved plan ${about}`,
  'model-promoted': (about) => `let model version ${about} serve`,
  'model-rolled-back': (about) => `rolled models back; ${about} serves`,
  'alerts-set': (about) => `changed who is told of problems: ${about}`,
  'limits-set': (about) => `changed how much of this machine may be used: ${about}`,
};

function wordsOf(
  statement: Exclude<Statement, FleetPolicy | MachineCertificate>,
): Pick<Act, 'act' | 'about' | 'detail'> {
  switch (statement.kind) {
    case 'invite':
      return {
        act: 'invite-made',
        about: statement.invite,
        detail: `made an invite for ${statement.usesMax === 1 ? 'one machine' : `${statement.usesMax} machines`}`,
      };
    case 'revocation':
      return {
        act: 'revoked',
        about: statement.revoked,
        detail: `put out ${statement.revoked}: ${statement.reason}`,
      };
    case 'pardon':
      return {
        act: 'trusted-again',
        about: statement.machine,
        detail: `gave ${statement.machine} its place back: ${statement.reason}`,
      };
    case 'adminRevocation':
      return {
        act: 'admin-revoked',
        about: statement.log,
        detail: `put out the admin key ${statement.admin.slice(0, 8)} of ${statement.log}: ${statement.reason}`,
      };
    case 'personRevocation':
      return {
        act: 'person-revoked',
        about: statement.person,
        detail: `put out the person ${statement.person.slice(0, 8)}: ${statement.reason}`,
      };
    case 'wipe':
      return {
        act: 'wipe-asked',
        about: statement.wipe,
        detail: `asked to delete ${statement.scope === 'drive' ? 'all' : 'what was given up'} of drive ${statement.drive.slice(0, 8)}: ${statement.reason}`,
      };
    case 'wipeWord':
      return {
        act: statement.word === 'agree' ? 'wipe-agreed' : 'wipe-stopped',
        about: statement.wipe,
        detail: `${statement.word === 'agree' ? 'agreed to' : 'stopped'} the deletion ${statement.wipe.slice(0, 8)}${statement.about === undefined ? '' : ` of drive ${statement.about.drive.slice(0, 8)}`}: ${statement.reason}`,
      };
    case 'planApproval':
      return {
        act: 'plan-approved',
        about: statement.log,
        detail: `approved plan ${statement.epoch} of ${statement.log}`,
      };
    case 'wipeRule':
      return {
        act: 'wipe-rule-set',
        detail: `asked that at least ${statement.adminCount} admins agree to a deletion, and ${Math.round(statement.waitMs / hourMs)} hours of waiting`,
      };
  }
}

function certificateWords({
  peer,
  name,
  roles,
  invite,
}: MachineCertificate): Pick<Act, 'act' | 'about' | 'detail'> {
  const isAdmin = roles.includes('admin');
  if (isAdmin && invite === undefined)
    return { act: 'fleet-made', about: peer, detail: `made the fleet on ${name}, its first admin` };
  if (isAdmin) return { act: 'admin-made', about: peer, detail: `made ${name} an admin by the recovery kit` };
  const by = invite === undefined ? '' : ` by invite ${invite}`;
  return { act: 'machine-admitted', about: peer, detail: `let ${name} in${by}` };
}
