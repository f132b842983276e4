// Which machines of the core are told of which events. Most events concern a few of them: in a large fleet the log's batches alone are
// thousands a day. The order in which the machines are told stays the order in which they were given.

import type { AgentRecord } from '../codec/index.ts';
import type { Effects } from './effects.ts';
import type { CoreEvent, EventKind } from './events.ts';

export interface Hearer {
  /** All kinds that `handle` does anything with; its own type is no wider, so that the compiler keeps the two equal. */
  readonly hears: readonly EventKind[];
  /** Batches that are stored concern it only when they have such a record; absent: all do. */
  readonly hearsRecords?: readonly AgentRecord['kind'][];
  handle(event: CoreEvent): Effects;
}

/** A bit for each kind of record. */
const recordBits: Readonly<Record<AgentRecord['kind'], number>> = {
  drive: 1,
  head: 2,
  forget: 4,
  lease: 8,
  plan: 16,
  model: 32,
  addresses: 64,
  statement: 128,
  doubt: 256,
  act: 512,
  saved: 1024,
  telemetry: 2048,
};

function bitsOf(records: readonly Pick<AgentRecord, 'kind'>[]): number {
  let bits = 0;
  for (const { kind } of records) bits |= recordBits[kind];
  return bits;
}

const nobody: readonly Hearer[] = [];

export class Hearing {
  readonly #byKind = new Map<EventKind, Hearer[]>();
  /** Of batches that are stored, by the bits of their records. */
  readonly #byRecords = new Map<number, readonly Hearer[]>();

  /** The machines in the order in which each event is told. */
  constructor(hearers: readonly Hearer[]) {
    for (const hearer of hearers)
      for (const kind of hearer.hears) {
        const others = this.#byKind.get(kind) ?? [];
        others.push(hearer);
        this.#byKind.set(kind, others);
      }
  }

  /** Those that an event concerns. */
  of(event: CoreEvent): readonly Hearer[] {
    if (event.kind !== 'batchStored') return this.#byKind.get(event.kind) ?? nobody;
    const bits = bitsOf(event.batch.records);
    const known = this.#byRecords.get(bits);
    if (known !== undefined) return known;
    const hearers = (this.#byKind.get('batchStored') ?? nobody).filter(
      ({ hearsRecords }) =>
        hearsRecords === undefined || (bitsOf(hearsRecords.map((kind) => ({ kind }))) & bits) !== 0,
    );
    this.#byRecords.set(bits, hearers);
    return hearers;
  }
}
