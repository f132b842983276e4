// Connections to a port of this machine that never ask for anything.

import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';

const lookMs = 20;
/** So many looks in a row at which nothing more was closed: a second. */
const quietLooksMin = 50;
/** Long before a server that has no bound of its own looks for such connections: a minute. */
const patienceMs = 40_000;

/** Opens so many at once, until the test ends; answers with how many stay once all that the other side has to close are closed. */
export async function idleConnections(
  t: ExecutionContext,
  port: number,
  { count, keptMax }: { readonly count: number; readonly keptMax: number },
): Promise<number> {
  t.timeout(patienceMs);
  const counts = { opened: 0, closed: 0 };
  for (let made = 0; made < count; made++) {
    const socket = connect(port, '127.0.0.1', () => counts.opened++);
    socket.on('error', () => undefined);
    socket.once('close', () => counts.closed++);
    t.teardown(() => void socket.destroy());
  }
  // On a busy machine those beyond the bound are closed one after another: what is left is counted when nothing more happens.
  for (let quietLooks = 0, before = 0; quietLooks < quietLooksMin; before = counts.closed) {
    await pause(lookMs);
    const isSettled = count - counts.closed <= keptMax && counts.closed === before && counts.opened === count;
    quietLooks = isSettled ? quietLooks + 1 : 0;
  }
  return count - counts.closed;
}
