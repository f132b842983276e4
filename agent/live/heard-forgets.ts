// When this machine first heard that packs were given up: a small file, so that the time until they may be freed goes on
// over restarts. Lost, that time begins anew, and nothing else is lost.

import { z } from 'zod';
import { type UnixMs, unixMs } from '../../datasets/index.ts';
import type { HeardForget } from '../core/index.ts';
import { forgottenGraceMs } from '../limits.ts';
import { peerId } from '../units.ts';
import { type Home, readNotes, writeJson } from './home.ts';

const schema = z.strictObject({
  version: z.literal(1),
  heard: z.array(z.strictObject({ author: z.string(), sequence: z.int().min(0), heardMs: z.int().min(0) })),
});

/** By then all packs that a record named are freed, even on a machine that was off for long. */
const keptMs = 8 * forgottenGraceMs;

/** None where the file is damaged: packs are then kept for longer. */
export const readHeardForgets = (home: Home): readonly HeardForget[] =>
  (readNotes(home.heardForgetsFile, schema)?.heard ?? []).map(({ author, sequence, heardMs }) => ({
    author: peerId(author),
    sequence,
    heardMs: unixMs(heardMs),
  }));

/** Adds one, and leaves out those that nobody needs any more. */
export function noteHeardForget(home: Home, heard: HeardForget, now: UnixMs): void {
  const others = readHeardForgets(home).filter(({ heardMs }) => now - heardMs < keptMs);
  writeJson(home.heardForgetsFile, { version: 1, heard: [...others, heard] });
}
