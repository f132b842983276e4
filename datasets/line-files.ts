// Opens a text file line by line, plain or gzip alike: the first two bytes tell, not the name.
// It never holds the whole file; it refuses lines that no trace of ours has.

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
 * Throws `dataset-missing` for a path that cannot be opened, `dataset-unreadable` for damaged gzip or an endless line.
 */
export async function* openLines(path: string): AsyncGenerator<string> {
  const isGzip = await startsAsGzip(path);
  const file = createReadStream(path);
  const gunzip = isGzip ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => gunzip.destroy(error));
  const decoder = new TextDecoder();
  let rest = '';
  let lineCount = 0;
  try {
    for await (const bytes of gunzip as AsyncIterable<Buffer>) {
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

async function startsAsGzip(path: string): Promise<boolean> {
  try {
    await using handle = await open(path);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
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
