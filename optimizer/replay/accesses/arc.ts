// ARC (Megiddo & Modha, FAST'03), counted in bytes: recent files and frequent ones share the room, and two lists of ghosts say
// which of the two should have had more of it.

import type { FileId } from '../../../datasets/index.ts';
import type { Read, SiteStore } from './reads.ts';

/** Files in the order in which they came in, with their sum of bytes. */
class Queue {
  readonly #files = new Map<FileId, number>();
  bytes = 0;

  has(file: FileId): boolean {
    return this.#files.has(file);
  }

  add(file: FileId, byteCount: number): void {
    this.#files.set(file, byteCount);
    this.bytes += byteCount;
  }

  remove(file: FileId): void {
    this.bytes -= this.#files.get(file) ?? 0;
    this.#files.delete(file);
  }

  takeOldest(): { readonly file: FileId; readonly byteCount: number } | undefined {
    for (const [file, byteCount] of this.#files) {
      this.remove(file);
      return { file, byteCount };
    }
    return undefined;
  }
}

export class ArcStore implements SiteStore {
  readonly #capacity: number;
  /** T1, T2, B1 and B2 of the paper. */
  readonly #recent = new Queue();
  readonly #frequent = new Queue();
  readonly #recentGhosts = new Queue();
  readonly #frequentGhosts = new Queue();
  /** p: bytes that the recent ones should have. */
  #target = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  read({ file, byteCount }: Read): boolean {
    if (this.#recent.has(file) || this.#frequent.has(file)) {
      this.#recent.remove(file);
      this.#frequent.remove(file);
      // The size may have changed since it came.
      this.#makeRoom(byteCount, 'recent');
      this.#frequent.add(file, byteCount);
      return true;
    }
    if (byteCount > this.#capacity) return false;
    if (this.#recentGhosts.has(file) || this.#frequentGhosts.has(file)) this.#welcomeBack(file, byteCount);
    else {
      this.#makeRoom(byteCount, 'recent');
      this.#recent.add(file, byteCount);
    }
    this.#forgetGhosts();
    return false;
  }

  #welcomeBack(file: FileId, byteCount: number): void {
    const [recent, frequent] = [this.#recentGhosts.bytes, this.#frequentGhosts.bytes];
    const wasRecent = this.#recentGhosts.has(file);
    const change = byteCount * Math.max(1, wasRecent ? frequent / recent : recent / frequent);
    this.#target = wasRecent
      ? Math.min(this.#capacity, this.#target + change)
      : Math.max(0, this.#target - change);
    this.#recentGhosts.remove(file);
    this.#frequentGhosts.remove(file);
    this.#makeRoom(byteCount, wasRecent ? 'recent' : 'frequent');
    this.#frequent.add(file, byteCount);
  }

  /** REPLACE of the paper, until the file fits; a file that grew beyond the cache empties it. */
  #makeRoom(byteCount: number, from: 'recent' | 'frequent'): void {
    while (this.#recent.bytes + this.#frequent.bytes + byteCount > this.#capacity) {
      const { bytes } = this.#recent;
      const isOver = bytes > this.#target || (from === 'frequent' && bytes === this.#target);
      const takesRecent = bytes > 0 && (isOver || this.#frequent.bytes === 0);
      const oldest = (takesRecent ? this.#recent : this.#frequent).takeOldest();
      if (oldest === undefined) return;
      (takesRecent ? this.#recentGhosts : this.#frequentGhosts).add(oldest.file, oldest.byteCount);
    }
  }

  #forgetGhosts(): void {
    while (this.#recent.bytes + this.#recentGhosts.bytes > this.#capacity)
      if (this.#recentGhosts.takeOldest() === undefined) break;
    const all = (): number =>
      this.#recent.bytes + this.#frequent.bytes + this.#recentGhosts.bytes + this.#frequentGhosts.bytes;
    while (all() > 2 * this.#capacity) if (this.#frequentGhosts.takeOldest() === undefined) return;
  }
}
