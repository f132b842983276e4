// The same work through functions that every Node has inside and exports, zstd's and OpenSSL's, called by koffi: straight from
// buffer to buffer, one zstd context a thread. Where koffi or one of them is missing, or does not do the same, node's own way is used.

import { createRequire } from 'node:module';
import { type Blocks, type BlockSealing, nodeBlocks, tagBytes, windowLog } from './blocks.ts';

type Call = (...values: readonly unknown[]) => unknown;

/** The few functions of koffi that are used. */
interface Koffi {
  /** Null: what the running program itself exports. */
  load(library: null): { func(prototype: string): Call };
}

const compressionLevel = 1;
/** Of zstd.h. */
const parameterLevel = 100;
const parameterWindowLog = 101;
/** Of OpenSSL's evp.h. */
const controlGetTag = 0x10;
const controlSetTag = 0x11;

class NativeBlocks implements Blocks {
  readonly #zstd: { readonly compress: Call; readonly decompress: Call };
  readonly #contexts: {
    readonly compress: unknown;
    readonly decompress: unknown;
    /** The contexts lie in it: it must live as long as they. */
    readonly memory: readonly Uint8Array[];
  };
  readonly #cipher: CipherCalls;
  readonly #written = new Int32Array(1);

  constructor(koffi: Koffi) {
    const program = koffi.load(null);
    const estimate = (name: string): number => Number(program.func(`size_t ${name}`)(compressionLevel));
    // In memory of our own, so that it goes when the thread does.
    const forCompress = new Uint8Array(estimate('ZSTD_estimateCCtxSize(int level)'));
    const forDecompress = new Uint8Array(Number(program.func('size_t ZSTD_estimateDCtxSize()')()));
    const placed = (name: string, workspace: Uint8Array): unknown =>
      program.func(`void *${name}(void *workspace, size_t size)`)(workspace, workspace.length);
    this.#contexts = {
      compress: placed('ZSTD_initStaticCCtx', forCompress),
      decompress: placed('ZSTD_initStaticDCtx', forDecompress),
      memory: [forCompress, forDecompress],
    };
    const transform = 'void *context, void *target, size_t room, const void *source, size_t length';
    this.#zstd = {
      compress: program.func(`size_t ZSTD_compress2(${transform})`),
      decompress: program.func(`size_t ZSTD_decompressDCtx(${transform})`),
    };
    const set = program.func('size_t ZSTD_CCtx_setParameter(void *context, int parameter, int value)');
    set(this.#contexts.compress, parameterLevel, compressionLevel);
    set(this.#contexts.compress, parameterWindowLog, windowLog);
    this.#cipher = cipherCalls((prototype) => program.func(prototype));
  }

  compress(plain: Uint8Array, target: Uint8Array, bytesMax: number): number | undefined {
    const { compress } = this.#contexts;
    const length = Number(this.#zstd.compress(compress, target, target.length, plain, plain.length));
    // Errors are the highest numbers there are.
    return length <= bytesMax ? length : undefined;
  }

  decompress(body: Uint8Array, target: Uint8Array): boolean {
    const { decompress } = this.#contexts;
    return (
      Number(this.#zstd.decompress(decompress, target, target.length, body, body.length)) === target.length
    );
  }

  seal(parts: readonly Uint8Array[], sealing: BlockSealing, target: Uint8Array): number {
    const room = parts.reduce((sum, part) => sum + part.length, tagBytes);
    if (room > target.length) throw new RangeError(`${room} sealed bytes do not fit`);
    const { encrypt, ...calls } = this.#cipher;
    return this.#withContext((context) => {
      this.#begin(context, encrypt, sealing);
      let at = 0;
      for (const part of parts) at += this.#update(context, encrypt, [target.subarray(at), part]);
      must(encrypt.final(context, target.subarray(at), this.#written));
      must(calls.control(context, controlGetTag, tagBytes, target.subarray(at)));
      return at + tagBytes;
    });
  }

  open(sealed: Uint8Array, sealing: BlockSealing, target: Uint8Array): number | undefined {
    const length = sealed.length - tagBytes;
    if (length < 0) return undefined;
    if (length > target.length) throw new RangeError(`${length} opened bytes do not fit`);
    const { decrypt, control } = this.#cipher;
    return this.#withContext((context) => {
      this.#begin(context, decrypt, sealing);
      this.#update(context, decrypt, [target, sealed.subarray(0, length)]);
      must(control(context, controlSetTag, tagBytes, sealed.subarray(length)));
      return decrypt.final(context, target, this.#written) === 1 ? length : undefined;
    });
  }

  /** A context of its own each time, cheap beside a blob: OpenSSL wipes the key in it when it is freed. */
  #withContext<Result>(work: (context: unknown) => Result): Result {
    const context = this.#cipher.create();
    try {
      return work(context);
    } finally {
      this.#cipher.free(context);
    }
  }

  #begin(context: unknown, way: CipherWay, { key, nonce, associated }: BlockSealing): void {
    must(way.init(context, this.#cipher.aes256Gcm, null, key, nonce));
    if (associated.length > 0) must(way.update(context, null, this.#written, associated, associated.length));
  }

  #update(context: unknown, way: CipherWay, [target, source]: readonly [Uint8Array, Uint8Array]): number {
    if (source.length === 0) return 0;
    must(way.update(context, target, this.#written, source, source.length));
    return this.#written[0] ?? 0;
  }
}

interface CipherWay {
  readonly init: Call;
  readonly update: Call;
  readonly final: Call;
}

interface CipherCalls {
  readonly create: Call;
  readonly free: Call;
  readonly control: Call;
  readonly aes256Gcm: unknown;
  readonly encrypt: CipherWay;
  readonly decrypt: CipherWay;
}

function cipherCalls(call: (prototype: string) => Call): CipherCalls {
  const way = (name: string): CipherWay => ({
    init: call(
      `int EVP_${name}Init_ex(void *context, void *cipher, void *engine, const void *key, const void *nonce)`,
    ),
    update: call(
      `int EVP_${name}Update(void *context, void *target, void *written, const void *source, int length)`,
    ),
    final: call(`int EVP_${name}Final_ex(void *context, void *target, void *written)`),
  });
  return {
    create: call('void *EVP_CIPHER_CTX_new()'),
    free: call('void EVP_CIPHER_CTX_free(void *context)'),
    control: call('int EVP_CIPHER_CTX_ctrl(void *context, int what, int length, void *bytes)'),
    aes256Gcm: call('void *EVP_aes_256_gcm()')(),
    encrypt: way('Encrypt'),
    decrypt: way('Decrypt'),
  };
}

function must(result: unknown): void {
  if (result !== 1) throw new Error('OpenSSL refused a call');
}

/** Whether both ways come to the same: a build of Node may carry another zstd or OpenSSL than its own. */
function doTheSame(own: Blocks, other: Blocks): boolean {
  const plain = Uint8Array.from({ length: 300 }, (_, at) => (at * at) >> 7);
  const sealing = {
    key: plain.subarray(1, 33),
    nonce: plain.subarray(33, 45),
    associated: plain.subarray(9),
  };
  const [frame, sealed] = [new Uint8Array(4096), new Uint8Array(4096)];
  const frameBytes = own.compress(plain, frame, frame.length) ?? 0;
  const sealedBytes = own.seal([plain.subarray(0, 5), frame.subarray(0, frameBytes)], sealing, sealed);
  const opened = new Uint8Array(4096);
  const openedBytes = other.open(sealed.subarray(0, sealedBytes), sealing, opened) ?? 0;
  const back = new Uint8Array(plain.length);
  const isBack = other.decompress(opened.subarray(5, openedBytes), back);
  return isBack && openedBytes === frameBytes + 5 && plain.every((byte, at) => back[at] === byte);
}

function load(): Blocks | undefined {
  try {
    const native = new NativeBlocks(createRequire(import.meta.url)('koffi') as Koffi);
    return doTheSame(native, nodeBlocks) && doTheSame(nodeBlocks, native) ? native : undefined;
  } catch {
    // No koffi for this machine, or a Node that keeps its functions to itself: slower, but the same bytes.
    return undefined;
  }
}

export const nativeBlocks = load();
export const blocks: Blocks = nativeBlocks ?? nodeBlocks;
