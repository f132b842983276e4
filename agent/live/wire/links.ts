// Who is connected, and whether they are members yet. A peer may have several connections (both dialled at once); it is connected
// from its first accepted one, and when one of those ends, all end: a peer is in order, or it is gone.

import type { Connection } from '@libp2p/interface';
import { type PeerId, peerId } from '../../units.ts';
import { connectionsPerPeerMax } from '../limits.ts';

export interface LinkLimits {
  readonly strangersMax: number;
  readonly helloMsMax: number;
}

export interface LinkListener {
  connected(peer: PeerId, connection: Connection): void;
  disconnected(peer: PeerId): void;
  /** The last connection of somebody who was no member yet is closed. */
  strangerLeft(connection: Connection): void;
}

interface Link {
  readonly peer: PeerId;
  readonly connection: Connection;
  /** True once accepted, false once refused or closed. */
  readonly settled: Promise<boolean>;
  settle(isMember: boolean): void;
  isMember: boolean;
  deadline: NodeJS.Timeout | undefined;
}

export const peerOf = (connection: Connection): PeerId => peerId(connection.remotePeer.toString());

export class Links {
  readonly #limits: LinkLimits;
  readonly #listener: LinkListener;
  readonly #links = new Map<Connection, Link>();
  readonly #members = new Map<PeerId, Set<Link>>();

  constructor(limits: LinkLimits, listener: LinkListener) {
    this.#limits = limits;
    this.#listener = listener;
  }

  /** A new connection, of a stranger so far. It is closed unless it is accepted in time. False when it is known, or one too many of its peer. */
  open(connection: Connection): boolean {
    if (this.#links.has(connection)) return false;
    const peer = peerOf(connection);
    if (this.#linksOf(peer).length >= connectionsPerPeerMax) {
      connection.abort(new Error('too many connections of one machine'));
      return false;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const link: Link = {
      peer,
      connection,
      settled: promise,
      settle: resolve,
      isMember: false,
      deadline: undefined,
    };
    this.#links.set(connection, link);
    this.patience(connection, this.#limits.helloMsMax);
    const strangers = [...this.#links.values()].filter(({ isMember }) => !isMember);
    if (strangers.length > this.#limits.strangersMax)
      this.drop(strangers[0]!.connection, 'too many strangers');
    return true;
  }

  /** Gives a stranger this long from now on. */
  patience(connection: Connection, forMs: number): void {
    const link = this.#links.get(connection);
    if (link === undefined || link.isMember) return;
    clearTimeout(link.deadline);
    link.deadline = setTimeout(() => this.drop(connection, 'no certificate was shown in time'), forMs);
  }

  /** Both sides have welcomed each other. */
  accept(connection: Connection): void {
    const link = this.#links.get(connection);
    if (link === undefined || link.isMember) return;
    clearTimeout(link.deadline);
    link.isMember = true;
    const others = this.#members.get(link.peer) ?? new Set<Link>();
    this.#members.set(link.peer, others.add(link));
    if (others.size === 1) this.#listener.connected(link.peer, connection);
    link.settle(true);
  }

  /** The connection is closed, whoever did it. */
  closed(connection: Connection): void {
    const link = this.#links.get(connection);
    if (link === undefined) return;
    this.#links.delete(connection);
    clearTimeout(link.deadline);
    link.settle(false);
    const others = this.#members.get(link.peer);
    if (others?.delete(link) !== true) {
      if (this.#linksOf(link.peer).length === 0) this.#listener.strangerLeft(connection);
      return;
    }
    if (others.size > 0) this.end(link.peer, 'another connection of this peer has ended');
    else {
      this.#members.delete(link.peer);
      this.#listener.disconnected(link.peer);
    }
  }

  /** Closes one connection. */
  drop(connection: Connection, reason: string): void {
    connection.abort(new Error(reason));
    this.closed(connection);
  }

  /** Closes all connections of a peer. */
  end(peer: PeerId, reason: string): void {
    for (const { connection } of this.#linksOf(peer)) this.drop(connection, reason);
  }

  #linksOf(peer: PeerId): readonly Link[] {
    return [...this.#links.values()].filter((link) => link.peer === peer);
  }

  /** Whether the other side is a member; waits while its hello is under way. */
  isMember(connection: Connection): Promise<boolean> {
    return this.#links.get(connection)?.settled ?? Promise.resolve(false);
  }

  isConnected(peer: PeerId): boolean {
    return this.#members.has(peer);
  }

  /** The oldest accepted connection of a peer. */
  connectionOf(peer: PeerId): Connection | undefined {
    const [first] = this.#members.get(peer) ?? [];
    return first?.connection;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** Forgets everything without a word to the listener: the wire is closing. */
  close(): void {
    for (const link of this.#links.values()) {
      clearTimeout(link.deadline);
      link.settle(false);
    }
    this.#links.clear();
    this.#members.clear();
  }
}
