// Messages between two members, one frame each on `/drey/message/1`. Bulk bytes never travel here: shards have
// streams of their own (`/drey/shard/1`).

import type { PackId, PeerId } from '../units.ts';
import type { LeafProof } from './merkle.ts';
import type { Stream } from './record.ts';
import type { PackDescriptor, ShardRange } from './shard.ts';

/** A signed receipt that was checked: `holder` has the shard on its disk, flushed. */
export interface Receipt {
  readonly holder: PeerId;
  readonly pack: PackId;
  readonly index: number;
  readonly atMs: number;
  readonly bytes: Uint8Array;
}

export interface LogWant {
  readonly author: PeerId;
  readonly stream: Stream;
  /** First sequence number wanted. */
  readonly sequence: number;
}

export type WireMessage =
  /** "This is how far I know each log": the answer is batches that the sender lacks, and a heads back where I lack. */
  | {
      readonly kind: 'heads';
      readonly next: readonly LogWant[];
      readonly reply: 'wanted' | 'none';
      /** Where all are too many for one message: about the logs of these alone, by the text of their ids from the first on and before the second. */
      readonly authors?: { readonly from?: PeerId; readonly until?: PeerId };
    }
  | { readonly kind: 'logPull'; readonly want: readonly LogWant[] }
  /** Signed batches as bytes, in order within each log. `more`: the page was full, pull again. */
  | { readonly kind: 'batches'; readonly batches: readonly Uint8Array[]; readonly more: boolean }
  /** To a log's own author: "I have it up to here (exclusive), flushed." A snapshot is acknowledged on this word. */
  | { readonly kind: 'logStored'; readonly stream: Stream; readonly next: number }
  /** Of agents that knew no draws: "show me this leaf". Nobody answers it: who may choose the leaf can pass on the question of another. */
  | { readonly kind: 'auditAsk'; readonly pack: PackId; readonly index: number; readonly leaf: number }
  /** "Show me a leaf of the shard that you say you have: let us draw which. I have sealed my part." */
  | { readonly kind: 'auditOffer'; readonly pack: PackId; readonly index: number; readonly seal: string }
  /** The holder's part of the draw. */
  | { readonly kind: 'auditDraw'; readonly pack: PackId; readonly index: number; readonly part: string }
  /** The asker's part, which fits to its seal: both know the leaf now. */
  | { readonly kind: 'auditOpen'; readonly pack: PackId; readonly index: number; readonly part: string }
  /** Without a proof: the shard is not here, or not whole. */
  | {
      readonly kind: 'auditAnswer';
      readonly pack: PackId;
      readonly index: number;
      readonly leaf: number;
      readonly proof?: LeafProof;
    }
  | { readonly kind: 'receipt'; readonly receipt: Uint8Array }
  /** Asks for a shard as a stream back; answered by the stream or by `shardMissing`. */
  | { readonly kind: 'shardPull'; readonly pack: PackId; readonly index: number }
  | { readonly kind: 'shardMissing'; readonly pack: PackId; readonly index: number }
  /** From a pack's owner: "show me these bytes of your shard", for a file that is small beside its pack. */
  | ({ readonly kind: 'rangeAsk' } & ShardRange)
  /** Without bytes: they cannot be had here, or not now. What is shown proves nothing: whoever has the drive key sees by the seals whether it is right. */
  | ({ readonly kind: 'rangeAnswer'; readonly bytes?: Uint8Array } & ShardRange)
  /** From a pack's owner: "keep this shard until its planned holder has it." Answered by a receipt or by `shardRefused`. */
  | { readonly kind: 'standIn'; readonly descriptor: PackDescriptor; readonly index: number }
  /** To a pack's owner: "I cannot take this shard now", from its planned holder or from a machine that was asked to stand in. To whoever pulled it: "I send nothing now". */
  | { readonly kind: 'shardRefused'; readonly pack: PackId; readonly index: number }
  /** "Which shards of these packs do you have?" For restores whose plan has moved on. */
  | { readonly kind: 'shardsAsk'; readonly packs: readonly PackId[] }
  | {
      readonly kind: 'shardsHeld';
      readonly held: readonly { readonly descriptor: PackDescriptor; readonly indexes: readonly number[] }[];
    }
  /**
   * "I have these shards of packs of this group." `all`: the sender's whole list, what it does not name it does not have.
   * `update`: adds to what it said before.
   */
  | {
      readonly kind: 'inventory';
      readonly group: string;
      readonly scope: 'all' | 'update';
      /** The plan under which the sender speaks: what it has in its own slots it keeps until a later plan is filled. */
      readonly under?: PlanName;
      readonly held: readonly { readonly pack: PackId; readonly indexes: readonly number[] }[];
    };

/** A plan, as words about shards name it. */
export interface PlanName {
  readonly epoch: number;
  readonly author: PeerId;
  /** Hash of the batch in which it stands: an author can write two plans of one epoch, in two histories of its log. Older agents leave it out. */
  readonly batch?: string;
}

/** The one hint: "my log moved". At most 1 KiB. */
export interface Hint {
  readonly author: PeerId;
  readonly stream: Stream;
  readonly next: number;
}
