// A second reader of what Drey writes, from agent/codec/FORMATS.md alone: 24 words, the owner's batches and a heap of shards in, files
// out. It shares no line with the product, and is plain and slow on purpose. It trusts nothing that is not signed or sealed.

import {
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  verify,
} from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import { blake3 } from '@noble/hashes/blake3.js';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { type Item, type ItemMap, readItem } from './cbor.ts';
import { slicesOf } from './galois.ts';

export interface Given {
  /** 24 words. */
  readonly words: string;
  /** The owner's log of facts, whole batches. */
  readonly batches: readonly Uint8Array[];
  /** Shards by `PACK-INDEX`, as holders name their files; some may be missing or wrong. */
  readonly shards: ReadonlyMap<string, Uint8Array>;
}

export interface ReadEntry {
  readonly kind: 'folder' | 'file' | 'symlink' | 'hardLink';
  readonly path: Uint8Array;
  readonly mode: number;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Of files. */
  readonly bytes?: Uint8Array;
  /** Of links. */
  readonly target?: Uint8Array;
  /** Extended attributes by name, values as bytes. */
  readonly attributes: ReadonlyMap<string, Uint8Array>;
}

interface Descriptor {
  readonly pack: string;
  readonly k: number;
  readonly n: number;
  readonly packBytes: number;
  readonly shardHashes: readonly string[];
}

interface OpenedPack {
  readonly version: number;
  readonly blob: (at: number) => Uint8Array;
}

interface Locator {
  readonly chunk: string;
  readonly pack: string;
  readonly blob: number;
  readonly offset: number;
  readonly length: number;
}

type Keys = ReadonlyMap<number, Uint8Array>;

/** Every entry of the newest snapshot in the log. */
export function readNewest(given: Given): readonly ReadEntry[] {
  const records = given.batches.flatMap(recordsOf);
  const head = records.findLast(({ kind }) => kind === 'head');
  const drive = records.findLast(({ kind, drive: id }) => kind === 'drive' && id === head?.['drive']);
  if (head === undefined || drive === undefined) throw new Error('no head, or no drive for it');
  const keys = keysOf(drive, unwrap(drive, personSecret(given.words)));
  return new Snapshot({ given, keys, head }).entries();
}

/** Keys of all epochs up to that of the record, from 1 on. */
function keysOf(drive: ItemMap, driveKey: Uint8Array): Keys {
  const sealed = drive['sealedFormer'];
  const former =
    sealed === undefined ? new Uint8Array(0) : openSmall(bytesOf(sealed), driveKey, 'former keys');
  const keys = Array.from({ length: former.length / 32 }, (_, at) => former.slice(32 * at, 32 * at + 32));
  return new Map([...keys, driveKey].map((key, at) => [at + 1, key]));
}

function text(item: Item | undefined): string {
  if (typeof item !== 'string') throw new Error('no text where text should be');
  return item;
}
const count = (item: Item | undefined): number => Number(item);
const bytesOf = (item: Item | undefined): Uint8Array => item as Uint8Array;
const list = (item: Item | undefined): readonly Item[] => item as readonly Item[];
const map = (item: Item | undefined): ItemMap => item as ItemMap;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const derive = (secret: Uint8Array, purpose: string, salt: Uint8Array = new Uint8Array(0)): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', secret, salt, purpose, 32));

/** The CBOR map behind magic and version, which is from 1 to `versionMax`. */
function envelope(bytes: Uint8Array, magic: string, versionMax = 1): ItemMap {
  const version = bytes[4] ?? 0;
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== magic || version < 1 || version > versionMax)
    throw new Error(`not ${magic} of a known version`);
  return map(readItem(bytes.subarray(5)));
}

function recordsOf(batch: Uint8Array): readonly ItemMap[] {
  const [signed, signature] = [batch.subarray(0, -64), batch.subarray(-64)];
  const body = envelope(signed, 'DRLB', 4);
  const key = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(peerKey(text(body['author']))).toString('base64url') },
    format: 'jwk',
  });
  if (!verify(null, signed, key, signature)) throw new Error('a batch is not signed by its author');
  return list(body['records']).map(map);
}

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The last 32 bytes of a peer id: its public key. */
function peerKey(peer: string): Uint8Array {
  const value = Array.from(peer).reduce((sum, letter) => sum * 58n + BigInt(base58.indexOf(letter)), 0n);
  return Buffer.from(value.toString(16).slice(-64), 'hex');
}

/** The X25519 secret of the person with these words: BIP-39 without its passphrase. */
function personSecret(words: string): Uint8Array {
  const bits = words
    .split(' ')
    .map((word) => wordlist.indexOf(word).toString(2).padStart(11, '0'))
    .join('');
  const entropy = Uint8Array.from({ length: 32 }, (_, at) =>
    Number.parseInt(bits.slice(8 * at, 8 * at + 8), 2),
  );
  if (sha256(entropy)[0] !== Number.parseInt(bits.slice(256), 2)) throw new Error('wrong words');
  return derive(entropy, 'drey person v1');
}

const x25519Head = Buffer.from('302e020100300506032b656e04220420', 'hex');

function unwrap(drive: ItemMap, secret: Uint8Array): Uint8Array {
  const privateKey = createPrivateKey({
    key: Buffer.concat([x25519Head, secret]),
    format: 'der',
    type: 'pkcs8',
  });
  const own = Buffer.from(createPublicKey(privateKey).export({ format: 'jwk' }).x ?? '', 'base64url');
  const mine = list(drive['wrappedKeys'])
    .map(map)
    .find(({ recipient }) => recipient === hex(own));
  if (mine === undefined) throw new Error('the drive is not wrapped to these words');
  const wrapped = bytesOf(mine['wrapped']);
  const ephemeral = wrapped.subarray(0, 32);
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(ephemeral).toString('base64url') },
    format: 'jwk',
  });
  const shared = diffieHellman({ privateKey, publicKey });
  const purpose = `drey wrap v1 ${text(drive['drive'])} ${count(drive['keyEpoch'])}`;
  const key = derive(shared, purpose, Buffer.concat([ephemeral, own]));
  return open(wrapped.subarray(32), { key, nonce: new Uint8Array(12), associated: ephemeral });
}

interface Sealing {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly associated: Uint8Array;
}

/** AES-256-GCM; the last 16 bytes are the tag. Throws where anything was altered. */
function open(sealed: Uint8Array, { key, nonce, associated }: Sealing): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(associated);
  decipher.setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}

function openSmall(sealed: Uint8Array, driveKey: Uint8Array, purpose: string): Uint8Array {
  const key = derive(driveKey, `drey small v1 ${purpose}`);
  const nonce = sealed.subarray(0, 12);
  return open(sealed.subarray(12), { key, nonce, associated: new Uint8Array(0) });
}

function descriptorOf(bytes: Uint8Array): Descriptor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'DRPD' || bytes[4] !== 1)
    throw new Error('not a pack descriptor, version 1');
  const [k, n] = [view.getUint8(54), view.getUint8(55)];
  const shardHashes = Array.from({ length: n }, (_, at) => hex(bytes.subarray(64 + 32 * at, 96 + 32 * at)));
  return { pack: hex(sha256(bytes)), k, n, packBytes: Number(view.getBigUint64(56)), shardHashes };
}

/** The root of the hash tree over leaves of 16 KiB. */
function shardHash(shard: Uint8Array): string {
  let level = Array.from({ length: Math.ceil(shard.length / 16_384) }, (_, at) =>
    sha256(shard.subarray(16_384 * at, 16_384 * (at + 1))),
  );
  while (level.length > 1) {
    level = Array.from({ length: Math.ceil(level.length / 2) }, (_, at) => {
      const [left, right] = [level[2 * at]!, level[2 * at + 1]];
      return right === undefined ? left : sha256(Buffer.concat([left, right]));
    });
  }
  return hex(level[0]!);
}

function locatorOf(item: Item): Locator {
  const { c, p, b, o, l } = map(item);
  return { chunk: text(c), pack: text(p), blob: count(b), offset: count(o), length: count(l) };
}

interface SnapshotParts {
  readonly given: Given;
  readonly keys: Keys;
  readonly head: ItemMap;
}

class Snapshot {
  readonly #given: Given;
  readonly #keys: Keys;
  readonly #head: ItemMap;
  readonly #descriptors = new Map<string, Descriptor>();
  readonly #packs = new Map<string, OpenedPack>();
  readonly #places = new Map<string, Locator>();

  constructor({ given, keys, head }: SnapshotParts) {
    this.#given = given;
    this.#keys = keys;
    this.#head = head;
  }

  entries(): readonly ReadEntry[] {
    const sealed = bytesOf(this.#head['sealedRoot']);
    if (hex(sha256(sealed)) !== text(this.#head['snapshot'])) throw new Error('another snapshot');
    const pointer = openSmall(sealed, this.#keyOf(count(this.#head['keyEpoch'])), 'root');
    const { root, packs } = envelope(pointer, 'DRRP');
    this.#learn(packs);
    const body = envelope(this.#joined(list(root)), 'DRRT');
    this.#learn(body['packs']);
    for (const segment of list(body['index'])) this.#index(this.#joined(list(segment)));
    return this.#tree(this.#joined(list(body['tree'])));
  }

  #keyOf(epoch: number): Uint8Array {
    const key = this.#keys.get(epoch);
    if (key === undefined) throw new Error(`no key of epoch ${epoch}`);
    return key;
  }

  #learn(descriptors: Item | undefined): void {
    for (const item of list(descriptors)) this.#describe(bytesOf(item));
  }

  #describe(bytes: Uint8Array): Descriptor {
    const descriptor = descriptorOf(bytes);
    this.#descriptors.set(descriptor.pack, descriptor);
    return descriptor;
  }

  #joined(locators: readonly Item[]): Uint8Array {
    return Buffer.concat(locators.map((item) => this.#chunk(locatorOf(item))));
  }

  #index(bytes: Uint8Array): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    if (Buffer.from(bytes.subarray(0, 4)).toString('latin1') !== 'DRIX') throw new Error('not an index');
    for (let at = 5; at < bytes.length;) {
      const [described, entryCount] = [view.getUint32(at), view.getUint32(at + 4)];
      const entriesAt = at + 8 + described;
      const { pack } = this.#describe(bytes.subarray(at + 8, entriesAt));
      at = entriesAt + 44 * entryCount;
      for (let entryAt = entriesAt; entryAt < at; entryAt += 44) {
        const chunk = hex(bytes.subarray(entryAt, entryAt + 32));
        const [blob, offset, length] = [32, 36, 40].map((more) => view.getUint32(entryAt + more));
        this.#places.set(chunk, { chunk, pack, blob: blob!, offset: offset!, length: length! });
      }
    }
  }

  #chunk({ chunk, pack, blob, offset, length }: Locator): Uint8Array {
    const { version, blob: blobAt } = this.#pack(pack);
    const plain = blobAt(blob).subarray(offset, offset + length);
    const idKey = derive(this.#keyOf(1), `drey chunk id v${version}`);
    const name =
      version === 1 ? createHmac('sha256', idKey).update(plain).digest() : blake3(plain, { key: idKey });
    if (hex(name) !== chunk) throw new Error('a chunk is another one');
    return plain;
  }

  #pack(id: string): OpenedPack {
    const known = this.#packs.get(id) ?? this.#open(this.#assemble(id));
    this.#packs.set(id, known);
    return known;
  }

  #assemble(id: string): Uint8Array {
    const descriptor = this.#descriptors.get(id);
    if (descriptor === undefined) throw new Error(`nothing describes pack ${id}`);
    const shards = new Map<number, Uint8Array>();
    for (const [index, expected] of descriptor.shardHashes.entries()) {
      const shard = this.#given.shards.get(`${id}-${index}`);
      if (shard !== undefined && shardHash(shard) === expected) shards.set(index, shard);
    }
    if (shards.size < descriptor.k) throw new Error(`${shards.size} whole shards of pack ${id}`);
    const whole = descriptor.k === 1 ? [...shards.values()].slice(0, 1) : slicesOf(shards, descriptor.k);
    return Buffer.concat(whole).subarray(0, descriptor.packBytes);
  }

  #open(pack: Uint8Array): OpenedPack {
    const view = new DataView(pack.buffer, pack.byteOffset, pack.length);
    const head = pack.subarray(0, 44);
    const key = derive(this.#keyOf(view.getUint32(24)), 'drey pack v1', head.subarray(28));
    const unseal = (sealed: Uint8Array, number: number): Uint8Array => {
      const nonce = new Uint8Array(12);
      new DataView(nonce.buffer).setUint32(8, number);
      return open(sealed, { key, nonce, associated: head });
    };
    const directoryAt = pack.length - 8 - view.getUint32(pack.length - 8);
    const directory = unseal(pack.subarray(directoryAt, -8), 2 ** 32 - 1);
    const lengths = new DataView(directory.buffer, directory.byteOffset, directory.length);
    const blobs: Uint8Array[] = [];
    for (let [number, at] = [0, 44]; number < lengths.getUint32(0); number++) {
      const end = at + lengths.getUint32(8 + 4 * number);
      blobs.push(pack.subarray(at, end));
      at = end;
    }
    return {
      version: pack[4]!,
      blob: (number) => {
        const plain = unseal(blobs[number]!, number);
        return plain[0] === 1 ? zstdDecompressSync(plain.subarray(5)) : plain.subarray(5);
      },
    };
  }

  #tree(bytes: Uint8Array): readonly ReadEntry[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const entries: ReadEntry[] = [];
    for (let at = 0; at < bytes.length;) {
      const end = at + 4 + view.getUint32(at);
      entries.push(this.#entry(map(readItem(bytes.subarray(at + 4, end)))));
      at = end;
    }
    return entries;
  }

  #entry({ k, p, m, s, n, c, t, a }: ItemMap): ReadEntry {
    const kind = (['folder', 'file', 'symlink', 'hardLink'] as const)[count(k)]!;
    const attributes = new Map(
      list(a ?? []).map((pair) => [
        Buffer.from(bytesOf(list(pair)[0])).toString('latin1'),
        bytesOf(list(pair)[1]),
      ]),
    );
    return {
      kind,
      path: bytesOf(p),
      mode: count(m),
      seconds: count(s),
      nanoseconds: count(n),
      attributes,
      ...(kind === 'file' ? { bytes: this.#content(bytesOf(c)) } : {}),
      ...(t === undefined ? {} : { target: bytesOf(t) }),
    };
  }

  #content(ids: Uint8Array): Uint8Array {
    const chunks = Array.from({ length: ids.length / 32 }, (_, at) =>
      hex(ids.subarray(32 * at, 32 * at + 32)),
    );
    return Buffer.concat(
      chunks.map((chunk) => {
        const place = this.#places.get(chunk);
        if (place === undefined) throw new Error(`no pack has chunk ${chunk}`);
        return this.#chunk(place);
      }),
    );
  }
}
