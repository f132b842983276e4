// Messages between members and gossiped hints, to bytes and back.

import { z } from 'zod';
import {
  batchBytesMax,
  batchPageCountMax,
  frameBytesMax,
  inventoryPackCountMax,
  leafBytes,
  packBytesMax,
  rangeBytesMax,
  shardCountMax,
} from '../limits.ts';
import { decodeDescriptor, descriptorBytesMax, encodeDescriptor } from './descriptor.ts';
import {
  accept,
  type Decoded,
  decodeEnvelope,
  encodeEnvelope,
  type Format,
  openEnvelope,
  signEnvelope,
} from './envelope.ts';
import { type MachineKey, verifyPeerSignature } from './keys.ts';
import { leafPathMax } from './merkle.ts';
import type { Hint, Receipt, WireMessage } from './message.ts';
import type { PackDescriptor, ShardKey } from './shard.ts';
import * as s from './schemas.ts';

const want = z.strictObject({ author: s.peer, stream: s.stream, sequence: s.logLength });
const wants = z.array(want).max(50_000);
const indexes = z.array(s.shardIndex).max(shardCountMax);
const groupId = z.string().min(1).max(32);

const descriptor = s.bytes(descriptorBytesMax).transform((value, context): PackDescriptor => {
  const decoded = decodeDescriptor(value);
  if (decoded.ok) return decoded.value;
  context.addIssue({ code: 'custom', message: decoded.rejection.reason });
  return z.NEVER;
});

const leaf = {
  pack: s.pack,
  index: s.shardIndex,
  leaf: z
    .int()
    .min(0)
    .max(2 ** 32),
};
const proof = z.strictObject({
  bytes: s.bytes(leafBytes),
  path: z.array(s.exactBytes(32)).max(leafPathMax),
});

const heads = z.strictObject({ kind: z.literal('heads'), next: wants, reply: z.enum(['wanted', 'none']) });
const inventory = z.strictObject({
  kind: z.literal('inventory'),
  group: groupId,
  scope: z.enum(['all', 'update']),
  under: z.strictObject({ epoch: z.int().min(1), author: s.peer }).exactOptional(),
  held: z.array(z.strictObject({ pack: s.pack, indexes })).max(inventoryPackCountMax),
});
const firstKinds = [
  heads,
  z.strictObject({ kind: z.literal('logPull'), want: wants }),
  z.strictObject({
    kind: z.literal('batches'),
    batches: z.array(s.bytes(batchBytesMax)).max(batchPageCountMax),
    more: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('logStored'), stream: s.stream, next: s.logLength }),
  z.strictObject({ kind: z.literal('auditAsk'), ...leaf }),
  z.strictObject({ kind: z.literal('auditAnswer'), ...leaf, proof: proof.exactOptional() }),
  z.strictObject({ kind: z.literal('receipt'), receipt: s.bytes(1024) }),
  z.strictObject({ kind: z.literal('shardPull'), pack: s.pack, index: s.shardIndex }),
  z.strictObject({ kind: z.literal('shardMissing'), pack: s.pack, index: s.shardIndex }),
  z.strictObject({ kind: z.literal('shardsAsk'), packs: z.array(s.pack).max(1000) }),
  z.strictObject({
    kind: z.literal('shardsHeld'),
    held: z.array(z.strictObject({ descriptor, indexes })).max(1000),
  }),
  inventory,
] as const;
const secondKinds = [
  ...firstKinds,
  z.strictObject({ kind: z.literal('standIn'), descriptor, index: s.shardIndex }),
  z.strictObject({ kind: z.literal('shardRefused'), pack: s.pack, index: s.shardIndex }),
] as const;
const part = { pack: s.pack, index: s.shardIndex, part: s.auditPart };
const thirdKinds = [
  ...secondKinds,
  z.strictObject({ kind: z.literal('auditOffer'), pack: s.pack, index: s.shardIndex, seal: s.hash }),
  z.strictObject({ kind: z.literal('auditDraw'), ...part }),
  z.strictObject({ kind: z.literal('auditOpen'), ...part }),
] as const;

const range = {
  pack: s.pack,
  index: s.shardIndex,
  offset: z.int().min(0).max(packBytesMax),
  length: z.int().min(1).max(rangeBytesMax),
};
const fourthKinds = [
  ...thirdKinds,
  z.strictObject({ kind: z.literal('rangeAsk'), ...range }),
  z.strictObject({ kind: z.literal('rangeAnswer'), ...range, bytes: s.bytes(rangeBytesMax).exactOptional() }),
] as const;
/** Both since version 5. */
const headsPage = heads.extend({
  authors: z.strictObject({ from: s.peer.exactOptional(), until: s.peer.exactOptional() }),
});
const namedInventory = inventory.extend({
  under: z.strictObject({ epoch: z.int().min(1), author: s.peer, batch: s.hash }),
});

const formatOf = (version: number, schema: z.ZodType<WireMessage>): Format<WireMessage> => ({
  magic: 'DRMS',
  version,
  bytesMax: frameBytesMax,
  schema,
});
/**
 * Version 2 has words for stand-ins, 3 for drawn audits, 4 for ranges of a shard, 5 for pages of heads and for inventories that name their plan's batch
 * alone; a message is written in the lowest version that has words for it.
 */
const formats = [
  formatOf(1, z.discriminatedUnion('kind', firstKinds)),
  formatOf(2, z.discriminatedUnion('kind', secondKinds)),
  formatOf(3, z.discriminatedUnion('kind', thirdKinds)),
  formatOf(4, z.discriminatedUnion('kind', fourthKinds)),
  formatOf(5, z.discriminatedUnion('kind', [headsPage, namedInventory])),
] as const;

/** One frame of `/drey/message/1`. */
export function encodeMessage(value: WireMessage): Uint8Array {
  const [first, second, third, fourth, fifth] = formats;
  switch (value.kind) {
    case 'inventory':
      return encodeEnvelope(value.under?.batch === undefined ? first : fifth, value);
    case 'heads':
      return encodeEnvelope(value.authors === undefined ? first : fifth, value);
    case 'rangeAsk':
    case 'rangeAnswer':
      return encodeEnvelope(fourth, value);
    case 'auditOffer':
    case 'auditDraw':
    case 'auditOpen':
      return encodeEnvelope(third, value);
    case 'standIn':
      return encodeEnvelope(second, { ...value, descriptor: encodeDescriptor(value.descriptor) });
    case 'shardRefused':
      return encodeEnvelope(second, value);
    case 'shardsHeld': {
      const held = value.held.map((entry) => ({ ...entry, descriptor: encodeDescriptor(entry.descriptor) }));
      return encodeEnvelope(first, { ...value, held });
    }
    default:
      return encodeEnvelope(first, value);
  }
}

/** Where an envelope says its version. */
const versionByte = 4;

/** By its version, or the newest below that: what is newer than all is told so. */
export const decodeMessage = (bytes: Uint8Array): Decoded<WireMessage> =>
  decodeEnvelope(bytes, formats.findLast(({ version }) => version <= bytes[versionByte]!) ?? formats[0]);

const hintFormat: Format<Hint> = {
  magic: 'DRHN',
  version: 1,
  bytesMax: 1024,
  schema: z.strictObject({ author: s.peer, stream: s.stream, next: s.logLength }),
};

export const encodeHint = (hint: Hint): Uint8Array => encodeEnvelope(hintFormat, hint);
export const decodeHint = (bytes: Uint8Array): Decoded<Hint> => decodeEnvelope(bytes, hintFormat);

const receiptBody = z.strictObject({ holder: s.peer, pack: s.pack, index: s.shardIndex, atMs: s.time });
const receiptFormat: Format<z.output<typeof receiptBody>> = {
  magic: 'DRRC',
  version: 1,
  bytesMax: 1024,
  schema: receiptBody,
};

/** A holder's word that a shard is on its disk, flushed. Sign only after the flush. */
export function signReceipt(key: MachineKey, shard: ShardKey & { readonly atMs: number }): Uint8Array {
  const value = { holder: key.peer, pack: shard.pack, index: shard.index, atMs: Math.floor(shard.atMs) };
  return signEnvelope(receiptFormat, value, (signed) => key.sign(signed));
}

export function openReceipt(bytes: Uint8Array): Decoded<Receipt> {
  const opened = openEnvelope(bytes, receiptFormat, (value, signed, signature) =>
    verifyPeerSignature(value.holder, signed, signature),
  );
  return opened.ok ? accept({ ...opened.value, bytes }) : opened;
}
