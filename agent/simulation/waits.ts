// How long snapshots wait for their acknowledgement, and how many bytes of shards move: figures of a run, no promises.

import { hourMs } from '../../datasets/index.ts';
import type { CoreEvent } from '../core/index.ts';
import type { Promised } from './ledger.ts';
import type { Machine } from './machine.ts';

/** In hours. What was not acknowledged at the end counts with what it had waited until then. */
export interface WaitHours {
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
  readonly most: number;
}

export interface WaitFigures {
  /** From the moment at which all packs of a snapshot lay in the outbox. */
  readonly all: WaitHours;
  /** Of that, the hours in which its owner ran and was awake. */
  readonly ownerAwake: WaitHours;
  readonly unacknowledged: number;
}

export class ShardTraffic {
  /** Bytes of shards that came whole to another machine and were stored. */
  storedBytes = 0;

  told(event: CoreEvent): void {
    if (event.kind === 'shardArrived' && event.outcome === 'stored')
      this.storedBytes += event.arrival.descriptor.shardBytes;
  }
}

/** Of all snapshots that were ever made, looked at now. */
export function waitFigures(
  promised: readonly Promised[],
  machines: readonly Machine[],
  nowMs: number,
): WaitFigures {
  const byPeer = new Map(machines.map((machine) => [machine.peer, machine]));
  const ends = promised.map(({ owner, madeMs, acknowledgedMs = nowMs }) => ({
    all: acknowledgedMs - madeMs,
    awake: byPeer.get(owner)?.upMsSince(madeMs, acknowledgedMs) ?? 0,
  }));
  return {
    all: hoursOf(ends.map(({ all }) => all)),
    ownerAwake: hoursOf(ends.map(({ awake }) => awake)),
    unacknowledged: promised.filter(({ acknowledgedMs }) => acknowledgedMs === undefined).length,
  };
}

function hoursOf(waitsMs: readonly number[]): WaitHours {
  const sorted = waitsMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0) / hourMs;
  return { median: at(0.5), p90: at(0.9), p99: at(0.99), most: at(1) };
}
