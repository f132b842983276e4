// On which port an agent listens that may take any: on the one of its last run where that is free. After a power cut in the whole house the
// others know no newer address than that one. A port that a person named is never changed.

import { z } from 'zod';
import { DreyError } from '../../datasets/index.ts';
import { isFullError } from './disk-full.ts';
import { type Home, readJson, writeJson } from './home.ts';
import type { LiveWire } from './wire/index.ts';

const schema = z.strictObject({ version: z.literal(1), port: z.int().min(1).max(65_535) });
const anyPort = /\/tcp\/0$/u;

/** The wire that `create` makes, listening on the port of the last run instead of any where it can. Throws as `create`. */
export async function listenAsBefore(
  { portFile }: Pick<Home, 'portFile'>,
  addresses: readonly string[],
  create: (addresses: readonly string[]) => Promise<LiveWire>,
): Promise<LiveWire> {
  const kept = keptPort(portFile);
  const wished = addresses.map((address) => address.replace(anyPort, `/tcp/${kept ?? 0}`));
  const wire = await create(wished).catch((error: unknown) => {
    const isTaken = error instanceof DreyError && ['port-in-use', 'address-unusable'].includes(error.code);
    if (!isTaken || wished.join() === addresses.join()) throw error;
    return create(addresses);
  });
  if (addresses.some((address) => anyPort.test(address))) keep(portFile, wire.addresses(), kept);
  return wire;
}

/** A file that cannot be read is worth as much as none. */
function keptPort(file: string): number | undefined {
  try {
    return readJson(file, schema)?.port;
  } catch {
    return undefined;
  }
}

function keep(file: string, addresses: readonly string[], kept: number | undefined): void {
  const port = Number(/\/tcp\/(\d+)/u.exec(addresses[0] ?? '')?.[1] ?? 0);
  if (port === 0 || port === kept) return;
  try {
    writeJson(file, { version: 1, port });
  } catch (error) {
    if (!isFullError(error)) throw error;
  }
}
