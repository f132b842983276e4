// What the wire asks before shards flow; who allows how much is decided elsewhere.

import type { ShardArrival } from '../../ports.ts';

export interface WirePace {
  /** False: no shard leaves at this time. */
  maySend(): boolean;
  /** Runs one transfer when its turn has come. */
  sendInTurn<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Resolves when so many bytes of shards may leave. */
  beforeSending(byteCount: number): Promise<void>;
  /** Resolves when so many more bytes of an arrival may be taken from the network. */
  beforeReceiving(arrival: ShardArrival, byteCount: number): Promise<void>;
}

/** As fast as it goes. */
export const noPace: WirePace = {
  maySend: () => true,
  sendInTurn: (work) => work(),
  beforeSending: () => Promise.resolve(),
  beforeReceiving: () => Promise.resolve(),
};
