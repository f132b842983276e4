// The real check of admins' statements, once for each: all agents of a simulation share what it said, as signatures are dear.

import { openStatement } from '../codec/index.ts';

/** Checks like `openStatement`, and remembers. */
export function createStatementOpener(): typeof openStatement {
  const known = new Map<string, ReturnType<typeof openStatement>>();
  const byBytes = new WeakMap<Uint8Array, ReturnType<typeof openStatement>>();
  return (bytes, fleet) => {
    const same = byBytes.get(bytes);
    if (same !== undefined) return same;
    const name = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
    const opened = known.get(name) ?? openStatement(bytes, fleet);
    known.set(name, opened);
    byBytes.set(bytes, opened);
    return opened;
  };
}
