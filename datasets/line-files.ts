// Opens a text file line by line, plain or gzip alike: the first bytes tell, not the name. It never holds the whole file; it refuses
// lines that no trace of ours has, and what is packed or written in another way, by that way's name.

import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DreyError } from './errors.ts';

/** The longest line in the public traces is about 200 kB; a file without line breaks must not fill the memory. */
export const lineCharactersMax = 16 * 1024 * 1024;

/**
 * Streams a file's lines.
 * @yields Lines without their line breaks (LF or CRLF).
 *
 * Throws `dataset-missing` for a path that cannot be opened, `dataset-unreadable` for damaged gzip, an endless line, or another way of packing.
 */
export async function* openLines(path: string): AsyncGenerator<string> {
  const isGzip = await isGzipOrPlain(path);
  const file = createReadStream(path);
  const gunzip = isGzip ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => gunzip.destroy(error));
  const decoder = new TextDecoder();
  let rest = '';
  let lineCount = 0;
  try {
    for await (const bytes of gunzip as AsyncIterable<Buffer>) {
      if (lineCount === 0 && rest === '' && isTar(bytes)) throw otherForm(path, tar);
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineCharactersMax)
        throw unreadable(path, `a line is over ${lineCharactersMax} characters`);
      for (const line of lines) {
        lineCount++;
        yield line.endsWith('\r') ? line.slice(0, -1) : line;
      }
    }
  } catch (error) {
    throw error instanceof DreyError
      ? error
      : unreadable(path, `it cannot be read beyond line ${lineCount}`, error);
  } finally {
    file.destroy();
    gunzip.destroy();
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

interface Form {
  readonly what: string;
  readonly advice: string;
}

const packedBy = (program: string, command: string): Form => ({
  what: `packed by ${program}, and only gzip is unpacked here`,
  advice: `Unpack it first, as with \`${command}\`.`,
});

const utf16: Form = {
  what: 'text in UTF-16, and only UTF-8 is read here',
  advice: 'Save it as UTF-8, as with `iconv -f UTF-16 -t UTF-8`.',
};

const tar: Form = {
  what: 'a tar archive of files, not one of them',
  advice: 'Unpack it with `tar -xf`, and name one of its files.',
};

/** What files of other forms begin with, in hexadecimal digits. */
const forms: readonly (readonly [start: RegExp, form: Form])[] = [
  [/^fd377a585a/u, packedBy('xz', 'xz -d')],
  [/^425a683[1-9]314159/u, packedBy('bzip2', 'bzip2 -d')],
  [/^28b52ffd/u, packedBy('zstd', 'zstd -d')],
  [/^504b0304/u, packedBy('zip', 'unzip')],
  [/^377abcaf/u, packedBy('7z', '7z x')],
  [/^(?:fffe|feff)/u, utf16],
];

const isTar = (bytes: Buffer): boolean => bytes.subarray(257, 262).toString('latin1') === 'ustar';

/** Whether it begins as gzip does. Throws `dataset-missing`, and `dataset-unreadable` for what begins as something else that is known. */
async function isGzipOrPlain(path: string): Promise<boolean> {
  const start = await firstBytes(path);
  const form = forms.find(([known]) => known.test(start))?.[1];
  if (form !== undefined) throw otherForm(path, form);
  return start.startsWith('1f8b');
}

/** The first bytes in hexadecimal digits. */
async function firstBytes(path: string): Promise<string> {
  try {
    await using handle = await open(path);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    return buffer.toString('hex', 0, bytesRead);
  } catch (error) {
    const isFolder = (error as NodeJS.ErrnoException).code === 'EISDIR';
    throw new DreyError({
      code: 'dataset-missing',
      message: isFolder ? `${path} is a folder, not a file` : `${path} cannot be opened`,
      advice: isFolder
        ? 'Name one file. Files of rows are joined by writing one behind the other, as `cat FOLDER/*.ndjson > rows.ndjson` does.'
        : 'Check the path, and that you may read the file.',
      cause: error,
    });
  }
}

function unreadable(path: string, reason: string, cause?: unknown): DreyError {
  return new DreyError({
    code: 'dataset-unreadable',
    message: `${path} is damaged: ${reason}`,
    advice: 'Fetch or export the file again.',
    cause,
  });
}

const otherForm = (path: string, { what, advice }: Form): DreyError =>
  new DreyError({ code: 'dataset-unreadable', message: `${path} is ${what}`, advice });
