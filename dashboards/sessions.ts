// Who may look: an address with a token that works once and for ten minutes becomes a session cookie. Loopback is no
// protection by itself: every program and every web page on the machine can reach it.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { minutes } from '../datasets/index.ts';

const tokenMsMax = minutes(10);
const sessionsMax = 64;

const newSecret = (): string => randomBytes(24).toString('base64url');

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Takes as long for a wrong one as for a right one. */
export const isSameSecret = (one: string, other: string): boolean =>
  timingSafeEqual(digestOf(one), digestOf(other));

export class Sessions {
  readonly #tokens = new Map<string, number>();
  readonly #sessions: string[] = [];

  /** A token for one address. */
  createToken(now: number): string {
    for (const [token, createdMs] of this.#tokens)
      if (now - createdMs > tokenMsMax) this.#tokens.delete(token);
    const token = newSecret();
    this.#tokens.set(token, now);
    return token;
  }

  /** A session for a token; undefined when it was used before, is too old or was never given out. */
  redeem(token: string, now: number): string | undefined {
    const createdMs = this.#tokens.get(token);
    this.#tokens.delete(token);
    if (createdMs === undefined || now - createdMs > tokenMsMax) return undefined;
    const session = newSecret();
    this.#sessions.push(session);
    if (this.#sessions.length > sessionsMax) this.#sessions.shift();
    return session;
  }

  has(session: string | undefined): boolean {
    return session !== undefined && this.#sessions.includes(session);
  }
}
