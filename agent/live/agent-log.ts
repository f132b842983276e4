// The log file that people read when something is wrong: written in the background, at most two files long. It is never a reason for
// the agent to end: on a full disk its lines wait, and what is too much to wait is given up.

import { renameSync, rmSync, statSync } from 'node:fs';
import pino, { type Logger } from 'pino';
import { logFileBytesMax, waitingLogBytesMax } from './limits.ts';

export interface AgentLog {
  readonly logger: Logger;
  /** Begins a new file when the present one is long; the one before it stays as `….1`. */
  turnOver(): void;
  /** Writes what waits, if the disk takes it, and ends. */
  close(): Promise<void>;
}

export function openAgentLog(file: string): AgentLog {
  setLongAside(file);
  const destination = pino.destination({
    dest: file,
    sync: false,
    mkdir: true,
    mode: 0o600,
    maxLength: waitingLogBytesMax,
  });
  let failures = 0;
  let failuresSeen = 0;
  // A full disk, or none: what was not written is written with the next line. Without a listener the process would end.
  destination.on('error', () => failures++);
  destination.on('drop', () => failures++);
  const logger = pino({ base: {} }, destination);
  return {
    logger,
    turnOver: () => {
      // Told once it is over: a line about each failure would be the next one.
      const isOver = failures > 0 && failures === failuresSeen;
      if (isOver) logger.warn({ failures }, 'lines of this log came late or were given up');
      if (isOver) failures = 0;
      failuresSeen = failures;
      if (setLongAside(file)) destination.reopen();
    },
    close: () =>
      new Promise((resolve) => {
        destination.once('close', () => resolve());
        destination.once('error', () => resolve());
        destination.end();
      }),
  };
}

/** True when the file was long and is now the older one. */
function setLongAside(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.size < logFileBytesMax) return false;
  const older = `${file}.1`;
  rmSync(older, { force: true });
  renameSync(file, older);
  return true;
}
