// Plans that wait for an admin, and fleets in review mode: which plan is followed, whatever comes first.

import test from 'ava';
import fc from 'fast-check';
import {
  type AdminKey,
  createAdminKey,
  fleetRootFromSeed,
  type FleetPolicy,
  type PlanWait,
  type SignedBatch,
  sha256Hex,
  signStatement,
  type Statement,
} from '../../../agent/codec/index.ts';
import { AgentCore, type CoreEffect, type CoreEvent } from '../../../agent/core/index.ts';
import { days, unixMs } from '../../../datasets/index.ts';
import { batchOf, certificatesOf, fleet, machines, planOf, revocationOf, startMs } from './fleet-of-four.ts';

type Key = (typeof machines)[number];
const [self, author, other, desk] = machines;
const root = fleetRootFromSeed(new Uint8Array(32).fill(42));
const newAdmin = (): AdminKey => createAdminKey(root, { notBeforeMs: startMs, forMs: days(30) });
const [admin, stolen] = [newAdmin(), newAdmin()];

const waits: PlanWait = { reason: 'the fleet is in review mode', scope: 'whole', moveShare: 0.5 };
const planBatch = (key: Key, epoch: number, sequence: number): SignedBatch =>
  batchOf(key, [{ kind: 'plan', plan: planOf(key, epoch) }], sequence);
const waitingBatch = (key: Key, epoch: number, sequence: number): SignedBatch =>
  batchOf(key, [{ kind: 'plan', plan: planOf(key, epoch), waits }], sequence);
const saying = (key: AdminKey, ...statements: readonly Statement[]) =>
  statements.map((statement) => ({ kind: 'statement', bytes: signStatement(key, statement).bytes }) as const);
const policy = (planMode: FleetPolicy['planMode'], after = 0): FleetPolicy => ({
  kind: 'policy',
  fleetName: 'f',
  atMs: unixMs(startMs + after),
  holderSilenceMs: days(4),
  planMode,
});
const approvalOf = ({ author: log, sequence, hash, records }: SignedBatch): Statement => {
  const plan = records.flatMap((record) => (record.kind === 'plan' ? [record.plan] : []))[0]!;
  return { kind: 'planApproval', log, sequence, hash, epoch: plan.epoch, atMs: startMs };
};
const certificates = batchOf(desk, certificatesOf(machines));

/** An agent that reads its log again when it is asked to. */
class Reader {
  readonly core = new AgentCore({ self: self.peer, fleet, fraction: () => 0.5 });
  readonly recalled: CoreEffect[] = [];
  readonly #log = new Map<string, SignedBatch>();
  answers = true;

  constructor(...batches: readonly SignedBatch[]) {
    this.tell({ kind: 'started', isFirstLife: true, stored: [], staged: [], heard: [], now: startMs });
    this.tick();
    for (const batch of batches) this.learn(batch);
  }

  learn(batch: SignedBatch): void {
    this.#log.set(`${batch.author} ${batch.sequence}`, batch);
    this.tell({ kind: 'batchStored', batch, now: startMs });
  }

  tick(): void {
    this.tell({ kind: 'tick', now: startMs });
  }

  tell(event: CoreEvent): void {
    for (const effect of this.core.handle(event)) {
      if (effect.kind !== 'recallBatch') continue;
      this.recalled.push(effect);
      const { author: log, sequence } = effect;
      const batch = this.#log.get(`${log} ${sequence}`);
      if (this.answers) this.tell({ kind: 'batchRecalled', author: log, sequence, batch, now: startMs });
    }
  }

  get epoch(): number | undefined {
    return this.core.election.plan?.epoch;
  }

  /** Of the plan under which it works. */
  get usedEpoch(): number | undefined {
    return this.core.shelf.plan?.epoch;
  }

  get proposedEpoch(): number | undefined {
    return this.core.election.proposal?.plan.epoch;
  }
}

test('a plan that waits is followed by nobody before an admin approved it', (t) => {
  const waiting = waitingBatch(author, 6, 1);
  const reader = new Reader(certificates, planBatch(author, 5, 0), waiting);
  t.is(reader.epoch, 5);
  t.is(reader.proposedEpoch, 6);
  reader.learn(batchOf(desk, saying(admin, approvalOf(waiting)), 1));
  t.is(reader.epoch, 6);
  t.is(reader.usedEpoch, 6);
  t.is(reader.proposedEpoch, undefined);
});

test('a later plan needs no approval where the fleet is not in review mode, and ends what waited', (t) => {
  const waiting = waitingBatch(author, 6, 1);
  const reader = new Reader(certificates, planBatch(author, 5, 0), waiting, planBatch(author, 7, 2));
  t.is(reader.epoch, 7);
  t.is(reader.proposedEpoch, undefined);
  reader.learn(batchOf(desk, saying(admin, approvalOf(waiting)), 1));
  t.is(reader.epoch, 7, 'a word for an older plan changes nothing');
});

test('in review mode no plan is followed without a word for it, once there was one; without review mode all are again', (t) => {
  const held = planBatch(author, 5, 0);
  const reader = new Reader(certificates, held);
  reader.learn(batchOf(desk, saying(admin, policy('review'), approvalOf(held)), 1));
  reader.learn(planBatch(other, 9, 0));
  t.is(reader.epoch, 5);
  t.is(reader.proposedEpoch, 9, 'it waits, whether it says so or not');
  reader.learn(batchOf(desk, saying(admin, policy('automatic', 1)), 2));
  t.is(reader.epoch, 9);
});

test('a fleet that was in review mode from the beginning follows its first plan, and from the first word on no other', (t) => {
  const reader = new Reader(certificates, batchOf(desk, saying(admin, policy('review')), 1));
  const first = planBatch(author, 1, 0);
  const second = waitingBatch(author, 2, 1);
  reader.learn(first);
  reader.learn(second);
  t.is(reader.epoch, 1);
  reader.learn(batchOf(desk, saying(admin, approvalOf(second)), 2));
  reader.learn(planBatch(author, 3, 2));
  t.is(reader.epoch, 2);
});

test('in whatever order logs come, all follow the plan that was approved last', (t) => {
  const plans = [planBatch(author, 4, 0), planBatch(author, 5, 1), planBatch(author, 6, 2)];
  const waiting = [waitingBatch(author, 7, 3), waitingBatch(author, 8, 4), waitingBatch(author, 9, 5)];
  const words = [
    certificates,
    batchOf(desk, saying(admin, policy('review'), approvalOf(plans[1]!)), 1),
    batchOf(desk, saying(admin, approvalOf(waiting[0]!)), 2),
  ];
  const logs = [[...plans, ...waiting], words, [planBatch(other, 12, 0)]];
  const lengths = logs.flatMap((log, index) => log.map(() => index));
  fc.assert(
    fc.property(fc.shuffledSubarray(lengths, { minLength: lengths.length }), (turns) => {
      const reader = new Reader();
      const left = logs.map((log) => [...log]);
      for (const turn of turns) reader.learn(left[turn]!.shift()!);
      reader.tick();
      return reader.epoch === 7 && reader.usedEpoch === 7 && reader.proposedEpoch === 12;
    }),
    { numRuns: 60 },
  );
  t.pass();
});

test('of an approved plan that is remembered no more the log is read again, and nothing is done for another one before', (t) => {
  const held = planBatch(author, 5, 0);
  const waiting = [waitingBatch(author, 6, 1), waitingBatch(author, 7, 2)];
  const reader = new Reader(certificates, held, ...waiting);
  reader.answers = false;
  reader.learn(batchOf(desk, saying(admin, policy('review'), approvalOf(waiting[0]!)), 1));
  const { plan } = reader.core.shelf;
  reader.tick();
  reader.tick();
  t.deepEqual(reader.recalled, [{ kind: 'recallBatch', author: author.peer, sequence: 1 }]);
  t.is(reader.core.shelf.plan, plan);
  reader.tell({ kind: 'batchRecalled', author: author.peer, sequence: 1, batch: waiting[0], now: startMs });
  t.is(reader.usedEpoch, 6);
});

test('a word for a plan that is nowhere holds nobody up: the newest one that is here is followed', (t) => {
  const waiting = waitingBatch(author, 6, 1);
  const reader = new Reader(certificates, planBatch(author, 5, 0), waiting, waitingBatch(author, 7, 2));
  const nowhere: Statement = {
    kind: 'planApproval',
    log: author.peer,
    sequence: 40,
    hash: sha256Hex(new Uint8Array(1)),
    epoch: 90,
    atMs: startMs,
  };
  reader.learn(batchOf(desk, saying(admin, policy('review'), nowhere, approvalOf(waiting)), 1));
  for (let count = 0; count < 3; count++) reader.tick();
  t.is(reader.usedEpoch, 6);
  t.is(reader.recalled.length, 2);
});

test('a word is about one plan: another one of the same author and epoch is not meant by it', (t) => {
  const held = planBatch(author, 5, 0);
  const shown = waitingBatch(author, 6, 1);
  const other6 = batchOf(author, [{ kind: 'plan', plan: { ...planOf(author, 6), notes: ['another'] } }], 1);
  const reader = new Reader(certificates, held, other6);
  reader.learn(batchOf(desk, saying(admin, policy('review'), approvalOf(held), approvalOf(shown)), 1));
  reader.tick();
  t.is(reader.epoch, 5);
  t.not(other6.hash, shown.hash);
});

test("the words of an admin's key that is put out do not count: the plan that was approved before holds again", (t) => {
  const held = planBatch(author, 5, 0);
  const waiting = waitingBatch(author, 6, 1);
  const reader = new Reader(certificates, held, waiting);
  reader.learn(batchOf(desk, saying(admin, policy('review'), approvalOf(held)), 1));
  reader.learn(batchOf(other, saying(stolen, approvalOf(waiting)), 0));
  t.is(reader.epoch, 6);
  const end = { admin: sha256Hex(stolen.key.publicKey), log: other.peer, before: 0 };
  const revocation = { kind: 'adminRevocation', ...end, reason: 'stolen', atMs: startMs } as const;
  reader.learn(batchOf(desk, saying(admin, revocation), 2));
  reader.tick();
  t.is(reader.epoch, 5);
  t.is(reader.proposedEpoch, 6, 'it waits again');
});

test('a plan that an admin approved holds when its author is put out, for those who come later too', (t) => {
  const waiting = waitingBatch(author, 6, 0);
  const words = batchOf(desk, saying(admin, policy('review'), approvalOf(waiting)), 1);
  const out = batchOf(desk, [{ kind: 'statement', bytes: revocationOf(author) }], 2);
  t.is(new Reader(certificates, waiting, words, out).epoch, 6);
  t.is(new Reader(certificates, words, out, waiting).epoch, 6);
});

test('a new plan has a later epoch than those that wait', (t) => {
  const { core } = new Reader(certificates, planBatch(author, 5, 0), waitingBatch(other, 6, 0));
  t.is(core.election.epochFor(planOf(self, 6)), 7);
});

test('whoever hears that others follow a later plan knows that it is behind, until that plan has come', (t) => {
  const reader = new Reader(certificates, planBatch(author, 5, 0));
  const under = { epoch: 6, author: author.peer };
  reader.tell({
    kind: 'message',
    from: other.peer,
    message: { kind: 'inventory', group: 'g', scope: 'update', under, held: [] },
    now: startMs,
  });
  t.deepEqual(reader.core.election.laterFollowers, [other.peer]);
  reader.learn(planBatch(author, 6, 1));
  t.deepEqual(reader.core.election.laterFollowers, []);
});

test('of two plans of one author and epoch, in two histories of its log, some follow the other one: only a later plan brings them together', (t) => {
  const reader = new Reader(certificates, planBatch(author, 5, 0));
  const { core } = reader;
  const speak = (batch: string | undefined): void => {
    const under = { ...core.shelf.planName!, ...(batch === undefined ? {} : { batch }) };
    const message = { kind: 'inventory', group: 'g', scope: 'update', under, held: [] } as const;
    reader.tell({ kind: 'message', from: other.peer, message, now: startMs });
  };
  speak(undefined);
  t.is(core.election.epochFor(planOf(self, 5)), 5);
  speak('cd'.repeat(32));
  t.is(core.election.epochFor(planOf(self, 5)), 6);
});

test('a plan that makes no sense is not followed, whoever approved it', (t) => {
  const { classes, ...rest } = planOf(desk, 6);
  const [small] = classes;
  const [group] = small!.groups;
  const twice = { ...group!, members: [self.peer, self.peer, other.peer] };
  const broken = batchOf(
    desk,
    [{ kind: 'plan', plan: { ...rest, classes: [{ ...small!, groups: [twice] }] } }],
    3,
  );
  const words = batchOf(desk, saying(admin, policy('review'), approvalOf(broken)), 1);
  const out = batchOf(other, [{ kind: 'statement', bytes: revocationOf(desk) }], 0);
  for (const batches of [
    [planBatch(author, 5, 0), words, broken],
    [planBatch(author, 5, 0), broken, words],
    [planBatch(author, 5, 0), out, broken, words],
  ]) {
    const reader = new Reader(certificates, ...batches);
    reader.tick();
    t.is(reader.epoch, 5);
  }
});
