// What the fleet's logs say that only people want to see: where machines stand, how much telemetry there is, which models serve.

import type { LocationRow, UnixMs } from '../../datasets/index.ts';
import type { ModelRecord, SignedBatch } from '../codec/index.ts';
import type { PeerId } from '../units.ts';

export class Observations {
  readonly #locations = new Map<PeerId, LocationRow>();
  readonly #promotedMs = new Map<PeerId, UnixMs>();
  #telemetryRows = 0;
  #models: ModelRecord | undefined;

  /** The newest word of each machine about its place and space. */
  get locations(): ReadonlyMap<PeerId, LocationRow> {
    return this.#locations;
  }

  /** When each machine's person last promoted a version or rolled one back, as its own log says. */
  get promotedMs(): ReadonlyMap<PeerId, UnixMs> {
    return this.#promotedMs;
  }

  get telemetryRows(): number {
    return this.#telemetryRows;
  }

  /** Of the newest training that anybody published. */
  get models(): ModelRecord | undefined {
    return this.#models;
  }

  note({ author, records }: SignedBatch): void {
    for (const record of records) {
      if (record.kind === 'model' && record.trainedMs >= (this.#models?.trainedMs ?? 0))
        this.#models = record;
      if (record.kind === 'act' && record.act.startsWith('model-')) this.#promotedMs.set(author, record.atMs);
      if (record.kind !== 'telemetry') continue;
      this.#telemetryRows += record.rows.length;
      for (const row of record.rows)
        if (row.kind === 'location' && row.machine === author) this.#noteLocation(row);
    }
  }

  #noteLocation(row: LocationRow): void {
    if (row.atMs >= (this.#locations.get(row.machine)?.atMs ?? 0)) this.#locations.set(row.machine, row);
  }
}
