// Batches of logs for whoever lacks them: read for each machine one page after the other, so that who asks a thousand times for everything
// makes one page wait in memory, not a thousand. It decides nothing about who gets what.

import { type LogWant, logName, type WireMessage } from '../codec/index.ts';
import type { Log } from '../ports.ts';
import type { PeerId } from '../units.ts';

export interface BatchAnswerParts {
  readonly log: Pick<Log, 'heads' | 'read'>;
  readonly send: (to: PeerId, message: WireMessage) => void;
}

export class BatchAnswers {
  readonly #parts: BatchAnswerParts;
  /** What waits for each machine for which a page is being read, by the name of the log. */
  readonly #waiting = new Map<PeerId, Map<string, LogWant>>();

  constructor(parts: BatchAnswerParts) {
    this.#parts = parts;
  }

  /** Sends the first page of each log that is there. Of two wishes about one log that wait, the earlier batches count. */
  want(to: PeerId, wants: readonly LogWant[]): void {
    const { log } = this.#parts;
    const heads = log.heads();
    const waiting = this.#waiting.get(to) ?? new Map<string, LogWant>();
    for (const want of wants) {
      const name = logName(want.author, want.stream);
      if (want.sequence >= (heads.get(name)?.next ?? 0)) continue;
      const other = waiting.get(name);
      if (other === undefined || want.sequence < other.sequence) waiting.set(name, want);
    }
    if (this.#waiting.has(to) || waiting.size === 0) return;
    this.#waiting.set(to, waiting);
    this.#next(to, waiting);
  }

  #next(to: PeerId, waiting: Map<string, LogWant>): void {
    const [first] = waiting;
    if (first === undefined) {
      this.#waiting.delete(to);
      return;
    }
    const [name, want] = first;
    waiting.delete(name);
    const { log, send } = this.#parts;
    log.read(want, (page) => {
      const last = page.at(-1);
      const more = last !== undefined && last.sequence + 1 < (log.heads().get(name)?.next ?? 0);
      if (last !== undefined) send(to, { kind: 'batches', batches: page.map(({ bytes }) => bytes), more });
      this.#next(to, waiting);
    });
  }
}
