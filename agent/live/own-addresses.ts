// Where this machine says that it can be dialled: written into its log at a start, and when its networks have changed meanwhile. An agent
// that came up before the network, or moved to another one, would else be known by addresses of nobody until it is started again.

import type { UnixMs } from '../../datasets/index.ts';
import type { AgentCore } from '../core/index.ts';
import { ownAddressesLookMs, ownAddressesSayMs } from './limits.ts';
import type { Shell } from './shell.ts';

/** Whose addresses they are. */
interface Speaker {
  readonly core: Pick<AgentCore, 'membership'>;
  readonly shell: Pick<Shell, 'handle'>;
  /** Multiaddrs at which it listens now. */
  addresses(): readonly string[];
}

const isLoopback = (address: string): boolean => /^\/(?:ip4\/127\.|ip6\/::1\/)/u.test(address);
const nameOf = (addresses: readonly string[]): string => addresses.toSorted().join();

export class OwnAddresses {
  readonly #speaker: Speaker;
  #seen: string | undefined;
  #lookedMs: UnixMs | undefined;
  /** When a change was said last. */
  #changedMs: UnixMs | undefined;

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  /** At a start, whatever they are. */
  sayFirst(now: UnixMs): void {
    const addresses = this.#speaker.addresses();
    if (nameOf(addresses) !== this.#saidName) this.#say(addresses, now);
  }

  /** Says what was the same at two looks; of a network that is gone nothing, as it mostly comes back. */
  tick(now: UnixMs): void {
    this.#lookedMs ??= now;
    if (now - this.#lookedMs < ownAddressesLookMs) return;
    this.#lookedMs = now;
    const addresses = this.#speaker.addresses();
    const name = nameOf(addresses);
    const isSettled = name === this.#seen;
    this.#seen = name;
    if (!isSettled || name === this.#saidName || addresses.every(isLoopback)) return;
    if (this.#changedMs !== undefined && now - this.#changedMs < ownAddressesSayMs) return;
    this.#changedMs = now;
    this.#say(addresses, now);
  }

  get #saidName(): string {
    const { membership } = this.#speaker.core;
    return nameOf(membership.addressesOf(membership.self));
  }

  #say(addresses: readonly string[], now: UnixMs): void {
    this.#speaker.shell.handle({ kind: 'recordsReady', records: [{ kind: 'addresses', addresses }], now });
  }
}
