// Certificates that go on: an admin's agent signs those of connected members anew before they end, and each machine keeps its own new one in its
// folder and shows it from then on.

import type { UnixMs } from '../../datasets/index.ts';
import { openStatement, type SignedBatch, type SignedStatement, signStatement } from '../codec/index.ts';
import { certificatesToRenew, isValidAt, type Membership } from '../core/index.ts';
import { renewalsEveryMs } from '../limits.ts';
import { isFullError } from './disk-full.ts';
import { certificateFor } from './founding.ts';
import type { Home } from './home.ts';
import { type Identity, writeIdentity } from './identity.ts';

export interface RenewalsParts {
  readonly home: Home;
  readonly identity: Identity;
  readonly membership: Membership;
  readonly publish: (statement: SignedStatement) => Promise<void>;
  /** The machine's own certificate is another one from now on. */
  readonly renewed: (certificateBytes: Uint8Array) => void;
  readonly report: (level: 'info' | 'problem', text: string) => void;
}

export class Renewals {
  readonly #parts: RenewalsParts;
  #notAfterMs: number;
  #lookedMs: UnixMs | undefined;

  constructor(parts: RenewalsParts) {
    this.#parts = parts;
    this.#notAfterMs = parts.identity.certificate.notAfterMs;
  }

  /** Looks once in a while, where this machine has an admin's key. A first look waits until others had the time to be there. */
  async tick(now: UnixMs): Promise<void> {
    const { identity, membership, publish, report } = this.#parts;
    this.#lookedMs ??= now;
    if (identity.adminKey === undefined || now - this.#lookedMs < renewalsEveryMs) return;
    this.#lookedMs = now;
    for (const known of certificatesToRenew(membership, now)) {
      const signed = signStatement(identity.adminKey, certificateFor(known, now));
      // Nothing that an admin signs holds longer than the admin's own key.
      const opened = openStatement(signed.bytes, identity.fleet);
      const isLonger =
        opened.ok &&
        opened.value.statement.kind === 'certificate' &&
        opened.value.statement.notAfterMs > known.notAfterMs;
      if (!isLonger) continue;
      await publish(signed).catch((error: unknown) =>
        report('problem', `a certificate could not be renewed: ${String(error)}`),
      );
    }
  }

  /** Takes the own new certificate out of whatever batch it comes in. */
  note({ records }: SignedBatch, now: UnixMs): void {
    const { home, identity, renewed, report } = this.#parts;
    for (const record of records) {
      if (record.kind !== 'statement') continue;
      const opened = openStatement(record.bytes, identity.fleet);
      if (!opened.ok || opened.value.statement.kind !== 'certificate') continue;
      const { peer, notAfterMs } = opened.value.statement;
      if (peer !== identity.machineKey.peer || notAfterMs <= this.#notAfterMs) continue;
      // Of an admin whose clock is ahead: those who do not know its words yet would refuse it.
      if (!isValidAt(opened.value.statement, now)) continue;
      try {
        writeIdentity(home, { ...identity, certificateBytes: record.bytes });
      } catch (error) {
        // On a full disk it is kept at the next start, when the log is read again.
        if (!isFullError(error)) throw error;
      }
      this.#notAfterMs = notAfterMs;
      renewed(record.bytes);
      report('info', 'the certificate of this machine was renewed');
    }
  }
}
