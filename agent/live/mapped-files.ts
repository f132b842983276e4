// Pages of files that are mapped into this process, as the program itself is: what the start alone needed of them counts as resident
// until somebody says that it is not in use. They come back from the page cache, or from the disk, when they are.

import { readFileSync } from 'node:fs';
import { systemCalls } from './data-path/system-calls.ts';

/** One mapping of a file (proc_pid_smaps(5)). */
export interface MappedFile {
  readonly address: bigint;
  readonly byteCount: number;
  readonly file: string;
  readonly residentBytes: number;
  /** Whether this process has pages of its own in it, which no file has, wherever they are by now. */
  readonly isChanged: boolean;
}

const headPattern = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ +(\/.*)$/u;
const amountPattern = /^(Rss|Anonymous|Swap): +(\d+) kB$/gmu;

/** What `/proc/PID/smaps` says of files. */
export function mappedFilesIn(smaps: string): readonly MappedFile[] {
  return smaps.split(/^(?=[0-9a-f]+-[0-9a-f]+ )/mu).flatMap((text): MappedFile[] => {
    const [, start, end, file] = headPattern.exec(text.slice(0, text.indexOf('\n'))) ?? [];
    if (start === undefined || end === undefined || file === undefined) return [];
    const amounts = new Map(
      [...text.matchAll(amountPattern)].map(([, name, kB]) => [name, Number(kB) * 1024]),
    );
    const address = BigInt(`0x${start}`);
    const byteCount = Number(BigInt(`0x${end}`) - address);
    const residentBytes = amounts.get('Rss') ?? 0;
    // One that was swapped out, or in again, is not "dirty".
    const isChanged = amounts.get('Anonymous') !== 0 || amounts.get('Swap') !== 0;
    return [{ address, byteCount, file, residentBytes, isChanged }];
  });
}

/** MADV_DONTNEED: out of this process, and still in the page cache. */
const notNeeded = 4;
/** MADV_PAGEOUT, since Linux 5.4: nothing is lost whatever lies there by now, as a database may map and unmap meanwhile. */
const pageOut = 21;
/** Smaller ones are not worth the faults. */
const residentBytesMin = 1_048_576;

/** How to let go of a mapping; undefined where that is not ours to say. */
function adviceFor({ file, residentBytes, isChanged }: MappedFile): number | undefined {
  if (isChanged || residentBytes < residentBytesMin) return undefined;
  if (file === process.execPath) return notNeeded;
  return file.endsWith('.ldb') ? pageOut : undefined;
}

/** Lets go of what is resident of the program's own file and of LevelDB's tables; of pages that differ from theirs nothing. Linux only. */
export function releaseMappedFiles(): void {
  if (systemCalls === undefined) return;
  for (const mapped of mappedFilesIn(readFileSync('/proc/self/smaps', 'utf8'))) {
    const advice = adviceFor(mapped);
    if (advice !== undefined) tryAdvice(mapped, advice);
  }
}

/** An older system, or a sandbox, may know nothing of it: then it stays resident. */
function tryAdvice({ address, byteCount }: MappedFile, advice: number): void {
  try {
    systemCalls?.advise(address, byteCount, advice);
  } catch {
    // Nothing was asked for that anybody waits for.
  }
}
