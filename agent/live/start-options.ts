// With what an agent is started, besides its folder's own settings.

export interface StartOptions {
  readonly home: string;
  /** Multiaddrs; the default is every interface and any free port. */
  readonly listenAddresses: readonly string[];
  /** Its key was made a moment ago by this very process. */
  readonly isFirstLife?: true;
  readonly discovery: 'mdns' | 'addresses only';
  /** Where the machine stands from now on; empty: nowhere in particular. Absent: as before. */
  readonly site?: string;
}

/** Where it listens: as its person says, else on every interface and any free port. */
export const listensOn = ({ listenAddresses }: StartOptions): readonly string[] =>
  listenAddresses.length === 0 ? ['/ip4/0.0.0.0/tcp/0'] : listenAddresses;
